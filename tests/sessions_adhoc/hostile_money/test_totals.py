"""Totals that the tariff does not explain: the driver pays the smaller, the rest is the CPO's to claim (rule 32)."""

from collections.abc import Callable
from typing import Any

import pytest

from sessions_adhoc import symptoms
from tests.sessions_adhoc.hostile_money.conftest import HELD, RELEASED, Charge, outstanding, taken
from tests.sessions_adhoc.looking import open_incidents

pytestmark = pytest.mark.django_db


@pytest.fixture
def charged(old_and_new: Charge) -> Charge:
    old_and_new.publish()
    return old_and_new.charge(5)


def test_ten_times_the_price_is_a_claim(charged: Charge) -> None:
    charged.bill(30.10)
    assert charged.now() == ("settled", taken(301), [("claim", 2709)], [symptoms.PRICE_DIFFERS])
    charged.quiet()


def test_more_than_the_reservation_is_a_claim_and_not_the_whole_of_it(charged: Charge) -> None:
    charged.bill(99.99)
    assert charged.now() == ("settled", taken(301), [("claim", 9698)], [symptoms.PRICE_DIFFERS])


def test_a_total_of_nothing_takes_nothing(charged: Charge) -> None:
    charged.bill(0)
    where, money, owed, _incidents = charged.now()
    assert (money, owed) == (RELEASED, [])
    assert where == "settled"


def test_a_negative_total_takes_nothing_and_gives_nothing(charged: Charge) -> None:
    charged.bill(-3.01)
    assert charged.now()[:3] == ("escalated", HELD, [])
    assert len(open_incidents()) == 1
    charged.quiet()


def test_a_total_beyond_every_column(charged: Charge) -> None:
    assert charged.bill(1e15)[1] == 2001
    assert charged.now()[1:] == (HELD, [], [])
    assert charged.bill(999_999_999)[1] == 1000
    assert charged.now()[:2] == ("settled", taken(301))


def test_a_total_that_is_none_moves_nothing(charged: Charge) -> None:
    totals: list[Any] = ["NaN", "Infinity", "x", None, True, [], {"excl_vat": "x"}]
    for total in totals:
        charged.bill(3.01, total_cost=total)
        assert charged.now()[1:3] == (HELD, [])


def test_lower_than_shown_is_taken_as_it_is(charged: Charge) -> None:
    charged.bill(2.00)
    assert charged.now()[:3] == ("settled", taken(200), [])


def test_without_a_tariff_only_what_is_usual(charge_221: Charge) -> None:
    charge_221.charge(5)
    charge_221.bill(7.50)
    assert charge_221.now()[:3] == ("settled", taken(750), [])


def test_without_a_tariff_more_than_usual_is_held(charge_221: Charge) -> None:
    charge_221.charge(5)
    charge_221.bill(7.60)
    assert charge_221.now()[:3] == ("escalated", HELD, [])
    assert open_incidents()


def test_a_foreign_currency_is_held(charged: Charge) -> None:
    charged.bill(3.01, currency="CZK")
    assert charged.now()[:3] == ("escalated", HELD, [])
    assert open_incidents()
    charged.quiet()


def test_the_same_cdr_again_and_with_another_total(charged: Charge) -> None:
    charged.bill(3.01)
    charged.bill(3.01)
    charged.bill(30.10)
    where, money, _owed, _incidents = charged.now()
    assert (where, money) == ("settled", taken(301))
    charged.quiet()


def test_a_claim_goes_with_the_cdr_that_made_it(charge_over: Callable[..., Charge], request: Any) -> None:
    charge = charge_over("2.2.1")
    charge.publish()
    charge.charge(5)
    charge.bill(30.10)
    charge.credit(30.10)
    charge.bill(20.00, "CDR-2")
    where, money, owed, _incidents = charge.now()
    assert (where, money, owed) == ("settled", taken(301), [("claim", 1699)])
    charge.credit(20.00, "CDR-2", "CREDIT-2")
    charge.bill(3.01, "CDR-3")
    assert charge.now() == ("settled", taken(301), [], [])
    assert [amount for _kind, amount, now in outstanding() if now == "withdrawn"] == [2709, 1699]
    charge.quiet()
