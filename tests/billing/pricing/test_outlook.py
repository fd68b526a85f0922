"""What a charge that begins now costs, and what changes when."""

from decimal import Decimal
from typing import Any

from billing.pricing import By, Dimension, Step, gross_limits, outlook
from tests.billing.pricing.build import BRATISLAVA, MONDAY, component, element, tariff

E, T, P, F = Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT


def told(*elements: dict[str, Any]) -> dict[Dimension, list[tuple[By, str, Any]]]:
    """(by, price, from when) of each step, from Monday 09:30 in Bratislava on."""
    found = outlook(tariff(*elements), MONDAY, BRATISLAVA)
    return {name: [(one.by, str(one.price), _when(one)) for one in steps] for name, steps in found.items()}


def _when(step: Step) -> Any:
    clock = f"{step.at:%H:%M}" if step.at else ""
    by = {By.NOW: "", By.CLOCK: clock, By.DURATION: step.after, By.ENERGY: step.kwh, By.POWER: step.kw}
    return by[step.by]


def test_by_the_clock_and_by_the_day() -> None:
    day = element(component("ENERGY", 1, vat=25), start_time="07:00", end_time="22:00")
    assert told(day, element(component("ENERGY", 0.4, vat=25))) == {
        E: [(By.NOW, "1.25", ""), (By.CLOCK, "0.5", "22:00"), (By.CLOCK, "1.25", "07:00")]
    }
    monday = element(component("ENERGY", 1, vat=25), day_of_week=["MONDAY"])
    assert told(monday)[E] == [(By.NOW, "1.25", ""), (By.CLOCK, "0", "00:00")]
    today = element(component("ENERGY", 1, vat=25), end_date="2026-03-03")
    assert told(today)[E][1:] == [(By.CLOCK, "0", "00:00")]


def test_by_how_long_it_lasts() -> None:
    parts = (
        element(component("TIME", 6, vat=25), min_duration=3600, max_duration=7200),
        element(component("TIME", 3, vat=25)),
    )
    assert told(*parts) == {T: [(By.NOW, "3.75", ""), (By.DURATION, "7.5", 3600), (By.DURATION, "3.75", 7200)]}
    late = element(component("PARKING_TIME", 6, vat=25), min_duration=90_000)
    assert told(late, element(component("FLAT", 1, vat=25))) == {F: [(By.NOW, "1.25", "")]}


def test_by_energy_and_by_power() -> None:
    parts = (
        element(component("ENERGY", 1, vat=25), max_kwh=10),
        element(component("ENERGY", 4, vat=25), min_power=100),
        element(component("ENERGY", 2, vat=25), min_kwh=10),
    )
    assert told(*parts)[E] == [
        (By.NOW, "1.25", ""),
        (By.ENERGY, "2.5", Decimal(10)),
        (By.POWER, "5", (Decimal(100), None)),
    ]


def test_what_changes_nothing_is_no_step() -> None:
    same = (element(component("ENERGY", 1, vat=25), max_kwh=10), element(component("ENERGY", 1, vat=25)))
    assert told(*same)[E] == [(By.NOW, "1.25", "")]
    noon = (element(component("ENERGY", 1, vat=25), start_time="12:00"), element(component("ENERGY", 1, vat=25)))
    assert told(*noon)[E] == [(By.NOW, "1.25", "")]


def test_free_of_charge_is_no_line_and_an_unknown_vat_no_price() -> None:
    assert told(element(component("ENERGY", 0, vat=25))) == {}
    assert told(element(component("ENERGY", 1)))[E] == [(By.NOW, "None", "")]


def test_the_least_and_the_most() -> None:
    part = element(component("ENERGY", 1, vat=25))
    limited = tariff(part, min_price={"excl_vat": 2, "incl_vat": 2.5}, max_price={"excl_vat": 4})
    assert gross_limits(limited) == (Decimal("2.5"), Decimal(5))
    assert gross_limits(tariff(element(component("ENERGY", 1)), max_price={"excl_vat": 4})) == (None, None)
