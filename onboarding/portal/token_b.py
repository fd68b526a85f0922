"""Token B over the link: made when it is looked at, shown once, kept by nobody (guide 6)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from onboarding.models import PartnerLink
from partners.ground import secrets
from partners.services import issue_registration_token


@dataclass(frozen=True)
class Revealed:
    """`token` is empty when it was revealed before: then `at` and `last4` say when and which.

    Nothing is said where the link was withdrawn, or ended, in the meantime: `at` is None.
    """

    token: str
    at: datetime | None
    last4: str


@transaction.atomic
def reveal(link: PartnerLink) -> Revealed:
    """Make Token B and return it, the first time. Two at the same moment: one of them gets it.

    The link is asked once more while its row is held: staff may have withdrawn it since the page was opened.
    """
    now = timezone.now()
    usable = PartnerLink.objects.filter(pk=link.pk, reveals_token_b=True, revoked_at=None, expires_at__gt=now)
    if not usable.filter(token_b_revealed_at=None).update(token_b_revealed_at=now):
        link.refresh_from_db()
        return Revealed("", link.token_b_revealed_at, link.token_b_last4)
    token = issue_registration_token(link.partner)
    last4 = secrets.last4(token)
    PartnerLink.objects.filter(pk=link.pk).update(token_b_last4=last4)
    return Revealed(token, now, last4)
