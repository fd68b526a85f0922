"""How a running session is charged: preferences of the driver (OCPI 2.2.1 §9.2.1.2) and charging profiles (§14).

Each function writes a `ProfileRequest`, which a worker sends. The result of a charging profile comes later, to the
`response_url` that the request names. None of it exists in OCPI 2.1.1.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from ocpi.calls.outgoing import Sent, queue, reading, sends, version_with
from ocpi.client import RECEIVER, SENDER, functional
from ocpi.hubs import hub_of
from ocpi.models import ActiveProfile, OcpiSession, ProfileRequest
from ocpi.routing import profile_callback_url
from ocpi.store import stamps
from ocpi.store.base import NotFound, Stored, key, storable
from ocpi.store.columns import seconds, text
from ocpi.versions import ChargingPreferences, Lenience, Version
from ocpi.versions.v2_2_1.profiles import ChargingProfile, SetChargingProfile
from partners.models import Partner

MODULE = "chargingprofiles"
Kind = ProfileRequest.Kind
# Which object each result is.
RESULTS: Mapping[str, str] = {
    Kind.SET: "charging_profile_result",
    Kind.CLEAR: "clear_profile_result",
    Kind.GET: "active_charging_profile_result",
}


def set_preferences(
    session: OcpiSession,
    *,
    profile_type: str,
    departure_time: datetime | None = None,
    energy_need: Decimal | None = None,
    discharge_allowed: bool | None = None,
) -> ProfileRequest:
    """Tell the CPO what the driver prefers. `energy_need` in kWh.

    Raises:
        Unsupported: the version has no preferences.
        pydantic.ValidationError: they are none that OCPI has.
    """
    preferences = ChargingPreferences(
        profile_type=profile_type,
        departure_time=departure_time,
        energy_need=energy_need,
        discharge_allowed=discharge_allowed,
    )
    return _request(session, Kind.PREFERENCES, "charging_preferences", preferences)


def set_profile(session: OcpiSession, profile: ChargingProfile) -> ProfileRequest:
    """Have the session charged with these limits; they replace earlier ones (§14.4.1).

    Raises:
        Unsupported: the version has no charging profiles.
    """
    return _request(session, Kind.SET, "set_charging_profile", profile)


def clear_profile(session: OcpiSession) -> ProfileRequest:
    """Have the limits lifted that were set with `set_profile`; raises Unsupported."""
    return _request(session, Kind.CLEAR, "set_charging_profile")


def ask_active_profile(session: OcpiSession, duration: int) -> ProfileRequest:
    """Ask what the charger will do in the next `duration` seconds; raises Unsupported."""
    return _request(session, Kind.GET, "set_charging_profile", duration=duration)


def _request(session: OcpiSession, kind: str, needs: str, obj: Any = None, **arguments: Any) -> ProfileRequest:
    version = version_with(session.partner, needs)
    if obj is not None:
        arguments["object"] = version.dump(obj)
    row = ProfileRequest.objects.create(partner=session.partner, session=session, kind=kind, request=arguments)
    queue(row)
    return row


@sends(ProfileRequest)
def _send(row: ProfileRequest, version: Version) -> Sent:
    session = row.session
    to = (session.country_code, session.party_id) if hub_of(row.partner) else None
    if row.kind == Kind.PREFERENCES:
        body = row.request["object"]
        path = (session.ocpi_id, "charging_preferences")
        reply = functional(row.partner, "PUT", "sessions", SENDER, *path, body=body, to=to)
        word, leniences = _word(reply.data)
        return Sent("sessions", reply, text(ProfileRequest, "response", word), leniences=leniences)
    method, params, body = _profile_call(row, version)
    kind = SetChargingProfile.kind if body else ""
    ask = partial(functional, row.partner, method, MODULE, RECEIVER, session.ocpi_id)
    reply = ask(params=params, body=body, kind=kind, to=to)
    with reading(reply):
        parsed = version.parse("charging_profile_response", reply.data)
    response = text(ProfileRequest, "response", parsed.obj.result)
    waiting = {"timeout": seconds(ProfileRequest, "timeout", parsed.obj.timeout)}
    return Sent(MODULE, reply, response, waiting, parsed.leniences)


def _word(data: Any) -> tuple[Any, tuple[Lenience, ...]]:
    """ChargingPreferencesResponse is a bare word; some wrap it in an object."""
    if isinstance(data, dict):
        return data.get("result"), (Lenience("object_for_word", "", "the answer is an object instead of a word"),)
    return data, ()


def _profile_call(row: ProfileRequest, version: Version) -> tuple[str, dict[str, Any] | None, Any]:
    """(method, query, body) of §14.2.2."""
    url = profile_callback_url(row)
    if row.kind == Kind.GET:
        return "GET", {"duration": row.request["duration"], "response_url": url}, None
    if row.kind == Kind.CLEAR:
        return "DELETE", {"response_url": url}, None
    profile = version.parse("charging_profile", row.request["object"]).obj
    return "PUT", None, version.dump(SetChargingProfile(charging_profile=profile, response_url=url))


def take_result(partner: Partner, request_id: Any, outcome: Any, version: Version, raw: Any) -> bool:
    """Store the result of a charging profile; False when one was there before. Inside no transaction.

    Raises:
        NotFound: no such request of this partner.
    """
    with transaction.atomic():
        rows = ProfileRequest.objects.select_for_update(of=("self",)).select_related("session")
        row = rows.filter(pk=request_id, partner=partner).first()
        if row is None:
            raise NotFound("There is no such request.")
        if row.result:
            return False
        row.result, row.result_at = text(ProfileRequest, "result", outcome.result), timezone.now()
        row.save(update_fields=["result", "result_at"])
        profile = getattr(outcome, "profile", None)
        if profile is not None:
            _store_active(row.session, profile, raw["profile"], version)
    return True


def put_active_profile(partner: Partner, session_id: str, data: Any, version: Version) -> Stored[ActiveProfile]:
    """Store what the CPO tells of a session's profile unasked (§14.2.1.2).

    Raises:
        NotFound: no such session.
        Invalid: with every fault.
    """
    parsed = version.parse("active_charging_profile", data)
    with transaction.atomic():
        sessions = OcpiSession.objects.select_for_update().filter(partner=partner, ocpi_key=key(session_id))
        session = sessions.order_by("-last_updated").first()
        if session is None:
            raise NotFound(f"There is no Session {session_id!r}.")
        stored = _store_active(session, parsed.obj, data, version)
    return Stored(stored.row, stored.created, stored.changed, stored.stale, parsed.leniences)


def _store_active(session: OcpiSession, profile: Any, raw: Any, version: Version) -> Stored[ActiveProfile]:
    """The profile that starts last is the one that counts."""
    known = ActiveProfile.objects.filter(session=session).first()
    begins = stamps.push_stamp(profile.start_date_time)
    if known is not None and stamps.older(begins, stamps.Stamp(known.start_at, known.received_at)):
        return Stored(known, stale=True)
    row, created = ActiveProfile.objects.update_or_create(
        session=session,
        defaults={
            "version": version.number,
            "start_at": profile.start_date_time,
            "raw": storable(dict(raw)),
            "received_at": timezone.now(),
        },
    )
    return Stored(row, created, changed=True)
