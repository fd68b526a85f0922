"""The energy ends before the money does (rule 33)."""

import pytest

from sessions_adhoc.decide import Decision, PaymentFacts, Spent, decide
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import at, done, rules
from tests.sessions_adhoc.decide.test_charge import charging


def spent(now: int, soon: int = 0) -> Spent:
    return Spent(now=now, soon=max(now, soon), reserved=4000)


def codes(decision: Decision) -> list[tuple[str, str]]:
    return [(action.do.value, action.code) for action in decision.actions]


def test_below_ninety_percent_nobody_is_told() -> None:
    assert decide(charging(spent=spent(3599)), at(seconds=30)) == Decision(check_at=at(seconds=90))


def test_at_ninety_percent_the_driver_is_told_once() -> None:
    decision = decide(charging(spent=spent(3600)), at(seconds=30))
    assert (decision.to, codes(decision), decision.check_at) == (None, [("note_limit", "tell")], at(seconds=90))
    told = charging(spent=spent(3800), limit_told_at=at(seconds=10))
    assert decide(told, at(seconds=30)) == Decision(check_at=at(seconds=90))


@pytest.mark.parametrize("so_far", [spent(3880), spent(3000, soon=4001), spent(4100)])
def test_what_would_be_used_up_before_the_next_sample_is_stopped(so_far: Spent) -> None:
    decision = decide(charging(spent=so_far), at(seconds=30))
    assert (decision.to, decision.reason) == (State.STOPPING, "limit_reached")
    assert codes(decision) == [("note_limit", "stop"), ("send_stop", "")]


def test_what_ends_exactly_at_the_reservation_goes_on() -> None:
    assert decide(charging(spent=spent(3000, soon=4000)), at(seconds=30)).to is None


def test_a_stop_without_effect_is_sent_again_after_a_minute() -> None:
    stopped = charging(spent=spent(3900), limit_told_at=at(seconds=0), limit_stop_at=at(seconds=10))
    assert decide(stopped, at(seconds=69)).to is None
    assert decide(stopped, at(seconds=70)).to == State.STOPPING


def test_a_policy_may_let_it_go_on() -> None:
    decision = decide(charging(spent=spent(3999, soon=4500), rules=rules(at_limit="go_on")), at(seconds=30))
    assert (decision.to, done(decision)) == (None, ["note_limit"])


@pytest.mark.parametrize("state", ["expired", "released"])
def test_a_charge_for_which_nothing_is_held_any_more_is_stopped(state: str) -> None:
    decision = decide(charging(payment=PaymentFacts(state)), at(seconds=30))
    assert (decision.to, decision.reason) == (State.STOPPING, "payment_lost")
    assert codes(decision) == [("note_limit", "hold_gone"), ("send_stop", "")]
