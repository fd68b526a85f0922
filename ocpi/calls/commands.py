"""Sending commands (OCPI 2.2.1 §13). Each is sent at most once, unless it provably never arrived (rules 1, 3, 5).

    command = create(start_session(partner=..., token=..., location_id=..., ...))   # a row, no I/O
    send(command.pk)                                                                # the call; by a worker

How a row is sent, and what its state then says, is `ocpi.calls.outgoing`'s. The asynchronous result has columns of its
own, written by its callback, which may come before the response is recorded.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ocpi import receivers
from ocpi.calls.outgoing import LONGEST_TEXT, Sent, Unsupported, begin, carry_out, lose, sends
from ocpi.calls.tokens.sending import push_before_use, with_waiting
from ocpi.client import RECEIVER, CallFailed, Reply, functional
from ocpi.client.remote import endpoint_of, with_endpoint
from ocpi.hubs import hub_of, owner_of
from ocpi.log.remarks import remark
from ocpi.models import Command, Token
from ocpi.routing import command_callback_url
from ocpi.store import columns
from ocpi.versions import Invalid, Lenience, Version, WireModel
from ocpi.versions.enums import CommandResponseType
from ocpi.versions.v2_2_1.commands import CancelReservation, ReserveNow, StartSession, StopSession, UnlockConnector
from ocpi.versions.v2_2_1.tokens import Token as WireToken
from partners.ground.writes import Writes
from partners.models import Partner

log = structlog.get_logger(__name__)
State = Command.State
REJECTED = CommandResponseType.REJECTED.value
# How long after its deadline a call that is still `sending` counts as lost with its worker.
LOST_AFTER = timedelta(seconds=30)
# A STOP that never arrived is sent three times in all, for it may end a charge that nobody pays for.
MOST_STOPS = 3
STOP_PAUSE = timedelta(seconds=15)
STOP_PERIOD = timedelta(hours=1)
TO = "to"
"""In a request that goes to a hub: the party behind it. It is in the headers of the call, and not in its body."""


def start_session(
    *,
    partner: Partner,
    token: Token,
    location_id: str,
    evse_uid: str,
    connector_id: str,
    authorization_reference: str,
    reference: str,
    party: tuple[str, str] | None = None,
) -> Command:
    """Return a START_SESSION that is still to be written; `reference` is the ad-hoc session it serves.

    `party`: whose the location is: behind a hub several may have one with this id.
    """
    request = {
        "token": token_arguments(token),
        "location_id": location_id,
        "evse_uid": evse_uid,
        "connector_id": connector_id,
        "authorization_reference": authorization_reference,
    }
    return _new(Command.Kind.START_SESSION, partner, reference, request, party)


def stop_session(*, partner: Partner, session_id: str, reference: str, party: tuple[str, str] | None = None) -> Command:
    """Return a STOP_SESSION that is still to be written; `session_id` as the partner wrote it, `party`: whose it is."""
    return _new(Command.Kind.STOP_SESSION, partner, reference, {"session_id": session_id}, party)


def create(command: Command) -> Command:
    """Write a command that is to be sent. No I/O."""
    command.save(force_insert=True)
    return command


def _new(
    kind: str, partner: Partner, reference: str, request: dict[str, Any], party: tuple[str, str] | None = None
) -> Command:
    if party and hub_of(partner):
        request = {**request, TO: list(party)}
    return Command(partner=partner, kind=kind, reference=reference, request=request, created_at=timezone.now())


def create_unlock_connector(
    *, partner: Partner, location_id: str, evse_uid: str, connector_id: str, reference: str = ""
) -> Command:
    """Write an UNLOCK_CONNECTOR to be sent. For the help desk only, never for a driver (§13.1). No I/O."""
    request = {"location_id": location_id, "evse_uid": evse_uid, "connector_id": connector_id}
    return create(_new(Command.Kind.UNLOCK_CONNECTOR, partner, reference, request))


def send(command_id: Any) -> None:
    """Send a command that was not sent yet, or could not arrive; record what came of it and tell the receivers.

    Does nothing where another worker has it, it was sent already, or nobody wants it any more.
    """
    command = _claim(command_id)
    if command is not None:
        # An answer counts also where the call was given up for lost meanwhile.
        carry_out(command, Command.objects.filter(pk=command.pk, state__in=(State.SENDING, State.UNANSWERED)))


def _claim(command_id: Any) -> Command | None:
    """Take the command for sending, if it may be sent. Its row is locked first, then what the receivers lock.

    What the call needs is read along with it.
    """
    with transaction.atomic():
        sendable = with_endpoint(Command.objects.select_for_update(of=("self",), no_key=True), "commands", RECEIVER)
        known = with_waiting(sendable.select_related("partner"))
        command = known.filter(pk=command_id, state__in=(State.CREATED, State.UNDELIVERED)).first()
        writes = Writes()
        if command is None or command.is_put_off(timezone.now()) or not receivers.may_be_sent(command, writes):
            return None
        values = begin(command)
        for name, value in values.items():
            setattr(command, name, value)
        writes.change(command, *values)
        writes.run()
    return command


def recover_lost(now: datetime) -> int:
    """Turn commands whose worker died while sending into unanswered ones; return how many."""
    longest = timedelta(seconds=settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT) + LOST_AFTER
    lost = Command.objects.filter(state=State.SENDING, sent_at__lt=now - longest)
    return sum(lose(command, Command.objects.filter(pk=command.pk, state=State.SENDING)) for command in lost)


def forgotten_stops(now: datetime) -> list[Any]:
    """STOP_SESSIONs whose task was lost, or that could not arrive, and that nobody else sees to: send them again."""
    unsent = Command.objects.filter(
        kind=Command.Kind.STOP_SESSION, state__in=(State.CREATED, State.UNDELIVERED), tries__lt=MOST_STOPS
    )
    due = unsent.filter(created_at__gt=now - STOP_PERIOD, created_at__lt=now - STOP_PAUSE)
    return list(due.exclude(sent_at__gt=now - STOP_PAUSE).values_list("pk", flat=True))


def _refusal(failure: CallFailed) -> dict[str, Any]:
    """Some refuse with a CommandResponse; ACCEPTED in a refusal is none."""
    response = _result_in(_unwrap(failure.data)[0]) or REJECTED
    response = REJECTED if response == CommandResponseType.ACCEPTED else response
    return {"response": response, "response_text": failure.text[:LONGEST_TEXT]}


def _delay(failure: CallFailed) -> dict[str, Any]:
    return {"timeout": failure.ask_again_in}


@sends(Command, refusal=_refusal, delay=_delay, tell=receivers.command_changed)
def _send(command: Command, version: Version) -> Sent:
    kind = _OBJECTS[command.kind].kind
    if kind not in version.models:
        raise Unsupported(f"OCPI {version} has no {command.kind}.")
    try:
        body = version.dump(_wire(command))
    except Invalid as error:
        raise Unsupported(f"It cannot be expressed in OCPI {version}: {error}") from error
    to = _party_of(command)
    if push_before_use(command):
        # That took its time; how long a lost worker is waited for counts from the call itself.
        Command.objects.filter(pk=command.pk).update(sent_at=timezone.now())
    reply = functional(
        command.partner,
        "POST",
        "commands",
        RECEIVER,
        command.kind,
        body=body,
        kind=kind,
        to=to,
        at=endpoint_of(command),
    )
    return _read_answer(version, reply)


def _party_of(command: Command) -> tuple[str, str] | None:
    """Whom it is for, behind a hub: ids of locations and sessions are a party's own."""
    if named := command.request.get(TO):
        country_code, party_id = named
        return country_code, party_id
    location, session = command.request.get("location_id"), command.request.get("session_id")
    return owner_of(command.partner, location_id=location, session_id=session)


def _read_answer(version: Version, reply: Reply) -> Sent:
    """A success envelope. Its `result` decides, also where the rest of the object is faulty."""
    data, leniences = _unwrap(reply.data)
    result, text, values = _result_in(data), "", dict[str, Any](timeout=None)
    try:
        parsed = version.parse("command_response", data)
    except Invalid as error:
        text, leniences = f"Faults: {error}", ()
        remark(reply.message_id, faults=error.faults)
    else:
        obj = parsed.obj
        leniences = (*leniences, *parsed.leniences)
        text = " / ".join(message.text for message in obj.message)
        if version.command_has_timeout:
            values["timeout"] = columns.seconds(Command, "timeout", obj.timeout)
    if result:
        values["response_text"] = text[:LONGEST_TEXT]
    else:
        failure = f"Their answer has no result that OCPI knows. The command may have been carried out. {text}"
        values = {"state": State.UNANSWERED, "answered_at": None, "failure": failure.strip()[:LONGEST_TEXT]}
    return Sent("commands", reply, result, values, leniences)


def _unwrap(data: Any) -> tuple[Any, tuple[Lenience, ...]]:
    """The one object of a list, which some peers answer with."""
    if isinstance(data, list) and len(data) == 1:
        return data[0], (Lenience("single_in_list", "", "the answer is a list of one object"),)
    return data, ()


def _result_in(data: Any) -> str:
    """The `result` in an object, or the bare word of early 2.1.1 peers, if it is one that OCPI knows."""
    found = data.get("result") if isinstance(data, dict) else data
    word = found.strip().upper() if isinstance(found, str) else ""
    return word if word in CommandResponseType.__members__ else ""


def token_identity(token: Token) -> dict[str, Any]:
    """What names a token: all of a BookingToken (mod_bookings §4.7), the head of a Token."""
    return {
        "country_code": settings.OCPI_COUNTRY_CODE,
        "party_id": settings.OCPI_PARTY_ID,
        "uid": token.uid,
        "type": token.type,
        "contract_id": token.contract_id,
    }


def token_arguments(token: Token) -> dict[str, Any]:
    """A token as an argument of a command."""
    return {
        **token_identity(token),
        "visual_number": token.visual_number or None,
        "issuer": token.issuer,
        "valid": token.valid,
        "whitelist": token.whitelist,
        "language": token.language or None,
        "last_updated": token.last_updated.isoformat(),
    }


def _wire(command: Command) -> WireModel:
    """The command as an object of the newest common form; `Version.dump` writes it in any version, and checks it.

    Built without checks: an id of 39 characters is right in 2.1.1 and too long in 2.2.
    """
    arguments = {name: value for name, value in command.request.items() if value not in ("", None) and name != TO}
    arguments["response_url"] = command_callback_url(command)
    if "expiry_date" in arguments:
        arguments["expiry_date"] = datetime.fromisoformat(arguments["expiry_date"])
    if "token" in arguments:
        moment = datetime.fromisoformat(arguments["token"]["last_updated"])
        arguments["token"] = WireToken.model_construct(**{**arguments["token"], "last_updated": moment})
    return _OBJECTS[command.kind].model_construct(**arguments)


_OBJECTS: dict[str, type[WireModel]] = {
    Command.Kind.START_SESSION: StartSession,
    Command.Kind.STOP_SESSION: StopSession,
    Command.Kind.RESERVE_NOW: ReserveNow,
    Command.Kind.CANCEL_RESERVATION: CancelReservation,
    Command.Kind.UNLOCK_CONNECTOR: UnlockConnector,
}
