"""What goes out in answers: listed words only, and every optional field where a peer's library needs it."""

import pytest

from ocpi.versions import Invalid
from ocpi.versions.serving import in_listed_words
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions.vectors import V211, V221, make


def test_what_cannot_be_read_any_more_is_served_as_it_is() -> None:
    assert in_listed_words(V221, "evse", {"uid": "1"}) == {"uid": "1"}


def test_what_is_listed_is_served_as_it_came() -> None:
    assert in_listed_words(V221, "evse", v.EVSE) == v.EVSE


def test_a_connector_of_an_unknown_kind_cannot_be_said() -> None:
    with pytest.raises(Invalid, match="standard"):
        in_listed_words(V221, "connector", make(v.CONNECTOR, {"standard": "HOOK"}))


def test_an_unknown_value_in_a_list_is_left_out_beside_one_that_takes_its_part_along() -> None:
    odd = make(v.CONNECTOR, {"id": "9", "standard": "HOOK"})
    evse = make(
        v.EVSE, {"status": "BANANA", "capabilities": ["TELEPATHY", "rfid_reader"], "connectors": [odd, v.CONNECTOR]}
    )
    served = in_listed_words(V221, "evse", evse)
    assert served == make(v.EVSE, {"status": "UNKNOWN", "capabilities": ["RFID_READER"]})


def test_nulls_on_every_level() -> None:
    full = V221.with_nulls("evse", {"uid": "1", "coordinates": None, "connectors": [{"id": "1"}, 5], "images": "x"})
    assert full["connectors"] == [
        {"id": "1", "max_electric_power": None, "tariff_ids": [], "terms_and_conditions": None},
        5,
    ]
    assert (full["evse_id"], full["coordinates"], full["capabilities"], full["images"]) == (None, None, [], "x")
    assert "status" not in full
    assert "max_electric_power" not in V211.with_nulls("connector", {})
