"""The four OCPI versions as records. What a version changes is here, and nowhere else."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cpo_simulator.wire.money import Price
from cpo_simulator.wire.shapes import Json, Object, Shape, Values, number, render

SENDER, RECEIVER = "SENDER", "RECEIVER"

_MODULES = {
    "credentials": SENDER,
    "locations": SENDER,
    "sessions": SENDER,
    "cdrs": SENDER,
    "tariffs": SENDER,
    "tokens": RECEIVER,
    "commands": RECEIVER,
}
_COMMANDS = frozenset({"START_SESSION", "STOP_SESSION", "RESERVE_NOW", "UNLOCK_CONNECTOR"})
_OLD_CAPABILITIES = frozenset(
    {
        "CHARGING_PROFILE_CAPABLE",
        "CREDIT_CARD_PAYABLE",
        "REMOTE_START_STOP_CAPABLE",
        "RESERVABLE",
        "RFID_READER",
        "UNLOCK_CAPABLE",
    }
)
_OLD_PARKING = frozenset({"ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT"})
_OLD_DIMENSIONS = frozenset({"ENERGY", "FLAT", "MAX_CURRENT", "MIN_CURRENT", "PARKING_TIME", "TIME"})


def _milliseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()


def _net_only(price: Price) -> Json:
    return number(price.excl_vat)


def _net_and_gross(price: Price) -> Json:
    net = {"excl_vat": number(price.excl_vat)}
    return {**net, "incl_vat": number(price.incl_vat)} if price.stated else net


def _before_taxes(price: Price) -> Json:
    if not price.stated:
        return {"before_taxes": number(price.excl_vat)}
    tax = {"name": "VAT", "percentage": number(price.vat), "amount": number(price.incl_vat - price.excl_vat)}
    return {"before_taxes": number(price.excl_vat), "taxes": [tax]}


def _keep_old_dimensions(period: Object) -> Object:
    kept = [one for one in period["dimensions"] if one["type"] in _OLD_DIMENSIONS]
    return {**period, "dimensions": kept}


def _old_location(location: Object) -> Object:
    kind = location.pop("parking_type", None)
    if kind is None:
        return location
    return {**location, "type": kind if kind in _OLD_PARKING else "OTHER"}


def _old_evse(evse: Object) -> Object:
    if "capabilities" in evse:
        evse["capabilities"] = [one for one in evse["capabilities"] if one in _OLD_CAPABILITIES]
    return evse


def _one_tariff(connector: Object) -> Object:
    tariff_ids = connector.pop("tariff_ids", None)
    return {**connector, "tariff_id": tariff_ids[0]} if tariff_ids else connector


def _only_contract(token: Object) -> Any:
    return token["contract_id"]


def _flat_credentials(credentials: Object) -> Object:
    credentials.pop("hub_party_id", None)
    role = credentials.pop("roles")[0]
    names = ("business_details", "party_id", "country_code")
    return {**credentials, **{name: role[name] for name in names}}


def _hub_is_a_role(credentials: Object) -> Object:
    """Until 2.2.1 a hub is a role, and its clients are told of by hubclientinfo only."""
    if not credentials.pop("hub_party_id", None):
        return credentials
    return {**credentials, "roles": credentials["roles"][:2]}


def _hub_is_named(credentials: Object) -> Object:
    """Since 2.3.0 the hub has no role, and its clients are among the roles."""
    return {**credentials, "roles": [one for one in credentials["roles"] if one["role"] != "HUB"]}


def _old_auth(record: Object) -> Object:
    is_command = record.get("auth_method") == "COMMAND"
    return {**record, "auth_method": "AUTH_REQUEST"} if is_command else record


def _old_result(result: Object) -> Object:
    words = {
        "EVSE_OCCUPIED": "REJECTED",
        "EVSE_INOPERATIVE": "REJECTED",
        "FAILED": "REJECTED",
        "UNKNOWN_RESERVATION": "REJECTED",
        "CANCELED_RESERVATION": "REJECTED",
    }
    return {**result, "result": words.get(result["result"], result["result"])}


def _taxes_apart(tariff: Object) -> Object:
    return {**tariff, "tax_included": "NO"}


@dataclass(frozen=True)
class Version:
    """Everything one OCPI version changes for a CPO (transport, modules, shapes of objects)."""

    number: str
    shapes: Mapping[str, Shape]
    values: Values
    modules: Mapping[str, str] = field(
        default_factory=lambda: {**_MODULES, "chargingprofiles": RECEIVER, "hubclientinfo": SENDER}
    )
    commands: frozenset[str] = _COMMANDS | {"CANCEL_RESERVATION"}
    base64_tokens: bool = True
    message_headers: bool = True
    patch_needs_last_updated: bool = True
    unknown_token: int = 2004
    required_of_emsp: tuple[tuple[str, str], ...] = (
        ("locations", RECEIVER),
        ("sessions", RECEIVER),
        ("cdrs", RECEIVER),
        ("tokens", SENDER),
    )

    def render(self, kind: str, thing: Any) -> Json:
        """JSON of an object, or list of objects, of the simulator's own in this version's shape."""
        return render(self.shapes, self.values, kind, thing)

    @property
    def order(self) -> tuple[int, ...]:
        """Sorts versions: 2.1.1 before 2.2 before 2.2.1."""
        return tuple(int(part) for part in self.number.split("."))


def _drop(*names: str, finish: Callable[[Object], Object] = dict, **rename: str) -> Shape:
    return Shape(rename=rename, drop=frozenset(names), finish=finish)


_PLACE = _drop("place")
_SHAPES_2_2_1: Mapping[str, Shape] = {
    "location": _drop("help_phone"),
    "connector": _drop("capabilities"),
    "session": _PLACE,
    "cdr": _PLACE,
    "credentials": Shape(finish=_hub_is_a_role),
}

V2_2_1 = Version("2.2.1", _SHAPES_2_2_1, Values(_milliseconds, _net_and_gross))

V2_2 = replace(
    V2_2_1,
    number="2.2",
    shapes={
        **_SHAPES_2_2_1,
        "cdr_token": _drop("country_code", "party_id"),
        "cdr_location": _drop("state"),
    },
)

V2_3_0 = replace(
    V2_2_1,
    number="2.3.0",
    values=Values(_milliseconds, _before_taxes),
    shapes={
        "session": _PLACE,
        "cdr": _PLACE,
        "tariff": Shape(finish=_taxes_apart),
        "credentials": Shape(finish=_hub_is_named),
    },
    modules={**V2_2_1.modules, "bookings": SENDER, "payments": RECEIVER},
)

V2_1_1 = Version(
    "2.1.1",
    values=Values(_seconds, _net_only, _ascii),
    modules=_MODULES,
    commands=_COMMANDS,
    base64_tokens=False,
    message_headers=False,
    patch_needs_last_updated=False,
    unknown_token=2001,
    shapes={
        "location": _drop("country_code", "party_id", "publish", "state", "help_phone", finish=_old_location),
        "evse": Shape(finish=_old_evse),
        "connector": _drop(
            "capabilities",
            "max_electric_power",
            finish=_one_tariff,
            max_voltage="voltage",
            max_amperage="amperage",
        ),
        "session": _drop(
            "country_code",
            "party_id",
            "location_id",
            "evse_uid",
            "connector_id",
            "authorization_reference",
            finish=_old_auth,
            start_date_time="start_datetime",
            end_date_time="end_datetime",
            cdr_token="auth_id",  # noqa: S106
            place="location",
        ),
        "cdr": _drop(
            "country_code",
            "party_id",
            "session_id",
            "cdr_location",
            "authorization_reference",
            "credit",
            "credit_reference_id",
            "total_fixed_cost",
            "total_energy_cost",
            "total_time_cost",
            "total_parking_cost",
            finish=_old_auth,
            end_date_time="stop_date_time",
            cdr_token="auth_id",  # noqa: S106
            place="location",
        ),
        "cdr_token": Shape(finish=_only_contract),
        "session_period": _drop("tariff_id", finish=_keep_old_dimensions),
        "cdr_period": _drop("tariff_id", finish=_keep_old_dimensions),
        "tariff": _drop("country_code", "party_id", "type", "min_price", "max_price"),
        "price_component": _drop("vat"),
        "endpoint": _drop("role"),
        "credentials": Shape(finish=_flat_credentials),
        "command_response": _drop("timeout", "message"),
        "command_result": _drop("message", finish=_old_result),
    },
)

VERSIONS: Mapping[str, Version] = {one.number: one for one in (V2_1_1, V2_2, V2_2_1, V2_3_0)}
