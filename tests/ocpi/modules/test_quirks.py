"""What a partner does otherwise than the specification is counted, and costs nothing where it does not."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from ocpi import sync
from ocpi.client import SENDER, CallFailed, functional
from ocpi.log import quirks
from ocpi.models import Message, PartnerQuirk
from ocpi.versions import Lenience
from partners.models import Partner
from tests.factories import location_data, session_data
from tests.ocpi.conformance.wire import vector
from tests.ocpi.cpo import Answer, ScriptedCpo, envelope
from tests.ocpi.modules.conftest import caller
from tests.ocpi.server.conftest import answered, last_message


def counts() -> dict[tuple[str, str], int]:
    return {(row.module, row.kind): row.count for row in PartnerQuirk.objects.all()}


def test_each_kind_is_counted_once_per_message(connected: Callable[..., Partner]) -> None:
    partner = connected()
    us = caller(partner)
    answered(us.put("sessions/SK/ION/S-1", session_data(odd=1, other=2, kwh="1.5")), 201, 1000)
    first = PartnerQuirk.objects.get(kind="unknown_field")
    assert counts() == {("sessions", "unknown_field"): 1, ("sessions", "number_as_string"): 1}
    answered(us.put("sessions/SK/ION/S-1", session_data(odd=1)), 200, 1000)
    assert counts() == {("sessions", "unknown_field"): 2, ("sessions", "number_as_string"): 1}
    row = PartnerQuirk.objects.get(kind="unknown_field")
    assert (row.first_seen, row.last_seen > first.last_seen) == (first.first_seen, True)
    assert (row.last_message_id, row.version) == (last_message().pk, "2.2.1")
    assert "odd" in row.example


def test_a_clean_message_costs_no_statement(connected: Callable[..., Partner], monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    monkeypatch.setattr(quirks, "_count", lambda *args: counted.append(args))
    answered(caller(connected()).put("sessions/SK/ION/S-1", session_data()), 201, 1000)
    assert counted == []


def test_modules_and_versions_are_told_apart(connected: Callable[..., Partner]) -> None:
    partner = connected()
    answered(caller(partner, "2.2").get("sessions//SK/ION/S-1"), 404, 2001)
    answered(caller(partner, "2.2.1").get("sessions//SK/ION/S-1"), 404, 2001)
    answered(caller(partner, "2.2.1").get("tariffs//SK/ION/T-1"), 404, 2001)
    found = set(PartnerQuirk.objects.values_list("version", "module", "kind", "count"))
    assert found == {
        ("2.2", "sessions", "slashes", 1),
        ("2.2.1", "sessions", "slashes", 1),
        ("2.2.1", "tariffs", "slashes", 1),
    }


def test_pulled_objects_count_too(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    partner = connected()
    cpo.on("/locations", envelope([location_data("A", odd=1), location_data("B", odd=1)]))
    sync.run(sync.request_sync(partner, "locations").pk)
    assert counts() == {("locations", "unknown_field"): 1}
    noted = [(note["kind"], note["path"]) for note in Message.objects.get().leniences]
    assert noted == [("unknown_field", "[0].odd"), ("unknown_field", "[1].odd")]


def test_what_is_wrong_with_pulled_objects_is_on_the_message(
    cpo: ScriptedCpo, connected: Callable[..., Partner]
) -> None:
    partner = connected()
    cpo.on("/locations", envelope([location_data("A"), location_data("B", coordinates=None)]))
    sync.run(sync.request_sync(partner, "locations").pk)
    message = Message.objects.get()
    assert [note["path"] for note in message.faults] == ["[1].coordinates"]
    assert message.objects_touched == ["location:SK*ION/A", "location:SK*ION/B"], "B is kept without its place"
    assert counts() == {}
    sync.run(sync.request_sync(partner, "locations").pk)
    assert Message.objects.latest("id").objects_touched == [], "nothing is new"


def test_an_error_without_an_envelope_is_noted(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    partner = connected()
    cpo.on("/locations", Answer({"error": "no"}, 404))
    with pytest.raises(CallFailed):
        functional(partner, "GET", "locations", SENDER)
    assert [note["kind"] for note in Message.objects.get().leniences] == ["no_envelope"]
    cpo.on("/locations", Answer("<html>", 502))
    with pytest.raises(CallFailed):
        functional(partner, "GET", "locations", SENDER)
    assert counts() == {("locations", "no_envelope"): 1}


@pytest.mark.parametrize(("version", "encoded"), [("2.1.1", True), ("2.2", False), ("2.2.1", False), ("2.3.0", False)])
def test_a_token_in_the_other_spelling_is_noted(connected: Callable[..., Partner], version: str, encoded: bool) -> None:
    us = caller(connected(version))
    us.get("sessions/SK/ION/S-1")
    assert last_message().leniences == []
    written = base64.b64encode(us.token.encode()).decode() if encoded else us.token
    us.get("sessions/SK/ION/S-1", HTTP_AUTHORIZATION=f"Token {written}")
    assert counts() == {("sessions", "token_encoding"): 1}


def test_small_letters_in_a_url_are_noted(connected: Callable[..., Partner]) -> None:
    us = caller(connected("2.1.1"))
    session = vector("2.1.1", "session", id="S-ABC")
    answered(us.put("sessions/SK/ION/S-ABC", session), 201, 1000)
    assert last_message().leniences == []
    answered(us.patch("sessions/sk/ion/s-abc", {"kwh": 9}), 200, 1000)
    assert {note["kind"] for note in last_message().leniences} == {"lower_case_code", "id_case"}


def test_dates_in_a_query_are_noted(connected: Callable[..., Partner]) -> None:
    us = caller(connected())
    answered(us.get("tokens?date_from=2026-11-22T10:00:00"), 200, 1000)
    assert [(note["kind"], note["path"]) for note in last_message().leniences] == [("naive_timestamp", "date_from")]


def test_it_is_only_a_note(connected: Callable[..., Partner], monkeypatch: pytest.MonkeyPatch) -> None:
    partner = connected()

    def broken(*_args: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(quirks, "_count", broken)
    quirks.note(partner, "2.2.1", "sessions", [Lenience("odd", "", "x")])
    assert counts() == {}
