"""Support is mailed when something that a CPO did on its page makes it our turn; the CPO, when its window is agreed."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from onboarding.documents.calendar import window_file
from onboarding.intake.entering import intake_missing
from onboarding.models import LinkEvent
from onboarding.moments import clock
from onboarding.portal.partner_place import place_of
from partners import outbox
from partners.models import Partner
from partners.outbox import Letter

Kind = LinkEvent.Kind
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
    """Have support mailed about the event. Inside the transaction that writes it down."""
    what, next_step = NEWS[Kind(event.kind)]
    partner = Partner.objects.get(pk=event.link.partner_id)
    page = reverse("admin:partners_partner_change", args=[partner.pk])
    body = (
        f"On the page of {partner}: {event.link.given_to} {what}.",
        "",
        f"What: {event.text}",
        f"Next: {next_step}",
        "",
        f"{settings.PUBLIC_BASE_URL.rstrip('/')}{page}",
    )
    letter = Letter(
        subject=f"[Smart Fuel Pass] {partner}: the CPO {what}",
        body="\n".join(body),
        to=[settings.SUPPORT_EMAIL],
        reply_to=[contact.email for contact in partner.contacts.all()],
    )
    outbox.write(partner, letter)


def tell_window(partner: Partner) -> list[str]:
    """Have the CPO's contacts mailed the window as it is agreed now; return their addresses."""
    partner = Partner.objects.get(pk=partner.pk)
    opens, closes = partner.integration_window_starts_at, partner.integration_window_ends_at
    to = [contact.email for contact in partner.contacts.all()]
    if opens is None or closes is None or not to:
        return to
    body = (
        f"The integration window for connecting {partner.name} to Smart Fuel Pass:",
        "",
        f"  from {clock(opens)}",
        f"  to   {clock(closes)}",
        "",
        "Please have your OCPI server running and publicly reachable then, and your technical contact at hand.",
        "The attached file puts it into your calendar.",
        f"If another time suits you better, suggest it on your page or write to {settings.SUPPORT_EMAIL}.",
    )
    letter = Letter(
        subject=f"Smart Fuel Pass: your integration window ({partner.country_code}*{partner.party_id})",
        body="\n".join(body),
        to=to,
        cc=[settings.SUPPORT_EMAIL],
        calendar=window_file(partner, timezone.now()),
        reply_to=[settings.SUPPORT_EMAIL],
    )
    outbox.write(partner, letter)
    return to
