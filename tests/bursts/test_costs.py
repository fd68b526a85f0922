"""What a message may cost: no more than its size is worth, and never an error of ours."""

import json
from typing import Any

import pytest
from django.test import Client

from ocpi.client import CallFailed
from ocpi.sync import paging
from sessions_adhoc.driver.clients import create_client_key
from tests.ocpi.cpo import Answer, ScriptedCpo, Seen, connected_partner, envelope


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
    from ocpi.server.views.reading import read_json

    with pytest.raises(Refusal) as refused:
        read_json(json.dumps([[1]] * 160_000).encode())
    assert (refused.value.http_status, int(refused.value.status_code)) == (200, 2001)
