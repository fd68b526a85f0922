"""The table: every scenario with the outcome that the guide and the session rules demand.

A row shortens the one window that it is about and leaves the others wide, so that a busy machine changes no outcome.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rehearsal.scenarios.plays.case import Case
from rehearsal.scenarios.plays.table.billing import BILLING
from rehearsal.scenarios.plays.table.charging import CHARGING
from rehearsal.scenarios.plays.table.clocks import CLOCKS
from rehearsal.scenarios.plays.table.plans import PLANS
from rehearsal.scenarios.plays.table.settling import SETTLING
from rehearsal.scenarios.plays.table.starting import STARTING

POLICY: Mapping[str, int | str] = {
    "connector_timeout": 20,
    "session_timeout": 25,
    "energy_timeout": 25,
    "meter_interval": 10,
    "silence_timeout": 60,
    "pull_retry": 1,
    "stop_timeout": 15,
    "cdr_timeout": 20,
    "cdr_deadline": 90,
    "flap_delay": 4,
    "hold_for_retry": 0,
    "retry_delay": 1,
    "retry_window": 90,
    "max_attempts": 3,
    "reservation_amount": 4000,
    "reservation_currency": "EUR",
}
"""What is agreed for every charger. Seconds; minor units."""

SPEED = 60
"""A simulated minute takes a second."""

KNOBS: Mapping[str, float] = {
    "car_kwh": 2,
    "car_dc_kw": 44,
    "car_ac_kw": 22,
    "session": 30,
    "energise": 60,
    "handshake": 60,
    "cdr": 30,
    "first_kwh": 0.6,
    "local_stop_kwh": 1,
    "late_session": 14,
    "late_cdr": 10,
    "slow_answer": 8,
    "outage": 600,
    "between_cdrs": 120,
}
"""The simulated CPOs' knobs: a charge takes a few seconds, and a second or so lies between two things that happen."""

TABLE: Mapping[str, Case] = {case.name: case for case in (*STARTING, *CHARGING, *SETTLING, *BILLING, *PLANS, *CLOCKS)}

COUNTS = frozenset({"max_attempts", "reservation_amount", "reservation_minimum"})
"""Numbers in a policy that are no seconds."""

REAL_SECONDS = frozenset({"late_session", "late_cdr", "slow_answer", "flap"})
"""Knobs that the simulated CPOs' speed does not change."""


def ready(case: Case, pace: float = 1.0) -> Case:
    """Return the case with all of its policy and knobs, and every second `pace` times as long.

    A machine that is busy with other things needs a slower pace: windows that are too short for it would close before
    what they wait for could happen.
    """
    return replace(
        case,
        policy={name: _paced_policy(name, value, pace) for name, value in {**POLICY, **case.policy}.items()},
        knobs={
            name: value * pace if name in REAL_SECONDS else value for name, value in {**KNOBS, **case.knobs}.items()
        },
        acts=tuple(replace(act, after=act.after * pace, lasting=act.lasting * pace) for act in case.acts),
        patience=case.patience * pace,
    )


def _paced_policy(name: str, value: Any, pace: float) -> Any:
    return math.ceil(value * pace) if isinstance(value, int) and name not in COUNTS else value
