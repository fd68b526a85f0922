"""Version: everything that an OCPI version changes, as data.

No other code asks which version it is talking: it reads a field of this record.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import ModuleType
from typing import Any

from ocpi.versions.base import WireModel
from ocpi.versions.enums import InterfaceRole
from ocpi.versions.nulls import with_nulls
from ocpi.versions.patching import patch
from ocpi.versions.reading import read
from ocpi.versions.results import Parsed, Patched, Salvaged
from ocpi.versions.salvaging import salvage
from ocpi.versions.writing import write
from partners.ground.ocpi_versions import NEEDED_MODULES, ON_REQUEST


@dataclass(frozen=True)
class ModuleSpec:
    """A module we serve, and on which side. Without roles (2.1.1) the side is known from the module alone."""

    identifier: str
    role: InterfaceRole | None


@dataclass(frozen=True)
class RemoteNeed:
    """A module we need at a CPO, and on which side of it the CPO stands."""

    identifier: str
    role: InterfaceRole
    required: bool = True


REQUIRED_REMOTE = tuple(RemoteNeed(one.identifier, InterfaceRole(one.side), one.required) for one in NEEDED_MODULES)


@dataclass(frozen=True, kw_only=True)
class Version:
    """One OCPI version.

    models                 kind -> wire model. A kind that is absent does not exist in the version.
    modules                what an eMSP serves, for our version details.
    has_roles              endpoints carry a role, credentials a list of roles (2.2 on).
    encodes_token          the Authorization header carries the token in base64 (default for outbound calls).
    routing_headers        OCPI-to-/OCPI-from-... on functional modules.
    correlation_headers    X-Request-ID and X-Correlation-ID.
    command_result_kind    the kind of the asynchronous result of a command.
    command_has_timeout    the response to a command says how long to wait for its result.
    commands_name_charges  START_SESSION carries a reference, which the Session and its CDR repeat (2.2 on).
    sessions_tell_power    a Session's charging periods can tell the power in kW.
    patch_needs_last_updated  a PATCH without it is refused.
    tariffs_patchable      PATCH exists for tariffs.
    unknown_token_code     OCPI status code for an unknown token.
    objects_name_owner     objects carry country_code and party_id of their owner.
    token_type_in_query    `?type=` goes on token URLs unless it is RFID.
    ids_ignore_case        ids are CiStrings (2.2 on).
    unknown_fields_allowed an unknown field is no mistake.
    """

    number: str
    models: Mapping[str, type[WireModel]]
    modules: tuple[ModuleSpec, ...]
    has_roles: bool = True
    encodes_token: bool = True
    routing_headers: bool = True
    correlation_headers: bool = True
    command_result_kind: str = "command_result"
    command_has_timeout: bool = True
    commands_name_charges: bool = True
    sessions_tell_power: bool = True
    patch_needs_last_updated: bool = True
    tariffs_patchable: bool = False
    unknown_token_code: int = 2004
    objects_name_owner: bool = True
    token_type_in_query: bool = True
    ids_ignore_case: bool = True
    unknown_fields_allowed: bool = False

    def __str__(self) -> str:
        return self.number

    def __repr__(self) -> str:
        return f"<Version {self.number}>"

    def __hash__(self) -> int:
        return hash(self.number)

    @property
    def on_request(self) -> bool:
        """Off unless enabled for a partner."""
        return self.number in ON_REQUEST

    @property
    def required_remote(self) -> tuple[RemoteNeed, ...]:
        """What we need from a CPO: the same in every version."""
        return REQUIRED_REMOTE

    @property
    def slug(self) -> str:
        """The version in a Python name: `v2_2_1`."""
        return "v" + self.number.replace(".", "_")

    def model(self, kind: str) -> type[WireModel]:
        """The wire model of a kind; LookupError where the version has no such object."""
        try:
            return self.models[kind]
        except KeyError:
            raise LookupError(f"OCPI {self.number} has no {kind!r}") from None

    def parse(self, kind: str, data: Any, *, owner: tuple[str, str] | None = None) -> Parsed[Any]:
        """Read wire data leniently; raises Invalid with every fault.

        `owner` (country_code, party_id) completes objects whose version does not name their owner.
        """
        return read(self.model(kind), data, unknown_allowed=self.unknown_fields_allowed, owner=owner)

    def salvage(
        self, kind: str, data: Any, *, stored: Mapping[str, Any], owner: tuple[str, str] | None = None
    ) -> Salvaged[Any]:
        """Read wire data as far as it is valid (`ocpi.versions.salvaging`); raises Invalid if nothing can be kept."""
        model, unknown = self.model(kind), self.unknown_fields_allowed
        return salvage(model, data, unknown_allowed=unknown, owner=owner, stored=stored)

    def parse_patch(
        self,
        kind: str,
        change: Any,
        stored: Mapping[str, Any],
        *,
        received_at: datetime | None = None,
        owner: tuple[str, str] | None = None,
        as_far_as_valid: bool = False,
    ) -> Patched[Any]:
        """Merge a PATCH into the stored raw object and read the whole; raises Invalid with every fault.

        `received_at` becomes last_updated where the version lets a PATCH come without it. `as_far_as_valid`: what is
        faulty in the change stays as it is stored (`ocpi.versions.patching`).
        """
        return patch(
            self.model(kind),
            change,
            stored,
            needs_last_updated=self.patch_needs_last_updated,
            ids_ignore_case=self.ids_ignore_case,
            received_at=received_at,
            unknown_allowed=self.unknown_fields_allowed,
            owner=owner,
            as_far_as_valid=as_far_as_valid,
        )

    def dump(self, obj: WireModel) -> dict[str, Any]:
        """Any version's object in this version's wire form, JSON-ready.

        Raises Invalid where that cannot be.
        """
        return write(self.model(obj.kind), obj)

    def with_nulls(self, kind: str, wire: dict[str, Any]) -> dict[str, Any]:
        """Wire data in which every optional field stands, as null where it says nothing."""
        return with_nulls(self.model(kind), wire)


def models_of(*modules: ModuleType) -> dict[str, type[WireModel]]:
    """kind -> model for the models of some modules; later ones take precedence."""
    found: dict[str, type[WireModel]] = {}
    for module in modules:
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, WireModel) and value.kind:
                found[value.kind] = value
    return found


class LaterModels(Mapping[str, type[WireModel]]):
    """The models of a version, imported when the first of them is asked for: classes of wire models take longer to make
    than anything else does, and most processes need those of 2.2.1 only.

    Args:
        read: returns kind -> model; called once.
    """

    def __init__(self, read: Callable[[], dict[str, type[WireModel]]]) -> None:
        self._read = read

    @cached_property
    def _models(self) -> dict[str, type[WireModel]]:
        return self._read()

    def __getitem__(self, kind: str) -> type[WireModel]:
        return self._models[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)
