"""Sessions over HTTP."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ocpi.models import OcpiSession
from tests.factories import period_data, session_data, without
from tests.ocpi.server.conftest import Cpo, answered, last_message

URL = "sessions/SK/ION/S-1"


def test_it_stores_a_new_session(cpo: Cpo) -> None:
    data = session_data()
    answer = cpo.put(URL, data)
    assert answered(answer, 201, 1000) is None
    row = OcpiSession.objects.get()
    assert row.raw == data
    assert (row.status, row.kwh, row.token_uid, row.authorization_reference) == (
        "ACTIVE",
        Decimal(0),
        "TOKEN-1",
        "REF-1",
    )
    assert answered(cpo.get(URL), 200, 1000) == data


def test_it_logs_the_exchange(cpo: Cpo) -> None:
    cpo.put(URL, session_data(), HTTP_X_REQUEST_ID="req-1", HTTP_X_CORRELATION_ID="corr-1")
    message = last_message()
    assert message.partner == cpo.partner
    assert (message.method, message.url) == ("PUT", "/ocpi/emsp/2.2.1/sessions/SK/ION/S-1")
    assert (message.version, message.module) == ("2.2.1", "sessions")
    assert (message.request_id, message.correlation_id) == ("req-1", "corr-1")
    assert message.objects_touched == ["session:SK*ION/S-1"]
    assert cpo.token not in str(vars(message))
    assert message.request_headers["Authorization"] == f"Token …{cpo.written_token()[-4:]}"
    assert '"status_code":1000' in message.response_body
    assert message.duration_ms is not None


@pytest.fixture
def stored(cpo: Cpo) -> OcpiSession:
    cpo.put(URL, session_data())
    return OcpiSession.objects.get()


def test_it_replaces_a_session_by_a_newer_one(cpo: Cpo, stored: OcpiSession) -> None:
    data = session_data(kwh=1.5, last_updated="2026-11-22T10:01:00Z")
    answered(cpo.put(URL, data), 200, 1000)
    row = OcpiSession.objects.get()
    assert (row.pk, row.kwh, row.raw) == (stored.pk, Decimal("1.5"), data)
    assert row.first_seen_at == stored.first_seen_at
    assert row.news_at > stored.news_at


def test_a_put_replaces_charging_periods_too(cpo: Cpo) -> None:
    cpo.put(URL, session_data(charging_periods=[period_data()]))
    cpo.put(URL, session_data())
    assert "charging_periods" not in OcpiSession.objects.get().raw


def test_the_same_put_twice_is_one_session(cpo: Cpo, stored: OcpiSession) -> None:
    answered(cpo.put(URL, session_data()), 200, 1000)
    assert OcpiSession.objects.get().raw == stored.raw


def test_an_older_put_changes_nothing_but_the_union_of_periods(cpo: Cpo) -> None:
    newer = session_data(
        kwh=2, last_updated="2026-11-22T10:02:00Z", charging_periods=[period_data("2026-11-22T10:02:00Z")]
    )
    older = session_data(
        kwh=1,
        last_updated="2026-11-22T10:01:00Z",
        charging_periods=[period_data("2026-11-22T10:01:00Z"), period_data("2026-11-22T10:02:00.000Z")],
    )
    cpo.put(URL, newer)
    answered(cpo.put(URL, older), 200, 1000, "Older than what is stored")
    row = OcpiSession.objects.get()
    starts = [period["start_date_time"] for period in row.raw["charging_periods"]]
    assert starts == ["2026-11-22T10:02:00Z", "2026-11-22T10:01:00Z"]
    assert without(row.raw, "charging_periods") == without(newer, "charging_periods")
    assert row.kwh == 2
    assert row.needs_pull  # had the newer one been a PATCH, what the older one says would be missing


def test_an_older_put_after_a_patch_is_not_lost_without_a_trace(cpo: Cpo, stored: OcpiSession) -> None:
    cpo.patch(URL, {"kwh": 3, "last_updated": "2026-11-22T10:05:00Z"})
    cpo.put(URL, session_data(status="COMPLETED", last_updated="2026-11-22T10:04:00Z"))
    row = OcpiSession.objects.get()
    assert (row.kwh, row.status, row.needs_pull) == (Decimal(3), "ACTIVE", True)


def test_a_patch_changes_what_it_names(cpo: Cpo, stored: OcpiSession) -> None:
    change = {"kwh": 3.25, "status": "COMPLETED", "last_updated": "2026-11-22T10:05:00Z"}
    assert answered(cpo.patch(URL, change), 200, 1000) is None
    row = OcpiSession.objects.get()
    assert row.raw == session_data() | change
    assert (row.kwh, row.status, row.needs_pull) == (Decimal("3.25"), "COMPLETED", False)


def test_a_patch_adds_charging_periods(cpo: Cpo) -> None:
    first, second = period_data("2026-11-22T10:00:00Z"), period_data("2026-11-22T10:01:00Z", POWER=50)
    cpo.put(URL, session_data(charging_periods=[first]))
    change = {"charging_periods": [second], "last_updated": "2026-11-22T10:01:00Z"}
    cpo.patch(URL, change)
    cpo.patch(URL, change)
    assert OcpiSession.objects.get().raw["charging_periods"] == [first, second]


def test_an_older_patch_asks_for_a_pull(cpo: Cpo) -> None:
    cpo.put(URL, session_data(kwh=5, last_updated="2026-11-22T10:05:00Z"))
    change = {
        "status": "INVALID",
        "charging_periods": [period_data("2026-11-22T10:04:00Z")],
        "last_updated": "2026-11-22T10:04:00Z",
    }
    answered(cpo.patch(URL, change), 200, 1000)
    row = OcpiSession.objects.get()
    assert row.needs_pull
    assert (row.status, row.kwh) == ("ACTIVE", Decimal(5))
    assert row.raw["charging_periods"] == change["charging_periods"]
    cpo.put(URL, session_data(kwh=6, last_updated="2026-11-22T10:06:00Z"))
    assert not OcpiSession.objects.get().needs_pull


def test_a_moment_in_the_far_future_shuts_out_nothing(cpo: Cpo) -> None:
    cpo.put(URL, session_data(last_updated="2099-01-01T00:00:00Z"))
    answered(cpo.put(URL, session_data(kwh=2)), 200, 1000)
    assert OcpiSession.objects.get().kwh == 2


def test_a_patch_needs_last_updated(cpo: Cpo, stored: OcpiSession) -> None:
    answered(cpo.patch(URL, {"kwh": 3}), 200, 2001, "last_updated")
    assert OcpiSession.objects.get().raw == stored.raw


def test_a_patch_of_an_unknown_session_asks_for_a_put(cpo: Cpo) -> None:
    change = {"kwh": 3, "last_updated": "2026-11-22T10:05:00Z"}
    answered(cpo.patch(URL, change), 404, 2001, "PUT")
    assert not OcpiSession.objects.exists()


def test_ids_are_compared_without_regard_to_case(cpo: Cpo, stored: OcpiSession) -> None:
    answered(cpo.put("sessions/sk/ion/s-1", session_data("s-1")), 200, 1000)
    assert OcpiSession.objects.get().ocpi_id == "s-1"
    answered(cpo.get("sessions/SK/ION/S-1"), 200, 1000)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"id": "S-2"}, "id"),
        ({"country_code": "CZ"}, "country_code"),
        ({"party_id": "XXX"}, "party_id"),
        ({"kwh": "many"}, "kwh"),
        ({"kwh": 99_999_999_999}, "kwh"),
        ({"kwh": -1}, "kwh"),
        ({"location_id": None}, "location_id"),
        (
            {"charging_periods": [{"start_date_time": "2026-11-22T10:00:00Z"}]},
            "charging_periods[0].dimensions",
        ),
        ({"id": "S-\x00"}, "id"),
    ],
)
def test_a_faulty_session_is_refused_by_path(cpo: Cpo, changes: dict[str, Any], path: str) -> None:
    answered(cpo.put(URL, session_data(**changes)), 200, 2001, path)
    assert path in [fault["path"] for fault in last_message().faults]
    assert not OcpiSession.objects.exists()


def test_every_fault_is_named(cpo: Cpo) -> None:
    data = without(session_data(kwh="x", currency=5), "status")
    answer = answered(cpo.put(URL, data), 200, 2001, "kwh")
    assert answer is None
    assert {fault["path"] for fault in last_message().faults} >= {"kwh", "status"}


def test_leniences_are_noted(cpo: Cpo) -> None:
    data = session_data(kwh="1.5", start_date_time="2026-11-22T10:00:00", charging_periods=None)
    answered(cpo.put(URL, data), 201, 1000)
    noted = {(note["kind"], note["path"]) for note in last_message().leniences}
    assert ("number_as_string", "kwh") in noted
    assert ("naive_timestamp", "start_date_time") in noted
    assert OcpiSession.objects.get().kwh == Decimal("1.5")


def test_unknown_fields_are_kept_as_far_as_a_database_can(cpo: Cpo) -> None:
    data = session_data(vendor={"note": "a\x00b", "half": "\ud800", "emoji": "⚡😀"})
    answered(cpo.put(URL, data), 201, 1000)
    assert OcpiSession.objects.get().raw["vendor"] == {"note": "a\ufffdb", "half": "\ufffd", "emoji": "⚡😀"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nobody_listens")
def test_a_session_takes_few_queries(cpo: Cpo) -> None:
    cpo.put(URL, session_data())
    with CaptureQueriesContext(connection) as queries:
        cpo.put(URL, session_data(kwh=1, last_updated="2026-11-22T10:01:00Z"))
    statements = [query["sql"].split()[0] for query in queries.captured_queries]
    if connection.vendor == "postgresql":
        # caller and session; session and log, unless somebody was faster or waits for it
        assert statements == ["WITH", "WITH"]
    else:
        # log, caller, lock, session, log
        assert statements == ["INSERT", "SELECT", "BEGIN", "SELECT", "UPDATE", "COMMIT", "UPDATE"]
