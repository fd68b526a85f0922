"""Tariffs: we are the receiver (OCPI 2.2.1 §11.2.2)."""

from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response

from ocpi import store
from ocpi.server.views.base import OcpiView


class TariffView(OcpiView):
    """GET, PUT, DELETE of a Tariff; PATCH where the version has it."""

    module = "tariffs"

    def get(self, request: Request, country_code: str, party_id: str, tariff_id: str) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_found(store.tariff_wire(party, tariff_id, party.version))

    def put(self, request: Request, country_code: str, party_id: str, tariff_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = store.put_tariff(party, tariff_id, self.body())
        return self.answer_stored(result, "tariff", party, tariff_id)

    def patch(self, request: Request, country_code: str, party_id: str, tariff_id: str) -> Response:
        party = self.party(country_code, party_id)
        if not party.version.tariffs_patchable:
            raise MethodNotAllowed("PATCH")
        result = store.patch_tariff(party, tariff_id, self.body(), message_id=self.record.id)
        return self.answer_stored(result, "tariff", party, tariff_id)

    def delete(self, request: Request, country_code: str, party_id: str, tariff_id: str) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_stored(store.delete_tariff(party, tariff_id), "tariff", party, tariff_id)

    @property
    def allowed_methods(self) -> list[Any]:
        patchable = self.version is not None and self.version.tariffs_patchable
        return [name for name in super().allowed_methods if name != "PATCH" or patchable]
