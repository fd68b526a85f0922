"""What a CPO answers to commands, and what it tells of them afterwards (rules 1, 3-6, 8, 19, 20, 39)."""

import json
from typing import Any

import pytest

from ocpi.models import Command
from partners.models import Incident
from sessions_adhoc.models import AdHocSession
from tests.ocpi.cpo import Answer, envelope
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled, validities
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db
FAILED = ("failed", "released", 0)


def says(stranger: Foreign, kind: str, *answers: Answer) -> None:
    """Answer commands of a kind with these, one after the other, the last one for ever."""
    left = list(answers)
    stranger.cpo.server.on(f"/commands/{kind}", lambda _seen: left.pop(0) if len(left) > 1 else left[0])


def accepted() -> Answer:
    return envelope({"result": "ACCEPTED", "timeout": 30})


def busy(after: str | None = "5") -> Answer:
    body = envelope(None, 2000, "Too many requests").body
    return Answer(body, 429, {} if after is None else {"Retry-After": after})


def charges(stranger: Foreign, session: AdHocSession, kwh: float = 3) -> None:
    """From here on everything goes well."""
    for more in (0, 1, kwh):
        stranger.session(more)
        stranger.later(seconds=10)
    assert state(session)[0] == "charging"
    stranger.session(kwh, "COMPLETED")
    stranger.cdr(kwh)
    stranger.later(seconds=5)
    assert settled(session, kwh)


@pytest.mark.parametrize("after", ["5", None])
def test_too_many_requests_is_tried_again(stranger: Foreign, driver: Driver, after: str | None) -> None:
    """Rule 5: what was turned away at the door has not arrived."""
    says(stranger, "START_SESSION", busy(after), accepted())
    session = driver.start()
    assert (state(session)[0], stranger.starts()) == ("starting", 1)
    stranger.later(seconds=30)
    assert (state(session)[0], stranger.starts()) == ("starting", 2)
    charges(stranger, session)
    assert open_incidents() == []


def test_too_many_requests_three_times(stranger: Foreign, driver: Driver) -> None:
    says(stranger, "START_SESSION", busy("2"))
    session = driver.start()
    stranger.later(minutes=2)
    assert (outcome(session), state(session)[1], stranger.starts()) == (FAILED, "start_not_sent", 3)
    incident = Incident.objects.get(closed_at=None)
    assert incident.cause.startswith("Their server turned START_SESSION away, because we call it too often (HTTP 429).")


def test_too_many_requests_for_longer_than_the_window(stranger: Foreign, driver: Driver) -> None:
    says(stranger, "START_SESSION", busy("3600"))
    session = driver.start()
    stranger.later(minutes=6)
    assert (outcome(session), stranger.starts()) == (FAILED, 1)


def test_no_sooner_than_it_was_told(stranger: Foreign, driver: Driver) -> None:
    says(stranger, "START_SESSION", busy("60"), accepted())
    session = driver.start()
    stranger.later(seconds=55)
    assert stranger.starts() == 1
    stranger.later(seconds=10)
    assert (state(session)[0], stranger.starts()) == ("starting", 2)


def test_their_server_failed_and_the_acceptance_came_late(stranger: Foreign, driver: Driver) -> None:
    """Rule 5: never again; it may have arrived, and did."""
    says(stranger, "START_SESSION", Answer("upstream timed out", 504))
    session = driver.start()
    stranger.later(minutes=2)
    assert stranger.result("START_SESSION", "ACCEPTED") == 1000
    stranger.later(minutes=1)
    assert (state(session)[0], stranger.starts()) == ("starting", 1)
    charges(stranger, session)
    assert stranger.starts() == 1


def test_their_server_failed_and_refuses_late(stranger: Foreign, driver: Driver) -> None:
    """Rule 4: a refusal after one look."""
    says(stranger, "START_SESSION", Answer("upstream timed out", 504))
    session = driver.start()
    stranger.later(minutes=1)
    stranger.result("START_SESSION", "EVSE_INOPERATIVE")
    stranger.later(seconds=5)
    assert (outcome(session), stranger.starts()) == (FAILED, 1)
    asked = stranger.cpo.server.calls("GET", "/sessions")
    assert len({call.query["date_from"] for call in asked}) == len(asked) <= 2


UNREADABLE = {
    "nothing": Answer("", 200),
    "no content": Answer("", 204),
    "a word that nobody knows": envelope({"result": "MAYBE", "timeout": 30}),
    "no result": envelope({"timeout": 30}),
    "null": envelope(None),
    "a list of two": envelope([{"result": "ACCEPTED"}, {"result": "REJECTED"}]),
    "half of it": Answer('{"data": {"result": "ACCEPTED"', 200),
    "a page": Answer("<html>OK</html>", 200),
    "elsewhere": Answer("", 307, {"Location": "http://127.0.0.1:9/commands/START_SESSION"}),
    "a code of nobody's": envelope({"result": "ACCEPTED", "timeout": 30}, 200, "OK"),
}


@pytest.mark.parametrize("how", UNREADABLE)
def test_an_answer_that_cannot_be_read_may_be_an_acceptance(stranger: Foreign, driver: Driver, how: str) -> None:
    """Rule 5: wait as if accepted, never send again; nothing comes, so it is let go."""
    says(stranger, "START_SESSION", UNREADABLE[how])
    session = driver.start()
    stranger.later(minutes=4)
    assert (state(session)[0], stranger.starts()) == ("starting", 1)
    stranger.later(minutes=2)
    assert (outcome(session), state(session)[1], stranger.starts()) == (FAILED, "no_session", 1)


@pytest.mark.parametrize("how", UNREADABLE)
def test_an_answer_that_cannot_be_read_and_the_car_charges(stranger: Foreign, driver: Driver, how: str) -> None:
    says(stranger, "START_SESSION", UNREADABLE[how])
    session = driver.start()
    stranger.later(minutes=1)
    charges(stranger, session)
    assert stranger.starts() == 1


ACCEPTED_ODDLY = {
    "the bare word": envelope("ACCEPTED"),
    "in a list": envelope([{"result": "ACCEPTED", "timeout": 30}]),
    "in small letters": envelope({"result": "accepted", "timeout": 30}),
    "a text for the time": envelope({"result": "ACCEPTED", "timeout": "30"}),
    "no time": envelope({"result": "ACCEPTED"}),
    "less than no time": envelope({"result": "ACCEPTED", "timeout": -1}),
    "a year": envelope({"result": "ACCEPTED", "timeout": 31_536_000}),
    "more than a column": envelope({"result": "ACCEPTED", "timeout": 10**20}),
    "a message": envelope({"result": "ACCEPTED", "timeout": 30, "message": [{"language": "en", "text": "ok"}]}),
    "created": envelope({"result": "ACCEPTED", "timeout": 30}, status=201),
    "taken": envelope({"result": "ACCEPTED", "timeout": 30}, status=202),
    "a mark before it": Answer("\ufeff" + json.dumps(envelope({"result": "ACCEPTED", "timeout": 30}).body)),
}


@pytest.mark.parametrize("how", ACCEPTED_ODDLY)
def test_an_odd_acceptance(stranger: Foreign, driver: Driver, how: str) -> None:
    """Rules 3, 8: whatever time it names, ours is five minutes."""
    says(stranger, "START_SESSION", ACCEPTED_ODDLY[how])
    session = driver.start()
    stranger.later(minutes=4, seconds=50)
    assert (state(session)[0], stranger.starts()) == ("starting", 1)
    stranger.later(minutes=1)
    assert (outcome(session), state(session)[1], open_incidents()) == (FAILED, "no_session", [])


@pytest.mark.parametrize("how", [400, 401, 403, 404, 405, 409])
def test_turned_away(stranger: Foreign, driver: Driver, how: int) -> None:
    """Rule 3: it failed, at once, and is the CPO's (rule 39)."""
    says(stranger, "START_SESSION", envelope(None, 2000, "no", status=how))
    session = driver.start()
    stranger.later(seconds=5)
    assert (outcome(session), stranger.starts(), len(open_incidents())) == (FAILED, 1, 1)


@pytest.mark.heavy
def test_a_session_after_the_window_that_their_timeout_outlasts(stranger: Foreign, driver: Driver) -> None:
    """Rules 8, 10: the CPO said 15 minutes; we say 5. Late: stopped, never billed."""
    says(stranger, "START_SESSION", envelope({"result": "ACCEPTED", "timeout": 900}))
    session = driver.start()
    stranger.later(minutes=6)
    assert outcome(session) == FAILED
    for kwh in (0, 2):
        stranger.session(kwh)
        stranger.later(seconds=20)
    stranger.session(2, "COMPLETED")
    stranger.cdr(2)
    stranger.later(hours=2)
    assert (outcome(session), stranger.stops(), validities()) == (FAILED, ["S-1"], {"S-1": "late"})


@pytest.mark.parametrize("result", ["TIMEOUT", "FAILED"])
def test_a_timeout_of_theirs_and_the_car_charges_all_the_same(stranger: Foreign, driver: Driver, result: str) -> None:
    """Rule 4: chargers start late."""
    session = driver.start()
    stranger.later(seconds=30)
    stranger.result("START_SESSION", result)
    stranger.later(minutes=2)
    assert state(session)[0] == "starting"
    charges(stranger, session)


# Their callback


def callback(stranger: Foreign, path: str, body: Any) -> Any:
    return stranger.cpo.http.generic(
        "POST",
        path,
        data=json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Token {stranger.cpo.token}"},
    )


def url(stranger: Foreign, kind: str) -> str:
    body = stranger.cpo.sent(kind)[-1].body
    return "/ocpi/" + str(body["response_url"]).split("/ocpi/", 1)[1]


@pytest.mark.parametrize("result", ["BANANA", "", None, 7, ["ACCEPTED"], {"result": "REJECTED"}])
def test_a_result_that_is_none(stranger: Foreign, driver: Driver, result: Any) -> None:
    """Rule 4: information, and there is none in it."""
    session = driver.start()
    answer = callback(stranger, url(stranger, "START_SESSION"), {"result": result})
    assert answer.status_code == 200, answer.content
    stranger.later(minutes=1)
    assert (state(session)[0], stranger.cpo.server.calls("GET", "/sessions")) == ("starting", [])
    charges(stranger, session)


@pytest.mark.parametrize("body", ["ACCEPTED", {"result": "ACCEPTED", "message": "done"}, {"result": "accepted"}])
def test_a_result_in_another_shape(stranger: Foreign, driver: Driver, body: Any) -> None:
    session = driver.start()
    answer = callback(stranger, url(stranger, "START_SESSION"), body)
    assert (answer.status_code, answer.json()["status_code"]) == (200, 1000)
    assert Command.objects.get().result == "ACCEPTED"
    charges(stranger, session)


def test_a_result_at_a_url_that_is_nobodys(stranger: Foreign, driver: Driver) -> None:
    session = driver.start()
    path = url(stranger, "START_SESSION")
    for wrong in (path[:-4] + "0000", path.rsplit("/", 1)[0] + "/nothing", path + "/more"):
        answer = callback(stranger, wrong, {"result": "REJECTED"})
        assert 400 <= answer.status_code < 500, (wrong, answer.content)
    stranger.later(minutes=1)
    assert (state(session)[0], Command.objects.get().result) == ("starting", "")
    charges(stranger, session)


def test_a_result_of_the_start_at_the_url_of_the_stop(stranger: Foreign, driver: Driver) -> None:
    """It rejects the STOP by what it says, and the car charges on (rule 19)."""
    session = stranger.charging(2)
    driver.stop(session)
    wrong = url(stranger, "START_SESSION").rsplit("/", 1)[1]
    path = url(stranger, "STOP_SESSION").rsplit("/", 1)[0] + "/" + wrong
    callback(stranger, path, {"result": "REJECTED"})
    stranger.later(seconds=5)
    assert state(session)[0] in ("stopping", "charging")
    stranger.session(2, "COMPLETED")
    stranger.cdr(2)
    stranger.later(seconds=5)
    assert settled(session, 2)


@pytest.mark.heavy
def test_a_result_twice(stranger: Foreign, driver: Driver) -> None:
    session = driver.start()
    for _ in range(3):
        stranger.result("START_SESSION", "ACCEPTED")
        stranger.later(seconds=1)
    assert state(session)[0] == "starting"
    charges(stranger, session)


@pytest.mark.parametrize("second", ["EVSE_OCCUPIED", "REJECTED"])
def test_a_result_and_then_another(stranger: Foreign, driver: Driver, second: str) -> None:
    """A command has one result (OCPI 2.2.1 §13.2.1), and the window's end comes whatever is said (rule 8)."""
    session = driver.start()
    stranger.result("START_SESSION", "ACCEPTED")
    stranger.later(seconds=20)
    stranger.result("START_SESSION", second)
    stranger.later(seconds=5)
    assert (state(session)[0], Command.objects.get().result) == ("starting", "ACCEPTED")
    stranger.later(minutes=5)
    assert (outcome(session), stranger.starts()) == (FAILED, 1)


@pytest.mark.heavy
def test_a_refusal_while_the_car_charges(stranger: Foreign, driver: Driver) -> None:
    session = stranger.charging(2)
    stranger.result("START_SESSION", "REJECTED")
    stranger.later(seconds=5)
    assert (state(session)[0], stranger.stops()) == ("charging", [])
    stranger.session(2, "COMPLETED")
    stranger.cdr(2)
    stranger.later(seconds=5)
    assert settled(session, 2)


# STOP


@pytest.mark.parametrize("how", ["NOT_SUPPORTED", "REJECTED", "UNKNOWN_SESSION", "busy", "down", "page", "none"])
def test_a_stop_that_is_not_carried_out(stranger: Foreign, driver: Driver, how: str) -> None:
    """Rule 19: it charges on and says so, the button stays, and pressing it again sends a new STOP."""
    answers = {"busy": busy(), "down": Answer("", 503), "page": Answer("<html>", 200), "none": Answer("", 404)}
    session = stranger.charging(2)
    says(stranger, "STOP_SESSION", answers.get(how) or envelope({"result": how, "timeout": 30}))
    driver.stop(session)
    stranger.later(minutes=2, seconds=5)
    assert state(session)[0] == "charging"
    said = driver.call("GET", f"{session.pk}/").json()
    assert said["actions"]["stop"] if "actions" in said else True
    before = len(stranger.stops())
    says(stranger, "STOP_SESSION", accepted())
    driver.stop(session)
    stranger.later(seconds=2)
    assert (state(session)[0], len(stranger.stops())) == ("stopping", before + 1)
    stranger.session(3, "COMPLETED")
    stranger.cdr(3)
    stranger.later(seconds=5)
    assert settled(session, 3)


# Who stops has not failed


@pytest.mark.parametrize("result", ["EVSE_OCCUPIED", "REJECTED", "EVSE_INOPERATIVE"])
def test_a_driver_who_stopped_and_a_charger_that_refuses(stranger: Foreign, driver: Driver, result: str) -> None:
    """Rule 20: who stops has not failed. That the charger refuses is told to the CPO all the same (rule 39)."""
    session = driver.start()
    stranger.later(seconds=5)
    driver.stop(session)
    stranger.result("START_SESSION", result)
    stranger.later(seconds=10)
    assert (outcome(session), state(session)[1]) == (FAILED, "stopped_by_driver")
    assert open_incidents() == ["START_SESSION returns error"]


@pytest.mark.parametrize("kind", ["null", "empty"])
def test_our_reference_beside_another_token(stranger: Foreign, driver: Driver, kind: str) -> None:
    """Rule 7: the reference decides; the token is a lenience."""
    session = driver.start()
    other = {**stranger.token()["cdr_token"], "uid": "SOMEBODY", "contract_id": "DE-AAA-C1"}
    for kwh, status in ((0, "ACTIVE"), (3, "ACTIVE"), (3, "COMPLETED")):
        stranger.session(kwh, status, cdr_token=other)
        stranger.later(seconds=10)
    stranger.cdr(3, cdr_token=other)
    stranger.later(seconds=5)
    assert settled(session, 3)
    assert open_incidents() == []
