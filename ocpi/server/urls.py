"""URLs under /ocpi/: every version's endpoints, from the same views.

A slash too many, at the end or in the middle, is accepted: peers join URLs in both ways that the
specification writes. Everything else under /ocpi/ is answered by `UnknownUrlView`.
"""

import re
from collections.abc import Iterator, Sequence

from django.urls import URLPattern, URLResolver, include, re_path

from ocpi.routing import served_modules
from ocpi.server.views.base import OcpiView
from ocpi.server.views.bookings import BookingLocationView, BookingView, CalendarView
from ocpi.server.views.cdrs import CdrsView, CdrView
from ocpi.server.views.clients import ClientInfoView
from ocpi.server.views.commands import CommandResultView
from ocpi.server.views.locations import ConnectorView, EvseView, LocationView
from ocpi.server.views.payments import (
    ActivateView,
    ConfirmationsView,
    ConfirmationView,
    DeactivateView,
    TerminalsView,
    TerminalView,
)
from ocpi.server.views.profiles import ActiveProfileView, ProfileResultView
from ocpi.server.views.registration import CredentialsView, DetailsView, VersionsView
from ocpi.server.views.sessions import SessionView
from ocpi.server.views.tariffs import TariffView
from ocpi.server.views.tokens import AuthorizeView, TokensView
from ocpi.server.views.unknown import UnknownUrlView
from ocpi.versions import VERSIONS, Version

SEGMENT = re.compile(r"<(?P<uuid>uuid:)?(?P<name>\w+)>")
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
ANYTHING = "[^/]+"
# Some join a module's URL and a party without a slash: `sessionsSK/ION/S-1`.
A_PARTY = "[A-Za-z]{2}/+[A-Za-z0-9]{3}"
VERSIONS_PATH = "emsp/versions"
PARTY = "<country_code>/<party_id>"
LOCATION = f"{PARTY}/<location_id>"
PLACE = f"{PARTY}/booking_locations/<booking_location_id>"
TERMINAL = "terminals/<terminal_id>"
# Per module: what follows its URL, and the view behind it.
MODULES: dict[str, dict[str, type[OcpiView]]] = {
    "credentials": {"": CredentialsView},
    "locations": {
        LOCATION: LocationView,
        f"{LOCATION}/<evse_uid>": EvseView,
        f"{LOCATION}/<evse_uid>/<connector_id>": ConnectorView,
    },
    "sessions": {f"{PARTY}/<session_id>": SessionView},
    "cdrs": {"": CdrsView, "<uuid:cdr_uuid>": CdrView},
    "tariffs": {f"{PARTY}/<tariff_id>": TariffView},
    "tokens": {"": TokensView, "<token_uid>/authorize": AuthorizeView},
    "commands": {"<kind>/<uuid:command_id>": CommandResultView},
    "chargingprofiles": {"<kind>/<uuid:request_id>": ProfileResultView, "<session_id>": ActiveProfileView},
    "hubclientinfo": {PARTY: ClientInfoView},
    "bookings": {
        PLACE: BookingLocationView,
        f"{PLACE}/<calendar_id>": CalendarView,
        f"{PARTY}/<booking_id>": BookingView,
    },
    "payments": {
        "terminals": TerminalsView,
        "terminals/activate": ActivateView,
        TERMINAL: TerminalView,
        f"{TERMINAL}/deactivate": DeactivateView,
        "financial-advice-confirmations": ConfirmationsView,
        "financial-advice-confirmations/<uuid:advice_id>": ConfirmationView,
    },
}


def routes(version: Version) -> Iterator[tuple[str, type[OcpiView]]]:
    """The paths of one version, and the view behind each."""
    yield f"emsp/{version.number}", DetailsView
    for spec in served_modules(version):
        for rest, view in MODULES[spec.identifier].items():
            yield f"emsp/{version.number}/{spec.identifier}/{rest}", view


def mount(version: Version) -> URLResolver:
    """The endpoints of one version, module by module: a request is compared with a few patterns, not with all."""
    modules = [
        beneath(
            spec.identifier,
            [endpoint(rest, view, version) for rest, view in MODULES[spec.identifier].items()],
            followed_by=f"/|$|{A_PARTY}/",
        )
        for spec in served_modules(version)
    ]
    return beneath(f"emsp/{version.number}", [endpoint("", DetailsView, version), *modules])


def beneath(path: str, patterns: Sequence[URLPattern | URLResolver], followed_by: str = "/|$") -> URLResolver:
    """Mount patterns below a path of literal segments."""
    return re_path(f"{pattern(path).removesuffix('/*$')}(?={followed_by})", include(list(patterns)))


def pattern(path: str) -> str:
    """Return the regular expression of a path. `<uuid:name>` takes a UUID, `<name>` anything without a slash."""
    segments = [SEGMENT.fullmatch(part) or part for part in path.strip("/").split("/")]
    return "^/*" + "/+".join(_expression(segment) for segment in segments) + "/*$"


def _expression(segment: re.Match[str] | str) -> str:
    if isinstance(segment, str):
        return re.escape(segment)
    return f"(?P<{segment['name']}>{UUID if segment['uuid'] else ANYTHING})"


def endpoint(path: str, view: type[OcpiView], version: Version | None = None) -> URLPattern:
    """Mount a view at a path of literal and `<variable>` segments."""
    return re_path(pattern(path), view.as_view(version=version))


urlpatterns = [
    endpoint(VERSIONS_PATH, VersionsView),
    *map(mount, VERSIONS.values()),
    re_path("", UnknownUrlView.as_view()),
]
