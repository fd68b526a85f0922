"""The connections that a link speaks for: those of one integration of one CPO, never anybody else's."""

from onboarding.models import Onboarding
from onboarding.stages import moving
from partners.models import Partner


def connections_of(partner: Partner, onboarding: Onboarding | None = None) -> list[Partner]:
    """The partner's own row, and the other one of its integration; production first. What never stood is left out."""
    place = onboarding or moving.of(partner)
    rows = {row.pk: row for row in (place.production, place.partner, partner) if row is not None}
    stood = [row for row in rows.values() if row.connection != Partner.Connection.NOT_CONNECTED]
    return sorted(stood, key=lambda row: row.environment != Partner.Environment.PRODUCTION)
