"""What drivers and partners read is true for the state it is shown in, and accuses only of what was seen (39, 40)."""

import itertools
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from billing.models import PaymentAuthorization
from partners.ground import languages
from partners.models import Incident, Policy, RemoteEndpoint
from partners.tasks import mail_detect
from sessions_adhoc import decide
from sessions_adhoc.admin.story import story
from sessions_adhoc.decide.reason_words import lasting
from sessions_adhoc.decide.settle import DOUBTED
from sessions_adhoc.driver.presenting import held_amount, message, takes
from sessions_adhoc.driver.sentences import MESSAGES, NOT_STOPPED, REASONS, WHY_HELD
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.states import TERMINAL, State
from tests.ocpi.cpo import Answer
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db

ENGINES = ("", "no_energy", "no_session", "sessions_unavailable", "cdr_missing", "cdr_unusable", "payment_stuck")
REASONS_SEEN = sorted({*REASONS, *WHY_HELD, *ENGINES, "stop_without_effect", "reservation_expires", "not_paid"})
BEFORE, HELD, LATER = ("created", "reserving"), ("reserved",), ("reserved", "capturing", "releasing")
GONE = ("released", "releasing", "expired", "declined", "captured", "refunding", "reserved")
PAYMENTS = {
    State.CREATED: BEFORE,
    State.AUTHORIZING: (*BEFORE, "declined"),
    State.ESCALATED: (*LATER, "expired", "released"),
    State.AWAITING_CDR: LATER,
    State.SETTLED: ("captured", "released", "refunding"),
    State.FAILED: GONE,
    State.CANCELLED: GONE,
}


def payment_in(word: str) -> PaymentAuthorization:
    taken = 400 if word in ("captured", "refunding") else 0
    capture = 400 if word == "capturing" else None
    return PaymentAuthorization(
        state=word, amount=4000, currency="EUR", captured_amount=taken, capture_amount=capture, refunded_amount=0
    )


@pytest.mark.parametrize("now", State)
def test_every_text_of_a_state_with_every_reason_and_payment(now: State) -> None:
    for reason, payment in itertools.product(REASONS_SEEN, PAYMENTS.get(now, HELD)):
        money = payment_in(payment)
        is_true(message(AdHocSession(state=now.value, reason=reason), money), now, money)


NOTHING_CHARGED = {
    "sk": "ič sme neúčtovali",
    "cs": "ic jsme neúčtovali",
    "de": "nichts berechnet",
    "hu": "em számoltunk fel semmit",
    "pl": "ic nie pobraliśmy",
}
KEPT = {
    "sk": "Rezervácia ostáva",
    "cs": "Rezervace zůstává",
    "de": "Die Reservierung bleibt bestehen",
    "hu": "A zárolás addig marad",
    "pl": "Blokada pozostaje",
}


@pytest.mark.parametrize("language", NOTHING_CHARGED)
@pytest.mark.parametrize("now", State)
def test_every_language_says_of_the_money_what_english_says(now: State, language: str) -> None:
    for reason, payment in itertools.product(REASONS_SEEN, PAYMENTS.get(now, HELD)):
        session, money = AdHocSession(state=now.value, reason=reason), payment_in(payment)
        english = message(session, money)
        with languages.speaking(language):
            said = message(session, money)
        assert said != english
        assert re.fullmatch(r"\w.*\.", said), said
        assert (NOTHING_CHARGED[language] in said) is ("othing was charged" in english), (said, english)
        assert (KEPT[language] in said) is ("reservation is kept" in english), (said, english)


def codes_of_the_engine() -> set[str]:
    """Every reason with which the engine ends or escalates a session, as its source has them."""
    source = "".join(path.read_text() for path in sorted(Path(decide.__file__).parent.glob("*.py")))
    calls = r'(?:fail\(\s*|(?:escalate|not_started)\(\s*\w+,\s*|reason=|reason, text = )"([a-z_]+)"'
    return {*re.findall(calls, source), *DOUBTED}


def test_each_reason_of_the_engine_has_a_sentence_of_its_own() -> None:
    elsewhere = {"limit_reached", "payment_lost", "payment_stuck", "stop_without_effect"}
    told = {*REASONS, *WHY_HELD, *elsewhere}
    assert codes_of_the_engine() - told == set()
    by_each_way = {"cdr_missing", "command_rejected", "cpo_unreachable", "cdr_energy", "sessions_unavailable"}
    assert by_each_way <= codes_of_the_engine()


@pytest.mark.parametrize(
    ("reason", "payment", "text"),
    [
        ("payment_stuck", "capturing", "nothing is taken twice."),
        ("payment_stuck", "releasing", "nothing is taken twice."),
        ("payment_lost", "expired", "The reservation ended before it was clear what you owe. We are looking"),
        ("sessions_unavailable", "reserved", "does not tell us whether your charge has started. We are looking"),
        ("reservation_expires", "reserved", "The operator has not sent a bill. We are looking"),
        ("cdr_unusable", "reserved", "The operator's bill does not fit your reservation. We are looking"),
        ("unheard_of", "reserved", "We are looking into this with the charger's operator. Your reservation is kept"),
        ("unheard_of", "released", "We are looking into this with the charger's operator."),
    ],
)
def test_why_somebody_looks_and_where_the_money_is(reason: str, payment: str, text: str) -> None:
    assert text in message(AdHocSession(state="escalated", reason=reason), payment_in(payment))


@pytest.mark.parametrize(
    ("kind", "payment", "text"),
    [
        ("pass_through", "reserved", "Charging is over. Waiting for the operator's bill."),
        ("margin", "reserved", "Charging is over. Waiting for the operator's bill."),
        ("retail", "reserved", "Charging is over. We are working out what you pay."),
        ("retail", "capturing", "Charging is over. Your payment is being completed."),
        ("pass_through", "releasing", "Charging is over. Your payment is being completed."),
    ],
)
def test_no_bill_is_waited_for_that_nobody_needs(kind: str, payment: str, text: str) -> None:
    session = AdHocSession(state="awaiting_cdr", offer={"plan": {"kind": kind}})
    assert message(session, payment_in(payment)) == text


def is_true(text: str, now: State, money: PaymentAuthorization) -> None:
    assert re.fullmatch(r"[A-Z].*\.", text), text
    assert "safe" not in text
    assert not re.search(r"\d\.\d{3}", text), "a duration or an amount that nobody says"
    if "othing was charged" in text:
        assert not takes(money), "it says nothing where something was taken"
        assert now in TERMINAL, "it tells the end before the end"
    if "is kept" in text or "is reserved" in text:
        assert held_amount(money) == 4000, "it speaks of a reservation that is not held"
    if "still charging" in text:
        assert now == State.CHARGING
    if "press stop" in text:
        assert now in NOT_STOPPED, "there is a button to press"


def test_there_is_a_text_for_each_state() -> None:
    assert set(MESSAGES) == set(State)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=25), "25 s"),
        (timedelta(seconds=0.4), "0.4 s"),
        (timedelta(seconds=5), "5 s"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(seconds=90), "1 min 30 s"),
        (timedelta(hours=24), "24 h"),
        (timedelta(minutes=65), "1 h 5 min"),
    ],
)
def test_durations_as_people_read_them(span: timedelta, words: str) -> None:
    assert lasting(span) == words


def test_a_short_window_is_told_in_seconds(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    Policy.objects.create(partner=cpo.partner, energy_timeout=25, auto_retry="never")
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=26)
    assert state(session) == ("failed", "no_energy")
    told = session.timeline.order_by("-pk").filter(kind="state")[0].text
    assert told == "No energy for 25 s after the Session became ACTIVE."


def test_another_attempt_does_not_go_from_starting_to_starting() -> None:
    event = TimelineEvent(kind="state", state_from="starting", state_to="starting", text="Trying again.")
    event.at = BEGINNING
    assert [line.states for line in story([event], [])] == ["Starting again"]


# Whom an incident accuses


def result_of_start(cpo: Cpo, result: str) -> None:
    path = cpo.sent("START_SESSION")[-1].body["response_url"].split("/2.2.1/")[1]
    cpo.push("POST", path, {"result": result}, 200)


def ends_without_a_session(driver: Driver, cpo: Cpo, clock: Clock, result: str) -> list[tuple[str, str]]:
    session = driver.start()
    clock.forward(seconds=30)
    result_of_start(cpo, result)
    clock.forward(minutes=6)
    assert state(session)[0] == "failed"
    mail_detect()
    clock.forward(minutes=1)
    mail_detect()
    return sorted(Incident.objects.values_list("symptom", "resolution"))


def test_nobody_plugged_in_is_mailed_to_nobody(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    assert ends_without_a_session(driver, cpo, clock, "TIMEOUT") == []


def test_a_timeout_at_a_connector_that_moved_is_the_cpos(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(seconds=5)
    cpo.evse("BLOCKED")
    clock.forward(seconds=25)
    result_of_start(cpo, "TIMEOUT")
    clock.forward(minutes=6)
    assert state(session) == ("failed", "no_session")
    mail_detect()
    advice = "Check that the charger is online, and that it waits for the cable as long as your server does."
    assert ("START_SESSION returns error", advice) in Incident.objects.values_list("symptom", "resolution")


REMOTELY = "Support START_SESSION, or tell us which chargers cannot be started remotely."
STATUS = "Push the status of the EVSE when it changes, so that no driver starts there."
NO_RESERVATION = "START_SESSION of ours names no reservation: start the charger without one."
REFUSALS = {
    "REJECTED": "Look at the charger's own log of that moment: your server accepted the start, and the charger "
    "rejected it.",
    "NOT_SUPPORTED": REMOTELY,
    "EVSE_OCCUPIED": STATUS,
    "EVSE_INOPERATIVE": STATUS,
    "UNKNOWN_RESERVATION": NO_RESERVATION,
    "CANCELED_RESERVATION": NO_RESERVATION,
}


@pytest.mark.parametrize("result", REFUSALS)
def test_a_start_that_the_charger_refused_is_the_cpos_and_the_advice_fits(
    driver: Driver, cpo: Cpo, clock: Clock, result: str
) -> None:
    """Their server answered ACCEPTED, so no advice is about its CommandResponse."""
    found = ends_without_a_session(driver, cpo, clock, result)
    assert found == [("START_SESSION returns error", REFUSALS[result])]
    incident = Incident.objects.get()
    assert f"got the result {result} " in incident.letter
    assert "CommandResponse" not in " ".join([incident.cause, incident.resolution, incident.letter])


def test_a_charger_that_failed_and_never_started(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    found = ends_without_a_session(driver, cpo, clock, "FAILED")
    advice = "Look at the charger's own log of that moment: it was asked to start and did not."
    assert ("START_SESSION returns error", advice) in found


@pytest.mark.parametrize(
    ("response", "advice"),
    [
        ("REJECTED", "Return the correct CommandResponse code. Verify the EVSE ID matches your Location data."),
        ("NOT_SUPPORTED", REMOTELY),
        ("UNKNOWN_SESSION", "Answer START_SESSION with ACCEPTED or REJECTED."),
    ],
)
def test_a_start_that_their_server_refused(driver: Driver, cpo: Cpo, clock: Clock, response: str, advice: str) -> None:
    cpo.accept("START_SESSION", response)
    driver.start()
    mail_detect()
    incident = Incident.objects.get()
    assert (incident.symptom, incident.resolution) == ("START_SESSION returns error", advice)
    assert f"was answered with {response} " in incident.letter


@pytest.mark.parametrize("window", [300, 5])
def test_a_server_that_cannot_be_reached_is_not_told_of_its_answers(
    driver: Driver, cpo: Cpo, clock: Clock, window: int
) -> None:
    """Also where the window closes before the third try."""
    Policy.objects.create(partner=cpo.partner, session_timeout=window)
    RemoteEndpoint.objects.filter(module="commands").update(url="http://127.0.0.1:9/commands")
    session = driver.start()
    clock.forward(minutes=1)
    assert state(session) == ("failed", "cpo_unreachable")
    mail_detect()
    incident = Incident.objects.get(symptom="START_SESSION returns error")
    assert incident.resolution == (
        "Check that the commands endpoint which your version details name can be reached from our addresses."
    )
    assert incident.cause.startswith("Their server could not be reached for START_SESSION. What we saw: ")
    assert "did not reach your server" in incident.letter


def test_what_we_could_not_send_accuses_nobody(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    RemoteEndpoint.objects.filter(module="commands").delete()
    session = driver.start()
    clock.forward(minutes=1)
    assert state(session) == ("failed", "cpo_unreachable")
    mail_detect()
    incident = Incident.objects.get(symptom="START_SESSION returns error")
    assert (incident.cause[:32], incident.tell_cpo) == ("START_SESSION could not be sent.", False)


def test_an_answer_that_cannot_be_read_was_not_accepted(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """No mail says that START_SESSION was accepted."""
    cpo.server.on("/commands/START_SESSION", Answer("<html>Bad gateway</html>", 502))
    session = driver.start()
    clock.forward(minutes=6)
    assert state(session) == ("failed", "no_session")
    mail_detect()
    incident = Incident.objects.get(symptom__contains="START_SESSION")
    assert (incident.symptom, incident.resolution[:53]) == (
        "START_SESSION returns error",
        "Answer START_SESSION at once, with HTTP 200 and a Com",
    )
    assert "got no answer that we can read" in incident.letter


@pytest.mark.parametrize("told_before", [False, True])
@pytest.mark.parametrize("result", ["FAILED", "TIMEOUT"])
def test_a_charger_that_started_late_failed_at_nothing(
    driver: Driver, cpo: Cpo, clock: Clock, result: str, told_before: bool
) -> None:
    session = driver.start()
    cpo.evse("BLOCKED")
    clock.forward(seconds=30)
    result_of_start(cpo, result)
    if told_before:
        mail_detect()
        assert open_incidents() == ["START_SESSION returns error"]
    clock.forward(seconds=30)
    cpo.session(0, created=True)
    clock.forward(seconds=5)
    cpo.session(3)
    clock.forward(minutes=1)
    assert state(session)[0] == "charging"
    mail_detect()
    assert open_incidents() == []
    assert Incident.objects.count() == told_before


def test_a_session_after_a_refused_start_lacks_no_energy(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.accept("START_SESSION", "REJECTED")
    session = driver.start()
    cpo.session(3, created=True)
    clock.forward(seconds=5)
    assert state(session) == ("failed", "command_rejected")
    incident = Incident.objects.get(key__startswith="orphan:")
    assert (incident.symptom, incident.cause) == (
        "Session after a START_SESSION that was refused",
        "START_SESSION was refused, and a Session came nevertheless.",
    )


# The driver's page


def page_of(session: AdHocSession) -> dict[str, str]:
    view: dict[str, str] = Client().get(f"/c/session/{session.pk}.json").json()["view"]
    return view


def test_after_the_end_no_page_says_that_it_will_stop(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=5)
    cpo.session(3)
    driver.stop(session)
    cpo.session(3, "COMPLETED")
    clock.forward(seconds=1)
    view = page_of(session)
    assert (view["headline"], view["note"]) == ("Charging is over", "")


def test_energy_after_the_end_is_no_end_on_the_page(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    cpo.evse("CHARGING")
    clock.forward(seconds=5)
    cpo.session(3)
    cpo.evse("AVAILABLE")
    clock.forward(seconds=6)
    assert page_of(session)["headline"] == "Charging is over"
    cpo.session(4)
    clock.forward(seconds=1)
    view = page_of(session)
    assert (view["headline"], view["tone"]) == ("Not stopped yet", "act")
