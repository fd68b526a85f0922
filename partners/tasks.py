"""Celery tasks of the partners app."""

from celery import shared_task
from django.utils import timezone

from partners import allowlist, detecting, incidents
from partners.documents import mailing
from partners.portal import telling


@shared_task(name="partners.tasks.mail_tick")
def mail_tick() -> int:
    """Mail the incidents that nobody was told of yet."""
    return incidents.mail_due()


@shared_task(name="partners.tasks.mail_documents")
def mail_documents() -> int:
    """Mail the documents that are due; return how many went out."""
    return mailing.mail_due(timezone.now())


@shared_task(name="partners.tasks.mail_detect")
def mail_detect() -> list[str]:
    """Look for what goes wrong; return the names of the detectors that were due."""
    return detecting.run_due(timezone.now())


@shared_task(name="partners.tasks.sync_allowlist")
def sync_allowlist() -> int:
    """Take the next step with the allowlist at Cloudflare, if there is one and it is due."""
    return allowlist.advance_due(timezone.now())


@shared_task(name="partners.tasks.mail_support", autoretry_for=(OSError,), retry_backoff=60, max_retries=6)
def mail_support(event_id: int) -> None:
    """Mail support about what a CPO did on its page; the mail server is tried for about an hour."""
    telling.mail_support(event_id)


@shared_task(name="partners.tasks.mail_window", autoretry_for=(OSError,), retry_backoff=60, max_retries=6)
def mail_window(partner_id: int) -> None:
    """Mail a CPO the integration window that is agreed."""
    telling.mail_window(partner_id)
