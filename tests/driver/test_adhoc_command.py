"""`manage.py adhoc`: the same services, readable output, exit codes that scripts can use."""

import json
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ocpi.models import Evse
from ocpi.store.tokens import new_one_off_token
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.states import State
from tests.driver import scene
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`run("show", ...)` returns what the command prints."""

    def running(*arguments: str) -> str:
        call_command("adhoc", *arguments)
        return str(capsys.readouterr().out)

    return running


def ends_as(monkeypatch: pytest.MonkeyPatch, state: State, reason: str = "") -> None:
    """While the command waits, the session comes to its end."""

    def time_passes(_seconds: float) -> None:
        session = AdHocSession.objects.get()
        text = f"It is {state.value} now."
        TimelineEvent.objects.create(session=session, at=timezone.now(), kind="state", text=text, state_to=state)
        AdHocSession.objects.update(state=state, reason=reason, next_check_at=None, ended_at=timezone.now())

    monkeypatch.setattr("time.sleep", time_passes)


def test_start_starts_and_shows(evse: Evse, run: Callable[..., str]) -> None:
    out = run("start", scene.EVSE_ID, "--connector", "1", "--amount", "2500", "--payment-method", "pm_sim_slow")
    session = AdHocSession.objects.get()
    assert (session.amount, session.authorization.payment_method) == (2500, "pm_sim_slow")
    assert str(session.pk) in out
    assert "A driver asked to charge" in out


def test_start_takes_the_evse_id_of_a_charger_in_test_where_just_one_has_it(db: None, run: Callable[..., str]) -> None:
    tested = scene.station(partner=PartnerFactory.create(environment="test"))
    run("start", scene.EVSE_ID.lower())
    assert AdHocSession.objects.get().evse == tested
    scene.station(partner=PartnerFactory.create(environment="test"))
    with pytest.raises(CommandError, match="no charger"):
        run("start", scene.EVSE_ID)


def test_start_speaks_json(evse: Evse, run: Callable[..., str]) -> None:
    report = json.loads(run("start", scene.EVSE_ID, "--json"))
    assert report["id"] == str(AdHocSession.objects.get().pk)
    assert report["state"] == "created"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["NOPE"], "no charger 'NOPE'"),
        ([scene.EVSE_ID, "--connector", "9"], "no connector '9'"),
        ([scene.EVSE_ID, "--amount", "0"], "Reserve at least 5.00 EUR"),
    ],
)
def test_what_cannot_start_is_said_in_words(
    evse: Evse, run: Callable[..., str], arguments: list[str], text: str
) -> None:
    with pytest.raises(CommandError, match=text):
        run("start", *arguments)


def test_wait_follows_to_the_end(evse: Evse, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    ends_as(monkeypatch, State.SETTLED)
    out = run("start", scene.EVSE_ID, "--wait")
    assert "A driver asked to charge" in out
    assert "It is settled now." in out
    assert "State        settled" in out


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_wait_fails_unless_settled(
    evse: Evse,
    run: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    state: State,
) -> None:
    ends_as(monkeypatch, state, "no_session")
    with pytest.raises(CommandError, match="did not start in time") as raised:
        run("start", scene.EVSE_ID, "--wait")
    assert raised.value.returncode == 1
    assert f"State        {state.value}" in capsys.readouterr().out


def test_wait_with_json_prints_one_document(
    evse: Evse, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_as(monkeypatch, State.SETTLED)
    assert json.loads(run("start", scene.EVSE_ID, "--wait", "--json"))["state"] == "settled"


def test_leaving_with_ctrl_c_says_how_to_come_back(
    evse: Evse, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    with pytest.raises(CommandError, match="adhoc show") as raised:
        run("start", scene.EVSE_ID, "--wait")
    assert raised.value.returncode == 130


def test_show_tells_state_money_attempts_and_timeline(evse: Evse, run: Callable[..., str]) -> None:
    session = scene.session_in(evse, State.CHARGING)
    TimelineEvent.objects.create(session=session, at=timezone.now(), kind="note", text="A note.")
    out = run("show", str(session.pk))
    for text in (
        "charging",
        "reserved 40.00 EUR",
        "estimated 7.44 EUR",
        "12.346 kWh",
        "START_SESSION ACCEPTED",
        "A note.",
    ):
        assert text in out


def test_show_speaks_json(evse: Evse, run: Callable[..., str]) -> None:
    session = scene.session_in(evse, State.CHARGING)
    report = json.loads(run("show", str(session.pk), "--json"))
    assert report["meter"]["kwh"] == pytest.approx(12.3456)
    assert report["attempts"][0]["number"] == 1
    assert report["money"]["reserved"] == 4000


def test_a_session_without_readings_can_be_shown(evse: Evse, run: Callable[..., str]) -> None:
    assert "no reading yet" in run("show", str(scene.session_in(evse, State.CREATED).pk))


def test_the_beginning_of_an_id_is_enough(evse: Evse, run: Callable[..., str]) -> None:
    session = scene.session_in(evse, State.CREATED)
    assert str(session.pk) in run("show", str(session.pk)[:8].upper())


def test_an_ambiguous_beginning_is_refused(evse: Evse, run: Callable[..., str]) -> None:
    for end in "12":
        scene.session_in(evse, State.CREATED, id=f"abcdef00-0000-4000-8000-00000000000{end}")
    with pytest.raises(CommandError, match="Several sessions"):
        run("show", "abcdef")


@pytest.mark.parametrize(
    ("identifier", "text"), [("abc", "no session id"), ("not-an-id", "no session id"), ("abcdef", "no session abcdef")]
)
def test_an_unknown_id_is_said_in_words(db: None, run: Callable[..., str], identifier: str, text: str) -> None:
    with pytest.raises(CommandError, match=text):
        run("show", identifier)


def test_stop_and_cancel(evse: Evse, run: Callable[..., str]) -> None:
    charging = scene.session_in(evse, State.CHARGING)
    waiting = scene.session_in(evse, State.WAITING_FOR_CONNECTOR)
    assert "State        stopping" in run("stop", str(charging.pk))
    assert "Command line asked to stop." in run("show", str(charging.pk))
    assert json.loads(run("cancel", str(waiting.pk), "--json"))["state"] == "cancelled"


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_what_has_ended_cannot_be_ended(evse: Evse, run: Callable[..., str], verb: str) -> None:
    with pytest.raises(CommandError, match="already ended"):
        run(verb, str(scene.session_in(evse, State.FAILED).pk))


def test_start_takes_a_token_that_was_made_before_and_only_once(evse: Evse, run: Callable[..., str]) -> None:
    token = new_one_off_token(evse.partner, "SFPTRYOUT1")
    run("start", scene.EVSE_ID, "--token", "sfptryout1")
    assert AdHocSession.objects.get().token == token
    AdHocSession.objects.update(occupies=None)
    for uid in ("SFPTRYOUT1", "UNKNOWN"):
        with pytest.raises(CommandError, match="no unused token"):
            run("start", scene.EVSE_ID, "--token", uid)


def test_a_token_of_another_partner_starts_nothing(evse: Evse, run: Callable[..., str]) -> None:
    new_one_off_token(PartnerFactory.create(), "SFPTRYOUT1")
    with pytest.raises(CommandError, match="no unused token"):
        run("start", scene.EVSE_ID, "--token", "SFPTRYOUT1")
    assert not AdHocSession.objects.exists()
