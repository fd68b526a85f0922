"""Each sloppy habit and each fault of a CPO shows in exactly the cases that are about it."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from cpo_simulator.server.faults.catalogue import FAULTS
from cpo_simulator.wire.sloppiness import SWITCHES
from ocpi.models import Message
from tests.ocpi.cpo import Simulator
from tests.onboarding.connection_check.conftest import CHARGER, cases, check, departures
from tests.support.processes import eventually

PLUGGED = "ION-BTS01-1"
WARN, FAIL = "warn", "fail"
OBJECTS = {"locations.objects": WARN, "tariffs.objects": WARN}

# Seen without a charge. Those that say nothing here are in the tables below.
HABITS = {
    "no-message-headers": {"message_ids": WARN, "routing_headers": WARN, "inbound_headers": WARN},
    "naive-timestamps": {**OBJECTS, "envelope": WARN},
    "offset-timestamps": {**OBJECTS, "envelope": WARN},
    "numbers-as-strings": OBJECTS,
    "null-lists": {"locations.objects": WARN},
    "lower-case-ids": OBJECTS,
    "preparing-status": {"locations.objects": WARN},
    "unknown-values": {"locations.objects": WARN},
    "over-long-strings": {"locations.objects": WARN},
    "no-envelope-on-errors": {"bad_token": WARN, "unknown_object": WARN},
    "trailing-slashes": {"urls": WARN},
}
# Settled when both sides register: of the token that they write, and how.
AT_REGISTRATION = {
    ("2.2.1", "raw-tokens"): {"inbound_token": WARN},
    ("2.1.1", "base64-tokens"): {"inbound_token": WARN},
}
IN_A_CHARGE = {"bare-command-result": {"start_unknown": WARN, "start": WARN, "start_twice": WARN, "pushes": WARN}}
DURING_THE_HANDSHAKE = {"wrong-token-a", "registration-3001", "registration-3002", "registration-3003"}
OF_COMMANDS = {"start-500", "start-hangs"}
SERVER_FAULTS = {
    "missing-module": {"module.sessions": FAIL},
    "html-versions": {"versions": FAIL},
    "slow-versions": {"latency": WARN},
    "sessions-get-500": {"sessions.list": FAIL},
    "down": {"reach": FAIL},
    "forbidden": {"token_encoding": FAIL},
    "forgotten-tokens": {"token_encoding": FAIL},
    "no-link": {"locations.paging": WARN, "tariffs.paging": WARN},
    "no-paging-headers": {
        "locations.paging": FAIL,
        "sessions.paging": WARN,
        "cdrs.paging": WARN,
        "tariffs.paging": FAIL,
    },
    "limit-ignored": {"locations.paging": WARN, "tariffs.paging": WARN},
    "dates-ignored": {"locations.dates": WARN, "tariffs.dates": WARN},
    "broken-location": {"locations.objects": FAIL},
    "open-door": {"bad_token": FAIL},
    "base64-refused": {"token_encoding": FAIL},
    "unknown-is-empty": {"unknown_object": FAIL},
    "redirects": {"redirects": WARN},
    "clock-ahead": {"clock": FAIL},
}
# What `make test` shows; `make heavy` shows all.
SAMPLE = {"no-envelope-on-errors", "html-versions", "no-paging-headers"}


def checked(cpo: Simulator, **behaviour: Any) -> dict[str, Any]:
    """What a check finds while the CPO behaves so, a cable is in, and it has just told us so."""
    cpo.behave(reset=True, **behaviour)
    pushed = Message.objects.filter(direction="in", module="locations").exclude(http_status=None)
    before = pushed.count()
    cpo.control("POST", f"evses/{PLUGGED}/plug")
    eventually(lambda: pushed.count() > before, what="the push")
    report = check()
    cpo.behave(reset=True)
    cpo.control("POST", f"evses/{PLUGGED}/unplug")
    return report


def seen_in(cpo: Simulator, wanted: dict[str, dict[str, str]] | set[str]) -> dict[str, dict[str, str]]:
    """name -> what a check finds, for the habits and faults that are wanted."""
    knobs = {"slow_answer": 1.2}
    found = {name: departures(checked(cpo, habits=[name])) for name in HABITS if name in wanted}
    return found | {
        name: departures(checked(cpo, faults=[name], knobs=knobs)) for name in SERVER_FAULTS if name in wanted
    }


def test_every_habit_and_every_fault_is_in_a_table() -> None:
    at_registration = {habit for _, habit in AT_REGISTRATION}
    assert set(SWITCHES) == set(HABITS) | at_registration | set(IN_A_CHARGE)
    assert set(FAULTS) == set(SERVER_FAULTS) | DURING_THE_HANDSHAKE | OF_COMMANDS


@pytest.mark.django_db(transaction=True)
def test_it_names_what_is_sloppy_and_nothing_else(cpo: Callable[..., Any]) -> None:
    with cpo("2.2.1") as (simulated, _partner):
        found = seen_in(simulated, SAMPLE)
        report = checked(simulated, faults=["broken-location"])
    assert found == {name: {**HABITS, **SERVER_FAULTS}[name] for name in SAMPLE}
    broken = cases(report)["locations.objects"]
    assert broken["seen"] == "1 of 8 objects cannot be used."
    assert broken["details"] == [{"object": "ION-BTS01", "path": "coordinates", "text": "is required and missing"}]
    assert broken["section"] == "OCPI 2.2.1 §8.3.1"


@pytest.mark.django_db(transaction=True)
def test_who_lets_nobody_in_is_not_said_to_refuse_our_token(cpo: Callable[..., Any], settings: Settings) -> None:
    settings.OCPI_OUTBOUND_IPS = ["203.0.113.10"]
    with cpo("2.2.1") as (simulated, _partner):
        barred = cases(checked(simulated, faults=["forbidden"]))["token_encoding"]
        forgotten = cases(checked(simulated, faults=["forgotten-tokens"]))["token_encoding"]
    assert barred["seen"].startswith(
        "Everything is refused with HTTP 403, whatever token it has: ours as it is, ours in base64, and one that "
        "nobody gave out."
    )
    assert "do not accept our token" not in barred["seen"]
    assert barred["change"].startswith("Let our outbound addresses (203.0.113.10) through your firewall or WAF.")
    assert len(barred["messages"]) == 3
    assert forgotten["seen"].startswith("Our token is accepted neither as it is nor in base64.")
    assert forgotten["change"].startswith("Accept the token that you gave us")


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_it_names_all_that_is_sloppy_and_nothing_else(cpo: Callable[..., Any]) -> None:
    with cpo("2.2.1") as (simulated, _partner):
        found = seen_in(simulated, HABITS | SERVER_FAULTS)
    assert found == {**HABITS, **SERVER_FAULTS}


@pytest.mark.heavy
@pytest.mark.parametrize(("version", "habit"), AT_REGISTRATION)
@pytest.mark.django_db(transaction=True)
def test_it_names_a_token_that_is_written_in_another_way(cpo: Callable[..., Any], version: str, habit: str) -> None:
    with cpo(version, "--habit", habit) as (simulated, _partner):
        simulated.control("POST", f"evses/{PLUGGED}/plug")
        assert departures(check()) == AT_REGISTRATION[version, habit]


@pytest.mark.heavy
@pytest.mark.parametrize("habit", IN_A_CHARGE)
@pytest.mark.django_db(transaction=True)
def test_it_names_what_shows_in_a_charge_only(cpo: Callable[..., Any], habit: str) -> None:
    with cpo("2.2.1", "--habit", habit) as (_simulated, _partner):
        assert departures(check(*CHARGER)) == IN_A_CHARGE[habit]
