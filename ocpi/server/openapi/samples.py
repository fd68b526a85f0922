"""Examples of every kind of object, as one charge at one charging station would produce them.

Each is written down once, in the version that introduced its kind. Other versions get it as they would get a real
object: read in the one version and written in the other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from ocpi.routing import PREFIX, served_modules
from ocpi.server.openapi.sample_data import EMSP, SAMPLES
from ocpi.versions import VERSIONS, Invalid, Version
from ocpi.versions.base import plan

CODE, FULL = "yourcode", "2.2.1"
CHANGES: Mapping[str, dict[str, Any]] = {
    "evse": {"status": "CHARGING"},
    "session": {"kwh": 18.2, "status": "ACTIVE"},
    "location": {"name": "ION Eurovea, level -2"},
    "connector": {"format": "CABLE"},
    "tariff": {"currency": "EUR"},
    "booking": {"reservation_status": "FULFILLED"},
    "booking_location": {"policy": {"reservation_required": False}},
    "calendar": {"timeslot_increment": 30},
    "terminal": {"location_ids": ["ION-BA-07"]},
}


def sample(version: Version, kind: str) -> dict[str, Any] | None:
    """Return an example of a kind in the words of a version; None where there is none."""
    for number, samples in SAMPLES.items():
        if kind in samples and kind in version.models:
            return _at_home(version, kind, version.dump(VERSIONS[number].parse(kind, samples[kind]).obj))
    return None


def answer_sample(version: Version, kind: str) -> dict[str, Any] | None:
    """Return an example of what we answer with: our own credentials and URLs, else the object that you sent."""
    ours: Mapping[str, Callable[[Version], dict[str, Any]]] = {
        "credentials": _our_credentials,
        "version_list_item": lambda listed: {"version": listed.number, "url": _url(listed.number)},
        "version_details": _details,
    }
    return ours[kind](version) if kind in ours else sample(version, kind)


def _our_credentials(version: Version) -> dict[str, Any]:
    own = {
        "token": "2a6f0c53-8e1d-4c77-9f0e-61d4b7a3c9d8",
        "url": _url("versions"),
        "roles": [{"role": "EMSP", "business_details": {"name": settings.OCPI_BUSINESS_NAME}, **EMSP}],
    }
    return version.dump(VERSIONS[FULL].parse("credentials", own).obj)


def _details(version: Version) -> dict[str, Any]:
    endpoints = [
        {"identifier": spec.identifier}
        | ({"role": str(spec.role)} if spec.role else {})
        | {"url": _url(f"{version}/{spec.identifier}")}
        for spec in served_modules(version)
    ]
    return {"version": version.number, "endpoints": endpoints}


def _url(rest: str) -> str:
    return f"{settings.OCPI_BASE_URL_TEMPLATE.format(code=CODE)}/{PREFIX}/{rest}"


def _at_home(version: Version, kind: str, written: dict[str, Any]) -> dict[str, Any]:
    """An object that holds the whole Location, of which other versions know less, gets ours."""
    if "location" in plan(version.model(kind)).by_wire and "evses" in written.get("location", ()):
        return {**written, "location": sample(version, "location")}
    return written


def change(version: Version, kind: str) -> dict[str, Any] | None:
    """Return an example of a PATCH."""
    whole = sample(version, kind)
    if whole is None:
        return None
    changed = dict(CHANGES.get(kind, {}))
    return changed | ({"last_updated": whole["last_updated"]} if "last_updated" in whole else {})


def faults(version: Version, kind: str) -> tuple[Any, ...]:
    """Return what is found when the example is spoilt: one field missing, one of the wrong type."""
    spoilt = dict(sample(version, kind) or {})
    needed = [field for field in plan(version.model(kind)).fields if field.on_wire and field.required]
    for index, field in enumerate(needed[-2:]):
        if index:
            spoilt[field.wire] = []
        else:
            spoilt.pop(field.wire, None)
    try:
        version.parse(kind, spoilt)
    except Invalid as error:
        return error.faults
    return ()
