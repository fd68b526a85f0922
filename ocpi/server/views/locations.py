"""Locations: we are the receiver (OCPI 2.2.1 §8.2.2). Three levels: location, EVSE, connector."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ocpi import store
from ocpi.envelope import StatusCode
from ocpi.receivers import Names
from ocpi.server.views.base import OcpiView


class LocationsView(OcpiView):
    module = "locations"
    unknown_code = StatusCode.UNKNOWN_LOCATION


class LocationView(LocationsView):
    """GET, PUT, PATCH of a Location."""

    def about(self, variables: dict[str, Any]) -> Names:
        return Names(location_id=variables["location_id"])

    def get(self, request: Request, country_code: str, party_id: str, location_id: str) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_found(store.location_wire(party, location_id, party.version))

    def put(self, request: Request, country_code: str, party_id: str, location_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = store.put_location(party, location_id, self.body(), message_id=self.record.id)
        return self.answer_stored(result, "location", party, location_id)

    def patch(self, request: Request, country_code: str, party_id: str, location_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = store.patch_location(party, location_id, self.body(), message_id=self.record.id)
        return self.answer_stored(result, "location", party, location_id)


class EvseView(LocationsView):
    """GET, PUT, PATCH of an EVSE."""

    def about(self, variables: dict[str, Any]) -> Names:
        return Names(evse_uid=variables["evse_uid"])

    def get(self, request: Request, country_code: str, party_id: str, location_id: str, evse_uid: str) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_found(store.evse_wire(party, location_id, evse_uid, party.version))

    def put(self, request: Request, country_code: str, party_id: str, location_id: str, evse_uid: str) -> Response:
        party = self.party(country_code, party_id)
        result = store.put_evse(party, location_id, evse_uid, self.body(), message_id=self.record.id)
        return self.answer_stored(result, "evse", party, location_id, evse_uid)

    def patch(self, request: Request, country_code: str, party_id: str, location_id: str, evse_uid: str) -> Response:
        party = self.party(country_code, party_id)
        result = store.patch_evse(party, location_id, evse_uid, self.body(), message_id=self.record.id)
        return self.answer_stored(result, "evse", party, location_id, evse_uid)


class ConnectorView(LocationsView):
    """GET, PUT, PATCH of a Connector."""

    def about(self, variables: dict[str, Any]) -> Names:
        return Names(evse_uid=variables["evse_uid"])

    def get(
        self,
        request: Request,
        country_code: str,
        party_id: str,
        location_id: str,
        evse_uid: str,
        connector_id: str,
    ) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_found(store.connector_wire(party, location_id, evse_uid, connector_id, party.version))

    def put(
        self,
        request: Request,
        country_code: str,
        party_id: str,
        location_id: str,
        evse_uid: str,
        connector_id: str,
    ) -> Response:
        party = self.party(country_code, party_id)
        result = store.put_connector(party, location_id, evse_uid, connector_id, self.body(), message_id=self.record.id)
        return self.answer_stored(result, "connector", party, location_id, evse_uid, connector_id)

    def patch(
        self,
        request: Request,
        country_code: str,
        party_id: str,
        location_id: str,
        evse_uid: str,
        connector_id: str,
    ) -> Response:
        party = self.party(country_code, party_id)
        result = store.patch_connector(
            party, location_id, evse_uid, connector_id, self.body(), message_id=self.record.id
        )
        return self.answer_stored(result, "connector", party, location_id, evse_uid, connector_id)
