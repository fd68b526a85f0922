"""Bodies that are no JSON, or no object, or hostile: refused in the envelope, and nothing is stored."""

from urllib.parse import quote

import pytest
from pytest_django import Settings

from ocpi.models import Cdr, Command, Location, Message, OcpiSession, Tariff
from tests.factories import cdr_data, connector_data, evse_data, location_data, session_data
from tests.ocpi.server.conftest import Cpo, answered, last_message

TARGETS = [
    ("PUT", "locations/SK/ION/LOC-1"),
    ("PUT", "sessions/SK/ION/S-1"),
    ("PUT", "tariffs/SK/ION/T-1"),
    ("POST", "cdrs"),
]
UNPARSABLE = [
    b"",
    b"   ",
    b"{",
    b"{'a': 1}",
    b"not json",
    b'{"a": 1,}',
    b'{"kwh": NaN}',
    b'{"kwh": -Infinity}',
    b"\xff\xfe\xfa",
    b'{"id": "\xc3"',
    b'{"a": "\x00"}',
    b"1" * 5000,
    b"<html></html>",
]
NO_OBJECTS = [
    b"[]",
    b"[{}]",
    b"{}",
    b"null",
    b"true",
    b"17",
    b'"text"',
    b'{"id": {"a": [1, 2]}, "kwh": 1e400}',
    b'{"id": "S-1", "kwh": 1' + b"0" * 400 + b"}",
    b'{"id": "\\u0000", "country_code": "\\ud800"}',
    b'{"last_updated": "9999-99-99T99:99:99Z", "start_date_time": -1}',
    b"[" * 100_000,
    b"[" * 60 + b"]" * 60,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b'{"evses": [' + b"{}," * 2000 + b"{}]}",
]


def nothing_stored() -> bool:
    return not any(model.objects.exists() for model in (Cdr, Location, OcpiSession, Tariff, Command))


@pytest.mark.parametrize("body", UNPARSABLE, ids=lambda body: repr(body[:20]))
def test_what_is_no_json_is_http_400(cpo: Cpo, body: bytes) -> None:
    for method, path in TARGETS:
        answered(cpo.call(method, path, body), 400, 2001)
    assert nothing_stored()


@pytest.mark.parametrize("body", NO_OBJECTS, ids=lambda body: repr(body[:20]))
def test_json_that_is_no_object_of_ocpi_is_2001(cpo: Cpo, body: bytes) -> None:
    for method, path in TARGETS:
        response = cpo.call(method, path, body)
        answered(response, 200, 2001)
        assert len(response.content) < 10_000
    assert nothing_stored()


@pytest.mark.parametrize("body", [b'{"id":"S-1"}', b"[]"])
def test_a_patch_of_nonsense_is_refused(cpo: Cpo, body: bytes) -> None:
    answered(cpo.patch("sessions/SK/ION/S-1", body), 404, 2001)
    answered(cpo.patch("locations/SK/ION/LOC-1/E-1", body), 404, 2003)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "nonsense", "multipart/form-data"]
)
def test_json_is_read_whatever_it_is_called(cpo: Cpo, content_type: str) -> None:
    body = '{"country_code": "SK"}'
    url = "/ocpi/emsp/2.2.1/sessions/SK/ION/S-1"
    response = cpo.client.generic(
        "PUT", url, body, content_type, HTTP_AUTHORIZATION=f"Token {cpo.token}", HTTP_ACCEPT="text/html"
    )
    answered(response, 200, 2001, "kwh: is required")


def test_json_may_begin_with_a_byte_order_mark(cpo: Cpo) -> None:
    answered(cpo.put("sessions/SK/ION/S-1", b"\xef\xbb\xbf{}"), 200, 2001, "is required")


def test_a_body_beyond_the_limit_is_refused(cpo: Cpo, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answered(cpo.put("sessions/SK/ION/S-1", b'{"a": "' + b"x" * 200 + b'"}'), 413, 2001, "100 bytes")
    assert "too large" in last_message().request_body


@pytest.mark.parametrize(
    "path", ["sessions/SK/ION/S%00", "sessions/S%00/ION/1", "locations/SK/ION/%00/%00", "cdrs/%00"]
)
def test_a_null_byte_in_a_url_finds_nothing(cpo: Cpo, path: str) -> None:
    answered(cpo.get(path), 404, 2000)
    assert "\x00" not in last_message().url


def test_an_id_of_any_length_is_survived(cpo: Cpo) -> None:
    answered(cpo.get("sessions/SK/ION/" + "x" * 3000), 404, 2001)
    assert len(last_message().url) == 2000


def test_every_refusal_is_in_the_log(cpo: Cpo) -> None:
    before = Message.objects.count()
    cpo.put("sessions/SK/ION/S-1", b"{")
    message = last_message()
    assert Message.objects.count() == before + 1
    assert message.request_body == "{"
    assert message.partner == cpo.partner


def test_a_mistake_of_ours_is_3000_and_leaves_its_reason(cpo: Cpo, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("out of coffee")

    monkeypatch.setattr("ocpi.store.put_session", broken)
    answered(cpo.put("sessions/SK/ION/S-1", b"{}"), 500, 3000)
    message = last_message()
    assert message.error == "RuntimeError: out of coffee"
    assert "coffee" not in message.response_body


def test_without_a_log_nothing_is_handled(cpo: Cpo, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("ocpi.log.message_log.open_message", broken)
    response = cpo.put("sessions/SK/ION/S-1", b"{}")
    assert (response.status_code, response.json()["status_code"]) == (500, 3000)
    assert nothing_stored()


@pytest.mark.parametrize("party", ["\x00", "\ud800", "a\x00b", "\ufffe", "'; --", "İ" * 300])
def test_a_hostile_party_is_no_party(cpo: Cpo, party: str) -> None:
    for changes in ({"party_id": party}, {"country_code": party}):
        answered(cpo.post("cdrs", cdr_data(**changes)), 200, 2001, "party_id")
        answered(cpo.put("sessions/SK/ION/S-1", session_data(**changes)), 200, 2001)
    assert nothing_stored()


@pytest.mark.parametrize("long", ["x" * 256, "İ" * 200])
def test_an_id_that_no_column_holds_is_refused(cpo: Cpo, long: str) -> None:
    for data in (
        location_data(evses=[evse_data(long)]),
        location_data(evses=[evse_data(connectors=[connector_data(long)])]),
        location_data(long),
    ):
        answered(cpo.put(f"locations/SK/ION/{quote(data['id'])}", data), 200, 2001, "longer than 255")
    assert nothing_stored()
