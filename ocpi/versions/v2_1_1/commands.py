"""Commands module (OCPI 2.1.1 mod_commands.md)."""

from typing import Annotated

from ocpi.versions.enums import CommandResponseType, OneOf
from ocpi.versions.v2_1_1.tokens import Token
from ocpi.versions.v2_1_1.types import Id39, NumberedId
from ocpi.versions.v2_2 import models as v2_2
from ocpi.versions.v2_2_1 import commands


class StartSession(v2_2.StartSession):
    """StartSession: cannot carry an authorization_reference."""

    off_wire = frozenset({"authorization_reference"})

    token: Token
    location_id: Id39
    evse_uid: Id39 | None = None


class ReserveNow(commands.ReserveNow):
    """ReserveNow: reservations are numbered."""

    off_wire = frozenset({"authorization_reference"})

    token: Token
    reservation_id: Annotated[str, NumberedId()]
    location_id: Id39
    evse_uid: Id39 | None = None


class UnlockConnector(commands.UnlockConnector):
    """UnlockConnector."""

    location_id: Id39
    evse_uid: Id39


class CommandResponse(commands.CommandResponse):
    """CommandResponse: also the form of the asynchronous result. No timeout, no message."""

    off_wire = frozenset({"timeout", "message"})

    result: Annotated[str, OneOf(CommandResponseType)]
    timeout: int = commands.DEFAULT_TIMEOUT
