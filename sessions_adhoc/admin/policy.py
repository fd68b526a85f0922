"""The policy of a session as staff read it: with units, and where each value came from."""

from typing import Any

from partners.admin.showing import DAY, HOUR, MINUTE, NOTHING, amount, duration
from sessions_adhoc.models import AdHocSession

# Numbers that are no seconds.
COUNTED = ("max_attempts",)


def policy(session: AdHocSession) -> list[tuple[str, Any, str]]:
    """Name, value with its unit, and the scope that it came from."""
    sources = session.policy_sources
    return [
        (name.replace("_", " ").replace("cdr", "CDR"), _with_unit(session, name, value), sources.get(name, "default"))
        for name, value in session.policy.items()
        if name != "reservation_currency"
    ]


def _with_unit(session: AdHocSession, name: str, value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "reservation_amount":
        return amount(int(value), str(session.policy.get("reservation_currency") or session.currency))
    return _exactly(value) if isinstance(value, int) and name not in COUNTED else str(value)


def _exactly(seconds: int) -> str:
    """`90 s`, `5 min`, `1 d`: never rounded."""
    exact = seconds % (HOUR if seconds >= DAY else MINUTE) == 0
    return duration(seconds) if exact else f"{seconds} s"
