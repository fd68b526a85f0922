"""Celery tasks of the partners app."""

from celery import shared_task
from django.utils import timezone

from partners import outbox
from partners.incidents import detecting, mailing
from partners.personal import forgetting


@shared_task(name="partners.tasks.mail_tick")
def mail_tick() -> int:
    """Send the mails whose time has come; return how many went out."""
    mailing.announce_forgotten()
    return outbox.send_due(timezone.now())


@shared_task(name=outbox.TASK)
def mail_send(mail_id: int) -> bool:
    """Send one mail that was just written."""
    return outbox.send(mail_id)


@shared_task(name="partners.tasks.mail_clean")
def mail_clean() -> int:
    """Delete mails that ended long ago."""
    return outbox.delete_old(timezone.now())


@shared_task(name="partners.tasks.mail_forget_personal")
def mail_forget_personal() -> dict[str, int]:
    """Forget personal data that is past its time; return how many rows of which kinds."""
    return forgetting.forget_due(timezone.now())


@shared_task(name="partners.tasks.mail_detect")
def mail_detect() -> list[str]:
    """Look for what goes wrong; return the names of the detectors that were due."""
    return detecting.run_due(timezone.now())
