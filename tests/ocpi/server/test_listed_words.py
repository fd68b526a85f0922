"""What a closed enumeration does not list is kept, and not served back by our GETs."""

from ocpi.models import Connector, Evse, OcpiSession
from tests.factories import connector_data, evse_data, location_data, session_data
from tests.ocpi.server.conftest import Cpo, answered

URL = "locations/SK/ION/LOC-1"


def test_a_location_is_served_in_listed_words(cpo: Cpo) -> None:
    odd = evse_data(
        status="BANANA",
        capabilities=["TELEPATHY", "RFID_READER"],
        connectors=[connector_data(standard="HOOK"), connector_data(id="2")],
    )
    whole = evse_data(uid="E2", status="preparing", connectors=[connector_data()])
    hooks = evse_data(uid="E3", connectors=[connector_data(standard="HOOK")])
    data = location_data(evses=[odd, whole, hooks], parking_type="TREE", facilities=["MOON", "CAFE"])
    answered(cpo.put(URL, data), 201, 1000)
    assert {evse.uid: evse.raw["status"] for evse in Evse.objects.all()} == {
        "EVSE-1": "BANANA",
        "E2": "preparing",
        "E3": "AVAILABLE",
    }
    assert Connector.objects.filter(standard="HOOK").count() == 2
    served = answered(cpo.get(URL), 200, 1000)
    assert (served.get("parking_type"), served["facilities"]) == (None, ["CAFE"])
    assert [(evse["uid"], evse["status"]) for evse in served["evses"]] == [("E2", "BLOCKED"), ("EVSE-1", "UNKNOWN")]
    assert served["evses"][1]["capabilities"] == ["RFID_READER"]
    assert [connector["id"] for connector in served["evses"][1]["connectors"]] == ["2"]
    answered(cpo.get(f"{URL}/EVSE-1/2"), 200, 1000)
    answered(cpo.get(f"{URL}/EVSE-1/1"), 200, 3000, "standard")
    assert answered(cpo.get(f"{URL}/EVSE-1"), 200, 1000)["status"] == "UNKNOWN"


def test_what_is_in_listed_words_is_served_as_it_came(cpo: Cpo) -> None:
    data = location_data(odd="kept")
    answered(cpo.put(URL, data), 201, 1000)
    assert answered(cpo.get(URL), 200, 1000) == data


def test_a_session(cpo: Cpo) -> None:
    data = session_data("S-1", status="active")
    answered(cpo.put("sessions/SK/ION/S-1", data), 201, 1000)
    assert OcpiSession.objects.get().raw["status"] == "active"
    assert answered(cpo.get("sessions/SK/ION/S-1"), 200, 1000)["status"] == "ACTIVE"
