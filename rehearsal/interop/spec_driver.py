"""One example file on its way through the platform: sent as a partner sends it, read back, compared in meaning."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.test import override_settings

from ocpi.client import Call, CallFailed, call
from ocpi.models import Token
from ocpi.versions import Fault, Invalid, Version
from ocpi.versions.patching import as_list, patch
from partners import tokens
from partners.ground import secrets
from partners.models import IssuedToken, PartnerRole, ReceivedToken
from rehearsal.interop.caller import Answer, Caller
from rehearsal.interop.meaning import differences
from rehearsal.interop.spec_bases import CALENDAR_ID, CONNECTOR_ID, EVSE_UID, OWNER, base
from rehearsal.interop.spec_table import Example
from rehearsal.interop.standin import StandIn

# Below the party in our URLs, before the object's own id.
MODULES = {
    "location": ("locations",),
    "session": ("sessions",),
    "tariff": ("tariffs",),
    "booking": ("bookings",),
    "booking_location": ("bookings", "booking_locations"),
}
# Parts of an object: what they are part of, and the ids below it.
PARTS = {
    "evse": ("location", (EVSE_UID,)),
    "connector": ("location", (EVSE_UID, CONNECTOR_ID)),
    "calendar": ("booking_location", (CALENDAR_ID,)),
}
INVALID = 2001


@dataclass(frozen=True)
class Outcome:
    """What became of a file: paths refused, left out, or read with a note, and what did not go as it must."""

    refused: bool = False
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


class SpecDriver:
    """Drives examples of one version. Each call needs an empty database, and leaves its rows in it."""

    def __init__(self, version: Version, stand_in: StandIn, lost: tuple[str, ...] = ()) -> None:
        self.version, self.stand_in, self.lost = version, stand_in, lost

    def run(self, example: Example, text: bytes) -> Outcome:
        """Send the file as its row of the table says."""
        data = json.loads(text)
        if example.envelope:
            found = self._through_client(text)
            if isinstance(found, CallFailed):
                return self._understood_refusal(example, data, found)
            data = found
        elif example.inside:
            data = data[example.inside]
        drive: dict[str, Callable[[str, Any], Outcome]] = {
            "PUT": self._put,
            "POST": self._post,
            "PATCH": self._patch,
            "REGISTER": self._register,
            "LIST": self._list,
            "READ": self._read,
            "MERGE": self._merge,
        }
        return drive[example.method](example.kind, data)

    # --- what our views serve ---------------------------------------------------------------------------------

    def _put(self, kind: str, data: Any) -> Outcome:
        caller, path = self._addressed(kind, data)
        if kind in PARTS:
            self._store_base(caller, "location", evses=None)
        answer = caller.call("PUT", path, data)
        if answer.code != 1000:
            return _refused(answer, caller.call("GET", path), None)
        return self._taken(kind, data, answer, caller.call("GET", path), 201)

    def _post(self, kind: str, data: Any) -> Outcome:
        caller = Caller(self.version, _owner(data))
        answer = caller.call("POST", "cdrs", data)
        if answer.code != 1000:
            return _refused(answer, None, None)
        if not answer.location:
            return Outcome(problems=("201 without a Location header",))
        return self._taken(kind, data, answer, caller.call("GET", answer.location), 201)

    def _patch(self, kind: str, data: Any) -> Outcome:
        """PATCH an object of ours: what the example names is as it says, everything else as it was."""
        caller, stored = Caller(self.version, OWNER), base(kind, self.version)
        self._store_base(caller, PARTS[kind][0] if kind in PARTS else kind)
        path = self._path(kind, OWNER, stored)
        answer = caller.call("PATCH", path, data)
        if answer.code != 1000:
            return _refused(answer, caller.call("GET", path), stored)
        merged = self._merged(kind, stored, data)
        return self._taken(kind, merged, answer, caller.call("GET", path), 200)

    def _addressed(self, kind: str, data: Any) -> tuple[Caller, str]:
        owner = OWNER if kind in PARTS else _owner(data)
        return Caller(self.version, owner), self._path(kind, owner, data)

    def _path(self, kind: str, owner: tuple[str, str], data: Any) -> str:
        """Below our URL: `sessions/SK/ION/S-1`, for parts of a location `locations/SK/ION/SITE-1/3256/1`."""
        if kind in PARTS:
            whole, ids = PARTS[kind]
            own = (data["uid"],) if "uid" in data else ids
            return "/".join((self._path(whole, owner, base(whole, self.version)), *own))
        module, *below = MODULES[kind]
        return "/".join((module, *owner, *below, data["id"]))

    def _store_base(self, caller: Caller, kind: str, **changes: Any) -> None:
        stored = {**base(kind, self.version), **changes}
        answer = caller.call("PUT", self._path(kind, OWNER, stored), stored)
        assert answer.http == 201, f"our own {kind} was refused: {answer.text}"

    def _taken(self, kind: str, expected: Any, answer: Answer, back: Answer, http: int) -> Outcome:
        problems = [] if answer.http == http else [f"HTTP {answer.http} instead of {http}"]
        if answer.faults:
            return _taken_in_part(expected, answer, back, problems)
        problems += [f"read back: {one}" for one in differences(expected, back.data)]
        problems += self._rewritten(kind, expected)
        return Outcome(notes=answer.notes, problems=tuple(problems))

    def _register(self, kind: str, data: Any) -> Outcome:
        """POST credentials; the URL in them leads to a server that stands in for the example's."""
        caller = Caller(self.version, _party(data), IssuedToken.Purpose.REGISTRATION)
        body = {**data, "url": self.stand_in.offer(self.version)}
        answer = caller.call("POST", "credentials", body)
        if answer.code != 1000:
            return _refused(answer, None, None)
        problems = [] if answer.http == 200 else [f"HTTP {answer.http} instead of 200"]
        problems += [f"stored: {one}" for one in differences(_introduced(data), _remembered(caller))]
        problems += self._rewritten(kind, data)
        return Outcome(notes=answer.notes, problems=tuple(problems))

    def _list(self, kind: str, data: Any) -> Outcome:
        """Tokens like these, if they were ours: GET tokens lists them as the example does."""
        found = [self.version.parse(kind, item).obj for item in data]
        party = (found[0].country_code or settings.OCPI_COUNTRY_CODE, found[0].party_id or settings.OCPI_PARTY_ID)
        for token in found:
            names = ("uid", "type", "contract_id", "issuer", "valid", "whitelist", "last_updated")
            Token.objects.create(
                visual_number=token.visual_number or "", **{name: getattr(token, name) for name in names}
            )
        with override_settings(OCPI_COUNTRY_CODE=party[0], OCPI_PARTY_ID=party[1]):
            answer = self._reader.call("GET", "tokens")
        return Outcome(problems=tuple(f"listed: {one}" for one in differences(data, answer.data)))

    # --- what goes through the models -------------------------------------------------------------------------

    def _read(self, kind: str, data: Any) -> Outcome:
        outcomes = [self._read_one(kind, item) for item in (data if isinstance(data, list) else [data])]
        return Outcome(
            any(one.refused for one in outcomes),
            tuple(path for one in outcomes for path in one.faults),
            tuple(path for one in outcomes for path in one.notes),
            tuple(text for one in outcomes for text in one.problems),
        )

    def _read_one(self, kind: str, data: Any) -> Outcome:
        try:
            parsed = self.version.parse(kind, data)
        except Invalid as error:
            return Outcome(True, _paths(error.faults))
        notes = tuple(note.path for note in parsed.leniences)
        return Outcome(notes=notes, problems=tuple(self._rewritten(kind, data)))

    def _merge(self, kind: str, change: Any) -> Outcome:
        stored = base(kind, self.version)
        try:
            found = patch(
                self.version.model(kind),
                change,
                stored,
                needs_last_updated=False,
                ids_ignore_case=self.version.ids_ignore_case,
                received_at=None,
                unknown_allowed=self.version.unknown_fields_allowed,
            )
        except Invalid as error:
            return Outcome(True, _paths(error.faults))
        expected = self._merged(kind, stored, change)
        problems = [f"merged: {one}" for one in differences(expected, found.raw)]
        problems += self._rewritten(kind, expected)
        return Outcome(notes=tuple(note.path for note in found.leniences), problems=tuple(problems))

    def _merged(self, kind: str, stored: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
        """What a PATCH makes of an object: periods are added, some objects are merged, all else is replaced."""
        merged = {**stored, **change}
        if kind == "session":
            merged["charging_periods"] = [*stored["charging_periods"], *as_list(change.get("charging_periods"))]
        for name in self.version.model(kind).blended & change.keys():
            merged[name] = {**stored.get(name, {}), **change[name]}
        return merged

    def _rewritten(self, kind: str, data: Any) -> Iterator[str]:
        """What reading by the version's model and writing it again changes, beyond what is known to be lost."""
        parsed = self.version.parse(kind, data)
        known = (*self.lost, *(note.path for note in parsed.leniences))
        for one in differences(data, self.version.dump(parsed.obj)):
            if not any(_within(one, path) for path in known):
                yield f"rewritten: {one}"

    # --- whole answers ----------------------------------------------------------------------------------------

    @cached_property
    def _reader(self) -> Caller:
        """A connected partner: we call it, or it calls us, for what names no owner."""
        return Caller(self.version, OWNER)

    def _through_client(self, text: bytes) -> Any:
        """Let our client read the file as a partner's answer; return its data, or why it is refused."""
        self.stand_in.answers["/answer"] = text
        url, token = f"{self.stand_in.url}/answer", secrets.new_token()
        try:
            return call(Call(self._reader.partner, "GET", url, token, version=self.version)).data
        except CallFailed as failure:
            return failure

    def _understood_refusal(self, example: Example, data: Any, failure: CallFailed) -> Outcome:
        said = (data["status_code"], data["status_message"])
        told = failure.status_code == said[0] and said[1] in failure.text
        return Outcome(problems=() if told and example.kind == "refusal" else (f"read as: {failure.text}",))


def _within(difference: str, path: str) -> bool:
    """Whether a difference lies at `path` or below it."""
    return difference.startswith((f"{path}:", f"{path}.", f"{path}["))


def _owner(data: Any) -> tuple[str, str]:
    return (data["country_code"], data["party_id"]) if "party_id" in data else OWNER


def _party(credentials: Any) -> tuple[str, str]:
    role = credentials["roles"][0] if "roles" in credentials else credentials
    return role["country_code"], role["party_id"]


def _introduced(credentials: Any) -> list[dict[str, Any]]:
    """Token and roles as the example states them."""
    roles = credentials.get("roles") or [{**credentials, "role": "CPO"}]
    told = [
        {
            "role": role["role"],
            "country_code": role["country_code"],
            "party_id": role["party_id"],
            "name": role["business_details"]["name"],
            "website": role["business_details"].get("website"),
        }
        for role in roles
    ]
    return [{"token": credentials["token"]}, *sorted(told, key=_role_order)]


def _remembered(caller: Caller) -> list[dict[str, Any]]:
    """The same as it is stored."""
    row = tokens.received_token(caller.partner.pk, ReceivedToken.Purpose.CONNECTION)
    kept = [
        {
            "role": role.role,
            "country_code": role.country_code,
            "party_id": role.party_id,
            "name": role.business_name,
            "website": role.website or None,
        }
        for role in PartnerRole.objects.filter(partner=caller.partner)
    ]
    return [{"token": tokens.reveal_received(row) if row else None}, *sorted(kept, key=_role_order)]


def _role_order(role: dict[str, Any]) -> tuple[str, str, str]:
    return role["country_code"], role["party_id"], role["role"]


def _refused(answer: Answer, back: Answer | None, before: Any) -> Outcome:
    """A refusal must be HTTP 200 with 2001, tell every fault, and leave what is stored as it was."""
    problems = []
    if (answer.http, answer.code) != (200, INVALID):
        problems.append(f"refused with HTTP {answer.http}, {answer.code}: {answer.text}")
    problems += [f"the answer does not name {path}" for path in answer.faults if path not in answer.text]
    if back is not None:
        problems += [f"refused, yet stored: {one}" for one in differences(before, back.data)]
    return Outcome(True, answer.faults, answer.notes, tuple(problems))


def _taken_in_part(expected: Any, answer: Answer, back: Answer, problems: list[str]) -> Outcome:
    """What could not be read is told and left out; all else is there."""
    problems += [f"the answer does not name {path}" for path in answer.faults if path not in answer.text]
    gone = [re.sub(r"\[\d+\]$", "", path) for path in answer.faults]
    for one in differences(expected, back.data):
        if not any(_within(one, path) for path in gone):
            problems.append(f"read back: {one}")
    return Outcome(notes=answer.notes, problems=tuple(problems), left_out=answer.faults)


def _paths(faults: tuple[Fault, ...]) -> tuple[str, ...]:
    return tuple(fault.path for fault in faults)
