"""Which CDRs are billed and what is captured for them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.plausibility import Doubt, Judgement, Verdict
from billing.settlement import BillableCdr, Decision, Settlement, settle


def cdr(name: str = "C1", total: str | None = "12.34", currency: str = "EUR", **more: Any) -> BillableCdr:
    return BillableCdr(name, None if total is None else Decimal(total), currency, **more)


def credit(name: str, of: str | None, total: str = "-12.34", **more: Any) -> BillableCdr:
    return cdr(name, total, credit=True, credit_reference_id=of, **more)


def settled(*cdrs: Any, reserved: int = 4000, currency: str = "EUR") -> Settlement:
    return settle(cdrs, reserved=reserved, currency=currency)


def test_it_captures_what_the_cdr_says_and_explains_it() -> None:
    assert settled(cdr()) == Settlement(
        Decision.CAPTURE,
        1234,
        0,
        "CDR C1: 12.34 EUR. 12.34 EUR of 40.00 EUR is captured, 27.66 EUR is released.",
        "",
        "C1",
    )


def test_it_captures_at_most_what_was_reserved_and_tells_what_is_missing() -> None:
    assert settled(cdr(total="41.50")) == Settlement(
        Decision.CAPTURE,
        4000,
        150,
        "CDR C1: 41.50 EUR. 41.50 EUR is owed, 40.00 EUR was reserved and is captured: 1.50 EUR short.",
        "",
        "C1",
    )


def test_it_captures_exactly_everything() -> None:
    result = settled(cdr(total="40"))
    assert (result.decision, result.capture, result.shortfall) == (Decision.CAPTURE, 4000, 0)


def test_it_releases_when_nothing_is_owed() -> None:
    assert settled(cdr(total="0")) == Settlement(
        Decision.RELEASE,
        0,
        0,
        "CDR C1: 0.00 EUR. Nothing is owed: all of 40.00 EUR is released.",
        "",
        "C1",
    )


def test_the_same_cdr_twice_is_the_same_cdr() -> None:
    result = settled(cdr(), cdr(), cdr("c1"), cdr(total="12.340"))
    assert result == settled(cdr())


@pytest.mark.parametrize("again", [cdr(total="99"), cdr(currency="CZK")])
def test_of_two_cdrs_with_one_id_the_first_counts(again: BillableCdr) -> None:
    result = settled(cdr(), again)
    assert result.capture == 1234
    assert result.explanation.startswith("CDR C1 came again with another total; the first counts. CDR C1: ")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_credit_takes_back_the_cdr_that_it_names_and_the_new_one_counts(order: tuple[int, int, int]) -> None:
    three = [cdr("C1", "99.99"), credit("C1-CREDIT", "c1", "-99.99"), cdr("C2", "10.00")]
    result = settled(*(three[index] for index in order))
    assert (result.decision, result.capture, result.billed) == (Decision.CAPTURE, 1000, "C2")
    assert "CDR C1 was taken back by a credit." in result.explanation


def test_a_credit_for_a_cdr_that_has_not_come_waits_for_it() -> None:
    result = settled(credit("X", "C9"), cdr("C2", "10.00"))
    assert (result.capture, result.billed) == (1000, "C2")
    assert settled(credit("X", "C9"), cdr("C9", "7.00"), cdr("C2", "10.00")).capture == 1000


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_several_cdrs_are_never_added_up_whichever_came_first(order: tuple[int, int]) -> None:
    two = [cdr("C1", "1.004"), cdr("C2", "9.99")]
    result = settled(*(two[index] for index in order))
    assert (result.decision, result.reason, result.capture) == (Decision.HOLD, "several_cdrs", 0)
    assert settled(*two, credit("X", "C1")).capture == 999


def test_only_eligible_cdrs_are_billed() -> None:
    result = settled(cdr("LATE", "20.00", eligible=False), cdr("C2", "10.00"))
    assert (result.capture, result.billed) == (1000, "C2")
    assert result.explanation.startswith("CDR LATE is not eligible. CDR C2: 10.00 EUR.")


@pytest.mark.parametrize(
    ("cdrs", "reason", "words"),
    [
        ([], "no_eligible_cdr", "There is no eligible CDR."),
        (
            [cdr(eligible=False)],
            "no_eligible_cdr",
            "CDR C1 is not eligible. There is no eligible CDR.",
        ),
        (
            [cdr(), credit("X", "C1")],
            "credited_without_replacement",
            "CDR C1 was taken back by a credit. Every CDR was taken back and no new one has come.",
        ),
        ([credit("X", "C1")], "no_eligible_cdr", "There is no eligible CDR."),
        (
            [cdr(), credit("X", None)],
            "credit_without_reference",
            "Credit CDR X does not say which CDR it takes back.",
        ),
        (
            [cdr(currency="czk")],
            "currency_mismatch",
            "CDR C1 is in CZK, the reservation in EUR.",
        ),
        ([cdr(total="NaN")], "unreadable_total", "The total of CDR C1 is not a number."),
        ([cdr(total="Infinity")], "unreadable_total", "The total of CDR C1 is not a number."),
        (
            [cdr(total="-0.01"), cdr("C2", "5.00")],
            "negative_total",
            "CDR C1 has a negative total and is no credit CDR.",
        ),
        (
            [cdr(), cdr("C2", "10.00"), cdr("LATE", "5.00", eligible=False)],
            "several_cdrs",
            "2 CDRs bill one session, and no credit CDR takes one back: C1 (12.34 EUR), C2 (10.00 EUR).",
        ),
    ],
)
def test_it_holds_what_it_cannot_decide(cdrs: Any, reason: str, words: str) -> None:
    result = settled(*cdrs)
    assert result.decision is Decision.HOLD
    assert (result.capture, result.shortfall, result.billed) == (0, 0, "")
    assert result.reason == reason
    assert result.explanation.endswith(words)


def test_a_credit_that_is_not_eligible_holds_nothing_up() -> None:
    assert settled(cdr(), credit("X", None, eligible=False)).capture == 1234


def test_yen() -> None:
    result = settled(cdr(total="1500.4", currency="JPY"), reserved=2000, currency="jpy")
    assert result.capture == 1500
    assert result.explanation == "CDR C1: 1500 JPY. 1500 JPY of 2000 JPY is captured, 500 JPY is released."


@pytest.mark.parametrize("reserved", [0, -1])
def test_nothing_is_settled_without_a_reservation(reserved: int) -> None:
    with pytest.raises(ValueError, match="no reservation"):
        settled(cdr(), reserved=reserved)


NAMES = st.sampled_from(["A", "B", "C", "a"])
CDRS = st.lists(
    st.builds(
        BillableCdr,
        NAMES,
        st.decimals(-50, 50, places=3),
        st.sampled_from(["EUR", "EUR", "EUR", "CZK"]),
        st.booleans(),
        st.none() | NAMES,
        st.booleans(),
    ),
    max_size=6,
)


@given(CDRS, st.integers(1, 10_000))
def test_never_more_than_reserved_and_never_both_captured_and_held(cdrs: Any, reserved: Any) -> None:
    result = settle(cdrs, reserved=reserved, currency="EUR")
    assert 0 <= result.capture <= reserved
    assert result.shortfall >= 0
    assert (result.decision is Decision.CAPTURE) == (result.capture > 0)
    assert (result.decision is Decision.HOLD) == bool(result.reason)
    assert result.shortfall == 0 or result.capture == reserved


@given(CDRS, st.integers(1, 10_000))
def test_hearing_everything_twice_changes_nothing(cdrs: Any, reserved: Any) -> None:
    once = settle(cdrs, reserved=reserved, currency="EUR")
    twice = settle([*cdrs, *cdrs], reserved=reserved, currency="EUR")
    assert (once.decision, once.capture, once.shortfall, once.billed) == (
        twice.decision,
        twice.capture,
        twice.shortfall,
        twice.billed,
    )


# Of CDRs that were judged (rule 32)

SHORT = (Doubt.LESS_ENERGY, "CDR C1 says 1 kWh, the meter said 5 kWh.")


def told(
    name: str = "C1",
    total: str | None = "12.34",
    verdict: Verdict = Verdict.BILL,
    pays: str = "0",
    claim: str = "0",
    doubts: Any = (),
) -> BillableCdr:
    return cdr(name, total, judged=Judgement(verdict, Decimal(pays), Decimal(claim), tuple(doubts)))


def test_the_driver_pays_what_is_plausible_and_the_rest_is_a_claim() -> None:
    doubt = (Doubt.OTHER_PRICE, "By the tariff it comes to 3.01 EUR.")
    assert settled(told(total="39.99", pays="3.01", claim="36.98", doubts=[doubt])) == Settlement(
        Decision.CAPTURE,
        301,
        0,
        "CDR C1: 39.99 EUR. By the tariff it comes to 3.01 EUR. 3.01 EUR of 40.00 EUR is captured, 36.99 EUR is "
        "released.",
        billed="C1",
        claim=3698,
        doubts=(doubt,),
    )


def test_what_is_not_plausible_is_held() -> None:
    doubt = (Doubt.TOO_MUCH_ENERGY, "CDR C1 says 50 kWh, the meter said 5 kWh.")
    assert settled(told(verdict=Verdict.HOLD, doubts=[doubt])) == Settlement(
        Decision.HOLD, 0, 0, doubt[1], "cdr_energy", "C1"
    )


def test_nothing_is_owed_for_no_energy() -> None:
    result = settled(told(verdict=Verdict.NOTHING))
    assert (result.decision, result.capture, result.shortfall) == (Decision.RELEASE, 0, 0)


def test_an_interim_cdr_waits() -> None:
    assert settled(told(verdict=Verdict.WAIT)) == Settlement(
        Decision.WAIT, 0, 0, "CDR C1 is an interim one: the Session is not over.", "interim"
    )


@pytest.mark.parametrize("interim", [told(doubts=[SHORT], pays="1"), told(verdict=Verdict.WAIT)])
def test_of_an_interim_cdr_and_the_whole_one_the_whole_one_is_billed(interim: BillableCdr) -> None:
    result = settled(interim, told("C2", "5.00", pays="5.00"))
    assert (result.decision, result.capture, result.billed) == (Decision.CAPTURE, 500, "C2")


def test_of_two_whole_ones_none_is_guessed() -> None:
    result = settled(told(), told("C2", None, pays="5.00"))
    assert (result.decision, result.reason) == (Decision.HOLD, "several_cdrs")
    assert result.explanation.endswith("C1 (12.34 EUR), C2 (VAT not known).")
    assert settled(told(doubts=[SHORT]), told("C2", doubts=[SHORT])).reason == "several_cdrs"


def test_a_gross_that_nobody_knows_is_held() -> None:
    unknown = BillableCdr(id="C1", total=None, currency="EUR")
    found = settle([unknown], reserved=4000, currency="EUR")
    assert (found.decision, found.capture, found.reason) == (Decision.HOLD, 0, "gross_unknown")
    assert found.explanation == "CDR C1 states no tax, and the VAT of the charger's country is not known."


def test_what_differs_in_nothing_but_its_id_is_billed_once() -> None:
    one, copy = cdr("C1", content=("S-1", 5)), cdr("C2", content=("S-1", 5))
    found = settled(one, copy)
    assert (found.decision, found.capture, found.billed) == (Decision.CAPTURE, 1234, "C1")
    assert found.explanation.startswith("CDR C2 says the same as CDR C1: it is billed once.")
    assert settled(one, copy, credit("K1", "C1")).billed == "C2"
    assert settled(one, copy, credit("K1", "C1"), credit("K2", "C2")).reason == "credited_without_replacement"
    assert settled(one, cdr("C2", content=("S-1", 6))).reason == "several_cdrs"
    assert settled(cdr("C1"), cdr("C2")).reason == "several_cdrs"


def test_money_for_the_driver_is_captured_from_nobody() -> None:
    found = settled(cdr(pays_driver=True))
    assert (found.decision, found.reason) == (Decision.HOLD, "pays_driver")
    assert settled(cdr("C1", pays_driver=True), credit("K1", "C1"), cdr("C2")).billed == "C2"
