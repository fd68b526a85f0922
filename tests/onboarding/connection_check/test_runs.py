"""A check as a row: who may start one, what a dead worker leaves, what the gate of stage 3 asks."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ocpi.models import Message
from onboarding import connection_check
from onboarding.connection_check import report, runs
from onboarding.connection_check.catalogue import plan
from onboarding.models import ConnectionCheck
from onboarding.tasks import sync_connection_checks_tick
from partners.models import Partner
from tests.ocpi.cpo import TOKEN_C, ScriptedCpo, connected_partner, envelope
from tests.ocpi.handshake.test_dying_workers import WorkerKilled, killed_at_write
from tests.onboarding.connection_check.conftest import cases, check, departures
from tests.onboarding.connection_check.test_pages import finished
from tests.support.tasks import Ran

NOTHING = {"X-Total-Count": "0", "X-Limit": "100"}


@pytest.fixture
def scripted(db: None) -> Iterator[tuple[ScriptedCpo, Partner]]:
    """A CPO with empty lists, and the partner that is connected to it."""
    server = ScriptedCpo()
    url = server.register_normally(accepted=(TOKEN_C,))
    for module in ("locations", "sessions", "cdrs", "tariffs"):
        server.on(f"/2.2.1/{module}", server.guarded(envelope([], headers=NOTHING), (TOKEN_C,)))
    partner = connected_partner(f"{server.url}/2.2.1")
    Partner.objects.filter(pk=partner.pk).update(versions_url=url)
    partner.refresh_from_db()
    yield server, partner
    server.close()


def test_a_worker_that_dies_costs_nothing_but_the_lease(scripted: tuple[ScriptedCpo, Partner]) -> None:
    _, partner = scripted
    run = connection_check.start(partner)
    deaths = 0
    while ConnectionCheck.objects.get(pk=run.pk).is_live:
        try:
            with killed_at_write(4 + deaths):
                connection_check.advance(run.pk)
        except WorkerKilled:
            deaths += 1
            assert connection_check.advance(run.pk) is None, "the dead worker's lease still stands"
            ConnectionCheck.objects.filter(pk=run.pk).update(next_check_at=run.created_at, tries=0)
    run.refresh_from_db()
    assert deaths > 5
    assert (run.state, run.error, run.cases.count()) == ("finished", "", len(plan(armed=False)))


def test_a_case_that_kills_every_worker_is_passed_over_and_the_check_is_not_clean(
    scripted: tuple[ScriptedCpo, Partner],
) -> None:
    _, partner = scripted
    run = connection_check.start(partner)
    for _ in range(3):
        with pytest.raises(WorkerKilled), killed_at_write(3):
            connection_check.advance(run.pk)
        ConnectionCheck.objects.filter(pk=run.pk).update(next_check_at=run.created_at)
    connection_check.advance(run.pk)
    run.refresh_from_db()
    assert run.state == "finished"
    assert run.error == "It could not be looked at: our worker ended each time."
    assert run.cases.get(position=1).verdict == "na"
    assert not connection_check.latest_clean(partner)


def test_the_sweep_hands_a_due_check_to_a_worker(
    scripted: tuple[ScriptedCpo, Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    _, partner = scripted
    run = connection_check.start(partner)
    assert sync_connection_checks_tick() == 1
    names = [name for name, _ in run_tasks()]
    assert names.count("onboarding.tasks.sync_connection_check") == 2  # the start's own task finds the row held
    run.refresh_from_db()
    assert run.state == "finished"
    assert sync_connection_checks_tick() == 0


def test_before_the_handshake_what_token_a_opens_is_looked_at(scripted: tuple[ScriptedCpo, Partner]) -> None:
    server, partner = scripted
    partner.received_tokens.update(purpose="registration")
    Partner.objects.filter(pk=partner.pk).update(version="", connection="not_connected")
    found = check()
    assert cases(found)["details"]["verdict"] == "pass"
    assert cases(found)["locations.list"]["seen"] == "Modules can be asked once the handshake is done."
    assert not server.calls("GET", "/2.2.1/sessions")
    assert not connection_check.latest_clean(partner)


def test_calls_that_are_wrong_on_purpose_are_told_apart_in_the_log(scripted: tuple[ScriptedCpo, Partner]) -> None:
    check()
    on_purpose = Message.objects.filter(module="connection_check")
    assert set(on_purpose.values_list("http_status", flat=True)) == {401, 404}
    assert not Message.objects.exclude(module="connection_check").filter(http_status__gte=400).exists()


def test_the_gate_asks_for_the_newest_finished_check_of_this_connection(partner: Partner) -> None:
    assert not connection_check.latest_clean(partner)
    finished(partner, a="pass", b="warn", c="na")
    assert connection_check.latest_clean(partner)
    assert not connection_check.latest_clean(partner, armed=True)
    finished(partner, a="fail")
    assert not connection_check.latest_clean(partner)
    finished(partner, a="pass")
    assert connection_check.latest_clean(partner)
    Partner.objects.filter(pk=partner.pk).update(connected_at=timezone.now() + timedelta(seconds=1))
    partner.refresh_from_db()
    assert not connection_check.latest_clean(partner)


@pytest.fixture
def partner(db: None) -> Partner:
    return connected_partner("http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("change", "charger", "words"),
    [
        ({"connection": "suspended"}, None, "is suspended"),
        ({}, connection_check.TestCharger("L", "E"), "We do not know EVSE E at location L"),
        ({"connection": "not_connected"}, connection_check.TestCharger("L", "E"), "not connected yet"),
    ],
)
def test_it_is_refused_where_it_makes_no_sense(
    partner: Partner, change: Any, charger: connection_check.TestCharger | None, words: str
) -> None:
    Partner.objects.filter(pk=partner.pk).update(**change)
    partner.refresh_from_db()
    with pytest.raises(connection_check.CheckRefusedError, match=words):
        connection_check.start(partner, charger=charger)
    assert not ConnectionCheck.objects.exists()


def test_it_is_refused_without_a_token_and_beside_another(partner: Partner) -> None:
    connection_check.start(partner)
    with pytest.raises(connection_check.CheckRefusedError, match="under way already"):
        connection_check.start(partner)
    ConnectionCheck.objects.all().delete()
    partner.received_tokens.update(state="revoked")
    with pytest.raises(connection_check.CheckRefusedError, match="no token"):
        connection_check.start(partner)


def test_the_command_prints_each_case_and_what_to_change(scripted: tuple[ScriptedCpo, Partner]) -> None:
    server, _ = scripted
    server.on("/2.2.1/sessions", server.guarded(envelope(None, 3000, "down", status=500), (TOKEN_C,)))
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("connection_check", "ion", "--inline", stdout=out)
    text = out.getvalue()
    assert ended.value.code == 1
    assert "FAIL GET sessions: Their server failed (HTTP 500), OCPI status code 3000: down." in text
    assert "GET sessions  [guide §5.4]\n  Offer GET /sessions with date_from." in text


def test_the_command_refuses_half_a_charger(partner: Partner) -> None:
    for options in (["--armed"], ["--armed", "--evse", "E"], ["--evse", "E"]):
        with pytest.raises(CommandError, match="charger"):
            call_command("connection_check", "ion", *options)
    with pytest.raises(CommandError, match="no partner"):
        call_command("connection_check", "nobody")


def test_the_report_can_be_sent_and_is_json(partner: Partner) -> None:
    finished(partner, a="pass", b="pass")
    found = report.of(finished(partner, a="fail", b="warn"))
    assert json.loads(json.dumps(found)) == found
    assert [case["key"] for case in found["to_change"]] == ["a", "b"]
    assert [case["key"] for case in found["compared"]["newly_failing"]] == ["a", "b"]
    letter = report.letter(found)
    assert (
        "1. Fail: Title of a (OCPI 2.2.1 §4.1.4.1)\n   What we saw: Seen of a.\n   What to change: Change a." in letter
    )


def test_an_unreachable_server_leaves_one_failure(partner: Partner) -> None:
    found = check()
    assert departures(found) == {"reach": "fail"}
    assert cases(found)["versions"]["seen"] == "Not looked at: it needs “Reaching the versions URL”."
    assert runs.latest_finished(partner) is not None
