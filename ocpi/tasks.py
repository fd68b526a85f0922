"""Celery tasks of the OCPI app. Ticks sweep deadline columns and hand each due row to a task of its own."""

from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Model
from django.utils import timezone

from ocpi import bookings, charging_profiles, commands, handshake, message_log, outgoing, payments, pushes, sync
from ocpi.enqueue import enqueue
from ocpi.handshake.rotation import retire_replaced_tokens
from ocpi.handshake.runs import ADVANCE_TASK
from ocpi.models import HandshakeRun, SyncRun
from ocpi.pushes.queue import PUSH_TASK, hand_out_due
from ocpi.sync.requests import RUN_TASK
from ocpi.sync.schedule import delete_old_runs, request_due
from partners.deadlines import claim_due

# How long a task may wait in the queue before the sweep hands the row out again.
QUEUE_LEASE = timedelta(seconds=30)
BATCH = 100
# Importing them registers how their requests are sent.
SENDING = (bookings, charging_profiles, payments)


def _hand_out(model: type[Model], task: str) -> int:
    """Claim due rows and queue a task for each; the end of the claim goes with it, as its right to begin."""
    now = timezone.now()
    due = claim_due(model, now=now, lease=QUEUE_LEASE, limit=BATCH)
    for pk in due:
        enqueue(task, pk, (now + QUEUE_LEASE).isoformat())
    return len(due)


def _moment(held: str | None) -> datetime | None:
    return datetime.fromisoformat(held) if held else None


@shared_task(name="ocpi.tasks.sync_handshakes_tick")
def sync_handshakes_tick() -> int:
    """Hand out the handshakes whose next try is due."""
    return _hand_out(HandshakeRun, ADVANCE_TASK)


@shared_task(name=ADVANCE_TASK)
def sync_advance_handshake(run_id: int, held: str | None = None) -> None:
    """Advance one handshake as far as it goes now."""
    handshake.advance(run_id, _moment(held))


@shared_task(name="ocpi.tasks.sync_tick")
def sync_tick() -> int:
    """Request periodic pulls, hand out the due ones, end replaced tokens."""
    now = timezone.now()
    request_due(now)
    retire_replaced_tokens()
    return _hand_out(SyncRun, RUN_TASK)


@shared_task(name=RUN_TASK)
def sync_run(run_id: int, held: str | None = None) -> None:
    """Carry out one pull."""
    sync.run(run_id, _moment(held))


@shared_task(name="ocpi.tasks.sync_delete_old_messages")
def sync_delete_old_messages() -> int:
    """Delete messages and pulls that are past their time; return how many messages."""
    delete_old_runs(timezone.now())
    total = 0
    while deleted := message_log.delete_old():
        total += deleted
    return total


@shared_task(name="ocpi.tasks.send_command")
def send_command(command_id: str) -> None:
    """Send one command."""
    commands.send(command_id)


@shared_task(name="ocpi.tasks.commands_tick")
def commands_tick() -> int:
    """Settle commands whose worker died while sending; send the stops whose task was lost."""
    now = timezone.now()
    for command_id in commands.forgotten_stops(now):
        enqueue("ocpi.tasks.send_command", str(command_id))
    return commands.recover_lost(now)


@shared_task(name="ocpi.tasks.push_tick")
def push_tick() -> int:
    """Hand out the tokens that partners are to be told of, and requests that wait for their next try."""
    now = timezone.now()
    return hand_out_due(now) + outgoing.hand_out_due(now)


@shared_task(name="ocpi.tasks.push_reconcile")
def push_reconcile() -> int:
    """Plan pushes of tokens and to partners that nobody announced."""
    return pushes.reconcile(timezone.now())


@shared_task(name=PUSH_TASK)
def push_token(push_id: int, held: str | None = None) -> None:
    """Tell one partner of one token."""
    pushes.push(push_id, _moment(held))


@shared_task(name=outgoing.SEND_TASK)
def push_outgoing(label: str, pk: str, held: str | None = None) -> None:
    """Send one request of the model with this label."""
    outgoing.send_labelled(label, pk, _moment(held))
