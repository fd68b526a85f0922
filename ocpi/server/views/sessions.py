"""Sessions: we are the receiver (OCPI 2.2.1 §9.2.2)."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ocpi import store
from ocpi.finishing import named_in
from ocpi.receivers import Names
from ocpi.server.views.base import OcpiView


class SessionView(OcpiView):
    """GET, PUT, PATCH of a Session."""

    module = "sessions"

    def about(self, variables: dict[str, Any]) -> Names:
        return named_in(self.body(), variables["session_id"])

    def get(self, request: Request, country_code: str, party_id: str, session_id: str) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_found(store.session_wire(party, session_id, party.version))

    def put(self, request: Request, country_code: str, party_id: str, session_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = store.put_session(party, session_id, self.body(), message_id=self.record.id)
        return self.answer_stored(result, "session", party, session_id)

    def patch(self, request: Request, country_code: str, party_id: str, session_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = store.patch_session(party, session_id, self.body(), message_id=self.record.id)
        return self.answer_stored(result, "session", party, session_id)
