"""Reading what a partner offers: its versions and the endpoints of one (OCPI 2.2.1 §6). Used in both directions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from ocpi.client import Call, CallFailed, call
from ocpi.handshake.failures import StepFailedError
from ocpi.log import quirks
from ocpi.versions import Lenience, Version
from partners.models import Partner, RemoteEndpoint

CREDENTIALS = "credentials"
LONGEST_URL = RemoteEndpoint._meta.get_field("url").max_length or 0
# The text of Bookings names its module `Booking`, its examples `bookings`.
SYNONYMS = {"booking": "bookings"}
LONGEST_MODULE = RemoteEndpoint._meta.get_field("module").max_length or 0
ROLES = ("SENDER", "RECEIVER")


@dataclass(frozen=True)
class Offer:
    """One endpoint. `role` is empty where the version has none, or the partner left it out."""

    module: str
    role: str
    url: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """What a reading yields: the value, and the exchange that shows it."""

    value: Any
    message_id: int | None


def read_versions(
    partner: Partner,
    url: str,
    token: str,
    version: Version,
    advice: Mapping[int, str] = MappingProxyType({}),
) -> Found:
    """GET versions: `value` is {number: details URL}. Unknown versions are kept: naming them helps support.

    `advice`: by HTTP status, what to do instead of the usual.

    Raises:
        StepFailedError
    """
    try:
        reply = call(Call(partner, "GET", url, token, module="versions", version=version, learn_encoding=True))
    except CallFailed as failure:
        raise StepFailedError.of(
            failure, "Reading their versions", advice.get(failure.meant_status(failure.http_status) or 0, "")
        ) from failure
    entries = reply.data if isinstance(reply.data, list) else None
    if entries is None:
        raise StepFailedError(
            "Their versions answer has no list of versions in data.",
            "Check the versions URL: it must answer with a list of {version, url} (OCPI 2.2.1 §6.1). It may be "
            "the URL of one version's details.",
            message_id=reply.message_id,
        )
    offered = {
        entry["version"].strip(): entry["url"].strip()
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("version"), str) and isinstance(entry.get("url"), str)
    }
    return Found(offered, reply.message_id)


def read_details(partner: Partner, url: str, token: str, version: Version) -> Found:
    """GET version details: `value` is a list of `Offer`.

    Raises:
        StepFailedError
    """
    try:
        reply = call(Call(partner, "GET", url, token, module="versions", version=version, learn_encoding=True))
    except CallFailed as failure:
        raise StepFailedError.of(failure, f"Reading their details of {version.number}") from failure
    entries = reply.data.get("endpoints") if isinstance(reply.data, dict) else None
    if not isinstance(entries, list):
        raise StepFailedError(
            f"Their details of {version.number} have no list of endpoints.",
            "Ask them to answer with {version, endpoints: [{identifier, role, url}]} (OCPI 2.2.1 §6.2).",
            message_id=reply.message_id,
        )
    quirks.note(partner, version.number, "versions", departures(entries, version), reply.message_id)
    return Found(offers_in(entries, version), reply.message_id)


def departures(entries: list[Any], version: Version) -> Iterator[Lenience]:
    """What `offers_in` has to overlook about the endpoints."""
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        place, role = f"endpoints[{number}]", entry.get("role")
        if str(entry.get("url")).strip().endswith("/"):
            yield Lenience("slashes", f"{place}.url", "ends with a slash")
        if not version.has_roles or str(entry.get("identifier")).strip().lower() == CREDENTIALS:
            continue
        if role is None:
            yield Lenience("missing_field", f"{place}.role", "is required; read as both")
        elif role not in ROLES and str(role).strip().upper() in ROLES:
            yield Lenience("enum_case", f"{place}.role", f"{role} should be written in capitals")


def offers_in(entries: list[Any], version: Version) -> list[Offer]:
    """The endpoints that can be read; of one module and role the first."""
    found: dict[tuple[str, str], Offer] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        module, url, role = entry.get("identifier"), entry.get("url"), entry.get("role")
        if not isinstance(module, str) or not isinstance(url, str) or not url.strip():
            continue
        module, url = module.strip().lower(), url.strip()
        module = SYNONYMS.get(module, module)
        role = role.strip().upper() if version.has_roles and isinstance(role, str) else ""
        role = role if role in ROLES else ""
        if len(url) <= LONGEST_URL and len(module) <= LONGEST_MODULE:
            found.setdefault((module, role), Offer(module, role, url))
    return list(found.values())


def missing_modules(version: Version, offers: Iterable[Offer], required: bool = True) -> list[str]:
    """Modules that we need and they lack: `["commands (RECEIVER)"]`; with `required=False` the optional ones."""
    offers = list(offers)
    sides = {(offer.module, offer.role) for offer in offers}
    missing = [
        f"{need.identifier} ({need.role.value})"
        for need in version.required_remote
        if need.required == required
        and (need.identifier, need.role.value) not in sides
        and (need.identifier, "") not in sides
    ]
    if required and credentials_url(offers) is None:
        missing.append(CREDENTIALS)
    return missing


def credentials_url(offers: Iterable[Offer]) -> str | None:
    """Where to register; the role of this module has no meaning (OCPI 2.2.1 §6.2.2)."""
    return next((offer.url for offer in offers if offer.module == CREDENTIALS), None)
