"""What must hold after the storm: our rows against the payment gateway's books and the CPOs' own."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db.models import Sum

from billing.books.verifying import verify
from billing.models import OutstandingAmount, PaymentAuthorization, RestoreFinding, UnpostedPayment
from ocpi.models import Command
from partners.models import Incident
from rehearsal.bench.torture.acquirers import Charge
from rehearsal.bench.torture.drivers import Ride
from sessions_adhoc.models import AccountDue, AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.states import TERMINAL, State

Pay = PaymentAuthorization.State
AT_REST = {Pay.CAPTURED, Pay.RELEASED, Pay.DECLINED, Pay.FAILED, Pay.EXPIRED}
MOVING = (Pay.RESERVING, Pay.CAPTURING, Pay.RELEASING, Pay.REFUNDING)
MESSAGE_ID = re.compile(r"^Message-ID:\s*(<[^>]+>)", re.M)
"""A long one stands on a line of its own."""


@dataclass(frozen=True)
class Violation:
    """A promise that was broken, and whose session shows it."""

    session: str
    text: str


def under_way() -> list[str]:
    """Ids of sessions that somebody still has to do something about."""
    live = AdHocSession.objects.exclude(state__in=[*TERMINAL, State.ESCALATED])
    paying = AdHocSession.objects.filter(authorization__state__in=MOVING)
    references = Command.objects.filter(state=Command.State.SENDING).values_list("reference", flat=True)
    accounts = AccountDue.objects.values_list("session_id", flat=True)
    steps = UnpostedPayment.objects.values_list("pk", flat=True)
    sessions = live.union(paying).values_list("pk", flat=True)
    return [*(str(pk) for pk in (*sessions, *accounts, *steps)), *references]


def violations(
    rides: Sequence[Ride], books: Sequence[dict[str, Any]], charges: Mapping[str, Sequence[Charge]]
) -> list[Violation]:
    """Everything that is not as it must be. `books` are the CPOs' own, `charges` the acquirer's, by session."""
    starts = Counter[str]()
    for book in books:
        starts.update(book["starts_by_authorization_reference"])
    cdrs = [cdr for book in books for cdr in book["cdrs"]]
    found = [*_lost(rides), *_starts(starts)]
    for session in AdHocSession.objects.select_related("authorization", "token").order_by("created_at"):
        money = _money(session, cdrs, charges.get(str(session.pk), ()))
        found += [Violation(str(session.pk), text) for text in (*_rest(session), *money)]
    return [*found, *_ledger()]


def after_restore(books: Sequence[dict[str, Any]], charges: Mapping[str, Sequence[Charge]]) -> list[Violation]:
    """What a restore may not cost, whatever it forgot: money twice, money held unknown to all, a START twice."""
    starts = Counter[str]()
    for book in books:
        starts.update(book["starts_by_authorization_reference"])
    found = [
        Violation("", f"START_SESSION {name} arrived {count} times") for name, count in starts.items() if count > 1
    ]
    sessions = {str(one.pk): one for one in AdHocSession.objects.select_related("authorization")}
    for key, made in charges.items():
        found += [Violation(key, text) for text in _restored(key, sessions.get(key), made)]
    return found + [Violation(key, text) for key, session in sessions.items() for text in _rest(session)]


def _restored(key: str, session: AdHocSession | None, charges: Sequence[Charge]) -> Iterator[str]:
    captures, captured = sum(one.captures for one in charges), sum(one.captured for one in charges)
    if captures > 1:
        yield f"the gateway captured {captures} times"
    if session is None:
        if not RestoreFinding.objects.filter(text__contains=key).exists():
            yield "the gateway has it, we do not, and nobody is told"
        return
    ours = session.authorization
    if captured != ours.captured_amount:
        yield f"the gateway captured {captured}, our books say {ours.captured_amount}"
    told = _has_incident(session) or RestoreFinding.objects.filter(authorization=ours).exists()
    if any(one.held for one in charges) and session.state != State.ESCALATED and not told:
        yield f"the session is {session.state}, the gateway still holds money, and nobody is told"


def _ledger() -> Iterator[Violation]:
    """The books agree with payments, acquirer, receipts and CDRs, and nothing waits to be posted."""
    for title, findings in verify():
        yield from (Violation("", f"{title}: {finding}") for finding in findings)
    if waiting := UnpostedPayment.objects.count():
        yield Violation("", f"{waiting} steps of payments are not in the books")


def _lost(rides: Iterable[Ride]) -> Iterator[Violation]:
    """Each driver got an answer, and each start made exactly one session."""
    by_key = Counter(AdHocSession.objects.values_list("idempotency_key", flat=True))
    ids = {str(pk) for pk in AdHocSession.objects.values_list("pk", flat=True)}
    for ride in rides:
        if ride.trouble or not ride.done.is_set():
            yield Violation(ride.session_id, f"driver {ride.visit.number}: {ride.trouble or 'never came back'}")
        if ride.session_id and ride.session_id not in ids:
            yield Violation(ride.session_id, "it was answered to the driver and is lost")
        if by_key[ride.key] > 1 or (ride.session_id and by_key[ride.key] != 1):
            yield Violation(ride.session_id, f"driver {ride.visit.number} has {by_key[ride.key]} sessions")


def _starts(starts: Counter[str]) -> Iterator[Violation]:
    """At most one START_SESSION per authorization reference, and none that we know nothing of."""
    known = dict(ChargingAttempt.objects.values_list("authorization_reference", "session_id"))
    for reference, count in starts.items():
        if reference not in known:
            yield Violation("", f"the CPO got a START_SESSION {reference} that we do not know")
        elif count > 1:
            yield Violation(str(known[reference]), f"START_SESSION {reference} arrived {count} times")


def _rest(session: AdHocSession) -> Iterator[str]:
    """Terminal, or escalated with an open incident; whatever lives has a clock."""
    if session.state in TERMINAL:
        if session.next_check_at is not None:
            yield f"{session.state} and still has a clock"
    elif session.state == State.ESCALATED:
        if not _has_incident(session):
            yield "escalated without an open incident"
    else:
        yield f"stuck in {session.state} since {session.state_since:%H:%M:%S}, clock {session.next_check_at}"


def _has_incident(session: AdHocSession) -> bool:
    return Incident.objects.filter(reference=str(session.pk), closed_at=None).exists()


def _money(session: AdHocSession, cdrs: list[dict[str, Any]], charges: Sequence[Charge]) -> Iterator[str]:
    """Our row, the gateway's books and the CPO's bill say the same."""
    ours = session.authorization
    captures = sum(charge.captures for charge in charges)
    captured = sum(charge.captured for charge in charges)
    held = [charge for charge in charges if charge.held]
    if len(charges) > 1:
        yield f"the gateway reserved {len(charges)} times"
    if captures > 1:
        yield f"the gateway captured {captures} times"
    if captured != ours.captured_amount:
        yield f"the gateway captured {captured}, our books say {ours.captured_amount}"
    if captured > ours.amount:
        yield f"{captured} captured of {ours.amount} reserved"
    if held and not (session.state == State.ESCALATED or (ours.state == Pay.RESERVED and _has_incident(session))):
        yield f"the session is {session.state} and the gateway still holds money"
    if session.state in TERMINAL and ours.state not in AT_REST and not _has_incident(session):
        yield f"the session is {session.state}, its payment {ours.state}"
    if session.state == State.SETTLED:
        # What the CPO bills is captured, or written down with the reason why not (rules 32, 33): nothing is forgotten.
        billed, kept = _billed(session, _named(session, cdrs)), _outstanding(ours)
        if captured + kept != billed:
            yield f"settled with {captured} captured and {kept} outstanding, the CPO billed {billed}"
    elif captured:
        yield f"{session.state} with {captured} captured"


def mails_sent(folder: Path) -> Counter[str]:
    """How often each mail went out, by its Message-ID: workers print what they send."""
    logs = [path.read_text(errors="replace") for path in folder.glob("worker-*.log")]
    return Counter(name for log in logs for name in MESSAGE_ID.findall(log))


def twice(sent: Counter[str]) -> Iterator[Violation]:
    """Mails that arrived more than once."""
    for name, times in sent.items():
        if times > 1:
            yield Violation("", f"the mail with {name} was sent {times} times")


def _outstanding(payment: PaymentAuthorization) -> int:
    """Claims and receivables of a payment that the CPO did not take back, in minor units."""
    rows = payment.outstanding_amounts.exclude(state=OutstandingAmount.State.WITHDRAWN)
    return rows.aggregate(total=Sum("amount"))["total"] or 0


def _billed(session: AdHocSession, cdrs: list[dict[str, Any]]) -> int:
    """What the CPO's own CDRs about this session come to, in minor units; credited ones do not count."""
    credited = {cdr.get("credit_reference_id") for cdr in cdrs if cdr.get("credit")}
    mine = [cdr for cdr in cdrs if not cdr.get("credit") and cdr["id"] not in credited and _counts(session, cdr)]
    return round(sum((Decimal(str(cdr["total_cost"]["incl_vat"])) for cdr in mine), Decimal(0)) * 100)


def _named(session: AdHocSession, cdrs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The CDRs that name the session's one-off token."""
    uid = session.token.uid.lower()
    return [cdr for cdr in cdrs if str((cdr.get("cdr_token") or {}).get("uid")).lower() == uid]


def _counts(session: AdHocSession, cdr: dict[str, Any]) -> bool:
    """Whether it bills an attempt that did not fail: by its Session, or by its reference if we never saw that one."""
    link = AttemptSession.objects.filter(
        attempt__session__partner=session.partner_id, ocpi_session__ocpi_id__iexact=str(cdr.get("session_id"))
    )
    if found := link.select_related("attempt").first():
        valid = found.validity == AttemptSession.Validity.VALID and not found.attempt.failure
        return valid and found.attempt.session_id == session.pk
    reference = cdr.get("authorization_reference") or ""
    return session.attempts.filter(authorization_reference__iexact=reference, failure="").exists()
