"""Why a session is not started."""

from django.utils.translation import gettext

from ocpi.hubs import reaches
from ocpi.models import Evse
from partners.models import Partner

OUT_OF_SERVICE = frozenset({"INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED"})
"""Statuses in which no START makes sense. CHARGING and RESERVED may be stale: the CPO has the last word."""


def is_connected(evse: Evse) -> bool:
    """Whether its operator is: the partner, and the party behind its hub whose the charger is."""
    partner, place = evse.partner, evse.location
    connected = partner.connection == Partner.Connection.CONNECTED
    return connected and reaches(partner, place.country_code, place.party_id)


class CannotStart(Exception):
    """The session cannot be started; `field` names what is wrong with the request, the text says it to a person, and
    `code` to a program."""

    def __init__(self, field: str, text: str, code: str = "") -> None:
        super().__init__(text)
        self.field = field
        self.code = code


class PriceChanged(CannotStart):
    """The driver saw another price than what would be charged now."""

    def __init__(self) -> None:
        text = gettext("The price has changed since you looked. Please check it and pay again.")
        super().__init__("offer", text, "price_changed")


class IdempotencyConflict(Exception):
    """The Idempotency-Key was used before, for another request."""

    code = "idempotency_conflict"
