"""Exact amounts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cpo_simulator.charging.pricing import Slice, bill
from cpo_simulator.network.catalogue import tariffs
from cpo_simulator.settings.config import Config
from cpo_simulator.wire.money import Price

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TARIFFS = {one["id"]: one for one in tariffs(Config(), NOON)}


def charge(*pieces: Any, begin: Any = NOON) -> list[Slice]:
    """Slices one after the other from (minutes, Wh); 0 Wh means connected without charging."""
    out = []
    for minutes, wh in pieces:
        end = begin + timedelta(minutes=minutes)
        out.append(Slice(begin, end, wh, Decimal(50), charging=wh > 0))
        begin = end
    return out


def amounts(price: Price) -> tuple[str, str]:
    return str(price.excl_vat), str(price.incl_vat)


def test_energy_only_is_rounded_half_up_once() -> None:
    cost = bill(TARIFFS["ION-AC"], charge((10, 4_135), (10, 8_210)))
    assert amounts(cost.total) == ("4.81", "5.92")  # 12.345 kWh: 4.81455 and 5.9218965
    assert cost.costs.keys() == {"total_energy_cost"}


def test_a_half_cent_goes_up() -> None:
    cost = bill(TARIFFS["ION-AC"], charge((5, 500)))
    assert amounts(cost.total) == ("0.20", "0.24")  # 0.195 and 0.23985


def test_a_session_fee_is_due_once() -> None:
    cost = bill(TARIFFS["ION-DC"], charge((5, 10_000), (5, 15_000)))
    assert amounts(cost.total) == ("13.25", "16.30")
    assert amounts(cost.costs["total_fixed_cost"]) == ("1.00", "1.23")
    assert amounts(cost.costs["total_energy_cost"]) == ("12.25", "15.07")


def test_the_price_changes_at_ten_in_the_evening_local_time() -> None:
    begin = datetime(2026, 11, 22, 20, 50, tzinfo=UTC)  # 21:50 in Bratislava
    cost = bill(TARIFFS["ION-HPC"], charge((10, 10_000), (10, 10_000), begin=begin), "Europe/Bratislava")
    assert amounts(cost.total) == ("11.70", "14.39")  # 10 x 0.65 + 10 x 0.52
    assert [period["start_date_time"].minute for period in cost.periods] == [50, 0]


def test_idle_time_is_charged_in_whole_minutes() -> None:
    cost = bill(TARIFFS["ION-HPC"], charge((10, 10_000), (2.5, 0)), "Europe/Bratislava")
    assert amounts(cost.costs["total_parking_cost"]) == ("0.30", "0.37")  # 3 of 2.5 minutes at 6.00 per hour
    assert amounts(cost.total) == ("6.80", "8.36")
    assert [d["type"] for d in cost.periods[1]["dimensions"]] == ["PARKING_TIME"]


def test_step_size_counts_the_whole_charge_and_lands_on_the_last_price() -> None:
    tariff = {
        "id": "T",
        "elements": [
            {"price_components": [{"type": "TIME", "price": Decimal(6), "step_size": 900}]},
            {"price_components": [{"type": "PARKING_TIME", "price": Decimal(12), "step_size": 900}]},
        ],
    }
    cost = bill(tariff, charge((20, 1_000), (5, 0)))
    assert amounts(cost.costs["total_time_cost"]) == ("2.00", "2.00")  # 20 minutes, not rounded
    assert amounts(cost.costs["total_parking_cost"]) == ("2.00", "2.00")  # 5 minutes and 5 more to 30 in all


def test_restrictions_by_energy_and_duration() -> None:
    tariff = {
        "id": "T",
        "elements": [
            {
                "price_components": [{"type": "ENERGY", "price": Decimal(0), "step_size": 1}],
                "restrictions": {"max_kwh": 5},
            },
            {"price_components": [{"type": "ENERGY", "price": Decimal("0.5"), "step_size": 1}]},
            {
                "price_components": [{"type": "TIME", "price": Decimal(6), "step_size": 1}],
                "restrictions": {"min_duration": 600, "day_of_week": ["SUNDAY"]},
            },
        ],
    }
    cost = bill(tariff, charge((10, 5_000), (10, 5_000)))
    assert amounts(cost.costs["total_energy_cost"]) == ("2.50", "2.50")
    assert amounts(cost.costs["total_time_cost"]) == ("1.00", "1.00")
