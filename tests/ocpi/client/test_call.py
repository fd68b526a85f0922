"""What is sent, what is understood, and what the message log keeps."""

import base64
from typing import Any

import pytest
from pytest_django import Settings

from ocpi.models import Message
from ocpi.versions import VERSIONS
from partners.models import Partner
from tests.ocpi.client.conftest import Ask
from tests.ocpi.cpo import TOKEN_A, Answer, ScriptedCpo, envelope

ENCODED = base64.b64encode(TOKEN_A.encode()).decode()


def test_it_returns_the_data_and_logs_the_exchange(cpo: ScriptedCpo, ask: Ask, partner: Partner) -> None:
    cpo.on("/versions", envelope([{"version": "2.2.1", "url": "https://x.example"}], headers={"X-Total-Count": "1"}))
    reply = ask(f"{cpo.url}/versions", module="versions")
    assert reply.data == [{"version": "2.2.1", "url": "https://x.example"}]
    assert (reply.http_status, reply.status_code, reply.headers["x-total-count"]) == (200, 1000, "1")
    assert 0 < reply.duration < 5
    assert reply.message_id is not None
    message = Message.objects.get(pk=reply.message_id)
    assert (message.direction, message.partner, message.module) == ("out", partner, "versions")
    assert (message.http_status, message.ocpi_status, message.error) == (200, 1000, "")
    assert TOKEN_A not in str(message.__dict__)
    assert ENCODED not in str(message.__dict__)


@pytest.mark.parametrize(
    ("version", "known", "expected"),
    [
        ("2.2.1", "", f"Token {ENCODED}"),
        ("2.1.1", "", f"Token {TOKEN_A}"),
        (None, "", f"Token {ENCODED}"),
        ("2.2.1", "raw", f"Token {TOKEN_A}"),
        ("2.1.1", "base64", f"Token {ENCODED}"),
    ],
)
def test_it_writes_the_token_as_the_version_or_the_partner_wants(
    cpo: ScriptedCpo,
    ask: Ask,
    partner: Partner,
    version: str | None,
    known: str,
    expected: str,
) -> None:
    partner.token_encoding = known
    cpo.on("/x", envelope())
    ask(f"{cpo.url}/x", version=VERSIONS[version] if version else None)
    assert cpo.seen[0].headers["authorization"] == expected


def test_it_learns_the_encoding_from_a_401(cpo: ScriptedCpo, ask: Ask, partner: Partner) -> None:
    def raw_only(seen: Any) -> Answer:
        good = seen.headers["authorization"] == f"Token {TOKEN_A}"
        return envelope([]) if good else envelope(None, 2000, status=401)

    cpo.on("/versions", raw_only)
    assert ask(f"{cpo.url}/versions", learn_encoding=True).status_code == 1000
    assert Partner.objects.get(pk=partner.pk).token_encoding == "raw"
    assert len(cpo.seen) == 2
    assert ask(f"{cpo.url}/versions", learn_encoding=True).status_code == 1000
    assert len(cpo.seen) == 3


def test_it_learns_nothing_where_both_are_refused(cpo: ScriptedCpo, ask: Ask, partner: Partner) -> None:
    cpo.on("/versions", envelope(None, 2000, status=401))
    failure = ask.in_vain(f"{cpo.url}/versions", learn_encoding=True)
    assert (failure.kind, failure.http_status) == ("http_error", 401)
    assert Partner.objects.get(pk=partner.pk).token_encoding == ""


@pytest.mark.parametrize(
    ("version", "module", "routed", "traced"),
    [
        ("2.2.1", "sessions", True, True),
        ("2.2.1", "credentials", False, True),
        ("2.2.1", "versions", False, True),
        ("2.2.1", "hubclientinfo", False, True),
        ("2.1.1", "sessions", False, False),
    ],
)
def test_it_sends_routing_headers_on_functional_modules_only(
    cpo: ScriptedCpo, ask: Ask, version: str, module: str, routed: bool, traced: bool
) -> None:
    cpo.on("/x", envelope())
    ask(f"{cpo.url}/x", version=VERSIONS[version], module=module)
    headers = cpo.seen[0].headers
    assert ("x-request-id" in headers, "x-correlation-id" in headers) == (traced, traced)
    names = ("ocpi-to-country-code", "ocpi-to-party-id", "ocpi-from-country-code", "ocpi-from-party-id")
    assert [headers.get(name) for name in names] == (["SK", "ION", "SK", "SFP"] if routed else [None] * 4)


def test_it_sends_a_body_as_json(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/x", envelope())
    ask(f"{cpo.url}/x", "POST", body={"name": "Žilina"})
    assert cpo.seen[0].body == {"name": "Žilina"}
    assert cpo.seen[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (Answer("<html><body>Login</body></html>"), "not_json", "web page (HTML)"),
        (Answer("{"), "not_json", "is not JSON"),
        (Answer('{"status_code": NaN}'), "not_json", "is not JSON"),
        (Answer("[" * 100_000), "not_json", "is not JSON"),
        (Answer(""), "not_json", "empty"),
        (Answer([1, 2]), "no_envelope", "no OCPI envelope"),
        (Answer({"data": []}), "no_envelope", "no OCPI envelope"),
        (Answer({"data": [], "status_code": True}), "no_envelope", "no OCPI envelope"),
        (envelope(None, 2001, "Missing date_from"), "ocpi_error", "status code 2001: Missing date_from"),
        (envelope(None, 3000, ""), "ocpi_error", "status code 3000"),
        (envelope(None, 2000, "No", status=401), "http_error", "do not accept our token (HTTP 401)"),
        (Answer("Forbidden", 403), "http_error", "refuse us entry (HTTP 403)"),
        (Answer("<html>Bad gateway", 502), "http_error", "their server failed (HTTP 502)"),
        (envelope(None, 2003, "Unknown", status=404), "http_error", "OCPI status code 2003: Unknown"),
    ],
)
def test_it_says_what_is_wrong_with_an_answer(cpo: ScriptedCpo, ask: Ask, answer: Answer, kind: str, text: str) -> None:
    cpo.on("/x", answer)
    failure = ask.in_vain(f"{cpo.url}/x")
    assert failure.kind == kind
    assert text in failure.text
    assert failure.advice
    assert failure.might_have_arrived
    assert failure.message_id is not None
    message = Message.objects.get(pk=failure.message_id)
    assert (message.http_status, message.error) == (answer.status, failure.text)


def test_it_reads_an_answer_with_a_byte_order_mark_and_a_code_in_quotes(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/x", Answer('\ufeff{"data": 1, "status_code": "1000"}'))
    assert ask(f"{cpo.url}/x").data == 1


def test_its_advice_for_403_names_our_addresses(cpo: ScriptedCpo, ask: Ask, settings: Settings) -> None:
    settings.OCPI_OUTBOUND_IPS = ["203.0.113.7", "203.0.113.8"]
    cpo.on("/x", Answer("Forbidden", 403))
    assert "(203.0.113.7, 203.0.113.8)" in ask.in_vain(f"{cpo.url}/x").advice


def test_a_refusal_keeps_its_data(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/x", envelope({"result": "REJECTED"}, 2003, "Unknown location"))
    assert ask.in_vain(f"{cpo.url}/x", "POST").data == {"result": "REJECTED"}
