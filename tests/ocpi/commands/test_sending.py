"""What a command becomes on the wire, and what each answer to it means (rules 1, 3 and 5)."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from ocpi.calls import commands
from ocpi.models import Command, Message, Token
from partners.models import Partner
from tests.ocpi.cpo import HTML, TOKEN_C, Answer, ScriptedCpo, envelope
from tests.support.processes import free_port
from tests.support.tasks import Ran

START = "POST /commands/START_SESSION"
STOP = "POST /commands/STOP_SESSION"
ACCEPTED = envelope({"result": "ACCEPTED", "timeout": 30})


def start(partner: Partner, **changes: Any) -> Command:
    token = Token.objects.create(
        uid="T-1",
        contract_id="SK-SFP-C1",
        issuer="Smart Fuel Pass",
        last_updated=datetime(2026, 11, 22, 10, tzinfo=UTC),
    )
    arguments: dict[str, Any] = {
        "token": token,
        "location_id": "LOC-1",
        "evse_uid": "EVSE-1",
        "connector_id": "1",
        "authorization_reference": "REF-1",
        "reference": "session-1",
    }
    return commands.create(commands.start_session(partner=partner, **{**arguments, **changes}))


def sent(command: Command) -> Command:
    commands.send(command.pk)
    return Command.objects.get(pk=command.pk)


def test_creating_sends_nothing(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    command = start(connected())
    assert (command.state, command.reference, command.tries) == ("created", "session-1", 0)
    assert command.request["authorization_reference"] == "REF-1"
    assert cpo.seen == []


def test_start_session_in_2_2_1(cpo: ScriptedCpo, connected: Callable[..., Partner], settings: Settings) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "https://ocpi-{code}.example"
    cpo.on(START, ACCEPTED)
    command = sent(start(connected()))
    body = cpo.seen[0].body
    assert body.pop("response_url") == (f"https://ocpi-ion.example/ocpi/emsp/2.2.1/commands/START_SESSION/{command.pk}")
    assert body == {
        "token": {
            "country_code": "SK",
            "party_id": "SFP",
            "uid": "T-1",
            "type": "AD_HOC_USER",
            "contract_id": "SK-SFP-C1",
            "issuer": "Smart Fuel Pass",
            "valid": True,
            "whitelist": "NEVER",
            "last_updated": "2026-11-22T10:00:00Z",
        },
        "location_id": "LOC-1",
        "evse_uid": "EVSE-1",
        "connector_id": "1",
        "authorization_reference": "REF-1",
    }
    assert cpo.seen[0].token == TOKEN_C
    assert cpo.seen[0].headers["ocpi-to-party-id"] == "ION"


def test_start_session_in_2_1_1(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    cpo.on(START, envelope({"result": "ACCEPTED"}))
    command = sent(start(connected("2.1.1"), location_id="L" * 39))
    body = cpo.seen[0].body
    assert (command.state, command.response, command.timeout) == ("answered", "ACCEPTED", None)
    assert body["location_id"] == "L" * 39
    assert (body["token"]["type"], body["token"]["auth_id"]) == ("OTHER", "SK-SFP-C1")
    assert not {"authorization_reference", "connector_id"} & set(body)
    assert cpo.seen[0].headers["authorization"] == f"Token {TOKEN_C}"


@pytest.mark.parametrize("version", ["2.1.1", "2.2", "2.2.1", "2.3.0"])
def test_stop_session_in_each_version(cpo: ScriptedCpo, connected: Callable[..., Partner], version: str) -> None:
    cpo.on(STOP, ACCEPTED)
    command = sent(commands.create(commands.stop_session(partner=connected(version), session_id="S-9", reference="x")))
    assert (command.state, command.response, command.version) == ("answered", "ACCEPTED", version)
    assert cpo.seen[0].body["session_id"] == "S-9"


ANSWERS = {
    "accepted": (ACCEPTED, "answered", "ACCEPTED", 30),
    "rejected": (envelope({"result": "REJECTED", "timeout": 5}), "answered", "REJECTED", 5),
    "not supported": (envelope({"result": "NOT_SUPPORTED", "timeout": 0}), "answered", "NOT_SUPPORTED", 0),
    "no timeout": (envelope({"result": "ACCEPTED"}), "answered", "ACCEPTED", None),
    "bare string": (envelope("ACCEPTED"), "answered", "ACCEPTED", None),
    "lower case": (envelope({"result": "accepted", "timeout": 30}), "answered", "ACCEPTED", None),
    "2003 with data": (envelope({"result": "REJECTED"}, 2003, "Unknown location"), "answered", "REJECTED", None),
    "2003 without": (envelope(None, 2003, "Unknown location"), "answered", "REJECTED", None),
    "2001 and accepted": (envelope({"result": "ACCEPTED"}, 2001), "answered", "REJECTED", None),
    "3000": (envelope(None, 3000, "Backend down"), "answered", "REJECTED", None),
    "HTTP 401": (envelope(None, 2000, status=401), "answered", "REJECTED", None),
    "HTTP 404": (Answer("", 404), "answered", "REJECTED", None),
    "HTTP 408": (Answer("", 408), "unanswered", "", None),
    "HTTP 500": (Answer("Oops", 500), "unanswered", "", None),
    "HTTP 500 in an envelope": (envelope(None, 3000, status=500), "unanswered", "", None),
    "web page": (Answer(HTML), "unanswered", "", None),
    "no envelope": (Answer({"result": "ACCEPTED"}), "unanswered", "", None),
    "no data": (envelope(None), "unanswered", "", None),
    "unknown word": (envelope({"result": "MAYBE", "timeout": 30}), "unanswered", "", None),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_each_answer_means(
    cpo: ScriptedCpo, connected: Callable[..., Partner], news: list[tuple[str, str, str]], name: str
) -> None:
    answer, state, response, timeout = ANSWERS[name]
    cpo.on(START, answer)
    command = sent(start(connected()))
    assert (command.state, command.response) == (state, response)
    assert command.timeout == timeout or name in ("no timeout", "bare string", "lower case")
    assert bool(command.failure) == (state != "answered")
    assert bool(command.answered_at) == (state == "answered")
    assert command.tries == 1
    assert command.sent_at
    assert Message.objects.get().module == "commands"
    assert Message.objects.get().pk == command.message_id
    assert news == [(state, response, "")]


def test_a_refusal_keeps_its_words(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    cpo.on(START, envelope(None, 2003, "Unknown location"))
    assert sent(start(connected())).response_text == "they answered with OCPI status code 2003: Unknown location"


def test_a_response_keeps_its_message(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    texts = [{"language": "en", "text": "Not now"}, {"language": "sk", "text": "Teraz nie"}]
    cpo.on(START, envelope({"result": "REJECTED", "timeout": 0, "message": texts}))
    assert sent(start(connected())).response_text == "Not now / Teraz nie"


def test_a_slow_answer_is_no_answer(
    cpo: ScriptedCpo, connected: Callable[..., Partner], settings: Settings, news: list[tuple[str, str, str]]
) -> None:
    settings.OCPI_CONNECT_TIMEOUT, settings.OCPI_READ_TIMEOUT = 0.1, 0.1
    cpo.on(START, envelope({"result": "ACCEPTED", "timeout": 30}, delay=1))
    command = sent(start(connected()))
    assert (command.state, command.response) == ("unanswered", "")
    assert "did not answer within 0.2 seconds" in command.failure
    assert news == [("unanswered", "", "")]


def test_what_could_not_arrive_may_be_sent_again(
    cpo: ScriptedCpo, connected: Callable[..., Partner], news: list[tuple[str, str, str]]
) -> None:
    partner = connected(url=f"http://127.0.0.1:{free_port()}/commands")
    command = sent(start(partner))
    assert (command.state, command.tries) == ("undelivered", 1)
    assert "refuses the connection" in command.failure
    partner.endpoints.update(url=f"{cpo.url}/commands")
    cpo.on(START, ACCEPTED)
    command = sent(command)
    assert (command.state, command.response, command.tries, command.failure) == ("answered", "ACCEPTED", 2, "")
    assert [state for state, *_ in news] == ["undelivered", "answered"]


@pytest.mark.parametrize("state", ["sending", "answered", "unanswered"])
def test_what_may_have_arrived_is_never_sent_again(
    cpo: ScriptedCpo, connected: Callable[..., Partner], news: list[tuple[str, str, str]], state: str
) -> None:
    cpo.on(START, ACCEPTED)
    command = start(connected())
    Command.objects.filter(pk=command.pk).update(state=state)
    assert sent(command).state == state
    assert cpo.seen == []
    assert news == []


def test_a_partner_without_the_module_is_told_apart(
    connected: Callable[..., Partner], news: list[tuple[str, str, str]]
) -> None:
    partner = connected()
    partner.endpoints.all().delete()
    command = sent(start(partner))
    assert command.state == "undelivered"
    assert "does not offer commands (receiver) in 2.2.1" in command.failure


def test_what_a_version_cannot_say_is_not_sent(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    command = sent(start(connected("2.2.1"), location_id="L" * 39))
    assert command.state == "undelivered"
    assert "cannot be expressed in OCPI 2.2.1: location_id" in command.failure
    assert cpo.seen == []


def test_a_suspended_partner_gets_nothing(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    partner = connected()
    Partner.objects.filter(pk=partner.pk).update(connection=Partner.Connection.SUSPENDED)
    command = sent(start(partner))
    assert (command.state, cpo.seen) == ("undelivered", [])
    assert "suspended" in command.failure


@pytest.mark.django_db(transaction=True)
def test_a_result_that_comes_before_the_response_is_kept(
    cpo: ScriptedCpo, connected: Callable[..., Partner], news: list[tuple[str, str, str]]
) -> None:
    """The callback is handled by a web process while our POST is still open."""
    partner = connected()
    command = start(partner)

    def callback_first(_seen: Any) -> Answer:
        try:
            Command.objects.filter(pk=command.pk).update(result="FAILED", result_text="Cable", result_at=timezone.now())
        finally:
            connection.close()
        return ACCEPTED

    cpo.on(START, callback_first)
    command = sent(command)
    assert (command.state, command.response) == ("answered", "ACCEPTED")
    assert (command.result, command.result_text) == ("FAILED", "Cable")
    assert news == [("answered", "ACCEPTED", "FAILED")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_once(
    cpo: ScriptedCpo, connected: Callable[..., Partner], news: list[tuple[str, str, str]]
) -> None:
    cpo.on(START, ACCEPTED)
    command = start(connected())
    barrier = threading.Barrier(4)

    def worker() -> None:
        try:
            barrier.wait()
            commands.send(command.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cpo.calls("POST")) == 1
    assert news == [("answered", "ACCEPTED", "")]


def test_a_worker_that_died_leaves_an_unanswered_command(
    connected: Callable[..., Partner], news: list[tuple[str, str, str]]
) -> None:
    command = start(connected())
    long_ago = timezone.now() - timedelta(minutes=2)
    Command.objects.filter(pk=command.pk).update(state="sending", sent_at=long_ago)
    assert commands.recover_lost(timezone.now()) == 1
    command.refresh_from_db()
    assert command.state == "unanswered"
    assert "may have arrived" in command.failure
    assert news == [("unanswered", "", "")]
    assert commands.recover_lost(timezone.now()) == 0


def test_a_call_under_way_is_not_lost(connected: Callable[..., Partner], news: list[tuple[str, str, str]]) -> None:
    command = start(connected())
    Command.objects.filter(pk=command.pk).update(state="sending", sent_at=timezone.now() - timedelta(seconds=30))
    assert commands.recover_lost(timezone.now()) == 0
    assert news == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("answer", "response"), [(ACCEPTED, "ACCEPTED"), (envelope(None, 2003, "Unknown location"), "REJECTED")]
)
def test_an_answer_that_comes_after_all_counts(
    cpo: ScriptedCpo,
    connected: Callable[..., Partner],
    news: list[tuple[str, str, str]],
    answer: Answer,
    response: str,
) -> None:
    def answer_late(_seen: Any) -> Answer:
        commands.recover_lost(timezone.now() + timedelta(minutes=5))
        connection.close()
        return answer

    cpo.on(START, answer_late)
    command = sent(start(connected()))
    assert (command.state, command.response, command.failure) == ("answered", response, "")
    assert [state for state, *_ in news] == ["unanswered", "answered"]


def test_the_receivers_are_part_of_the_transaction(
    cpo: ScriptedCpo, connected: Callable[..., Partner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a receiver cannot write is not half written: the command stays `sending`, for the sweep."""
    from ocpi import receivers

    def broken(_command: Any) -> None:
        raise RuntimeError("receiver")

    monkeypatch.setattr(receivers, "_command", [broken])
    cpo.on(START, ACCEPTED)
    command = start(connected())
    with pytest.raises(RuntimeError, match="receiver"):
        commands.send(command.pk)
    command.refresh_from_db()
    assert (command.state, command.response) == ("sending", "")


def test_the_task_sends(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    from ocpi.tasks import send_command

    cpo.on(START, ACCEPTED)
    command = start(connected())
    send_command.delay(str(command.pk))
    assert run_tasks() == [("ocpi.tasks.send_command", (str(command.pk),))]
    command.refresh_from_db()
    assert command.response == "ACCEPTED"


@pytest.mark.parametrize(("timeout", "kept"), [(1e9, 10**9), (10**12, 2**31 - 1), (9e99, None), (-1e12, None)])
def test_a_command_is_answered_whatever_time_it_may_take(
    cpo: ScriptedCpo, connected: Callable[..., Partner], timeout: float, kept: int | None
) -> None:
    cpo.on(START, envelope({"result": "ACCEPTED", "timeout": timeout}))
    command = sent(start(connected()))
    assert (command.state, command.response, command.timeout) == ("answered", "ACCEPTED", kept)
