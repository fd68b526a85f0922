"""Charging profiles and preferences, both ways."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi import sync
from ocpi.calls import charging_profiles, commands, outgoing
from ocpi.calls.outgoing import Unsupported
from ocpi.models import ActiveProfile, Evse, OcpiSession, ProfileRequest
from ocpi.versions.v2_2_1.profiles import ChargingProfile, ChargingProfilePeriod
from partners.models import Partner
from tests.factories import OcpiSessionFactory, PartnerFactory
from tests.ocpi.cpo import Answer, ScriptedCpo, envelope
from tests.ocpi.modules.conftest import caller, registered, token
from tests.ocpi.server.conftest import answered
from tests.support.processes import eventually, free_port
from tests.support.tasks import Ran

ACCEPTED = envelope({"result": "ACCEPTED", "timeout": 30})
PROFILE = ChargingProfile(
    charging_rate_unit="W", charging_profile_period=(ChargingProfilePeriod(start_period=0, limit=Decimal(11000)),)
)
ACTIVE = {
    "start_date_time": "2026-11-22T10:00:00Z",
    "charging_profile": {
        "charging_rate_unit": "W",
        "charging_profile_period": [{"start_period": 0, "limit": 11000}],
    },
}
PATH = "/chargingprofiles/S-1"


@pytest.fixture
def session(connected: Callable[..., Partner]) -> OcpiSession:
    return OcpiSessionFactory.create(partner=connected(), ocpi_id="S-1")


def path(row: ProfileRequest) -> str:
    return f"chargingprofiles/{row.kind}/{row.pk}"


def test_setting_a_profile(cpo: ScriptedCpo, session: OcpiSession, run_tasks: Callable[..., list[Ran]]) -> None:
    cpo.on(f"PUT {PATH}", ACCEPTED)
    row = charging_profiles.set_profile(session, PROFILE)
    run_tasks()
    row.refresh_from_db()
    assert (row.state, row.response, row.timeout, row.next_check_at) == ("answered", "ACCEPTED", 30, None)
    body = cpo.seen[0].body
    assert body["response_url"].endswith(f"/2.2.1/{path(row)}")
    assert body["charging_profile"] == ACTIVE["charging_profile"]
    for result, message in (("ACCEPTED", "Success"), ("REJECTED", "A result was received before")):
        answered(caller(session.partner).post(path(row), {"result": result}), 200, 1000, message)
    row.refresh_from_db()
    assert row.result == "ACCEPTED"


def test_asking_for_and_clearing_a_profile(
    cpo: ScriptedCpo, session: OcpiSession, run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.on(PATH, ACCEPTED)
    ask = charging_profiles.ask_active_profile(session, 900)
    clear = charging_profiles.clear_profile(session)
    run_tasks()
    asked, cleared = cpo.calls("GET")[0], cpo.calls("DELETE")[0]
    assert (asked.query["duration"], asked.body) == ("900", None)
    assert asked.query["response_url"].endswith(path(ask))
    assert cleared.query["response_url"].endswith(path(clear))

    us = caller(session.partner)
    answered(us.post(path(ask), {"result": "ACCEPTED", "profile": ACTIVE}), 200, 1000)
    assert session.active_profile.raw == ACTIVE
    answered(us.post(path(clear), {"result": "UNKNOWN"}), 200, 1000)
    clear.refresh_from_db()
    assert clear.result == "UNKNOWN"


@pytest.mark.parametrize("body", ['"x"', '{"result": "x"}', '{"result": "MAYBE", "profile": null}', "[]", "null", "{}"])
def test_a_result_that_is_none_changes_nothing_and_the_true_one_counts(
    cpo: ScriptedCpo, session: OcpiSession, run_tasks: Callable[..., list[Ran]], body: str
) -> None:
    cpo.on(PATH, ACCEPTED)
    rows = [
        charging_profiles.set_profile(session, PROFILE),
        charging_profiles.ask_active_profile(session, 900),
        charging_profiles.clear_profile(session),
    ]
    run_tasks()
    us = caller(session.partner)
    for row in rows:
        answered(us.post(path(row), body), 200, 2001)
        row.refresh_from_db()
        assert (row.result, row.result_at) == ("", None)
        answered(us.post(path(row), {"result": "REJECTED"}), 200, 1000)
        row.refresh_from_db()
        assert row.result == "REJECTED"


def test_preferences(cpo: ScriptedCpo, session: OcpiSession, run_tasks: Callable[..., list[Ran]]) -> None:
    answers = iter(["ACCEPTED", "PROFILE_TYPE_NOT_SUPPORTED"])
    cpo.on("PUT /sessions/S-1/charging_preferences", lambda _seen: envelope(next(answers)))
    for expected in ("ACCEPTED", "PROFILE_TYPE_NOT_SUPPORTED"):
        row = charging_profiles.set_preferences(session, profile_type="CHEAP", energy_need=Decimal("12.5"))
        run_tasks()
        row.refresh_from_db()
        assert (row.response, row.state) == (expected, "answered")
    assert cpo.seen[0].body == {"profile_type": "CHEAP", "energy_need": 12.5}


def test_an_evse_that_takes_no_preferences(
    cpo: ScriptedCpo, session: OcpiSession, run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.on("PUT /sessions/S-1/charging_preferences", envelope(None, 2001, "Not capable", status=404))
    row = charging_profiles.set_preferences(session, profile_type="FAST")
    run_tasks()
    row.refresh_from_db()
    assert (row.state, row.response) == ("answered", "REFUSED")
    assert "Not capable" in row.failure


def test_answers_that_say_nothing(cpo: ScriptedCpo, session: OcpiSession, run_tasks: Callable[..., list[Ran]]) -> None:
    cpo.on(f"PUT {PATH}", envelope({"outcome": "ok"}))
    unread = charging_profiles.set_profile(session, PROFILE)
    run_tasks()
    unread.refresh_from_db()
    assert (unread.state, "cannot be read" in unread.failure) == ("unanswered", True)

    cpo.on(f"PUT {PATH}", Answer("busy", 503))
    down = charging_profiles.set_profile(session, PROFILE)
    run_tasks()
    down.refresh_from_db()
    assert (down.state, down.tries, down.next_check_at) == ("unanswered", 1, None)

    session.partner.endpoints.update(url=f"http://127.0.0.1:{free_port()}/x")
    gone = charging_profiles.set_profile(session, PROFILE)
    run_tasks()
    gone.refresh_from_db()
    assert gone.state == "undelivered"


def test_it_is_sent_once_also_when_its_worker_dies(cpo: ScriptedCpo, session: OcpiSession) -> None:
    cpo.on(f"PUT {PATH}", ACCEPTED)
    row = charging_profiles.set_profile(session, PROFILE)
    outgoing.send(ProfileRequest, row.pk)
    outgoing.send(ProfileRequest, row.pk)
    assert len(cpo.seen) == 1
    lost = charging_profiles.set_profile(session, PROFILE)
    ProfileRequest.objects.filter(pk=lost.pk).update(state="sending", next_check_at=timezone.now())
    assert outgoing.hand_out_due() == 1
    ProfileRequest.objects.filter(pk=lost.pk).update(next_check_at=timezone.now())
    outgoing.send(ProfileRequest, lost.pk)
    lost.refresh_from_db()
    assert (lost.state, len(cpo.seen)) == ("unanswered", 1)


def test_2_1_1_has_none_of_it(connected: Callable[..., Partner]) -> None:
    session = OcpiSessionFactory.create(partner=connected("2.1.1"))
    wishes: list[Callable[[], object]] = [
        lambda: charging_profiles.set_profile(session, PROFILE),
        lambda: charging_profiles.clear_profile(session),
        lambda: charging_profiles.ask_active_profile(session, 60),
        lambda: charging_profiles.set_preferences(session, profile_type="FAST"),
    ]
    for wish in wishes:
        with pytest.raises(Unsupported):
            wish()
    answered(caller(session.partner).put("chargingprofiles/S-1", ACTIVE), 404, 2000)


def test_a_profile_that_is_told_unasked(session: OcpiSession) -> None:
    us = caller(session.partner)
    answered(us.put("chargingprofiles/s-1", ACTIVE), 200, 1000)
    older = ACTIVE | {"start_date_time": "2026-11-22T09:00:00Z"}
    answered(us.put("chargingprofiles/S-1", older), 200, 1000, "Older")
    assert ActiveProfile.objects.get().raw == ACTIVE
    answered(us.put("chargingprofiles/S-2", ACTIVE), 404, 2001)
    answered(us.put("chargingprofiles/S-1", {"charging_profile": {}}), 200, 2001, "start_date_time")


def test_results_are_nobody_elses_business(session: OcpiSession) -> None:
    row = charging_profiles.clear_profile(session)
    other = PartnerFactory.create(code="other", party_id="OTH")
    body = {"result": "ACCEPTED"}
    answered(caller(other).post(path(row), body), 404, 2000)
    us = caller(session.partner)
    answered(us.post(path(row).replace("CLEAR", "SET"), body), 404, 2000)
    answered(us.post(path(row).replace("CLEAR", "PREFERENCES"), body), 404, 2000)
    answered(us.post(path(row), {"result": 7}), 200, 2001)


@pytest.mark.parametrize("version", ["2.2", "2.2.1", "2.3.0"])
@pytest.mark.django_db(transaction=True)
def test_with_the_simulated_cpo(
    tmp_path: Path, live_server: LiveServer, settings: Settings, run_tasks: Callable[..., list[Ran]], version: str
) -> None:
    with registered(tmp_path, live_server, settings, version, "--meter-interval", "1") as (cpo, partner):
        session = charging(partner)
        wishes = [
            charging_profiles.set_profile(session, PROFILE),
            charging_profiles.ask_active_profile(session, 600),
            charging_profiles.clear_profile(session),
        ]
        run_tasks(raise_failures=False)
        for row in wishes:
            row.refresh_from_db()
            assert (row.response, row.failure) == ("ACCEPTED", "")
        eventually(lambda: not ProfileRequest.objects.filter(result="").exists(), what="three results")
        limit = ActiveProfile.objects.get().raw["charging_profile"]["charging_profile_period"][0]["limit"]
        assert limit == 11000
        cpo.control("POST", f"sessions/{session.ocpi_id}/profile", {"watts": 7000})
        eventually(lambda: "7000" in str(ActiveProfile.objects.get().raw), what="the profile that was told unasked")
        preferences = charging_profiles.set_preferences(session, profile_type="GREEN")
        run_tasks(raise_failures=False)
        preferences.refresh_from_db()
        assert (preferences.state, preferences.response, preferences.failure) == ("answered", "ACCEPTED", "")


def charging(partner: Partner) -> OcpiSession:
    assert sync.run(sync.request_sync(partner, "locations").pk)
    connector = (
        Evse.objects.filter(status="AVAILABLE", raw__capabilities__contains="CHARGING_PROFILE_CAPABLE")[0]
    ).connectors.all()[0]
    started = commands.create(
        commands.start_session(
            partner=partner,
            token=token("T-9", type="AD_HOC_USER"),
            location_id=connector.evse.location.ocpi_id,
            evse_uid=connector.evse.uid,
            connector_id=connector.connector_id,
            authorization_reference="REF-1",
            reference="",
        )
    )
    commands.send(started.pk)
    eventually(lambda: OcpiSession.objects.filter(status="ACTIVE").exists(), what="an active session")
    return OcpiSession.objects.get()


@pytest.mark.parametrize(("timeout", "kept"), [(1e9, 10**9), (10**12, 2**31 - 1)])
def test_a_profile_is_answered_whatever_time_it_may_take(
    cpo: ScriptedCpo, session: OcpiSession, run_tasks: Callable[..., list[Ran]], timeout: float, kept: int
) -> None:
    cpo.on(f"PUT {PATH}", envelope({"result": "ACCEPTED", "timeout": timeout}))
    row = charging_profiles.set_profile(session, PROFILE)
    run_tasks()
    row.refresh_from_db()
    assert (row.state, row.response, row.timeout) == ("answered", "ACCEPTED", kept)
