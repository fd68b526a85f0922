"""Links that open the CPO's page: made once, kept as a digest, ending by themselves or by staff."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from onboarding.guide import Stage
from onboarding.models import LinkEvent, PartnerLink
from onboarding.stages import moving
from onboarding.stages.refusals import NotPossible
from partners.ground import secrets
from partners.models import Partner

RANDOM_CHARACTERS = 43  # of 62: 256 bits
OPENED_PRECISION = timedelta(minutes=1)


class LinkState(StrEnum):
    OPEN = "open"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class FoundLink:
    """What a token stands for. `link` is None where it stands for nothing."""

    state: LinkState
    link: PartnerLink | None = None


def _signer() -> Signer:
    return Signer(salt="cpo-page-link", sep=".")


def make_link(partner: Partner, *, given_to: str, days: int, by: Any, reveals_token_b: bool) -> tuple[PartnerLink, str]:
    """Make a link; return (row, URL). The URL exists only in the second value. Earlier links are revoked.

    Two at the same moment follow each other: one link is open in the end.

    Raises:
        NotPossible: the integration was ended.
    """
    token = _signer().sign(get_random_string(RANDOM_CHARACTERS))
    now = timezone.now()
    with transaction.atomic():
        Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
        if moving.of(partner).stage == Stage.OFF_BOARDED:
            raise NotPossible(f"{partner.name} is off-boarded: begin a new onboarding first.")
        revoke_links(partner)
        link = PartnerLink.objects.create(
            partner=partner,
            digest=secrets.digest(token),
            given_to=given_to,
            reveals_token_b=reveals_token_b,
            created_by=by,
            expires_at=now + timedelta(days=days),
        )
    return link, f"{settings.PUBLIC_BASE_URL.rstrip('/')}/onboarding/{token}/"


def revoke_links(partner: Partner) -> int:
    """Make the partner's links useless from the next request on; return how many were open."""
    now = timezone.now()
    return PartnerLink.objects.filter(partner=partner, revoked_at=None, expires_at__gt=now).update(revoked_at=now)


def open_link(partner: Partner) -> PartnerLink | None:
    """The link that opens the partner's page now."""
    return PartnerLink.objects.filter(partner=partner, revoked_at=None, expires_at__gt=timezone.now()).first()


def find_link(token: str) -> FoundLink:
    """Return what the token stands for. A forged one does not reach the database."""
    try:
        _signer().unsign(token)
    except BadSignature:
        return FoundLink(LinkState.UNKNOWN)
    link = PartnerLink.objects.select_related("partner").filter(digest=secrets.digest(token)).first()
    if link is None:
        return FoundLink(LinkState.UNKNOWN)
    if link.revoked_at:
        return FoundLink(LinkState.REVOKED, link)
    if link.expires_at <= timezone.now():
        return FoundLink(LinkState.EXPIRED, link)
    return FoundLink(LinkState.OPEN, link)


def note_opened(link: PartnerLink) -> None:
    """Remember that the page was opened; written at most once a minute."""
    now = timezone.now()
    if link.last_opened_at is None or now - link.last_opened_at > OPENED_PRECISION:
        PartnerLink.objects.filter(pk=link.pk).update(last_opened_at=now)


def record(link: PartnerLink, kind: str, text: str, address: str) -> LinkEvent:
    """Write down what was done over the link."""
    return LinkEvent.objects.create(link=link, kind=kind, text=text, source_address=address)
