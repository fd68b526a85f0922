"""Every way a handshake goes wrong: which step stops, what it says, what it leaves behind, and that it can
be run again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from ocpi import handshake
from partners import tokens
from partners.models import Incident, Partner, RemoteEndpoint
from tests.ocpi.cpo import HTML, MODULES, TOKEN_A, TOKEN_C, Answer, ScriptedCpo, credentials_data, envelope
from tests.ocpi.handshake.conftest import advanced, due_now, go, last_step, received_text, token_state, waits
from tests.support.processes import free_port

UNTOUCHED: dict[str, list[tuple[str, str]]] = {"issued": [], "received": [("registration", "active")]}
WITHDRAWN = {"issued": [("connection", "revoked")], "received": [("registration", "active")]}
IN_DOUBT = {"issued": [("connection", "pending")], "received": [("registration", "active")]}
CREDENTIALS = "POST /2.2.1/credentials"


@dataclass
class Turn:
    """One wrong turn: what the CPO does, and what we make of it."""

    path: str
    answer: Answer
    step: str
    cause: str
    advice: str
    tokens: dict[str, list[tuple[str, str]]]
    modules: dict[str, str] | None = None


def without(module: str) -> dict[str, str]:
    return {name: role for name, role in MODULES.items() if name != module}


OTHER_VERSION = envelope([{"version": "2.1.1", "url": "http://x"}, {"version": "2.2", "url": "http://x"}])
FATAL = {
    "wrong Token A": Turn(
        "/versions",
        envelope(None, 2000, status=401),
        "versions",
        "do not accept our token (HTTP 401)",
        "Token A is wrong",
        UNTOUCHED,
    ),
    "wrong URL": Turn("/versions", Answer("", 404), "versions", "HTTP 404", "versions URL is wrong", UNTOUCHED),
    "web page": Turn("/versions", Answer(HTML), "versions", "web page (HTML)", "firewall (WAF)", UNTOUCHED),
    "no envelope": Turn("/versions", Answer([]), "versions", "no OCPI envelope", "another API", UNTOUCHED),
    "redirect off host": Turn(
        "/versions",
        Answer(status=302, headers={"Location": "https://login.example/"}),
        "versions",
        "redirect to another host",
        "final URL",
        UNTOUCHED,
    ),
    "details for versions": Turn(
        "/versions",
        envelope({"version": "2.2.1", "endpoints": []}),
        "versions",
        "no list of versions",
        "one version's details",
        UNTOUCHED,
    ),
    "version not offered": Turn(
        "/versions",
        OTHER_VERSION,
        "versions",
        "They offer: 2.1.1, 2.2",
        "Agree on one of the versions",
        UNTOUCHED,
    ),
    "no endpoints": Turn(
        "/2.2.1/details",
        envelope({"version": "2.2.1"}),
        "details",
        "no list of endpoints",
        "identifier",
        UNTOUCHED,
    ),
    "missing module": Turn(
        "", Answer(), "modules", "sessions (SENDER)", "list these modules", UNTOUCHED, without("sessions")
    ),
    "module on the wrong side": Turn(
        "",
        Answer(),
        "modules",
        "commands (RECEIVER)",
        "with these roles",
        UNTOUCHED,
        {**MODULES, "commands": "SENDER"},
    ),
    "no credentials module": Turn(
        "", Answer(), "modules", "credentials", "list these modules", UNTOUCHED, without("credentials")
    ),
    "registered already": Turn(
        CREDENTIALS,
        envelope(None, 2000, "Already registered", status=405),
        "credentials",
        "registered already (HTTP 405)",
        "remove our registration",
        WITHDRAWN,
    ),
    "Token A does not register": Turn(
        CREDENTIALS, envelope(None, 2000, status=401), "credentials", "HTTP 401", "used up", WITHDRAWN
    ),
    "3002": Turn(CREDENTIALS, envelope(None, 3002), "credentials", "status code 3002", "both sides", WITHDRAWN),
    "3003": Turn(CREDENTIALS, envelope(None, 3003), "credentials", "status code 3003", "section 4", WITHDRAWN),
    "credentials refused": Turn(
        CREDENTIALS,
        envelope(None, 2001, "url is wrong"),
        "credentials",
        "2001: url is wrong",
        "logs",
        WITHDRAWN,
    ),
    "Token C missing": Turn(
        CREDENTIALS,
        envelope({"url": "http://x"}),
        "credentials",
        "no token that we could use",
        "Method B",
        IN_DOUBT,
    ),
    "no data": Turn(CREDENTIALS, envelope(None), "credentials", "no token that we could use", "Method B", IN_DOUBT),
    "web page after the POST": Turn(
        CREDENTIALS, Answer(HTML), "credentials", "They may have registered us", "Method B", IN_DOUBT
    ),
}


@pytest.mark.parametrize("name", FATAL)
@pytest.mark.django_db
def test_it_stops_at_once_says_why_and_can_be_run_again(
    cpo: ScriptedCpo, fresh: Callable[..., Partner], name: str
) -> None:
    turn = FATAL[name]
    partner = fresh(cpo.register_normally(modules=turn.modules))
    if turn.path:
        cpo.on(turn.path, turn.answer)
    run = go(partner)
    assert (run.state, run.step) == ("failed", turn.step)
    assert turn.cause in run.cause
    assert turn.advice in run.advice
    last = last_step(run)
    assert (last.step, last.ok, last.text) == (turn.step, False, run.cause)
    assert token_state(partner) == turn.tokens
    partner.refresh_from_db()
    assert (partner.connection, partner.version) == (Partner.Connection.NOT_CONNECTED, "")
    assert not RemoteEndpoint.objects.filter(partner=partner).exists()
    if turn.step != "credentials":
        assert cpo.calls("POST") == []

    cpo.register_normally()
    assert go(partner).state == "succeeded"
    assert received_text(partner) == TOKEN_C
    assert token_state(partner)["issued"][-1] == ("connection", "active")
    assert ("connection", "pending") not in token_state(partner)["issued"]


HEALING = {
    "server error": (("/versions", Answer("Oops", 503)), "versions", "server failed (HTTP 503)"),
    "our IP": (("/versions", Answer("Forbidden", 403)), "versions", "refuse us entry (HTTP 403)"),
    "too many": (("/2.2.1/details", Answer("", 429)), "details", "call too often"),
    "3001": ((CREDENTIALS, envelope(None, 3001, "No")), "credentials", "status code 3001: No"),
    "error in the POST": ((CREDENTIALS, Answer("", 500)), "credentials", "server failed (HTTP 500)"),
}


@pytest.mark.parametrize("name", HEALING)
@pytest.mark.django_db
def test_it_waits_for_what_can_come_right_by_itself(cpo: ScriptedCpo, fresh: Callable[..., Partner], name: str) -> None:
    (path, answer), step, cause = HEALING[name]
    partner = fresh(cpo.register_normally())
    good = cpo.script[path]
    cpo.on(path, answer)
    run = go(partner)
    assert (run.state, run.step, run.tries) == ("running", step, 1)
    assert cause in last_step(run).text
    assert timedelta(0) < waits(run) < timedelta(seconds=10)
    assert handshake.advance(run.pk) is None, "it is not due yet"

    cpo.on(path, good)
    due_now(run)
    assert advanced(run).state == "succeeded"
    assert [state for _, state in token_state(partner)["issued"]].count("active") == 1
    assert ("connection", "pending") not in token_state(partner)["issued"]


@pytest.mark.django_db
def test_it_waits_for_a_server_that_is_not_there_yet(fresh: Callable[..., Partner]) -> None:
    run = go(fresh(f"http://127.0.0.1:{free_port()}/versions"))
    assert (run.state, run.tries) == ("running", 1)
    assert "refuses the connection" in last_step(run).text


@pytest.mark.django_db
def test_it_waits_for_a_slow_server(cpo: ScriptedCpo, fresh: Callable[..., Partner], settings: Settings) -> None:
    settings.OCPI_CONNECT_TIMEOUT, settings.OCPI_READ_TIMEOUT = 0.1, 0.2
    url = cpo.register_normally()
    cpo.on("/versions", envelope([], delay=2))
    run = go(fresh(url))
    assert (run.state, run.tries) == ("running", 1)
    assert "did not answer within 0.3 seconds" in last_step(run).text


@pytest.mark.django_db
def test_waits_grow_up_to_a_minute(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    cpo.on("/versions", Answer("", 503))
    run = go(fresh(f"{cpo.url}/versions"))
    seconds = []
    for _ in range(6):
        seconds.append(round(waits(run).total_seconds()))
        due_now(run)
        run = advanced(run)
    assert seconds == [5, 10, 20, 40, 60, 60]
    assert run.tries == 7


@pytest.mark.django_db
def test_a_private_address_is_refused_in_production(
    cpo: ScriptedCpo, fresh: Callable[..., Partner], settings: Settings
) -> None:
    partner = fresh(cpo.register_normally())
    settings.OCPI_ALLOW_INSECURE_PARTNERS = False
    run = go(partner)
    assert (run.state, run.step) == ("failed", "versions")
    assert "plain HTTP" in run.cause
    assert cpo.seen == []


@pytest.mark.parametrize("status", [401, 405])
@pytest.mark.django_db
def test_a_lost_answer_is_understood_on_the_second_post(
    cpo: ScriptedCpo, fresh: Callable[..., Partner], status: int
) -> None:
    partner = fresh(cpo.register_normally())
    cpo.on(CREDENTIALS, Answer("", 502))
    run = go(partner)
    cpo.on(CREDENTIALS, envelope(None, 2000, status=status))
    due_now(run)
    run = advanced(run)
    assert (run.state, run.cause) == ("failed", "They have registered us, but their answer was lost.")
    assert run.advice.startswith("Ask them to remove our registration and give a new Token A, or use Method B")
    # Either of the two may be the one that they kept.
    assert token_state(partner)["issued"] == [("connection", "pending"), ("connection", "pending")]
    sent = [call.body["token"] for call in cpo.calls("POST")]
    assert all(tokens.find_issued(token) for token in sent)
    assert sent[0] != sent[1]


@pytest.mark.django_db
def test_a_token_that_is_refused_afterwards_is_an_incident(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally())
    cpo.on("/versions", cpo.guarded(cpo.script["/versions"], (TOKEN_A,)))
    run = go(partner)
    assert (run.state, run.step, run.tries) == ("running", "finish", 1)
    partner.refresh_from_db()
    assert partner.connection == Partner.Connection.CONNECTED
    for _ in range(2):
        due_now(run)
        run = advanced(run)
    assert run.state == "succeeded"
    assert run.cause.startswith("Registered, but not confirmed")
    incident = Incident.objects.get(partner=partner, closed_at=None)
    assert incident.symptom == "HTTP 401 on all requests after handshake"

    cpo.register_normally()
    go(partner, token_a=TOKEN_A)
    assert not Incident.objects.filter(closed_at=None).exists()


@pytest.mark.django_db
def test_faulty_credentials_with_a_token_are_taken_and_noted(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally())
    cpo.on(CREDENTIALS, envelope({"token": TOKEN_C, "url": 7}))
    run = go(partner)
    assert run.state == "succeeded"
    assert "Their credentials have faults" in run.steps.get(step="credentials").text
    assert received_text(partner) == TOKEN_C


@pytest.mark.django_db
def test_another_party_than_agreed_is_noted(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally())
    other = credentials_data(cpo.url)
    other["roles"][0]["party_id"] = "ZZZ"
    cpo.on(CREDENTIALS, envelope(other))
    text = go(partner).steps.get(step="credentials").text
    assert "They speak for SK*ZZZ. Agreed was SK*ION" in text


LOGO = ("roles", 0, "business_details", "logo")
THEIR_WORDS = {
    "fastapi": (
        Answer(json.dumps({"detail": [{"loc": ["body", *LOGO], "msg": "Field required"}]}), 422),
        "roles[0].business_details.logo Field required",
    ),
    "django": (
        Answer(json.dumps({"roles": [{"business_details": ["This field is required."]}]}), 400),
        "roles[0].business_details: This",
    ),
    "text": (Answer("We know no SK*SFP", 400), "We know no SK*SFP"),
    "page": (Answer("<html><title>Bad gateway of ION</title></html>", 418), "Bad gateway of ION"),
}


@pytest.mark.parametrize("name", THEIR_WORDS)
@pytest.mark.django_db
def test_a_failure_shows_their_own_words(cpo: ScriptedCpo, fresh: Callable[..., Partner], name: str) -> None:
    answer, words = THEIR_WORDS[name]
    partner = fresh(cpo.register_normally())
    cpo.on(CREDENTIALS, answer)
    run = go(partner)
    assert words in (run.cause or last_step(run).text)


@pytest.mark.parametrize("body", [{"detail": "Invalid token"}, {"status_code": 2000, "status_message": "Go away"}])
@pytest.mark.django_db
def test_their_server_refuses_our_token_with_403_and_not_our_address(
    cpo: ScriptedCpo, fresh: Callable[..., Partner], body: Any
) -> None:
    """A firewall answers no JSON: it was their OCPI server, so the address is fine."""
    partner = fresh(cpo.register_normally())
    cpo.on("/versions", Answer(json.dumps(body), 403))
    run = go(partner)
    assert (run.state, run.step) == ("failed", "versions"), "waiting does not heal a wrong token"
    assert "their OCPI server itself refuses our token (HTTP 403)" in run.cause
    assert "Token A is wrong" in run.advice
    assert "IP" not in run.advice
