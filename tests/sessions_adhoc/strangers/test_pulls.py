"""What a CPO answers to GET /sessions when the window has closed, and to GET /cdrs (rules 8, 19, 31).

The question of rule 8 is always the same: does the Session exist, does it not, or did nobody say?
"""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocpi.models import OcpiSession
from tests.ocpi.cpo import Answer, ScriptedCpo, Seen, envelope
from tests.sessions_adhoc.conftest import Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db
RELEASED = ("failed", "released", 0)
HELD = ("escalated", "reserved", 0)


def gets(stranger: Foreign) -> list[Seen]:
    return stranger.cpo.server.calls("GET", "/sessions")


def answers(stranger: Foreign, reaction: Answer | Callable[[Seen], Answer]) -> None:
    stranger.cpo.server.on("GET /sessions", reaction)


def other(stranger: Foreign, number: int) -> dict[str, Any]:
    """A Session of somebody with a card."""
    body = stranger.session_body(3, "ACTIVE", f"X-{number}", -1, stranger.now())
    card = {**body["cdr_token"], "uid": f"CARD-{number}", "contract_id": f"DE-AAA-{number}"}
    return {**body, "authorization_reference": None, "cdr_token": card}


def ours(stranger: Foreign, kwh: float = 0, status: str = "ACTIVE") -> dict[str, Any]:
    began = stranger.began.setdefault("S-1", stranger.now())
    return stranger.session_body(kwh, status, "S-1", -1, began)


def listed(*bodies: Any, **headers: str) -> Answer:
    return envelope(list(bodies), headers={name.replace("_", "-"): value for name, value in headers.items()})


# It says that there is more than it gives


def test_five_and_none_of_them(stranger: Foreign, driver: Driver) -> None:
    """X-Total-Count 5 and an empty list: it cannot be read, it does not say that there is none (rule 8)."""
    answers(stranger, listed(X_Total_Count="5"))
    session = driver.start()
    stranger.later(minutes=8)
    assert outcome(session) == HELD
    assert len(open_incidents()) == 1


def test_five_and_two_of_them_and_no_more(stranger: Foreign, driver: Driver) -> None:
    session = driver.start()
    two = [other(stranger, 1), other(stranger, 2)]

    def page(seen: Seen) -> Answer:
        return listed(*two[int(seen.query.get("offset", 0)) :], X_Total_Count="5")

    answers(stranger, page)
    stranger.later(minutes=8)
    assert outcome(session) == HELD


def test_five_and_ours_is_among_the_two(stranger: Foreign, driver: Driver) -> None:
    """What was asked for is there."""
    session = driver.start()
    two = [other(stranger, 1), ours(stranger, 1)]
    answers(stranger, lambda seen: listed(*two[int(seen.query.get("offset", 0)) :], X_Total_Count="5"))
    stranger.later(minutes=6)
    assert state(session)[0] == "charging"


def test_it_said_five_once_and_none_the_next_time(stranger: Foreign, driver: Driver) -> None:
    left = [listed(X_Total_Count="5")]
    answers(stranger, lambda _seen: left.pop() if left else listed(X_Total_Count="0"))
    session = driver.start()
    stranger.later(minutes=8)
    assert outcome(session) == RELEASED
    assert open_incidents() == []


@pytest.mark.parametrize("count", ["", "many", "-1", "0", "99999999999999999999"])
def test_a_number_that_is_none(stranger: Foreign, driver: Driver, count: str) -> None:
    answers(stranger, listed(X_Total_Count=count))
    session = driver.start()
    stranger.later(minutes=8)
    assert outcome(session) == (HELD if count.startswith("999") else RELEASED)


@pytest.mark.parametrize("limit", ["0", "-5", "x", "1"])
def test_a_limit_of_nothing(stranger: Foreign, driver: Driver, limit: str) -> None:
    session = driver.start()
    all_of_them = [other(stranger, 1), other(stranger, 2), ours(stranger, 1)]

    def page(seen: Seen) -> Answer:
        start = int(seen.query.get("offset", 0))
        return listed(*all_of_them[start : start + 1], X_Total_Count="3", X_Limit=limit)

    answers(stranger, page)
    stranger.later(minutes=6)
    assert state(session)[0] == "charging"


# Links


@pytest.fixture
def elsewhere() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


def test_a_link_to_another_host(stranger: Foreign, driver: Driver, elsewhere: ScriptedCpo) -> None:
    """Our token is for them alone: the other host is not asked, and what was not read says nothing (rule 8)."""
    session = driver.start()
    elsewhere.on("/sessions", listed(ours(stranger, 2)))
    host = elsewhere.url.replace("127.0.0.1", "localhost")
    answers(stranger, listed(other(stranger, 1), Link=f'<{host}/sessions?offset=1>; rel="next"', X_Total_Count="2"))
    stranger.later(minutes=8)
    assert elsewhere.seen == []
    assert outcome(session) == HELD


@pytest.mark.parametrize("how", ["itself", "for ever", "to and fro"])
def test_links_without_an_end(stranger: Foreign, driver: Driver, how: str) -> None:
    """It ends all the same, and nobody says that there is none."""
    session = driver.start()
    base = f"{stranger.cpo.server.url}/sessions"

    def page(seen: Seen) -> Answer:
        at = int(seen.query.get("offset", 0))
        following = {"itself": at, "for ever": at + 1, "to and fro": 1 - at}[how]
        return listed(other(stranger, at % 7), Link=f'<{base}?offset={following}>; rel="next"')

    answers(stranger, page)
    stranger.later(minutes=8)
    assert outcome(session) == HELD
    assert len(gets(stranger)) < 2000


def test_pages_that_repeat_and_then_end(stranger: Foreign, driver: Driver) -> None:
    """The same page under three offsets: read, and ours is not in it, while the count says six."""
    session = driver.start()
    base = f"{stranger.cpo.server.url}/sessions"

    def page(seen: Seen) -> Answer:
        at = int(seen.query.get("offset", 0))
        more = {"Link": f'<{base}?offset={at + 2}>; rel="next"'} if at < 4 else {}
        return envelope([other(stranger, 1), other(stranger, 2)], headers={"X-Total-Count": "6", **more})

    answers(stranger, page)
    stranger.later(minutes=8)
    assert outcome(session) in (HELD, RELEASED)
    assert OcpiSession.objects.count() == 2


@pytest.mark.parametrize(
    "link",
    [
        '<{base}?offset=1>;rel=next', '<{base}?offset=1>; rel="Next"', '</sessions?offset=1>; rel="next"',
        '<?offset=1>; rel="next"', '<{base}?offset=0>; rel="first", <{base}?offset=1>; rel="next"',
        '<{base}?offset=1>; title="a, b"; rel="next"', '{base}?offset=1; rel="next"',
    ],
)  # fmt: skip
def test_links_as_they_are_written(stranger: Foreign, driver: Driver, link: str) -> None:
    session = driver.start()
    base = f"{stranger.cpo.server.url}/sessions"

    def page(seen: Seen) -> Answer:
        if seen.query.get("offset") == "1":
            return listed(ours(stranger, 1))
        return listed(other(stranger, 1), Link=link.format(base=base))

    answers(stranger, page)
    stranger.later(minutes=6)
    assert state(session)[0] == "charging"


# How it comes


def body_of(stranger: Foreign) -> str:
    return json.dumps(envelope([ours(stranger, 1)]).body)


WAYS: dict[str, Callable[[str], Answer]] = {
    "partial content": lambda text: Answer(text, 206),
    "a mark before it": lambda text: Answer("\ufeff" + text),
    "lines around it": lambda text: Answer("\n\n  " + text + "\n\n"),
    "as text": lambda text: Answer(text, headers={"Content-Type": "text/plain"}),
    "in capitals": lambda text: Answer(text, headers={"Content-Type": "Application/JSON; Charset=UTF-8"}),
    "slowly": lambda text: Answer(text, drip=0.0005),
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_in_which_it_comes(stranger: Foreign, driver: Driver, way: str) -> None:
    session = driver.start()
    text = body_of(stranger)
    answers(stranger, WAYS[way](text))
    stranger.later(minutes=6)
    assert state(session)[0] == "charging"


UNSAID = {
    "null": envelope(None),
    "one": envelope({}),
    "text": envelope("none"),
    "number": envelope([1, 2]),
    "nulls": envelope([None]),
    "lists": envelope([[]]),
    "no envelope": Answer("[]"),
    "no code": Answer('{"data": []}'),
    "another code": envelope([], 3000, "down"),
    "an empty page": Answer(""),
    "no content": Answer("", 204),
    "not modified": Answer("", 304),
    "too many": Answer("", 429, {"Retry-After": "3600"}),
    "gone": Answer("", 410),
    "not zipped": Answer("{}", headers={"Content-Encoding": "gzip"}),
    "deep": Answer("[" * 100_000),
    "infinite": Answer('{"data": [], "status_code": Infinity, "timestamp": "2026-11-22T10:00:00Z"}'),
    "a code as text": Answer('{"data": [], "status_code": "3000", "timestamp": "2026-11-22T10:00:00Z"}'),
}


@pytest.mark.parametrize("how", UNSAID)
def test_what_says_nothing_releases_nothing(stranger: Foreign, driver: Driver, how: str) -> None:
    """Rule 8: it cannot be read. (An absent list is an empty one: digest, trap 28.)"""
    answers(stranger, UNSAID[how])
    session = driver.start()
    stranger.later(minutes=8)
    assert outcome(session) == (RELEASED if how == "null" else HELD)


@pytest.mark.heavy
def test_said_in_1000_as_text(stranger: Foreign, driver: Driver) -> None:
    answers(stranger, Answer('{"data": [], "status_code": "1000", "timestamp": "2026-11-22T10:00:00Z"}'))
    session = driver.start()
    stranger.later(minutes=8)
    assert outcome(session) == RELEASED


def test_held_and_then_it_can_be_read(stranger: Foreign, driver: Driver) -> None:
    """Late news ends what is held (table of states)."""
    answers(stranger, listed(X_Total_Count="5"))
    session = driver.start()
    stranger.later(minutes=8)
    assert outcome(session) == HELD
    stranger.session(2)
    stranger.later(seconds=5)
    stranger.session(2, "COMPLETED")
    stranger.cdr(2)
    stranger.later(seconds=5)
    assert settled(session, 2)


@pytest.mark.heavy
def test_cdrs_of_which_it_says_more_than_it_gives(stranger: Foreign, driver: Driver) -> None:
    """GET /cdrs: none is none, whatever it counts; at 24 hours it is held for staff, and nothing was captured."""
    session = stranger.charging(3)
    stranger.cpo.server.on("GET /cdrs", listed(X_Total_Count="7"))
    stranger.session(3, "COMPLETED")
    stranger.later(hours=23)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    stranger.later(hours=2)
    assert outcome(session) == HELD


# What they ask of us


@pytest.mark.parametrize("path", ["versions", "{version}", "{version}/tokens", "{version}/credentials"])
def test_head_is_get_without_a_body(stranger: Foreign, path: str) -> None:
    """RFC 9110 9.3.2: monitors and proxies ask so."""
    found = {}
    for method in ("GET", "HEAD"):
        found[method] = stranger.cpo.http.generic(
            method,
            f"/ocpi/emsp/{path.format(version=stranger.version)}",
            headers={"Authorization": f"Token {stranger.cpo.token}"},
        )
    assert (found["GET"].status_code, found["HEAD"].status_code) == (200, 200)
    assert (found["HEAD"].content, bool(found["GET"].content)) == (b"", True)


def test_head_of_what_has_no_get(stranger: Foreign) -> None:
    answer = stranger.cpo.http.generic(
        "HEAD", f"/ocpi/emsp/{stranger.version}/cdrs", headers={"Authorization": f"Token {stranger.cpo.token}"}
    )
    assert answer.status_code == 405


@pytest.mark.heavy
def test_zipped(stranger: Foreign) -> None:
    """A push whose body is compressed is read, or refused in words; it is never half read."""
    stranger.driver.start()
    body = gzip.compress(json.dumps(ours(stranger, 1)).encode())
    answer = stranger.cpo.http.generic(
        "PUT",
        f"/ocpi/emsp/{stranger.version}/sessions/SK/ION/S-1",
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Token {stranger.cpo.token}", "Content-Encoding": "gzip"},
    )
    assert answer.status_code in (200, 201, 400, 415), answer.content
    assert OcpiSession.objects.count() == (answer.status_code < 300)
    assert stamp(stranger.now())
