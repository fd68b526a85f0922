"""GET /sessions and GET /cdrs as the session rules use them (G5.4)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ocpi import receivers
from ocpi.models import Cdr, OcpiSession
from ocpi.sync import pull_cdrs, pull_sessions
from partners.models import Partner
from tests.factories import cdr_data, session_data
from tests.ocpi.cpo import HTML, Answer, ScriptedCpo, envelope
from tests.ocpi.sync.conftest import paged
from tests.support.processes import free_port

SINCE = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_it_stores_and_tells_what_came(cpo: ScriptedCpo, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    news: list[receivers.SessionNews] = []
    monkeypatch.setattr(receivers, "_session", [news.append])
    paged(cpo, "sessions", [session_data("S1"), session_data("S2"), session_data("S3")])
    result = pull_sessions(partner.pk, SINCE)
    assert (result.ok, result.offered, result.count, result.error) == (True, True, 3, "")
    assert len(result.message_ids) == 2
    assert OcpiSession.objects.count() == 3
    assert [(one.source, one.created) for one in news] == [("GET", True)] * 3
    assert news[0].message_id == result.message_ids[0]
    assert cpo.seen[0].query["date_from"] == "2026-11-22T09:00:00Z"


def test_it_counts_those_of_one_token(cpo: ScriptedCpo, partner: Partner) -> None:
    other = session_data("S2")
    other["cdr_token"] = {**other["cdr_token"], "uid": "SOMEBODY"}
    paged(cpo, "sessions", [session_data("S1"), other])
    uid = session_data()["cdr_token"]["uid"]
    assert pull_sessions(partner.pk, SINCE, whose={"": [uid.lower()]}).count == 1
    assert pull_sessions(partner.pk, SINCE, whose={"": ["NOBODY"]}).count == 0
    assert OcpiSession.objects.count() == 2


def test_nothing_is_an_answer_too(cpo: ScriptedCpo, partner: Partner) -> None:
    paged(cpo, "sessions", [])
    result = pull_sessions(partner.pk, SINCE)
    assert (result.ok, result.count) == (True, 0)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer("", 500), "GET sessions failed: their server failed (HTTP 500)"),
        (Answer(HTML), "web page (HTML)"),
        (envelope(None, 2001, "date_from?"), "status code 2001: date_from?"),
        (envelope({"id": "S1"}), "no list in data"),
        (envelope(None, 2000, status=401), "HTTP 401"),
    ],
)
def test_a_failure_is_told_not_raised(cpo: ScriptedCpo, partner: Partner, answer: Answer, text: str) -> None:
    cpo.on("/sessions", answer)
    result = pull_sessions(partner.pk, SINCE)
    assert (result.ok, result.offered, result.count) == (False, True, 0)
    assert text in result.error
    assert len(result.message_ids) == 1


def test_an_unreachable_partner_is_told_not_raised(cpo: ScriptedCpo, partner: Partner) -> None:
    partner.endpoints.update(url=f"http://127.0.0.1:{free_port()}/sessions")
    assert pull_sessions(partner.pk, SINCE).ok is False


def test_a_module_that_is_not_offered(partner: Partner) -> None:
    partner.endpoints.filter(module="sessions").delete()
    result = pull_sessions(partner.pk, SINCE)
    assert (result.ok, result.offered, result.message_ids) == (False, False, [])


def test_a_failure_on_the_second_page_is_no_answer(cpo: ScriptedCpo, partner: Partner) -> None:
    def react(seen: Any) -> Answer:
        if "offset" in seen.query:
            return Answer("", 500)
        return envelope([session_data("S1")], headers={"Link": '</sessions?offset=1>; rel="next"'})

    cpo.on("/sessions", react)
    result = pull_sessions(partner.pk, SINCE)
    assert (result.ok, result.count, len(result.message_ids)) == (False, 1, 2)


def test_an_unreadable_session_of_ours_is_no_answer(cpo: ScriptedCpo, partner: Partner) -> None:
    broken = session_data("S1", kwh="many")
    uid = broken["cdr_token"]["uid"]
    paged(cpo, "sessions", [broken])
    result = pull_sessions(partner.pk, SINCE, whose={"": [uid]})
    assert (result.ok, result.refused) == (False, 1)
    assert "S1: kwh" in result.error
    elsewhere = pull_sessions(partner.pk, SINCE, whose={"": ["ANOTHER"]})
    assert (elsewhere.ok, elsewhere.count, elsewhere.refused) == (True, 0, 1)


def test_cdrs(cpo: ScriptedCpo, partner: Partner) -> None:
    paged(cpo, "cdrs", [cdr_data("C1"), cdr_data("C2"), cdr_data("C3", currency=None)])
    result = pull_cdrs(partner.pk, SINCE)
    assert (result.ok, result.count, result.refused) == (True, 3, 1)
    assert Cdr.objects.count() == 2
