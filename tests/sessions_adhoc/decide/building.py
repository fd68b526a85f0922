"""Facts for tests of `decide`: a healthy session in some state, and what a test changes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from partners.agreed.policies import DEFAULTS
from sessions_adhoc.decide import (
    AttemptFacts,
    CdrFacts,
    CommandFacts,
    Decision,
    Facts,
    PaymentFacts,
    Rules,
    SessionFacts,
)
from sessions_adhoc.states import State

T0 = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
RULES = Rules.from_policy(DEFAULTS)
ACCEPTED = CommandFacts(state="answered", tries=1, response="ACCEPTED", sent_at=T0, answered_at=T0)
RESERVED = PaymentFacts("reserved")


def at(**delta: float) -> datetime:
    """T0 plus `minutes=...`, `seconds=...`."""
    return T0 + timedelta(**delta)


def rules(**changes: Any) -> Rules:
    return replace(RULES, **changes)


def ocpi_session(**changes: Any) -> SessionFacts:
    """An ACTIVE session that was heard of at T0 and has delivered nothing."""
    base = SessionFacts(status="ACTIVE", kwh=Decimal(0), energy_observed=False, active_at=T0, news_at=T0)
    return replace(base, **changes)


def attempt(**changes: Any) -> AttemptFacts:
    """The first attempt, accepted by the CPO at T0; `ended`: over since then."""
    if changes.pop("ended", False):
        changes.setdefault("ended_at", T0)
    return replace(AttemptFacts(number=1, created_at=T0, command=ACCEPTED), **changes)


def facts(state: State, **changes: Any) -> Facts:
    """A DC session whose funds were reserved at T0 and that entered `state` then."""
    base = Facts(
        state=state,
        state_since=T0,
        created_at=T0,
        rules=RULES,
        payment=RESERVED,
        connector_status="BLOCKED",
        is_dc=True,
        funds_reserved_at=T0,
    )
    return replace(base, **changes)


def cdr(energy: str = "10", amount: int | None = 490, **more: Any) -> CdrFacts:
    return CdrFacts(**{"energy": Decimal(energy), "amount": amount, "text": "CDR C-1: 4.90 EUR.", **more})


def done(decision: Decision) -> list[str]:
    """The names of a decision's actions, in order."""
    return [action.do.value for action in decision.actions]
