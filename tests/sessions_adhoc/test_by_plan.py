"""Settled by the price plan: without a CDR at a price of our own, with a margin, and by our own calculation in time."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import OutstandingAmount, PricePlan
from ocpi.models import Connector, Evse
from partners.models import Policy
from sessions_adhoc import symptoms
from sessions_adhoc.decide.settle import CDR_MISSING
from sessions_adhoc.models import AdHocSession, TimelineEvent
from tests.factories import tariff_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state, states

pytestmark = pytest.mark.django_db

EVSE = "SK*ION*EEVSE-1"
YESTERDAY = stamp(BEGINNING - timedelta(days=1))


@pytest.fixture
def published(evse: Evse, cpo: Cpo) -> Evse:
    """0.49 EUR per kWh and 23 % VAT: 5 kWh cost 3.01 EUR."""
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(last_updated=YESTERDAY), 201)
    return evse


def plan(kind: str, **values: Any) -> PricePlan:
    amounts = {name for name in values if name.startswith(("per_", "margin_", "idle_per"))}
    prices = {name: Decimal(value) if name in amounts else value for name, value in values.items()}
    since = BEGINNING - timedelta(days=1)
    made: PricePlan = PricePlan.objects.create(**{"name": "Plan", "kind": kind, "valid_from": since, **prices})
    return made


def retail(**values: Any) -> PricePlan:
    return plan("retail", **{"currency": "EUR", "per_kwh": "0.79", **values})


@pytest.fixture
def charge(driver: Driver, cpo: Cpo, clock: Clock) -> Callable[..., AdHocSession]:
    """Charges 5 kWh in six minutes; `end` is the Session's last status, "" where it is not told, and `kwh` its last."""

    def play(end: str = "COMPLETED", kwh: float = 5) -> AdHocSession:
        session = driver.start()
        cpo.session(0, created=True)
        for minute in range(1, 6):
            clock.forward(seconds=60)
            cpo.session(minute)
        clock.forward(seconds=60)
        if end:
            cpo.session(kwh, end)
        clock.forward(seconds=1)
        return session

    return play


def leave(cpo: Cpo, clock: Clock) -> None:
    """The connector is free again, and the Session says nothing more (rule 15)."""
    cpo.evse("CHARGING")
    clock.forward(seconds=1)
    cpo.evse("AVAILABLE")
    clock.forward(seconds=6)


def outstanding() -> list[tuple[str, int, str]]:
    return list(OutstandingAmount.objects.order_by("pk").values_list("kind", "amount", "state"))


def billed_by(session: AdHocSession) -> str:
    return AdHocSession.objects.values_list("billed_by", flat=True).get(pk=session.pk)


def refunded(session: AdHocSession) -> int:
    return AdHocSession.objects.get(pk=session.pk).authorization.refunded_amount


# A price of our own.


def test_a_retail_plan_is_settled_without_a_cdr(charge: Callable[..., AdHocSession], published: Evse) -> None:
    retail()
    session = charge()
    assert state(session) == ("settled", "")
    assert money(session) == gateway(session) == ("captured", 395)
    assert billed_by(session) == "own"
    assert session.offer["plan"]["kind"] == "retail"
    assert session.offer["lines"] == ["0.79 EUR/kWh, incl. 23 % VAT"]
    assert open_incidents() == []
    text = "Our own calculation, as the price is ours: 5 kWh metered, 3.95 EUR by the offer."
    assert TimelineEvent.objects.filter(session=session, text=text).count() == 1


def test_the_cdr_then_is_between_us_and_the_operator(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    retail()
    session = charge()
    cpo.cdr(3.01)
    clock.forward(seconds=1)
    assert (money(session), refunded(session), outstanding(), open_incidents()) == (("captured", 395), 0, [], [])


def test_what_the_operator_asks_beyond_its_tariff_is_a_claim(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    retail()
    session = charge()
    cpo.cdr(4.51)
    clock.forward(seconds=1)
    assert (money(session), refunded(session)) == (("captured", 395), 0)
    assert outstanding() == [("claim", 150, "open")]
    assert open_incidents() == [symptoms.PRICE_DIFFERS]


def test_a_cdr_of_less_energy_gives_the_driver_the_difference(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    retail()
    session = charge()
    cpo.cdr(1.81, kwh=3)
    clock.forward(seconds=1)
    assert (money(session), refunded(session)) == (("captured", 395), 158)  # 2 kWh
    assert outstanding() == []


def test_a_cdr_that_cannot_be_true_is_told_and_moves_no_money(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    retail()
    session = charge()
    cpo.cdr(60.27, kwh=100)
    clock.forward(seconds=1)
    assert (money(session), refunded(session), outstanding()) == (("captured", 395), 0, [])
    assert open_incidents() == [symptoms.BILL_CHANGED]


def test_a_retail_price_by_time_per_minute_and_per_session(
    charge: Callable[..., AdHocSession], published: Evse
) -> None:
    """14:00 in Bratislava: 0.50 for each kWh, 0.10 for each of five minutes, 0.35 once; the sixth minute is free."""
    retail(by_time="13:00-15:00 0.50", per_minute="0.10", per_session="0.35", idle_per_minute="0.20", idle_after=60)
    session = charge()
    assert money(session) == ("captured", 250 + 50 + 35)


def test_no_more_is_taken_than_was_reserved(charge: Callable[..., AdHocSession], published: Evse) -> None:
    Policy.objects.create(partner=published.partner, at_limit="go_on")
    retail(per_kwh="20")
    assert money(charge()) == ("captured", 4000)


def test_a_free_price_of_our_own_releases_everything(charge: Callable[..., AdHocSession], published: Evse) -> None:
    retail(per_kwh="0")
    session = charge()
    assert (state(session)[0], money(session), billed_by(session)) == ("settled", ("released", 0), "own")


def test_a_session_that_is_not_told_to_its_end_is_billed_by_its_last_reading(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    retail()
    session = charge(end="")
    leave(cpo, clock)
    assert state(session)[0] == "awaiting_cdr"
    assert money(session) == ("reserved", 0)
    clock.forward(seconds=601)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 395))


def test_before_that_the_operator_s_bill_is_taken_at_our_price(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    retail()
    session = charge(end="")
    leave(cpo, clock)
    cpo.cdr(4.51)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session), billed_by(session)) == ("settled", ("captured", 395), "cdr")
    assert outstanding() == [("claim", 150, "open")]


@pytest.mark.parametrize("why", ["power", "invalid", "other energy"])
def test_meter_values_that_cannot_be_true_wait_for_the_cdr(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse, why: str
) -> None:
    retail()
    if why == "power":
        Connector.objects.update(max_kw=Decimal("11"))
    session = charge(end="INVALID" if why == "invalid" else "COMPLETED", kwh=4 if why == "other energy" else 5)
    assert (state(session)[0], money(session)) == ("awaiting_cdr", ("reserved", 0))
    clock.forward(hours=24)
    assert state(session) == ("escalated", "cdr_missing")
    assert open_incidents() == [CDR_MISSING]


def test_a_plan_in_another_currency_than_the_operator_s_tariff(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    retail(currency="CZK", per_kwh="19.50")
    session = charge()
    assert (session.currency, session.amount, money(session)) == ("CZK", 100_000, ("captured", 9750))
    cpo.cdr(3.01)
    clock.forward(seconds=1)
    assert (refunded(session), outstanding(), open_incidents()) == (0, [], [])


# A margin.


def test_a_margin_is_shown_estimated_and_paid(
    charge: Callable[..., AdHocSession], driver: Driver, cpo: Cpo, clock: Clock, published: Evse
) -> None:
    """0.6027 and 10 % and 5 cents: 0.713 per kWh."""
    plan("margin", margin_percent="10", margin_per_kwh="0.05", currency="EUR")
    session = charge()
    body = driver.call("GET", f"{session.pk}/").json()
    assert body["quote"]["text"] == "0.713 EUR/kWh, incl. 23 % VAT"
    assert body["money"]["estimated"] == 356
    assert state(session)[0] == "awaiting_cdr"
    cpo.cdr(3.01)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session), billed_by(session)) == ("settled", ("captured", 356), "cdr")
    assert (outstanding(), open_incidents()) == ([], [])


def test_a_cdr_above_the_tariff_is_no_margin_s_business(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    plan("margin", margin_percent="10")
    session = charge()
    cpo.cdr(4.01)
    clock.forward(seconds=1)
    assert money(session) == ("captured", 331)
    assert outstanding() == [("claim", 100, "open")]


def test_a_cdr_below_the_tariff_makes_the_margin_smaller(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    plan("margin", margin_percent="10")
    session = charge()
    cpo.cdr(2.00)
    clock.forward(seconds=1)
    assert (money(session), outstanding()) == (("captured", 220), [])


def test_the_highest_price_holds_for_the_margin_too(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, evse: Evse
) -> None:
    evse.connectors.update(tariff_ids=["T-1"])
    capped = tariff_data(last_updated=YESTERDAY, max_price={"excl_vat": 2, "incl_vat": 2.46})
    cpo.push("PUT", "tariffs/SK/ION/T-1", capped, 201)
    plan("margin", margin_per_kwh="0.10", currency="EUR")
    session = charge()
    cpo.cdr(2.46)
    clock.forward(seconds=1)
    assert money(session) == ("captured", 246)


def test_without_a_price_there_is_no_margin(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, evse: Evse
) -> None:
    plan("margin", margin_percent="10")
    session = charge()
    cpo.cdr(3.01)
    clock.forward(seconds=1)
    assert money(session) == ("captured", 301)


# Our own calculation where the CDR does not come.


def test_no_cdr_in_twelve_hours_is_settled_by_our_own_calculation(
    charge: Callable[..., AdHocSession], clock: Clock, published: Evse
) -> None:
    session = charge()
    clock.forward(hours=11, minutes=59)
    assert (state(session)[0], money(session)) == ("awaiting_cdr", ("reserved", 0))
    clock.forward(minutes=2)
    assert (state(session)[0], money(session), billed_by(session)) == ("settled", ("captured", 301), "own")
    assert states(session)[-2:] == ["awaiting_cdr", "settled"]
    text = "Our own calculation, as no CDR came in time: 5 kWh metered, 3.01 EUR by the offer."
    assert TimelineEvent.objects.filter(session=session, text=text).exists()


@pytest.fixture
def calculated(charge: Callable[..., AdHocSession], clock: Clock, published: Evse) -> AdHocSession:
    """5 kWh, billed by our own calculation: 3.01 EUR."""
    Policy.objects.create(partner=published.partner, own_calculation_after=1800)
    session = charge()
    clock.forward(minutes=31)
    assert money(session) == ("captured", 301)
    return session


def test_a_cdr_that_agrees_changes_nothing(calculated: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(3.01)
    clock.forward(seconds=1)
    assert (refunded(calculated), outstanding(), open_incidents()) == (0, [], [])


def test_a_lower_cdr_gives_the_difference_back(calculated: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(2.50)
    cpo.cdr(2.50, expected=None)
    clock.forward(seconds=1)
    assert (money(calculated), refunded(calculated)) == (("captured", 301), 51)
    assert outstanding() == []
    text = "CDR CDR-1 asks for less than our own calculation: the difference is given back to the driver."
    assert TimelineEvent.objects.filter(session=calculated, text=text).count() == 1


def test_a_higher_plausible_cdr_takes_no_more(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock, published: Evse
) -> None:
    """The connector could have delivered 6 kWh after the last reading of 5: owed, and not collected."""
    Policy.objects.create(partner=published.partner, own_calculation_after=1800)
    session = charge(end="")
    leave(cpo, clock)
    clock.forward(minutes=31)
    assert money(session) == ("captured", 301)
    ended = stamp(BEGINNING + timedelta(minutes=6))
    cpo.cdr(3.62, kwh=6, end_date_time=ended, last_updated=ended)
    clock.forward(seconds=1)
    assert (money(session), refunded(session)) == (("captured", 301), 0)
    assert outstanding() == [("receivable", 61, "open")]
    assert open_incidents() == [symptoms.BILL_CHANGED]


def test_a_cdr_beyond_the_price_is_a_claim(calculated: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(4.01)
    clock.forward(seconds=1)
    assert (money(calculated), refunded(calculated)) == (("captured", 301), 0)
    assert outstanding() == [("claim", 100, "open")]
    assert open_incidents() == [symptoms.PRICE_DIFFERS]


def test_without_a_price_money_is_held_as_before(charge: Callable[..., AdHocSession], clock: Clock, evse: Evse) -> None:
    session = charge()
    clock.forward(hours=24)
    assert state(session) == ("escalated", "cdr_missing")
