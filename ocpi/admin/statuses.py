"""How the statuses of OCPI look."""

from django.utils.safestring import SafeString

from ocpi.models import Evse
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, badge

EVSE = {
    "AVAILABLE": SUCCESS,
    "CHARGING": INFO,
    "BLOCKED": WARNING,
    "RESERVED": WARNING,
    "INOPERATIVE": DANGER,
    "OUTOFORDER": DANGER,
}
SESSION = {"ACTIVE": SUCCESS, "PENDING": INFO, "RESERVATION": INFO, "INVALID": DANGER}
ANSWER = {
    "ACCEPTED": SUCCESS,
    **dict.fromkeys(("REJECTED", "FAILED", "NOT_SUPPORTED", "UNKNOWN_SESSION", "EVSE_INOPERATIVE"), DANGER),
    **dict.fromkeys(("TIMEOUT", "EVSE_OCCUPIED"), WARNING),
}


def evse_badge(evse: Evse) -> SafeString:
    """The status, and what was received where it differs (PREPARING is kept as BLOCKED)."""
    received = evse.status_received
    text = f"{evse.status} ({received})" if received and received != evse.status else evse.status
    return badge(text, EVSE.get(evse.status, NEUTRAL))


def session_badge(status: str) -> SafeString:
    return badge(status, SESSION.get(status, NEUTRAL))


def answer_badge(answer: str) -> SafeString | str:
    """A CommandResponse or CommandResult."""
    return badge(answer, ANSWER.get(answer, WARNING)) if answer else "-"
