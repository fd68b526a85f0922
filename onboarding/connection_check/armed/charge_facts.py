"""What the cases of a test charge look at: token, commands, the charger, and what came in since."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils import timezone

from ocpi.calls import commands
from ocpi.models import Command, Evse, Message, OcpiSession, Token
from ocpi.versions import Invalid
from onboarding.connection_check.case import Wait
from onboarding.connection_check.scene import Scene
from partners.agreed.policies import effective_policy

THEME = "Test charge"
ACCEPTED = "ACCEPTED"
RESULT_WAIT = 30  # seconds, where the CommandResponse names no timeout
SHORTEST_LOOK, LONGEST_LOOK = 0.3, 3.0
Sent = Command | Wait


def look_again(scene: Scene, text: str) -> Wait:
    """Wait a little; the shorter the meter interval, the shorter."""
    return Wait(min(max(scene.run.sample_interval / 20, SHORTEST_LOOK), LONGEST_LOOK), text)


def is_overdue(scene: Scene, seconds: float) -> bool:
    """The case at hand has been looked at for this long."""
    return timezone.now() > scene.began_at + timedelta(seconds=seconds)


def policy(scene: Scene, name: str) -> int:
    """A number of the session rules, in seconds, as agreed with the partner for this charger."""
    return int(effective_policy(scene.partner.pk, scene.run.location_id, scene.run.evse_uid).values[name])


def token(scene: Scene) -> Token:
    """The token of this check, and of nothing else."""
    return Token.objects.get(pk=scene.notes["token"])


def evse(scene: Scene) -> Evse:
    """The test charger as we know it now."""
    run = scene.run
    return Evse.objects.get(
        partner=scene.partner, uid_key=run.evse_uid.lower(), location__ocpi_key=run.location_id.lower()
    )


def begin_charge(scene: Scene, evse_uid: str) -> Command:
    """A START_SESSION with the token of this check, not sent yet."""
    run, ours = scene.run, token(scene)
    return commands.create(
        commands.start_session(
            partner=scene.partner,
            token=ours,
            location_id=run.location_id,
            evse_uid=evse_uid,
            connector_id=run.connector_id if evse_uid == run.evse_uid else "",
            authorization_reference=ours.uid,
            reference="",
        )
    )


def send_once(scene: Scene, name: str, make: Callable[[], Command]) -> Sent:
    """The command of this name, sent once, whoever of the workers does it; Wait while nobody knows its answer."""
    known: dict[str, str] = scene.notes.setdefault("commands", {})
    if name not in known:
        with transaction.atomic():
            made = make()
            made.is_test = True
            made.save(update_fields=["is_test"])
            known[name] = str(made.pk)
            scene.keep()
    command = Command.objects.get(pk=known[name])
    if command.state == Command.State.CREATED:
        commands.send(command.pk)
        command.refresh_from_db()
    if command.state in (Command.State.CREATED, Command.State.SENDING):
        return look_again(scene, f"the answer to {command.kind}")
    return command


def command(scene: Scene, name: str) -> Command | None:
    """The command of this name, if it was made."""
    pk = scene.notes.get("commands", {}).get(name)
    return Command.objects.filter(pk=pk).first() if pk else None


def result_overdue(command: Command) -> bool:
    """The asynchronous result did not come within the time that they asked for."""
    since = command.answered_at or command.sent_at or command.created_at
    return timezone.now() > since + timedelta(seconds=command.timeout or RESULT_WAIT)


def result_messages(command: Command) -> tuple[int, ...]:
    """The exchanges of a command: ours, and the one that brought the result."""
    name, since = f"command:{command.pk}", command.created_at
    came = messages(command.partner_id, since, ("commands",))
    found = [message.pk for message in came if name in message.objects_touched]
    return tuple(pk for pk in (command.message_id, *found) if pk is not None)


def response_problems(scene: Scene, command: Command) -> list[str]:
    """How their CommandResponse departs from the specification: sentences."""
    message = Message.objects.filter(pk=command.message_id).first() if command.message_id else None
    try:
        data = json.loads(message.response_body).get("data") if message else None
    except (ValueError, AttributeError):
        return []
    if data is None:
        return []
    try:
        return [f"{one.path} {one.detail}.".strip() for one in scene.version.parse("command_response", data).leniences]
    except Invalid as error:
        return [f"The CommandResponse {fault.path} {fault.message}.".replace("  ", " ") for fault in error.faults]


def messages(partner_id: int, since: datetime, modules: Iterable[str]) -> list[Message]:
    """What they sent us since then, oldest first."""
    found = Message.objects.filter(
        partner=partner_id, direction=Message.Direction.INBOUND, at__gte=since, module__in=tuple(modules)
    )
    return list(found.order_by("pk"))


def charge_began(scene: Scene) -> datetime:
    """When START_SESSION was made."""
    started = command(scene, "start")
    return started.created_at if started else scene.run.created_at


def sessions(scene: Scene) -> list[OcpiSession]:
    """The Sessions of this check's token; 2.1.1 names its contract instead."""
    ours = token(scene)
    rows = OcpiSession.objects.filter(partner=scene.partner, token_uid__in=(ours.uid, ours.contract_id))
    return list(rows.order_by("pk"))


def session(scene: Scene) -> OcpiSession | None:
    """The Session of this check."""
    pk = scene.notes.get("session")
    return OcpiSession.objects.filter(pk=pk).first() if pk else None


def about(row: OcpiSession, came: Iterable[Message]) -> list[Message]:
    """Those of the messages that are about a Session."""
    name = f"session:{row.country_code}*{row.party_id}/{row.ocpi_id}".lower()
    return [message for message in came if name in [one.lower() for one in message.objects_touched]]


def body_of(message: Message) -> dict[str, Any]:
    """The JSON object of their request; empty where there is none."""
    try:
        found = json.loads(message.request_body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def number(value: Any) -> Decimal | None:
    """A number of the wire, in quotes or not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
