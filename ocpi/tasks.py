"""Celery tasks of the OCPI app. Ticks sweep deadline columns and hand each due row to a task of its own."""

from celery import shared_task
from django.utils import timezone

from ocpi import handshake, sync
from ocpi.calls import bookings, charging_profiles, commands, outgoing, payments, tokens
from ocpi.calls.tokens.queue import PUSH_TASK, hand_out_due
from ocpi.client import certificates
from ocpi.handshake.rotation import retire_replaced_tokens
from ocpi.handshake.runs import ADVANCE_TASK
from ocpi.log import message_log, partitions, traffic
from ocpi.models import HandshakeRun, SyncRun
from ocpi.sync import refreshing
from ocpi.sync.requests import RUN_TASK
from ocpi.sync.schedule import delete_old_runs, request_due
from partners.ground.enqueue import enqueue, hand_out, moment_of

# Importing them registers how their requests are sent.
SENDING = (bookings, charging_profiles, payments)


@shared_task(name="ocpi.tasks.sync_handshakes_tick")
def sync_handshakes_tick() -> int:
    """Hand out the handshakes whose next try is due."""
    return hand_out(HandshakeRun, ADVANCE_TASK)


@shared_task(name=ADVANCE_TASK)
def sync_advance_handshake(run_id: int, held: str | None = None) -> None:
    """Advance one handshake as far as it goes now."""
    handshake.advance(run_id, moment_of(held))


@shared_task(name="ocpi.tasks.sync_tick")
def sync_tick() -> int:
    """Request periodic pulls, hand out the due ones, end replaced tokens."""
    now = timezone.now()
    request_due(now)
    retire_replaced_tokens()
    return hand_out(SyncRun, RUN_TASK)


@shared_task(name=RUN_TASK)
def sync_run(run_id: int, held: str | None = None) -> None:
    """Carry out one pull."""
    sync.run(run_id, moment_of(held))


@shared_task(name="ocpi.tasks.sync_refresh_tick")
def sync_refresh_tick() -> int:
    """Hand out the objects that are to be read anew."""
    return refreshing.hand_out_due(timezone.now())


@shared_task(name=refreshing.REFRESH_TASK)
def sync_refresh(refresh_id: int, held: str | None = None) -> None:
    """Read one object anew."""
    refreshing.refresh(refresh_id, moment_of(held))


@shared_task(name="ocpi.tasks.sync_delete_old_messages")
def sync_delete_old_messages() -> int:
    """Delete messages and pulls that are past their time; return how many messages."""
    now, total = timezone.now(), 0
    delete_old_runs(now)
    if partitions.are_used():
        partitions.begin_day(now)
        partitions.drop_old(now)
    while deleted := partitions.delete_old(now) if partitions.are_used() else message_log.delete_old():
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
    return hand_out_due(timezone.now()) + outgoing.hand_out_due()


@shared_task(name="ocpi.tasks.push_reconcile")
def push_reconcile() -> int:
    """Plan pushes of tokens and to partners that nobody announced."""
    return tokens.reconcile(timezone.now())


@shared_task(name=PUSH_TASK)
def push_token(push_id: int, held: str | None = None) -> None:
    """Tell one partner of one token."""
    tokens.push(push_id, moment_of(held))


@shared_task(name=outgoing.SEND_TASK)
def push_outgoing(label: str, pk: str, held: str | None = None) -> None:
    """Send one request of the model with this label."""
    outgoing.send_labelled(label, pk, moment_of(held))


@shared_task(name="ocpi.tasks.sync_certificates_tick")
def sync_certificates_tick() -> int:
    """Have the certificates looked at that are due."""
    now = timezone.now()
    certificates.plan(now)
    due = certificates.claim(now)
    for pk in due:
        enqueue("ocpi.tasks.sync_check_certificate", pk)
    return len(due)


@shared_task(name="ocpi.tasks.sync_check_certificate")
def sync_check_certificate(certificate_id: int) -> bool:
    """Look at the certificate of one host."""
    return certificates.check(certificate_id, timezone.now())


@shared_task(name="ocpi.tasks.sync_count_traffic")
def sync_count_traffic() -> int:
    """Count the newest hours of the message log, for the overview."""
    return traffic.count_traffic(timezone.now())
