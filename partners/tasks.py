"""Celery tasks of the partners app."""

from celery import shared_task

from partners import incidents


@shared_task(name="partners.tasks.mail_tick")
def mail_tick() -> int:
    """Mail the incidents that nobody was told of yet."""
    return incidents.mail_due()
