"""Support is mailed when something that a CPO did on its page makes it our turn; the CPO, when its window is agreed."""

from functools import partial

import structlog
from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from kombu.exceptions import OperationalError

from partners.documents.clock import clock
from partners.intake import intake_missing
from partners.models import LinkEvent, Partner
from partners.portal.place import place_of

log = structlog.get_logger(__name__)
Kind = LinkEvent.Kind
TO_SUPPORT, WINDOW = "partners.tasks.mail_support", "partners.tasks.mail_window"
COMPLETE = (
    "entered and confirmed everything of guide 3.1 and 3.2",
    "Agree on the integration window, and move on to stage 1.",
)
NEWS = {
    Kind.INTAKE: COMPLETE,
    Kind.CHECKLIST: COMPLETE,
    Kind.WINDOW: ("suggested an integration window", "Agree on the window: it is confirmed to them by email."),
    Kind.JUDGED: ("found a functional test failing", "Look at the test on the Tests tab, and mend it together."),
    Kind.SIGNED: ("signed the sign-off form", "Sign for Smart Fuel Pass, and archive the dossier."),
}
"""What a link's event means for us: what they did, and what we do next."""


def is_lacking(partner: Partner) -> bool:
    """Whether the CPO still has something to enter or confirm."""
    now = Partner.objects.get(pk=partner.pk)
    return place_of(now).may_enter and bool(intake_missing(now))


def tell_support(event: LinkEvent) -> None:
    """Have support mailed about the event after the commit. Without a broker it is only seen on the pages."""
    transaction.on_commit(partial(_queue, TO_SUPPORT, event.pk))


def tell_window(partner: Partner) -> list[str]:
    """Have the CPO's contacts mailed the window that is agreed, after the commit; return their addresses."""
    to = [contact.email for contact in partner.contacts.all()]
    if to:
        transaction.on_commit(partial(_queue, WINDOW, partner.pk))
    return to


def _queue(task: str, pk: int) -> None:
    try:
        current_app.send_task(task, [pk])
    except (OperationalError, OSError) as error:
        log.warning("task_not_queued", task=task, error=str(error))


def mail_support(event_id: int) -> None:
    """Send the mail. Raises OSError where the mail server does not take it."""
    event = LinkEvent.objects.select_related("link__partner").get(pk=event_id)
    partner, (what, next_step) = event.link.partner, NEWS[Kind(event.kind)]
    EmailMessage(
        subject=f"[Smart Fuel Pass] {partner}: the CPO {what}",
        body="\n".join(
            (
                f"{event.link.given_to} {what}, on the page of {partner}.",
                "",
                f"What: {event.text}",
                f"Next: {next_step}",
                "",
                f"{settings.PUBLIC_BASE_URL.rstrip('/')}{reverse('admin:partners_partner_change', args=[partner.pk])}",
            )
        ),
        to=[settings.SUPPORT_EMAIL],
        reply_to=[contact.email for contact in partner.contacts.all()] or None,
    ).send()


def mail_window(partner_id: int) -> None:
    """Mail the window as it is agreed now. Raises OSError where the mail server does not take it."""
    partner = Partner.objects.get(pk=partner_id)
    opens, closes = partner.integration_window_starts_at, partner.integration_window_ends_at
    to = [contact.email for contact in partner.contacts.all()]
    if opens is None or closes is None or not to:
        return
    EmailMessage(
        subject=f"Smart Fuel Pass: your integration window ({partner.country_code}*{partner.party_id})",
        body="\n".join(
            (
                f"The integration window for connecting {partner.name} to Smart Fuel Pass:",
                "",
                f"  from {clock(opens)}",
                f"  to   {clock(closes)}",
                "",
                "Please have your OCPI server running and publicly reachable then, and your technical contact at hand.",
                f"If another time suits you better, suggest it on your page or write to {settings.SUPPORT_EMAIL}.",
            )
        ),
        to=to,
        cc=[settings.SUPPORT_EMAIL],
        reply_to=[settings.SUPPORT_EMAIL],
    ).send()
