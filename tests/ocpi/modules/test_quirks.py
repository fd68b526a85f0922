"""What a partner does otherwise than the specification is counted, and costs nothing where it does not."""

from ocpi import quirks, sync
from ocpi.models import PartnerQuirk
from ocpi.versions import Lenience
from tests.factories import location_data, session_data
from tests.ocpi.cpo import envelope
from tests.ocpi.modules.conftest import caller
from tests.ocpi.server.conftest import answered, last_message


def counts() -> dict[tuple[str, str], int]:
    return {(row.module, row.kind): row.count for row in PartnerQuirk.objects.all()}


def test_each_kind_is_counted_once_per_message(connected):
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


def test_a_clean_message_costs_no_statement(connected, monkeypatch):
    counted = []
    monkeypatch.setattr(quirks, "_count", lambda *args: counted.append(args))
    answered(caller(connected()).put("sessions/SK/ION/S-1", session_data()), 201, 1000)
    assert counted == []


def test_modules_and_versions_are_told_apart(connected):
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


def test_pulled_objects_count_too(cpo, connected):
    partner = connected()
    cpo.on("/locations", envelope([location_data("A", odd=1), location_data("B", odd=1)]))
    sync.run(sync.request_sync(partner, "locations").pk)
    assert counts() == {("locations", "unknown_field"): 1}


def test_it_is_only_a_note(connected, monkeypatch):
    partner = connected()

    def broken(*_args):
        raise RuntimeError("no")

    monkeypatch.setattr(quirks, "_count", broken)
    quirks.note(partner, "2.2.1", "sessions", [Lenience("odd", "", "x")])
    assert counts() == {}
