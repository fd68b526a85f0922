"""All of it, in order."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from billing.models import PaymentAuthorization, Receipt, Restore, RestoreFinding
from billing.restoring import findings
from billing.restoring.findings import Finding, Kind
from billing.restoring.gateways import ask_all
from partners.models import IssuedToken, Partner
from sessions_adhoc.engine.queueing import wake
from sessions_adhoc.models import AdHocSession, ClientKey
from sessions_adhoc.restoring import charges, partners
from sessions_adhoc.states import TERMINAL

REACHED = (Partner.Connection.CONNECTED, Partner.Connection.SUSPENDED)


def reconcile(since: datetime) -> Iterator[str]:
    """Ask everybody what happened since then, and say what was found, a line at a time.

    Raises:
        ValueError: that moment is still to come.
    """
    if since > timezone.now():
        raise ValueError("That moment is still to come: say to which moment the database was put back.")
    restore, lines = findings.begin(since), list[str]()
    for finding in (*_forgotten_for_good(restore), *_money_and_charges(restore, lines), *_told_by_partners(restore)):
        findings.keep(restore, finding)
    yield from lines
    live = AdHocSession.objects.exclude(state__in=TERMINAL).values_list("pk", flat=True)
    with transaction.atomic():
        wake(list(live), timezone.now())
    Restore.objects.filter(pk=restore.pk).update(done_at=timezone.now())
    yield f"{len(live)} live charges are looked at again."


def undecided(since: datetime) -> list[RestoreFinding]:
    """What people must decide of it, oldest first."""
    return list(RestoreFinding.objects.filter(restore__since=since, decided_at=None).order_by("pk"))


def _money_and_charges(restore: Restore, lines: list[str]) -> Iterator[Finding]:
    """Commands first: nothing is to go out while the gateways are asked."""
    lines.append(f"{charges.doubt_commands(restore.at)} START_SESSIONs may have been sent: they are not sent again.")
    told = ask_all(restore.since, lines.append)
    yield from told.findings
    for one, found in told.forgotten:
        yield from charges.recreate(one, found)
    started = charges.doubt_starts(restore.since, restore.at)
    lines.append(f"{started} charges may have been started: their Sessions are asked for.")
    moved = [one for one in told.asked if (one.before.state, one.before.kept_amount) != _standing(one.row)]
    lines.extend(f"Payment {one.row.pk}: {one.before.state}, is {_in_short(one.row)}." for one in moved)


def _standing(row: PaymentAuthorization) -> tuple[str, int]:
    return row.state, row.kept_amount


def _in_short(row: PaymentAuthorization) -> str:
    return f"{row.state} ({row.kept_amount} {row.currency})" if row.captured_amount else str(row.state)


def _told_by_partners(restore: Restore) -> Iterator[Finding]:
    for partner in Partner.objects.filter(connection__in=REACHED).order_by("pk"):
        yield from partners.pull(partner, restore.since)
    yield from partners.unknown_charges(restore.at)


def _forgotten_for_good(restore: Restore) -> Iterator[Finding]:
    """What nobody else can tell us."""
    last = Receipt.objects.order_by("-issued_at").values_list("number", flat=True).first()
    yield Finding(
        "receipts",
        Kind.RECEIPTS,
        f"Receipts that were issued after the backup are lost; the newest one that is known is {last or 'none'}."
        " None of their numbers is given again: receipts have another series for the rest of the year.",
        "Drivers may have receipts with numbers beyond that one, and get another one for the same charge. Tell the"
        " accountant which series ends where; the mail server's log has what was sent.",
    )
    tokens = IssuedToken.objects.exclude(state=IssuedToken.State.REVOKED).count()
    keys = ClientKey.objects.filter(revoked_at=None).count()
    yield Finding(
        "access",
        Kind.ACCESS,
        f"What was revoked after the backup is good again: of {tokens} tokens of CPOs, {keys} client keys, all links,"
        " passwords, second factors and groups of staff.",
        "Revoke again what was revoked since, leaked tokens and keys first. Policies, price plans and networks that"
        " were changed since have their earlier values.",
    )
