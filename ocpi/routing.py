"""Where we are: the URLs of our OCPI interfaces, as partners see them, and which versions and modules they
find there.
"""

from urllib.parse import urlsplit

from django.conf import settings

from ocpi.models import Cdr, Command, ProfileRequest
from ocpi.versions import VERSIONS, ModuleSpec, Version
from partners.models import Partner

PREFIX = "ocpi/emsp"
CODE = "{code}"
# X-Request-ID of a call of our own to a partner's entrance, to see whether it answers.
ON_PURPOSE = "connection_check"
"""The module under which calls are logged that are wrong on purpose: nobody is to be alarmed by them."""
ENDPOINT_CHECK = "endpoint-check"
# Modules that have views here. What a version names beyond them is not on offer.
SERVED = frozenset(
    [
        *("credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands"),
        *("chargingprofiles", "hubclientinfo", "bookings", "payments"),
    ]
)


def base_url(partner: Partner) -> str:
    """Return the partner's own entrance, without a slash at its end (guide 7.2)."""
    return str(settings.OCPI_BASE_URL_TEMPLATE).format(code=partner.code).rstrip("/")


def expected_host(partner: Partner) -> str | None:
    """Return the host name that only this partner uses, in lower case; None where one host serves all."""
    return urlsplit(base_url(partner)).hostname if CODE in settings.OCPI_BASE_URL_TEMPLATE else None


def code_of_host(host: str) -> str | None:
    """Return the partner code that a host name stands for, or None."""
    template = urlsplit(settings.OCPI_BASE_URL_TEMPLATE.replace(CODE, "--code--")).hostname or ""
    before, found, after = template.partition("--code--")
    if not found or not host.startswith(before) or not host.endswith(after):
        return None
    return host[len(before) : len(host) - len(after)] or None


def serves_ocpi(host: str) -> bool:
    """Whether our OCPI interfaces are at this host: one of the partners' own, or the one that serves all."""
    if CODE in settings.OCPI_BASE_URL_TEMPLATE:
        return code_of_host(host) is not None
    return bool(host == urlsplit(settings.OCPI_BASE_URL_TEMPLATE).hostname)


def versions_url(partner: Partner) -> str:
    """Return what the partner registers with (guide 6)."""
    return f"{base_url(partner)}/{PREFIX}/versions"


def details_url(partner: Partner, version: Version | str) -> str:
    """Return where the endpoints of one version are listed."""
    return f"{base_url(partner)}/{PREFIX}/{version}"


def module_url(partner: Partner, version: Version | str, module: str, role: str | None = None) -> str:
    """Return a module's URL. Each module has one for its one role on the eMSP's side, so `role` changes nothing."""
    return f"{details_url(partner, version)}/{module}"


def command_callback_url(command: Command) -> str:
    """Return the `response_url` of a command: its id makes it unguessable."""
    url = module_url(command.partner, command.version, "commands")
    return f"{url}/{command.kind}/{command.pk}"


def profile_callback_url(request: ProfileRequest) -> str:
    """Return the `response_url` of a request about a charging profile: its id makes it unguessable."""
    url = module_url(request.partner, request.version, "chargingprofiles")
    return f"{url}/{request.kind}/{request.pk}"


def cdr_url(cdr: Cdr, version: Version) -> str:
    """Return where the partner can read back its CDR (OCPI 2.2.1 §10.2.2.2)."""
    return f"{module_url(cdr.partner, version, 'cdrs')}/{cdr.uuid}"


def is_offered(version: Version, partner: Partner) -> bool:
    """Whether the partner may use this version."""
    return not version.on_request or version.number in partner.enabled_versions


def offered_versions(partner: Partner) -> list[Version]:
    """Return the versions that the partner may use, oldest first."""
    return [version for version in VERSIONS.values() if is_offered(version, partner)]


def served_modules(version: Version) -> list[ModuleSpec]:
    """Return what the version details list."""
    return [spec for spec in version.modules if spec.identifier in SERVED]
