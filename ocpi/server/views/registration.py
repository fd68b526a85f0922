"""Versions, version details and credentials: the configuration modules (OCPI 2.2.1 §6, §7)."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ocpi.envelope import Refusal
from ocpi.handshake import registration
from ocpi.handshake.credentials import our_credentials
from ocpi.handshake.registration import RegistrationError
from ocpi.routing import details_url, module_url, offered_versions, served_modules
from ocpi.server.views.base import OcpiView
from ocpi.versions import Version, WireModel
from partners.models import IssuedToken, Partner

Settle = Callable[[Partner, IssuedToken, Any, Version], WireModel]


class VersionsView(OcpiView):
    """GET: the versions that the partner may use (§6.1)."""

    module = "versions"
    functional = False
    while_registering = True

    def get(self, request: Request) -> Response:
        partner = self.the_caller().partner
        return self.ok(
            [{"version": version.number, "url": details_url(partner, version)} for version in offered_versions(partner)]
        )


class DetailsView(OcpiView):
    """GET: the endpoints of this version, with our role in each from 2.2 on (§6.2)."""

    module = "versions"
    functional = False
    while_registering = True

    def get(self, request: Request) -> Response:
        version, partner = self.the_version(), self.the_caller().partner
        endpoints = [
            {"identifier": spec.identifier}
            | ({"role": str(spec.role)} if spec.role else {})
            | {"url": module_url(partner, version, spec.identifier, spec.role)}
            for spec in served_modules(version)
        ]
        return self.ok({"version": version.number, "endpoints": endpoints})


class CredentialsView(OcpiView):
    """GET, POST, PUT, DELETE: the registration (§7.2). What they do is in `ocpi.handshake.registration`."""

    module = "credentials"
    functional = False
    while_registering = True

    def get(self, request: Request) -> Response:
        """Our Credentials with the token that the request carries: that is the one asked for (§7.2.1)."""
        caller = self.the_caller()
        return self._credentials(our_credentials(caller.partner, caller.text))

    def post(self, request: Request) -> Response:
        """Register; HTTP 405 when that is done already (§7.2.2)."""
        return self._settle(registration.register)

    def put(self, request: Request) -> Response:
        """Renew tokens and endpoints; HTTP 405 when there is no registration (§7.2.3)."""
        return self._settle(registration.update)

    def delete(self, request: Request) -> Response:
        """Unregister; HTTP 405 when there is no registration (§7.2.4)."""
        caller = self.the_caller()
        try:
            registration.unregister(caller.partner, caller.token)
        except RegistrationError as error:
            raise _refusal(error) from error
        return self.ok()

    def _settle(self, settle: Settle) -> Response:
        caller, version = self.the_caller(), self.the_version()
        parsed = version.parse("credentials", self.body())
        self.leniences += parsed.leniences
        try:
            credentials = settle(caller.partner, caller.token, parsed.obj, version)
        except RegistrationError as error:
            raise _refusal(error) from error
        return self._credentials(credentials)

    def _credentials(self, credentials: WireModel) -> Response:
        return self.ok(self.as_they_take_it(credentials.kind, self.the_version().dump(credentials)))


def _refusal(error: RegistrationError) -> Refusal:
    return Refusal(error.http_status, error.status_code, error.message)
