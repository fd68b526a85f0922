"""Commands module (OCPI 2.2.1 §13)."""

from typing import Annotated, Any

from pydantic import model_validator

from ocpi.versions.base import WireModel
from ocpi.versions.enums import CommandResponseType, CommandResultType, OneOf
from ocpi.versions.readers import tolerate
from ocpi.versions.times import Moment
from ocpi.versions.types import Id36, Link, Many, Whole
from ocpi.versions.v2_2_1.common import DisplayText
from ocpi.versions.v2_2_1.tokens import Token

DEFAULT_TIMEOUT = 30  # seconds we give a command whose version or sender sets no time


class StartSession(WireModel):
    """StartSession (§13.3.5).

    connector_id is needed where the EVSE asks for it (START_SESSION_CONNECTOR_REQUIRED).
    """

    kind = "start_session"

    response_url: Link
    token: Token
    location_id: Id36
    evse_uid: Id36 | None = None
    connector_id: Id36 | None = None
    authorization_reference: Id36 | None = None


class StopSession(WireModel):
    """StopSession (§13.3.6)."""

    kind = "stop_session"

    response_url: Link
    session_id: Id36


class ReserveNow(WireModel):
    """ReserveNow (§13.3.4): replaces the reservation of the same id."""

    kind = "reserve_now"

    response_url: Link
    token: Token
    expiry_date: Moment
    reservation_id: Id36
    location_id: Id36
    evse_uid: Id36 | None = None
    authorization_reference: Id36 | None = None


class CancelReservation(WireModel):
    """CancelReservation (§13.3.1)."""

    kind = "cancel_reservation"

    response_url: Link
    reservation_id: Id36


class UnlockConnector(WireModel):
    """UnlockConnector (§13.3.7): for the help desk."""

    kind = "unlock_connector"

    response_url: Link
    location_id: Id36
    evse_uid: Id36
    connector_id: Id36


class CommandOutcome(WireModel):
    """What the answers to a command have in common."""

    result: str
    message: Many[DisplayText] = ()

    @model_validator(mode="before")
    @classmethod
    def _bare_string(cls, data: Any) -> Any:
        """OCPI 2.1.1 before d2 answered with the bare value; some systems still do."""
        if isinstance(data, str):
            raise tolerate("bare_string", "an object with `result` is expected", {"result": data})
        return data


class CommandResponse(CommandOutcome):
    """CommandResponse (§13.3.2): the command was understood, or not.

    `timeout`: seconds until the result is given up.
    """

    kind = "command_response"
    fallbacks = {"timeout": DEFAULT_TIMEOUT, "result": "REJECTED"}
    absent = {"timeout": DEFAULT_TIMEOUT}

    result: Annotated[str, OneOf(CommandResponseType, without=("TIMEOUT",))]
    timeout: Whole


class CommandResult(CommandOutcome):
    """CommandResult (§13.3.3): what the charge point made of it."""

    kind = "command_result"
    fallbacks = {"result": "FAILED"}

    result: Annotated[str, OneOf(CommandResultType)]
