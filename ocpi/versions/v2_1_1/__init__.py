"""OCPI 2.1.1: what differs from 2.2.

One interface per module and side, no roles, no hubs, prices without VAT.
"""

from ocpi.versions import v2_2_1
from ocpi.versions.base import WireModel
from ocpi.versions.version import LaterModels, ModuleSpec, Version, models_of

_LATER_KINDS = frozenset(
    [
        "cancel_reservation",
        "charging_preferences",
        "client_info",
        "credentials_role",
        "publish_token_type",
        "price",
        "energy_contract",
        "signed_data",
        "signed_value",
        "cdr_location",
        "charging_profile",
        "charging_profile_period",
        "set_charging_profile",
        "active_charging_profile",
        "charging_profile_response",
        "active_charging_profile_result",
        "charging_profile_result",
        "clear_profile_result",
        "cdr_token",
    ]
)


def _models() -> dict[str, type[WireModel]]:
    from ocpi.versions.v2_1_1 import cdrs, commands, locations, registration, sessions, tariffs, tokens

    found: dict[str, type[WireModel]] = {
        **v2_2_1.VERSION.models,
        **models_of(locations, sessions, tariffs, cdrs, tokens, registration, commands),
        # The asynchronous result has the form of the response.
        "command_result": commands.CommandResponse,
    }
    return {kind: model for kind, model in found.items() if kind not in _LATER_KINDS}


VERSION = Version(
    number="2.1.1",
    models=LaterModels(_models),
    modules=tuple(
        ModuleSpec(identifier, None)
        for identifier in ("credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands")
    ),
    has_roles=False,
    encodes_token=False,
    routing_headers=False,
    correlation_headers=False,
    command_result_kind="command_response",
    command_has_timeout=False,
    commands_name_charges=False,
    sessions_tell_power=False,
    patch_needs_last_updated=False,
    tariffs_patchable=True,
    unknown_token_code=2000,
    objects_name_owner=False,
    token_type_in_query=False,
    ids_ignore_case=False,
)
