"""Hub client info: we are the receiver (OCPI 2.2.1 §15.2.2)."""

from rest_framework.request import Request
from rest_framework.response import Response

from ocpi.server.views.base import OcpiView
from ocpi.store import Party
from ocpi.store.clients import client_info_wire, put_client_info
from ocpi.sync.clients import clients_came


class ClientInfoView(OcpiView):
    """GET, PUT of what a hub tells of a party; the URL names that party, not the hub."""

    module = "hubclientinfo"
    functional = False

    def get(self, request: Request, country_code: str, party_id: str) -> Response:
        party = self._described_party(country_code, party_id)
        return self.answer_found(client_info_wire(party, party.version))

    def put(self, request: Request, country_code: str, party_id: str) -> Response:
        party = self._described_party(country_code, party_id)
        result = put_client_info(party, self.body())
        if result.created:
            clients_came(party.partner)
        return self.answer_stored(result, "client", party, result.row.role)

    def _described_party(self, country_code: str, party_id: str) -> Party:
        return Party(self.the_caller().partner, country_code, party_id, self.the_version())
