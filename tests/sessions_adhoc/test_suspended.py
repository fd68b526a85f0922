"""A suspended partner: nothing new begins, and what was live is finished (rule 37)."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi.models import Cdr, Command, Evse, OcpiSession
from ocpi.sync.engine import pull
from onboarding.admin.partner.off_boarding_actions import what_suspending_does
from onboarding.stages import suspension
from partners.models import Partner, Policy
from sessions_adhoc.models import AdHocSession
from tests.factories import connector_data, evse_data, location_data, session_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


def suspend(cpo: Cpo) -> None:
    suspension.suspend(Partner.objects.get(pk=cpo.partner.pk), "Too many faults.", None)


def status_of(cpo: Cpo, method: str, path: str, body: Any = None) -> int:
    answer = cpo.http.generic(
        method,
        f"/ocpi/emsp/2.2.1/{path}",
        data=json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers={"Authorization": f"Token {cpo.token}"},
    )
    return answer.status_code


@pytest.fixture
@remembered
def charging(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=15)
    cpo.session(3)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"
    return session


def test_a_live_charge_is_stopped_and_settled(driver: Driver, cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    suspend(cpo)
    cpo.session(4)
    cpo.evse("CHARGING")
    driver.stop(charging)
    assert (state(charging)[0], len(cpo.sent("STOP_SESSION"))) == ("stopping", 1)
    result = cpo.sent("STOP_SESSION")[0].body["response_url"].split("/2.2.1/")[1]
    cpo.push("POST", result, {"result": "ACCEPTED"}, 200)
    cpo.session(5, "COMPLETED")
    cpo.cdr(3.01, kwh=5)
    clock.forward(seconds=1)
    assert (state(charging), gateway(charging)) == (("settled", ""), ("captured", 301))
    assert status_of(cpo, "PUT", "sessions/SK/ION/S-1", session_data("S-1")) == 403


@pytest.fixture
@remembered
def failed(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """Live when its partner was suspended, and given up since: no energy came in time."""
    Policy.objects.create(partner=cpo.partner, auto_retry="never")
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=5)
    suspend(cpo)
    clock.forward(minutes=6)
    assert (state(session), money(session)) == (("failed", "no_energy"), ("released", 0))
    return session


def result_url(cpo: Cpo, kind: str) -> str:
    url: str = cpo.sent(kind)[-1].body["response_url"]
    return url.split("/2.2.1/")[1]


def test_what_comes_late_of_a_charge_that_failed_is_kept(cpo: Cpo, clock: Clock, failed: AdHocSession) -> None:
    """Its Session runs on: it is stopped, its end and its bill are known, and nothing is taken for it."""
    cpo.session(3)
    clock.forward(seconds=1)
    assert len(cpo.sent("STOP_SESSION")) == 1
    cpo.push("POST", result_url(cpo, "START_SESSION"), {"result": "ACCEPTED"}, 200)
    cpo.push("POST", result_url(cpo, "STOP_SESSION"), {"result": "ACCEPTED"}, 200)
    change = {"kwh": 4, "status": "COMPLETED", "last_updated": stamp(clock.now())}
    cpo.push("PATCH", "sessions/SK/ION/S-1", change, 200)
    cpo.cdr(2.41, kwh=4)
    clock.forward(seconds=1)
    assert (OcpiSession.objects.get().status, OcpiSession.objects.get().kwh) == ("COMPLETED", Decimal(4))
    assert Cdr.objects.get().total_energy == 4
    assert (state(failed), money(failed), gateway(failed)) == (
        ("failed", "no_energy"),
        ("released", 0),
        ("released", 0),
    )


def test_what_failed_is_no_longer_waited_for_at_its_charger(cpo: Cpo, clock: Clock, failed: AdHocSession) -> None:
    change = {"status": "AVAILABLE", "last_updated": stamp(clock.now())}
    assert status_of(cpo, "PATCH", "locations/SK/ION/LOC-1/EVSE-1", change) == 403
    assert status_of(cpo, "PUT", "sessions/SK/ION/S-7", session_data("S-7", last_updated=stamp(clock.now()))) == 403
    assert "No charge is live there now." in what_suspending_does(cpo.partner)
    Partner.objects.filter(pk=cpo.partner.pk).update(suspended_at=clock.now() - timedelta(hours=24))
    assert status_of(cpo, "POST", result_url(cpo, "START_SESSION"), {"result": "ACCEPTED"}) == 403


def test_what_had_failed_before_is_none_of_those(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    Policy.objects.create(partner=cpo.partner, auto_retry="never")
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(minutes=6)
    assert state(session) == ("failed", "no_energy")
    clock.forward(seconds=1)
    suspend(cpo)
    assert status_of(cpo, "POST", result_url(cpo, "START_SESSION"), {"result": "ACCEPTED"}) == 403


@pytest.mark.parametrize("reason", ["command", "session"])
def test_a_start_that_is_given_up_is_told_its_result(driver: Driver, cpo: Cpo, clock: Clock, reason: str) -> None:
    """No Session came by the end of the window; what came of the START is still read."""
    session = driver.start()
    suspend(cpo)
    clock.forward(minutes=6)
    assert state(session) == ("failed", "no_session")
    if reason == "command":
        cpo.push("POST", result_url(cpo, "START_SESSION"), {"result": "FAILED"}, 200)
        assert Command.objects.get(kind="START_SESSION").result == "FAILED"
    else:
        cpo.session(2, created=True)
        clock.forward(seconds=1)
        assert (len(cpo.sent("STOP_SESSION")), money(session)) == (1, ("released", 0))


def test_a_live_charge_is_followed_by_get(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    suspend(cpo)
    clock.forward(seconds=95)
    assert len(cpo.server.calls("GET", "/sessions")) == 1


def test_its_location_as_a_whole_tells_of_the_charger_too(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    """Some CPOs push a status with all that is around it."""
    cpo.evse("CHARGING")
    suspend(cpo)
    clock.forward(seconds=5)
    now = stamp(clock.now())
    told = evse_data("EVSE-1", status="AVAILABLE", connectors=[connector_data(last_updated=now)], last_updated=now)
    location = location_data("LOC-1", evses=[told], last_updated=now)
    cpo.push("PUT", "locations/SK/ION/LOC-1", location, 200)
    clock.forward(seconds=16)
    assert (Evse.objects.get().status, state(charging)[0]) == ("AVAILABLE", "awaiting_cdr")
    assert status_of(cpo, "PUT", "locations/SK/ION/LOC-9", location_data("LOC-9")) == 403
    assert status_of(cpo, "GET", "locations/SK/ION/LOC-1") == 403


def test_a_connector_of_its_charger_passes(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    suspend(cpo)
    clock.forward(seconds=5)
    change = {"max_electric_power": 50_000, "last_updated": stamp(clock.now())}
    cpo.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1/1", change, 200)
    assert status_of(cpo, "PATCH", "locations/SK/ION/LOC-1/EVSE-9/1", change) == 403


def test_everything_else_is_refused(driver: Driver, cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    suspend(cpo)
    before = OcpiSession.objects.count()
    assert status_of(cpo, "PUT", "sessions/SK/ION/S-7", session_data("S-7", last_updated=stamp(clock.now()))) == 403
    assert status_of(cpo, "GET", "sessions/SK/ION/S-1") == 403
    assert status_of(cpo, "GET", "tokens") == 403
    assert status_of(cpo, "PUT", "locations/SK/ION/LOC-9", {}) == 403
    assert status_of(cpo, "PATCH", "locations/SK/ION/LOC-1/EVSE-9", {}) == 403
    assert status_of(cpo, "POST", "cdrs", ["no CDR"]) == 403
    assert OcpiSession.objects.count() == before
    assert driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}).status_code == 409


def test_our_other_calls_stay_at_home(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    suspend(cpo)
    calls = len(cpo.server.seen)
    result = pull(cpo.partner.pk, "locations", clock.now())
    assert (result.ok, len(cpo.server.seen)) == (False, calls)


def test_after_a_day_nothing_passes_any_more(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    suspend(cpo)
    cpo.session(4)
    Partner.objects.filter(pk=cpo.partner.pk).update(suspended_at=clock.now() - timedelta(hours=24))
    assert status_of(cpo, "PATCH", "sessions/SK/ION/S-1", {"kwh": 5, "last_updated": stamp(clock.now())}) == 403


def test_without_a_live_charge_all_is_refused(cpo: Cpo, evse: Evse) -> None:
    suspend(cpo)
    assert status_of(cpo, "PATCH", "locations/SK/ION/LOC-1/EVSE-1", {"status": "AVAILABLE"}) == 403


def test_who_waits_for_the_cable_is_let_go_and_nothing_is_sent(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    Policy.objects.create(partner=cpo.partner, start_strategy="wait_for_preparing")
    session = driver.start()
    suspend(cpo)
    clock.forward(minutes=5, seconds=1)
    assert (state(session), money(session)) == (("failed", "partner_suspended"), ("released", 0))
    assert (cpo.sent("START_SESSION"), open_incidents()) == ([], [])


def test_no_second_try_begins(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=5)
    suspend(cpo)
    cpo.session(0, "COMPLETED")
    clock.forward(seconds=15)
    assert (state(session), money(session), len(cpo.sent("START_SESSION"))) == (
        ("failed", "no_energy"),
        ("released", 0),
        1,
    )


def test_resumed_it_is_as_before(cpo: Cpo, charging: AdHocSession) -> None:
    suspend(cpo)
    suspension.resume(Partner.objects.get(pk=cpo.partner.pk), "Repaired.", None)
    partner = Partner.objects.get(pk=cpo.partner.pk)
    assert (partner.connection, partner.suspended_at) == ("connected", None)


def test_the_button_says_how_many_are_live(cpo: Cpo, charging: AdHocSession) -> None:
    assert "1 charge that is live is finished" in what_suspending_does(cpo.partner)


def test_the_button_says_that_none_is_live(cpo: Cpo, evse: Evse) -> None:
    assert "No charge is live there now." in what_suspending_does(cpo.partner)
