"""What each exception of a view is answered with."""

import traceback
from dataclasses import dataclass, field, replace

import structlog
from django.http import Http404
from rest_framework import exceptions

from ocpi import store
from ocpi.envelope import Refusal, StatusCode
from ocpi.server.authentication import Barred, WrongToken
from ocpi.versions import Fault, Invalid
from partners.ground.outage import RETRY_AFTER, database_was_away
from partners.models import Partner

log = structlog.get_logger(__name__)
MOST_FAULTS_TOLD = 20
LONGEST_MESSAGE = 1000
AWAY = "Our database is away for a moment. Please send this again in a few seconds."


@dataclass(frozen=True)
class Failure:
    """An answer that refuses, and what the message log keeps of it."""

    http_status: int
    status_code: int
    message: str
    faults: tuple[Fault, ...] = ()
    error: str = ""
    partner: Partner | None = None
    entrance: Partner | None = None
    headers: dict[str, str] = field(default_factory=dict)


def failure_of(error: Exception, unknown_code: int) -> Failure:
    """Return the answer to an exception; `unknown_code` is the OCPI status code for an object that is not there."""
    if isinstance(error, Refusal):
        return Failure(error.http_status, error.status_code, error.message)
    if isinstance(error, Invalid):
        return Failure(200, StatusCode.INVALID, tell_faults(error.faults), faults=error.faults)
    if isinstance(error, store.NotFound):
        return Failure(404, unknown_code, str(error))
    if isinstance(error, store.Conflict):
        return Failure(200, StatusCode.INVALID, str(error), error=str(error))
    if isinstance(error, store.Inexpressible):
        return Failure(200, StatusCode.SERVER_ERROR, str(error), error=str(error))
    if isinstance(error, Http404):
        return Failure(404, StatusCode.CLIENT_ERROR, "There is nothing at this URL.")
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, RecursionError):
        return Failure(200, StatusCode.INVALID, "The body nests too deeply.")
    return answer_to_mistake(error)


def _of_framework(error: exceptions.APIException) -> Failure:
    message = str(error.detail)
    if isinstance(error, WrongToken):
        headers = {"WWW-Authenticate": "Token"}
        refused = Failure(401, StatusCode.CLIENT_ERROR, message, headers=headers)
        return replace(refused, partner=error.partner, entrance=error.entrance)
    partner = error.partner if isinstance(error, Barred) else None
    return Failure(error.status_code, StatusCode.CLIENT_ERROR, message, partner=partner)


def answer_to_mistake(error: BaseException) -> Failure:
    """Return the answer to a mistake of ours; the reason stays here. What meets no database is to come again."""
    last_line = traceback.format_exception_only(error)[-1].strip()
    if database_was_away(error):
        log.warning("ocpi_request_without_database", error=last_line)
        headers = {"Retry-After": str(RETRY_AFTER)}
        return Failure(503, StatusCode.SERVER_ERROR, AWAY, error=last_line, headers=headers)
    log.error("ocpi_request_failed", exc_info=error)
    message = "We could not process this. Please try again later."
    return Failure(500, StatusCode.SERVER_ERROR, message, error=last_line)


def left_out_text(left_out: tuple[Fault, ...]) -> str:
    """What an object that was taken over is answered with: what of it was not, if anything."""
    return f"Taken over, but for: {tell_faults(left_out)}"[:LONGEST_MESSAGE] if left_out else "Success"


def tell_faults(faults: tuple[Fault, ...]) -> str:
    """Return the faults in one line; a long list is cut, the message log has the rest."""
    texts = [str(fault) for fault in faults[:MOST_FAULTS_TOLD]]
    if len(faults) > MOST_FAULTS_TOLD:
        texts.append(f"and {len(faults) - MOST_FAULTS_TOLD} more")
    return "; ".join(texts)
