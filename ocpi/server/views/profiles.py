"""Charging profiles: we are the sender (OCPI 2.2.1 §14.2.1)."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from ocpi.calls import charging_profiles
from ocpi.calls.results import read_result
from ocpi.models import ProfileRequest
from ocpi.server.views.base import OcpiView


class ProfileResultView(OcpiView):
    """POST: the result of a request, at the `response_url` that it named. Sending again does no harm."""

    module = charging_profiles.MODULE

    def post(self, request: Request, kind: str, request_id: str) -> Response:
        version, partner = self.the_version(), self.the_caller().partner
        known = ProfileRequest.objects.filter(pk=request_id, partner=partner, kind=kind)
        if kind not in charging_profiles.RESULTS or not known.exists():
            raise Http404
        body = self.body()
        parsed = read_result(version, charging_profiles.RESULTS[kind], body)
        self.leniences += parsed.leniences
        self.objects.append(f"profile_request:{request_id}")
        taken = charging_profiles.take_result(partner, request_id, parsed.obj, version, body)
        return self.ok(message="Success" if taken else "A result was received before: nothing was changed.")


class ActiveProfileView(OcpiView):
    """PUT: what a charger will do from now on, told unasked (§14.2.1.2)."""

    module = charging_profiles.MODULE

    def put(self, request: Request, session_id: str) -> Response:
        partner = self.the_caller().partner
        result = charging_profiles.put_active_profile(partner, session_id, self.body(), self.the_version())
        self.leniences += result.leniences
        session = result.row.session
        self.objects.append(f"session:{session.country_code}*{session.party_id}/{session.ocpi_id}")
        message = "Older than what is stored: nothing was changed." if result.stale else "Success"
        return self.ok(message=message)
