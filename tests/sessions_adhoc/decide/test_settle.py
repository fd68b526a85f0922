"""The CDR, the money, and what frees an escalated session (rules 24-28)."""

from decimal import Decimal
from typing import Any

import pytest
from django_fsm import TransitionNotAllowed

from sessions_adhoc.decide import Action, Decision, Do, PaymentFacts, decide
from sessions_adhoc.decide.session_facts import Facts, OwnFacts
from sessions_adhoc.decide.settle import CDR_ELSEWHERE, CDR_ENERGY, CDR_PRICE
from sessions_adhoc.models import TRANSITIONS, AdHocSession
from sessions_adhoc.states import TERMINAL, State
from tests.sessions_adhoc.decide.building import T0, at, attempt, cdr, done, facts, ocpi_session


def awaiting(**changes: Any) -> Facts:
    return facts(State.AWAITING_CDR, **{"attempt": attempt(ended=True), "charging_ended_at": T0, **changes})


def test_the_cdr_is_captured() -> None:
    decision = decide(awaiting(cdr=cdr()), T0)
    assert decision.to is None
    assert decision.actions == (Action(Do.CAPTURE, amount=490), Action(Do.CHECK_BILL))


def test_a_free_charge_releases_everything() -> None:
    decision = decide(awaiting(cdr=cdr(amount=0)), T0)
    assert (decision.to, done(decision)) == (None, ["release", "check_bill"])


@pytest.mark.parametrize("state", ["capturing", "releasing"])
def test_while_the_gateway_works_nothing_is_asked_twice(state: str) -> None:
    assert decide(awaiting(cdr=cdr(), payment=PaymentFacts(state)), T0) == Decision(check_at=at(seconds=10))


ENDING = ["close_attempt", "close_incidents", "revoke_token"]


@pytest.mark.parametrize("state", ["captured", "released"])
def test_moved_money_settles(state: str) -> None:
    decision = decide(awaiting(cdr=cdr(), payment=PaymentFacts(state)), T0)
    assert (decision.to, done(decision)) == (State.SETTLED, ENDING)


@pytest.mark.parametrize(
    ("payment", "actions"),
    [
        (PaymentFacts("expired"), ["open_incident", "check_bill"]),  # what the CDR asks is owed all the same
        (PaymentFacts("reserved", refused=True), ["open_incident"]),
    ],
)
def test_money_that_cannot_be_captured_escalates(payment: PaymentFacts, actions: list[str]) -> None:
    decision = decide(awaiting(cdr=cdr(), payment=payment), T0)
    assert (decision.to, decision.reason, done(decision)) == (
        State.ESCALATED,
        "payment_lost",
        actions,
    )


def test_a_cdr_that_cannot_be_billed_escalates_with_the_funds_held() -> None:
    decision = decide(awaiting(cdr=cdr(amount=None)), T0)
    assert (decision.to, decision.reason, done(decision)) == (
        State.ESCALATED,
        "cdr_unusable",
        ["open_incident"],
    )


@pytest.mark.parametrize(("pulls", "minutes"), [(0, 10), (1, 20), (2, 40), (3, 80)])
def test_a_missing_cdr_is_asked_for_in_growing_steps(pulls: int, minutes: int) -> None:
    waiting = awaiting(attempt=attempt(ended=True, cdr_pulls=pulls))
    assert decide(waiting, at(minutes=minutes, seconds=-1)) == Decision(check_at=at(minutes=minutes))
    decision = decide(waiting, at(minutes=minutes))
    assert (decision.to, done(decision)) == (None, ["pull_cdrs"])


def test_the_steps_end_at_the_deadline() -> None:
    waiting = awaiting(attempt=attempt(ended=True, cdr_pulls=8))
    assert decide(waiting, at(hours=23)) == Decision(check_at=at(hours=24))


def test_a_cdr_missing_for_24_hours_escalates_with_the_funds_held() -> None:
    decision = decide(awaiting(), at(hours=24))
    assert (decision.to, decision.reason, done(decision)) == (
        State.ESCALATED,
        "cdr_missing",
        ["open_incident"],
    )
    assert decision.actions[0].code == "CDRs not received by SFP"


def test_a_cdr_about_another_charger_is_not_called_missing() -> None:
    """Rule 39: it came, and is waited for no longer than any other; the right one may still come."""
    elsewhere = awaiting(cdr_elsewhere="CDR-1")
    before = decide(elsewhere, at(hours=24, seconds=-1))
    assert (before.to, done(before)) == (None, ["pull_cdrs"])
    soon = PaymentFacts("reserved", expires_soon=True)
    for decision in (decide(elsewhere, at(hours=24)), decide(awaiting(cdr_elsewhere="CDR-1", payment=soon), T0)):
        assert (decision.to, decision.reason, done(decision)) == (State.ESCALATED, "cdr_place", ["open_incident"])
        assert decision.actions[0].code == "The CDR is about another time or place"
        assert decision.text == "CDR CDR-1 is about another charger, and no other came: the funds stay reserved."


def test_a_reservation_about_to_expire_escalates() -> None:
    decision = decide(awaiting(payment=PaymentFacts("reserved", expires_soon=True)), T0)
    assert (decision.to, decision.reason) == (State.ESCALATED, "reservation_expires")


def test_without_an_end_the_clock_counts_from_the_state() -> None:
    assert decide(facts(State.AWAITING_CDR), T0) == Decision(check_at=at(minutes=10))


# Escalated


def test_an_escalated_session_waits_without_a_clock() -> None:
    assert decide(facts(State.ESCALATED, attempt=attempt()), at(days=3)) == Decision()
    assert decide(facts(State.ESCALATED), at(days=3)) == Decision()


def test_the_late_cdr_frees_it() -> None:
    decision = decide(facts(State.ESCALATED, attempt=attempt(ended=True), cdr=cdr()), T0)
    assert (decision.to, done(decision), decision.check_at) == (None, ["capture", "check_bill"], None)
    stuck = facts(
        State.ESCALATED,
        attempt=attempt(ended=True),
        cdr=cdr(),
        payment=PaymentFacts("reserved", refused=True),
    )
    assert decide(stuck, T0) == Decision()


@pytest.mark.parametrize(
    "news",
    [
        {"attempt": attempt(session=ocpi_session())},
        {"attempt": attempt(session=ocpi_session(status="COMPLETED", kwh=Decimal(3)))},
        {"attempt": attempt(), "cdr": cdr()},
    ],
)
def test_the_late_session_frees_it(news: dict[str, Any]) -> None:
    decision = decide(facts(State.ESCALATED, **news), T0)
    assert (decision.to, done(decision)) == (State.VALIDATING, ["close_incidents"])


@pytest.mark.parametrize(
    ("payment", "news", "target", "failure"),
    [
        ("captured", {}, State.SETTLED, ""),
        ("released", {"cdr": cdr()}, State.SETTLED, ""),
        ("released", {}, State.FAILED, "released"),
    ],
)
def test_staff_moving_the_money_ends_it(payment: str, news: dict[str, Any], target: State, failure: str) -> None:
    decision = decide(facts(State.ESCALATED, payment=PaymentFacts(payment), **news), T0)
    assert (decision.to, done(decision)) == (target, ENDING)
    assert decision.actions[0].code == failure


# The table of states


def test_a_terminal_state_has_no_followers_and_every_other_has_some() -> None:
    assert {came_from for came_from, _ in TRANSITIONS} == set(State) - TERMINAL
    assert {State.CREATED} | {target for _, target in TRANSITIONS} == set(State)


def test_one_transition_leads_from_a_state_to_another() -> None:
    field = AdHocSession._meta.get_field("state")
    named = [(one.source, one.target) for one in field.get_all_transitions(AdHocSession)]
    assert sorted(named) == sorted(TRANSITIONS)


def test_no_other_transition_exists() -> None:
    session = AdHocSession(state=State.CHARGING.value)
    with pytest.raises(TransitionNotAllowed):
        session.enter(State.CANCELLED, T0, "")
    assert (session.state, session.reason, session.ended_at) == ("charging", "", None)


def test_labels_are_for_people() -> None:
    assert State.AWAITING_CDR.label == "Awaiting CDR"
    assert State.WAITING_FOR_CONNECTOR.label == "Waiting for connector"


# A CDR that cannot be true (rule 32)

TOO_MUCH: dict[str, Any] = {
    "amount": None,
    "reason": "cdr_energy",
    "text": "50 kWh, the meter said 5.",
    "came_at": at(seconds=9),
}


@pytest.mark.parametrize(
    ("reason", "symptom"),
    [
        ("cdr_without_energy", CDR_ENERGY),
        ("cdr_price_unknown", CDR_PRICE),
        ("cdr_times", CDR_ELSEWHERE),
        ("cdr_place", CDR_ELSEWHERE),
    ],
)
def test_what_cannot_be_true_is_held_under_its_own_name(reason: str, symptom: str) -> None:
    decision = decide(awaiting(cdr=cdr(amount=None, reason=reason, text="Why.")), T0)
    assert (decision.to, decision.reason) == (State.ESCALATED, reason)
    assert decision.actions == (Action(Do.OPEN_INCIDENT, code=symptom, text="Why."),)


def test_an_interim_cdr_is_waited_out() -> None:
    decision = decide(awaiting(cdr=cdr(amount=None, reason="interim")), T0)
    assert (decision.to, decision.actions) == (None, ())


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({}, (None, ["pull_sessions"])),
        ({"pull_asked_at": at(seconds=10)}, (None, [])),
        ({"pull_asked_at": at(seconds=10), "pull_answered_at": at(seconds=11)}, (State.ESCALATED, ["open_incident"])),
        ({"pull_asked_at": at(seconds=10), "pull_failures": 3}, (State.ESCALATED, ["open_incident"])),
        ({"session": ocpi_session(status="COMPLETED")}, (State.ESCALATED, ["open_incident"])),
        ({"session": None}, (State.ESCALATED, ["open_incident"])),
    ],
)
def test_before_energy_is_doubted_the_session_is_asked_for(known: Any, outcome: Any) -> None:
    mine = attempt(ended=True, **{"session": ocpi_session(), **known})
    decision = decide(awaiting(attempt=mine, cdr=cdr(**TOO_MUCH)), at(seconds=20))
    assert (decision.to, done(decision)) == outcome


@pytest.mark.parametrize("changes", [{"attempt": None}, {"cdr": cdr(**{**TOO_MUCH, "came_at": None})}])
def test_without_anything_to_ask_for_it_is_held(changes: Any) -> None:
    decision = decide(awaiting(**{"cdr": cdr(**TOO_MUCH), **changes}), at(seconds=20))
    assert decision.to == State.ESCALATED


OURS = OwnFacts(301, "Our own calculation.", at(hours=12))


def test_without_a_cdr_our_own_calculation_is_captured_when_it_is_due() -> None:
    waiting = awaiting(own=OURS, attempt=attempt(ended=True, cdr_pulls=7))
    assert decide(waiting, at(hours=11)).check_at == at(hours=12)
    decision = decide(waiting, at(hours=12))
    assert decision.actions == (Action(Do.CAPTURE, amount=301, code="own"), Action(Do.CHECK_BILL))
    assert (decision.to, decision.text) == (None, "Our own calculation.")


def test_a_charge_that_comes_to_nothing_is_released() -> None:
    free = awaiting(own=OwnFacts(0, "Free.", T0))
    assert decide(free, T0).actions == (Action(Do.RELEASE, code="own"), Action(Do.CHECK_BILL))


def test_while_energy_flows_nothing_is_calculated() -> None:
    running = attempt(ended=True, ended_kwh=Decimal(1), session=ocpi_session(kwh=Decimal(3)), stop=None)
    assert "capture" not in done(decide(awaiting(own=OwnFacts(301, "", T0), attempt=running), T0))
    refused = awaiting(own=OwnFacts(301, "", T0), payment=PaymentFacts("reserved", refused=True), is_retail=True)
    assert decide(refused, T0).reason == "payment_lost"


def test_meter_values_that_cannot_be_billed_are_told_at_the_end() -> None:
    decision = decide(awaiting(own=OwnFacts(None, "The meter said too much.", T0)), at(hours=24))
    assert decision.reason == "cdr_missing"
    assert decision.text == "No CDR arrived in time: the funds stay reserved. The meter said too much."


def test_at_a_price_of_our_own_the_meter_goes_before_the_cdr() -> None:
    both = awaiting(own=OwnFacts(395, "Ours.", T0), cdr=cdr(), is_retail=True)
    assert decide(both, T0).actions[0] == Action(Do.CAPTURE, amount=395, code="own")
    assert decide(awaiting(own=OwnFacts(395, "", T0), cdr=cdr()), T0).actions[0] == Action(Do.CAPTURE, amount=490)


def test_at_a_price_of_our_own_a_cdr_in_doubt_waits_for_the_meter() -> None:
    soon = OwnFacts(None, "", at(minutes=5))
    decision = decide(awaiting(own=soon, cdr=cdr(amount=None), is_retail=True), T0)
    assert decision == Decision(check_at=at(minutes=5))
    assert decide(awaiting(cdr=cdr(amount=None), is_retail=True), T0).to == State.ESCALATED
