"""Whatever a CPO pushes of a charge, from the START on and in every version: both ways leave the same rows and wake the
same sessions. And an ordinary charge needs the view for nothing."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from ocpi.models import Command, Evse, Location, Message, OcpiSession, PartnerQuirk, Refresh
from ocpi.server import push
from ocpi.server.handed import HANDED
from ocpi.server.push import sessions, statuses
from ocpi.store import Party, evse_wire
from ocpi.versions import VERSIONS
from partners import clocks
from partners.models import Incident, Partner
from sessions_adhoc.driver import services
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample, TimelineEvent
from tests.factories import EvseFactory, period_data, session_data
from tests.ocpi.push.comparing import differences, rows
from tests.ocpi.push.conftest import arrival_with
from tests.ocpi.push.test_shared_write import answers_in_time, somebody_at
from tests.sessions_adhoc.conftest import stamp
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.test_version_2_1_1 import LOCATION, place
from tests.support.examples import examples

pytestmark = pytest.mark.django_db
ALL = ("2.1.1", "2.2", "2.2.1", "2.3.0")
KEPT = (
    *(OcpiSession, AdHocSession, ChargingAttempt, AttemptSession, Sample, TimelineEvent),
    *(Command, Incident, Message, PartnerQuirk, Refresh, Evse, Location),
)
STAMPS = [f"2026-05-04T12:00:{second:02}Z" for second in (1, 5, 20, 31, 40)] + ["2026-05-04T13:00:00Z"]
NAMES = {
    "reference": st.sampled_from(["ours", "ours", "ours", "OURS", "", "another"]),
    "token": st.sampled_from(["ours", "ours", "ours", "contract", "another"]),
}
session_pushes = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["PUT", "PUT", "PATCH"]),
        "id": st.sampled_from(["S-1", "S-1", "S-1", "S-2"]),
        "last_updated": st.sampled_from(STAMPS),
        **NAMES,
    },
    optional={
        "kwh": st.sampled_from([0, 0, 0.005, 0.01, 2.5, 2.50005, 3, 40000]),
        "status": st.sampled_from(["ACTIVE", "ACTIVE", "PENDING", "COMPLETED", "INVALID"]),
        "place": st.sampled_from(["EVSE-1", "EVSE-1", "EVSE-9"]),
        "start": st.sampled_from(["2026-05-04T12:00:00Z", "2026-05-04T11:00:00Z"]),
        "periods": st.lists(
            st.builds(period_data, st.sampled_from(STAMPS), POWER=st.sampled_from([0, 150])), max_size=2
        ),
    },
)
evse_pushes = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["PUT", "PATCH", "PATCH"]),
        "id": st.just("EVSE-1"),
        "status": st.sampled_from(["AVAILABLE", "CHARGING", "CHARGING", "BLOCKED", "OUTOFORDER", "UNKNOWN"]),
        "last_updated": st.sampled_from(STAMPS),
    },
    optional={"floor_level": st.sampled_from(["1", "2"])},
)
streams = st.lists(
    st.tuples(st.one_of(session_pushes, session_pushes, evse_pushes), st.booleans()), min_size=1, max_size=5
)


@pytest.fixture
def begun(driver: Any, cpo: Any) -> AdHocSession:
    """A charge whose START was accepted, and nothing told."""
    Partner.objects.update(enabled_versions=["2.3.0"])
    found: AdHocSession = driver.start()
    return found


class Push:
    """A message of a CPO about a charge, in the words of a version."""

    def __init__(self, cpo: Any, version: str, said: dict[str, Any]) -> None:
        self.cpo, self.version, self.said = cpo, version, said
        self.start = cpo.sent("START_SESSION")[-1].body

    def send(self, **more: Any) -> Any:
        token = self.cpo.token
        if VERSIONS[self.version].encodes_token:
            token = base64.b64encode(token.encode()).decode()
        path = f"/ocpi/emsp/{self.version}/{self.path()}"
        headers = {"HTTP_AUTHORIZATION": f"Token {token}", **more}
        text, kind = json.dumps(self.body()), "application/json"
        return self.cpo.http.generic(self.said["method"], path, text, content_type=kind, **headers)

    def path(self) -> str:
        name = self.said["id"]
        return f"sessions/SK/ION/{name}" if "token" in self.said else f"locations/SK/ION/LOC-1/{name}"

    def body(self) -> dict[str, Any]:
        if "token" not in self.said:
            given = {name: value for name, value in self.said.items() if name not in ("method", "id")}
            party = Party(self.cpo.partner, "SK", "ION", VERSIONS[self.version])
            whole = evse_wire(party, "LOC-1", "EVSE-1", party.version) if self.said["method"] == "PUT" else {}
            assert whole is not None
            return {**whole, **given}
        return self.change() if self.said["method"] == "PATCH" else self.whole()

    def change(self) -> dict[str, Any]:
        named = {name: self.said[name] for name in ("kwh", "status", "last_updated") if name in self.said}
        return named | ({"charging_periods": self.said["periods"]} if "periods" in self.said else {})

    def whole(self) -> dict[str, Any]:
        said = self.said
        data = session_data(said["id"], **{"kwh": 0, **self.change()})
        data |= {"cdr_token": self.token(), "start_date_time": said.get("start", "2026-05-04T12:00:00Z")}
        data |= {"evse_uid": said.get("place", "EVSE-1")}
        ours = self.start["authorization_reference"]
        if text := {"ours": ours, "OURS": ours.upper(), "": ""}.get(said["reference"], "another"):
            data["authorization_reference"] = text
        else:
            data.pop("authorization_reference", None)
        return self.old(data) if self.version == "2.1.1" else data

    def token(self) -> dict[str, Any]:
        ours = self.start["token"]
        uid = {"ours": ours["uid"], "contract": ours["contract_id"]}.get(self.said["token"], "ANOTHER")
        whole = {**session_data()["cdr_token"], "uid": uid, "contract_id": ours["contract_id"]}
        later = {"country_code", "party_id"} if self.version == "2.2" else set()
        return {name: value for name, value in whole.items() if name not in later}

    def old(self, data: dict[str, Any]) -> dict[str, Any]:
        """OCPI 2.1.1 has the whole place in it, and of the token one name; it knows no reference."""
        data["start_datetime"] = data.pop("start_date_time")
        data["auth_id"] = data.pop("cdr_token")["uid"]
        data.pop("authorization_reference", None)
        data["auth_method"] = "AUTH_REQUEST"
        [charger] = place(Evse.objects.get())["evses"]
        here = {**LOCATION, "evses": [{**charger, "uid": data["evse_uid"]}]}
        for name in ("country_code", "party_id", "location_id", "evse_uid", "connector_id"):
            data.pop(name)
        return data | {"location": here}


def play(cpo: Any, version: str, stream: list[Any], **more: Any) -> list[Any]:
    """What a stream leaves, in a transaction that is undone: answers, rows, and what is to be done after the commit."""
    clocks.forget()
    with transaction.atomic():
        answers, before = [], len(connection.run_on_commit)
        for said, later in stream:
            if later:
                cpo.clock.traveller.shift(7)
            answer = Push(cpo, version, said).send(**more)
            answers.append((answer.status_code, answer.content))
        left = rows(KEPT)
        tasks = [func.args for _, func, *_ in connection.run_on_commit[before:] if hasattr(func, "args")]
        left["tasks"] = [
            {"task": task} for task in sorted({repr(args) for args in tasks if str(args[0]).endswith("advance")})
        ]
        transaction.set_rollback(True)
    return [answers, left]


def both_ways(cpo: Any, version: str, stream: list[Any]) -> list[Any]:
    began = cpo.clock.now()
    plain = play(cpo, version, stream)
    cpo.clock.traveller.move_to(began)
    found = differences(plain, play(cpo, version, stream, **{HANDED: True}))
    cpo.clock.traveller.move_to(began)
    return found


@pytest.mark.parametrize("version", ALL)
def test_any_pushes_of_a_charge(begun: AdHocSession, cpo: Any, version: str) -> None:
    @given(stream=streams)
    @examples(12)
    def check(stream: list[Any]) -> None:
        assert both_ways(cpo, version, stream) == []

    check()


@pytest.mark.heavy
@pytest.mark.parametrize("version", ALL)
def test_any_pushes_of_a_charge_at_length(begun: AdHocSession, cpo: Any, version: str) -> None:
    @given(stream=streams)
    @examples(400)
    def check(stream: list[Any]) -> None:
        assert both_ways(cpo, version, stream) == []

    check()


@pytest.mark.parametrize("version", ALL)
def test_an_ordinary_charge_needs_no_view(
    begun: AdHocSession, cpo: Any, clock: Any, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BLOCKED, the first Session, CHARGING, updates, COMPLETED, AVAILABLE; some of it twice; EVSEs also as a whole."""
    answer = push.answer
    left: list[Any] = []

    def noting(arrivals: Any) -> Any:
        found = answer(arrivals)
        left.extend((one.method, one.ids) for one, taken in zip(arrivals, found, strict=True) if taken is None)
        return found

    monkeypatch.setattr(push, "answer", noting)
    names = {"reference": "ours", "token": "ours", "id": "S-1"}
    whole = {"id": "EVSE-1", "method": "PUT", "status": "AVAILABLE", "last_updated": stamp(clock.now())}
    Push(cpo, version, whole).send(**{HANDED: True})  # once in the words of this version, as its Location came
    states = []
    for said in (
        {"id": "EVSE-1", "method": "PATCH", "status": "BLOCKED"},
        {"id": "EVSE-1", "method": "PATCH", "status": "BLOCKED"},
        {**names, "method": "PUT", "status": "PENDING"},
        {**names, "method": "PUT", "status": "ACTIVE"},
        {"id": "EVSE-1", "method": "PUT", "status": "CHARGING"},
        {**names, "method": "PUT", "status": "ACTIVE", "kwh": 2.5},
        {**names, "method": "PUT", "status": "ACTIVE", "kwh": 3},
        {**names, "method": "PATCH", "kwh": 4},
        {"id": "EVSE-1", "method": "PUT", "status": "CHARGING"},
        {**names, "method": "PUT", "status": "COMPLETED", "kwh": 4.5},
        {"id": "EVSE-1", "method": "PATCH", "status": "AVAILABLE"},
    ):
        clock.forward(seconds=5)
        answer_ = Push(cpo, version, {**said, "last_updated": stamp(clock.now())}).send()
        assert answer_.json()["status_code"] == 1000, answer_.content
        clock.forward(seconds=1)
        states.append(state(begun)[0])
    assert left == []
    assert (states[3], states[5], states[9]) == ("validating", "charging", "awaiting_cdr")
    assert Sample.objects.filter(ignored="").count() == 6
    assert (OcpiSession.objects.get().kwh, Evse.objects.get().status) == (Decimal("4.5"), "AVAILABLE")
    assert open_incidents() == []


FIRST = {"reference": "ours", "token": "ours", "id": "S-1", "method": "PUT", "last_updated": STAMPS[1]}
BLOCKED = {"id": "EVSE-1", "method": "PATCH", "status": "BLOCKED", "last_updated": STAMPS[1]}


def arrivals(cpo: Any, *said: dict[str, Any]) -> list[push.Arrival]:
    pushes = [Push(cpo, "2.2.1", one) for one in said]
    token = base64.b64encode(cpo.token.encode()).decode()
    return [arrival_with(token, one.said["method"], one.path(), one.body()) for one in pushes]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("kind", "said"), [(sessions, FIRST), (statuses, BLOCKED)], ids=["a Session", "a status"])
def test_what_the_engine_decided_meanwhile_is_not_overtaken(
    begun: AdHocSession, cpo: Any, monkeypatch: pytest.MonkeyPatch, kind: Any, said: dict[str, Any]
) -> None:
    write = kind.write

    def late(*given: Any) -> set[int]:
        AdHocSession.objects.update(limit_told_at=cpo.clock.now())
        written: set[int] = write(*given)
        return written

    monkeypatch.setattr(kind, "write", late)
    messages, events = Message.objects.count(), TimelineEvent.objects.count()
    assert push.answer(arrivals(cpo, said)) == [None]
    assert (OcpiSession.objects.count(), Evse.objects.get().status) == (0, "AVAILABLE")
    assert (Message.objects.count(), TimelineEvent.objects.count()) == (messages, events)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("said", [FIRST, BLOCKED], ids=["a Session", "a status"])
def test_a_charge_that_the_engine_is_at_delays_nobody(begun: AdHocSession, cpo: Any, said: dict[str, Any]) -> None:
    nobodys = {**FIRST, "reference": "another", "token": "another", "id": "S-9"}
    with somebody_at("sessions_adhoc_adhocsession"):
        assert answers_in_time(arrivals(cpo, said, nobodys)) == [None, 201]
    assert list(OcpiSession.objects.values_list("ocpi_id", flat=True)) == ["S-9"]
    assert Evse.objects.get().status == "AVAILABLE"


@pytest.mark.django_db(transaction=True)
def test_two_first_sessions_that_arrive_together_are_not_both_valid(begun: AdHocSession, cpo: Any) -> None:
    assert answers_in_time(arrivals(cpo, FIRST, {**FIRST, "id": "S-2"})) == [201, None]
    assert list(AttemptSession.objects.values_list("validity", "ocpi_session__ocpi_id")) == [("valid", "S-1")]
    Push(cpo, "2.2.1", {**FIRST, "id": "S-2"}).send(**{HANDED: True})
    assert list(AttemptSession.objects.values_list("validity", flat=True)) == ["valid", "duplicate"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("said", [FIRST, BLOCKED], ids=["a Session", "a status"])
def test_it_is_one_look_and_one_write_and_the_engine_hears_of_it(
    begun: AdHocSession, cpo: Any, waiting_tasks: Any, said: dict[str, Any]
) -> None:
    given, before = arrivals(cpo, said), len(waiting_tasks())
    with CaptureQueriesContext(connection) as queries:
        [answer] = push.answer(given)
    assert answer is not None
    asked = [query["sql"].split()[0] for query in queries.captured_queries]
    assert (asked[:2], set(asked[2:]) <= {"UPDATE"}) == (["WITH", "WITH"], True)  # the token's use, once a minute
    assert waiting_tasks()[before:] == [("sessions_adhoc.tasks.advance", (str(begun.pk),))]
    assert AdHocSession.objects.get().next_check_at == cpo.clock.now()


@pytest.mark.django_db(transaction=True)
def test_charges_whose_news_arrive_together_share_a_task(
    begun: AdHocSession, cpo: Any, waiting_tasks: Any, run_tasks: Any
) -> None:
    EvseFactory.create(location=begun.evse.location, uid="EVSE-2")
    second, _created = services.start_session(services.StartRequest(evse="SK*ION*EEVSE-2"))
    run_tasks()
    [first_start, second_start] = [sent.body for sent in cpo.sent("START_SESSION")]
    given = []
    for start, more in ((first_start, {}), (second_start, {"id": "S-2", "place": "EVSE-2"})):
        one = Push(cpo, "2.2.1", {**FIRST, **more})
        one.start = start
        token = base64.b64encode(cpo.token.encode()).decode()
        given.append(arrival_with(token, "PUT", one.path(), one.body()))
    assert [answer and answer.status for answer in push.answer(given)] == [201, 201]
    both = sorted([str(begun.pk), str(second.pk)])
    assert waiting_tasks() == [("sessions_adhoc.tasks.advance_batch", (both,))]
    run_tasks()
    assert (state(begun)[0], state(second)[0]) == ("validating", "validating")
