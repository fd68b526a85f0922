"""The test charge with CPOs at whose chargers something goes wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from ocpi.models import Command, OcpiSession, Token
from onboarding import connection_check
from onboarding.models import ConnectionCheck
from partners.models import Policy
from tests.ocpi.cpo import Simulator
from tests.ocpi.handshake.test_dying_workers import WorkerKilled, killed_at_write
from tests.onboarding.connection_check.conftest import CHARGER, cases, check, departures
from tests.support.processes import eventually

EVSE = "ION-BTS01-3"
QUICKLY = {"session_timeout": 3, "stop_timeout": 3, "cdr_timeout": 3}
# scenario -> (behaviour beside it, what departs)
SCENARIOS = {
    "command-rejected": ({}, {"start": "fail"}),
    "result-never": ({"knobs": {"command_timeout": 1}}, {"start_result": "fail"}),
    "no-kw": ({}, {"samples": "warn"}),
    "no-push-get-works": ({}, {"session": "warn", "samples": "fail", "session_end": "warn"}),
    "cdr-not-pushed": ({}, {"cdr": "warn"}),
    "cdr-wrong-total": ({}, {"cdr_total": "fail"}),
    "stop-ignored": ({"knobs": {"car_kwh": 60}}, {"session_end": "fail", "cdr": "fail"}),
    "two-sessions-for-one-start": ({}, {"start_twice": "fail"}),
}


def charged(cpo: Simulator, scenario: str, **behaviour: Any) -> dict[str, Any]:
    cpo.behave(reset=True, evses={EVSE: scenario}, **behaviour)
    return check(*CHARGER)


@pytest.mark.django_db(transaction=True)
def test_a_rejected_start_ends_the_charge_but_not_the_check(cpo: Callable[..., Any]) -> None:
    with cpo("2.2.1") as (simulated, _partner):
        report = charged(simulated, "command-rejected")
        assert simulated.state()["sessions"] == []
    found = cases(report)
    assert departures(report) == {"start": "fail"}
    assert found["start"]["seen"].startswith("START_SESSION was not accepted. CommandResponse: REJECTED.")
    assert {found[key]["verdict"] for key in ("session", "samples", "stop", "cdr", "pushes")} == {"na"}
    assert found["token.withdrawn"]["verdict"] == "pass"
    assert found["envelope"]["verdict"] == "pass"


@pytest.mark.heavy
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.django_db(transaction=True)
def test_it_names_what_goes_wrong_in_a_charge(cpo: Callable[..., Any], scenario: str) -> None:
    behaviour, expected = SCENARIOS[scenario]
    with cpo("2.2.1") as (simulated, partner):
        Policy.objects.create(partner=partner, **QUICKLY)
        report = charged(simulated, scenario, **behaviour)
        assert departures(report) == expected


@pytest.mark.django_db(transaction=True)
def test_calling_it_off_stops_the_charge_and_withdraws_the_token(cpo: Callable[..., Any]) -> None:
    with cpo("2.2.1") as (simulated, partner):
        charger = connection_check.TestCharger("ION-BTS01", EVSE, sample_interval=300)
        run = connection_check.start(partner, charger=charger)

        def charging() -> bool:
            connection_check.advance(run.pk)
            return OcpiSession.objects.filter(status="ACTIVE").exists()

        eventually(charging, what="an active session")
        connection_check.cancel(run.pk)

        def ended() -> bool:
            connection_check.advance(run.pk)
            return not ConnectionCheck.objects.get(pk=run.pk).is_live

        eventually(ended, what="the end of the check")
        eventually(lambda: OcpiSession.objects.filter(status="COMPLETED").exists(), what="the end of the charge")
        assert simulated.state()["commands"]["STOP_SESSION"] == 1
    run.refresh_from_db()
    assert (run.state, Token.objects.get().valid) == ("cancelled", False)
    assert not connection_check.latest_clean(partner)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_whatever_worker_dies_each_command_is_sent_once(cpo: Callable[..., Any]) -> None:
    """Workers die at their third, fourth, fifth... write; a living one takes over each time."""
    with cpo("2.2.1") as (simulated, partner):
        charger = connection_check.TestCharger("ION-BTS01", EVSE, sample_interval=2)
        run, deaths = connection_check.start(partner, charger=charger), 0

        def ended() -> bool:
            nonlocal deaths
            try:
                with killed_at_write(3 + deaths % 40):
                    connection_check.advance(run.pk)
            except WorkerKilled:
                deaths += 1
                ConnectionCheck.objects.filter(pk=run.pk, next_check_at__isnull=False).update(
                    next_check_at=run.created_at, tries=0
                )
            return not ConnectionCheck.objects.get(pk=run.pk).is_live

        eventually(ended, seconds=120, what="the end of the check")
        books = simulated.state()["commands"]
    run.refresh_from_db()
    assert deaths > 10
    assert (run.state, run.error) == ("finished", "")
    assert Command.objects.count() == 5
    assert books["START_SESSION"] <= 3
    assert books["STOP_SESSION"] <= 2
    assert OcpiSession.objects.count() == 1
