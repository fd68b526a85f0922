"""What the rest of the platform asks of an object of any version."""

from decimal import Decimal
from typing import Any

import pytest

from ocpi.versions import gross, power_kw, state_of_charge
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as w
from tests.ocpi.versions.vectors import LATER, THEN, V211, V221, V230, make


def session(*periods: tuple[str, list[tuple[str, float]]]) -> Any:
    sent = [
        {
            "start_date_time": at,
            "dimensions": [{"type": name, "volume": volume} for name, volume in dimensions],
        }
        for at, dimensions in periods
    ]
    return V221.parse("session", make(v.SESSION, {"charging_periods": sent})).obj


def test_gross() -> None:
    assert gross(None) is None
    assert gross(V211.parse("session", v.SESSION_211).obj.total_cost) is None
    assert gross(V221.parse("price", {"excl_vat": 5, "incl_vat": 6.15}).obj) == Decimal("6.15")
    assert gross(V221.parse("price", {"excl_vat": 5}).obj) is None
    assert gross(V221.parse("price", {"excl_vat": 5, "incl_vat": 0}).obj) is None
    assert gross(V221.parse("price", {"excl_vat": 0, "incl_vat": 0}).obj) == Decimal(0)
    assert gross(V230.parse("price", w.PRICE_230).obj) == Decimal("12.8")
    assert gross(V230.parse("price", {"before_taxes": 5}).obj) is None
    assert gross(V230.parse("price_limit", {"before_taxes": 5, "after_taxes": 6}).obj) == Decimal(6)


def test_power_and_state_of_charge_are_those_of_the_newest_period() -> None:
    newest = (LATER, [("POWER", 48.2), ("STATE_OF_CHARGE", 61)])
    found = session(newest, (THEN, [("POWER", 11), ("STATE_OF_CHARGE", 20)]))
    assert power_kw(found) == Decimal("48.2")
    assert state_of_charge(found) == Decimal(61)


def test_power_may_be_negative_and_may_be_missing() -> None:
    assert power_kw(session((THEN, [("POWER", -7.4)]))) == Decimal("-7.4")
    assert power_kw(session((THEN, [("POWER", 11)]), (LATER, [("ENERGY", 1)]))) is None
    assert power_kw(session()) is None
    assert power_kw(V211.parse("session", v.SESSION_211).obj) is None


@pytest.mark.parametrize("volume", [-1, 100.5])
def test_an_impossible_state_of_charge_is_none(volume: float) -> None:
    assert state_of_charge(session((THEN, [("STATE_OF_CHARGE", volume)]))) is None
    assert state_of_charge(session((THEN, [("ENERGY", 1)]))) is None


@pytest.mark.parametrize(
    ("changes", "kw", "is_dc"),
    [
        ({}, "300", True),
        ({"max_electric_power": None}, "460", True),
        (
            {"max_electric_power": 0, "power_type": "AC_1_PHASE", "max_voltage": 230, "max_amperage": 16},
            "3.68",
            False,
        ),
        (
            {"max_electric_power": None, "power_type": "AC_2_PHASE", "max_voltage": 230, "max_amperage": 16},
            "7.36",
            False,
        ),
        (
            {"max_electric_power": None, "power_type": "AC_3_PHASE", "max_voltage": 230, "max_amperage": 32},
            "22.08",
            False,
        ),
        (
            {"max_electric_power": None, "power_type": "STEAM", "max_voltage": 230, "max_amperage": 10},
            "2.3",
            False,
        ),
    ],
)
def test_connector_power(changes: dict[str, Any], kw: str, is_dc: bool) -> None:
    connector = V221.parse("connector", make(v.CONNECTOR, changes)).obj
    assert connector.max_kw == Decimal(kw)
    assert connector.is_dc is is_dc


def test_connector_power_in_2_1_1() -> None:
    assert V211.parse("connector", v.CONNECTOR_211).obj.max_kw == Decimal("22.08")


def test_the_place_of_2_1_1_is_the_one_evse_and_connector_of_its_location() -> None:
    """A CPO that sends its whole Location names none of several: none of them is then another one."""
    one = V211.parse("session", v.SESSION_211).obj
    assert (one.evse_uid, one.connector_id) == (one.location.evses[0].uid, one.location.evses[0].connectors[0].id)
    bay = v.SESSION_211["location"]["evses"][0]
    plugs = [bay["connectors"][0], {**bay["connectors"][0], "id": "2"}]
    for bays, named in [
        ([bay, {**bay, "uid": "OTHER"}], ("#NA", "#NA")),
        ([{**bay, "connectors": plugs}], (one.evse_uid, "#NA")),
        ([], ("#NA", "#NA")),
    ]:
        location = {**v.SESSION_211["location"], "evses": bays}
        found = V211.parse("session", {**v.SESSION_211, "location": location}).obj
        assert (found.location_id, found.evse_uid, found.connector_id) == (one.location_id, *named)


@pytest.mark.parametrize(("volts", "amperes"), [(0, 32), (920, 0), (1_000_000, 1_000_000)])
def test_what_no_connector_has_is_no_power(volts: int, amperes: int) -> None:
    changes = {"max_electric_power": None, "max_voltage": volts, "max_amperage": amperes}
    assert V221.parse("connector", make(v.CONNECTOR, changes)).obj.max_kw is None
