"""What a message may cost: no more than its size is worth, and never an error of ours."""

import json
from typing import Any

import pytest
from django.test import Client

from ocpi.client import CallFailed
from ocpi.sync import paging
from ocpi.versions import VERSIONS, Invalid
from sessions_adhoc.clients import create_client_key
from tests.factories import location_data, period_data, session_data
from tests.ocpi.cpo import Answer, ScriptedCpo, Seen, connected_partner, envelope

V = VERSIONS["2.2.1"]


def faults(kind: str, data: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as invalid:
        V.parse(kind, data)
    return [(fault.path, fault.message) for fault in invalid.value.faults]


def test_more_charging_periods_than_a_day_has() -> None:
    data = session_data(charging_periods=[period_data(ENERGY=1.0)] * 10_001)
    assert faults("session", data) == [("charging_periods", "has 10001 items, more than 10000")]


def test_a_day_of_charging_periods_is_read() -> None:
    data = session_data(charging_periods=[period_data(ENERGY=1.0)] * 8_640)
    assert len(V.parse("session", data).obj.charging_periods) == 8_640


def test_lists_within_lists_are_counted() -> None:
    data = location_data()
    data["evses"][0]["connectors"] *= 501
    assert faults("location", data) == [("evses[0].connectors", "has 501 items, more than 500")]


@pytest.mark.parametrize("value", ["x" * 70_000, ["x" * 1000] * 70, {"a": "x" * 70_000}])
def test_a_field_that_nobody_knows_is_not_kept_at_any_size(value: Any) -> None:
    told = "is no field of this version and longer than 65536 characters"
    assert faults("session", session_data(x_vendor=value)) == [("x_vendor", told)]


def test_a_small_one_is_overlooked() -> None:
    assert [one.kind for one in V.parse("session", session_data(x_vendor="x" * 1000)).leniences] == ["unknown_field"]


def test_more_fields_than_anybody_names() -> None:
    data = session_data(**{f"x{number}": 1 for number in range(1001)})
    assert faults("session", data) == [("", "has 1001 fields that are not part of this version, more than 1000")]


class TestDriversApi:
    @pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[]" * 100_000, '"', "", "NaN"])
    def test_what_is_no_request_is_400(self, db: None, text: str) -> None:
        key = create_client_key("app")[1]
        answer = Client(raise_request_exception=False).post(
            "/api/v1/ad-hoc-sessions/",
            data=text,
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 400, answer.content
        assert answer.json()


class TestPaging:
    """A `Link` that never ends."""

    @pytest.fixture
    def cpo(self, db: None) -> Any:
        server = ScriptedCpo()
        yield server
        server.close()

    def read(self, cpo: ScriptedCpo, answer: Any, **limits: Any) -> str:
        cpo.on("/locations", answer)
        partner = connected_partner(cpo.url)
        with pytest.raises(CallFailed) as failed:
            list(paging.pages(partner, "locations", **limits))
        assert failed.value.kind == "paging"
        return failed.value.text

    def test_it_ends_when_nothing_new_comes(self, cpo: ScriptedCpo) -> None:
        answers = iter(range(10_000))

        def same_again(_seen: Seen) -> Answer:
            number = next(answers)
            item = {"id": "L1", "last_updated": f"2026-11-22T10:00:{number:02}Z"}
            return envelope([item], headers={"Link": f'</locations?offset={number + 1}>; rel="next"'})

        assert self.read(cpo, same_again) == "their pages go on, but bring nothing new"
        assert len(cpo.seen) == 1 + paging.MOST_REPETITIONS

    def test_it_ends_when_nothing_comes(self, cpo: ScriptedCpo) -> None:
        answers = iter(range(10_000))

        def nothing(_seen: Seen) -> Answer:
            return envelope([], headers={"Link": f'</locations?offset={next(answers)}>; rel="next"'})

        assert self.read(cpo, nothing) == "their pages go on, but bring nothing new"
        assert len(cpo.seen) == paging.MOST_EMPTY

    def test_it_ends_in_time(self, cpo: ScriptedCpo) -> None:
        answers = iter(range(10_000))

        def new(_seen: Seen) -> Answer:
            number = next(answers)
            return envelope([{"id": f"L{number}"}], headers={"Link": f'</locations?offset={number}>; rel="next"'})

        assert self.read(cpo, new, most_seconds=0.3) == "their list does not end after 0.3 seconds"


def test_many_brackets_are_refused_before_they_are_read(db: None) -> None:
    from ocpi.envelope import Refusal
    from ocpi.views.reading import read_json

    with pytest.raises(Refusal) as refused:
        read_json(json.dumps([[1]] * 160_000).encode())
    assert (refused.value.http_status, int(refused.value.status_code)) == (200, 2001)
