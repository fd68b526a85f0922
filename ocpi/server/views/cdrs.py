"""CDRs: we are the receiver (OCPI 2.2.1 §10.2.2)."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ocpi import store
from ocpi.finishing import named_in
from ocpi.hubs import speaks_for
from ocpi.receivers import Names
from ocpi.routing import cdr_url
from ocpi.server.views.base import OcpiView
from ocpi.store import Party
from ocpi.versions import Fault, Invalid


class CdrsView(OcpiView):
    """POST: take a CDR. The answer says where our copy is; it is the same when the CDR comes again."""

    module = "cdrs"

    def about(self, _variables: dict[str, Any]) -> Names:
        return named_in(self.body())

    def post(self, request: Request) -> Response:
        data = self.body()
        party = self._owner(data)
        result = store.put_cdr(party, data)
        self.leniences += result.leniences
        self.note("cdr", party, result.row.ocpi_id)
        headers = {"Location": cdr_url(result.row, party.version)}
        return self.ok(status=201 if result.created else 200, headers=headers)

    def _owner(self, data: Any) -> Party:
        """The party that the CDR names, else the partner's own: a CDR's URL names none."""
        partner = self.the_caller().partner
        own = Party(partner, partner.country_code, partner.party_id, self.the_version())
        if not own.version.objects_name_owner or not isinstance(data, dict):
            return own
        country_code, party_id = data.get("country_code"), data.get("party_id")
        if not isinstance(country_code, str) or not isinstance(party_id, str):
            return own
        if not speaks_for(partner, country_code, party_id):
            text = f"{country_code}*{party_id} is not a party that you registered with us"
            raise Invalid((Fault("country_code", text), Fault("party_id", text)))
        return Party(partner, country_code, party_id, own.version)


class CdrView(OcpiView):
    """GET: the CDR behind the URL that its POST was answered with (§10.2.2.1)."""

    module = "cdrs"

    def get(self, request: Request, cdr_uuid: str) -> Response:
        cdr = store.cdr_by_uuid(self.the_caller().partner, cdr_uuid)
        return self.answer_found(store.cdr_wire(cdr, self.the_version()) if cdr else None)
