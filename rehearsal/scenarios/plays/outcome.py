"""What came of a session: our rows, the payment gateway's books, and the CPO's."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing.models import OutstandingAmount, PaymentAuthorization, SimulatedCharge, SimulatedOperation
from ocpi.models import Cdr, OcpiSession
from partners import clocks
from partners.models import Incident
from sessions_adhoc.decide.start import START_ERROR
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample, TimelineEvent
from sessions_adhoc.money.estimating import estimate

WITHOUT_VAT = frozenset({"2.1.1"})
"""Versions in which a CDR says its total without VAT only."""

VAT = Decimal("1.23")
"""What the simulated tariffs say, and Slovakia adds to what is told without it (rule 34)."""


@dataclass(frozen=True)
class Money:
    """The driver's money, in minor units, by our books and by the gateway's. What was given back is not captured."""

    reserved: int
    state: str
    captured: int
    gateway_state: str
    gateway_captured: int
    gateway_released: int
    gateway_held: int
    gateway_charges: int
    gateway_captures: int
    billed: int
    claimed: int = 0
    receivable: int = 0


@dataclass(frozen=True)
class Outcome:
    """Everything that a row of the table speaks of."""

    state: str
    reason: str
    path: tuple[str, ...]
    attempts: int
    starts: tuple[int, ...]
    stops: tuple[int, ...]
    sessions: tuple[str, ...]
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    verdict: str
    money: Money
    signs: frozenset[str]


REFUSALS = frozenset({"command_rejected", "start_refused", "cpo_unreachable"})
"""Reasons to fail with which the engine itself reports a START error."""

LEAST, SHARE = 2.0, 100
"""By how much an estimate may differ from the price: minor units, or its hundredth part (rule 35)."""

HALF_AN_HOUR = timedelta(minutes=30)
A_MINUTE = timedelta(minutes=1)
ALWAYS = ("token revoked",)
"""Looked at in every scenario."""


def read(session_id: str, books: Mapping[str, Any], signs: Iterable[str] = ()) -> Outcome:
    """Read the outcome so far; `books` is what the simulated CPO's control API says, `signs` are those asked for."""
    session = AdHocSession.objects.select_related("token", "partner").get(pk=session_id)
    attempts = list(session.attempts.all())
    links = list(AttemptSession.objects.filter(attempt__session=session).select_related("ocpi_session"))
    incidents = _incidents(session)
    stops = books["stops_by_session"]
    return Outcome(
        state=session.state,
        reason=session.reason,
        path=_path(session),
        attempts=len(attempts),
        starts=_starts(session, attempts, books),
        stops=tuple(stops[key] for key in (link.ocpi_session.ocpi_id for link in links) if key in stops),
        sessions=tuple(link.validity for link in links),
        opened=tuple(row.symptom for row in incidents if row.closed_at is None),
        closed=tuple(row.symptom for row in incidents if row.closed_at is not None),
        verdict=attempts[-1].verdict if attempts else "",
        money=_money(session, attempts, links, books),
        signs=frozenset(name for name in {*signs, *ALWAYS} if SIGNS[name](session)),
    )


def _incidents(session: AdHocSession) -> list[Incident]:
    """The incidents about the session, and those that it is evidence of."""
    name = str(session.pk)
    rows = Incident.objects.filter(partner_id=session.partner_id).order_by("pk")
    return [row for row in rows if row.reference == name or (session.reason in REFUSALS and _opened_by(row, name))]


def _opened_by(row: Incident, name: str) -> bool:
    """Whether the session is evidence of a START error: these are one incident for many sessions.

    The detector reports doubtful ones too, on its next round: whether that is before a scenario ends is chance.
    """
    return row.symptom == START_ERROR and any(item.get("session") == name for item in row.evidence)


def _path(session: AdHocSession) -> tuple[str, ...]:
    events = list(session.timeline.filter(kind=TimelineEvent.Kind.STATE).order_by("pk"))
    return tuple([event.state_from for event in events[:1]] + [event.state_to for event in events])


def _starts(session: AdHocSession, attempts: list[ChargingAttempt], books: Mapping[str, Any]) -> tuple[int, ...]:
    """How often the CPO saw each START_SESSION: by authorization reference, or by token where there is none."""
    seen = books["starts_by_authorization_reference"]
    names = [attempt.authorization_reference for attempt in attempts] + [session.token.uid]
    return tuple(seen[name] for name in names if name in seen)


def _money(
    session: AdHocSession,
    attempts: list[ChargingAttempt],
    links: list[AttemptSession],
    books: Mapping[str, Any],
) -> Money:
    ours = PaymentAuthorization.objects.get(pk=session.authorization_id)
    charges = list(SimulatedCharge.objects.filter(reference=str(session.pk)))
    captures = SimulatedOperation.objects.filter(charge__in=charges, verb="capture").count()
    failed = {attempt.pk for attempt in attempts if attempt.failure}
    counting = [link for link in links if link.validity == AttemptSession.Validity.VALID]
    valid = {link.ocpi_session.ocpi_id for link in counting if link.attempt_id not in failed}
    return Money(
        reserved=ours.amount,
        state=str(ours.state),
        captured=ours.kept_amount,
        gateway_state=", ".join(charge.status for charge in charges),
        gateway_captured=sum(charge.captured_amount - charge.refunded_amount for charge in charges),
        gateway_released=sum(charge.released_amount + charge.refunded_amount for charge in charges),
        gateway_held=sum(charge.held_amount for charge in charges),
        gateway_charges=len(charges),
        gateway_captures=captures,
        claimed=_outstanding(ours, "claim"),
        receivable=_outstanding(ours, "receivable"),
        billed=_billed(books["cdrs"], valid, session.token.uid, net=session.partner.version in WITHOUT_VAT),
    )


def _outstanding(payment: PaymentAuthorization, kind: str) -> int:
    return sum(OutstandingAmount.objects.filter(authorization=payment, kind=kind).values_list("amount", flat=True))


def _billed(cdrs: list[dict[str, Any]], sessions: set[str], token: str, *, net: bool) -> int:
    """What the CPO's own CDRs about these sessions come to, in minor units; credited ones do not count."""
    credited = {cdr.get("credit_reference_id") for cdr in cdrs if cdr.get("credit")}
    total = sum(
        _gross(cdr["total_cost"], net=net)
        for cdr in cdrs
        if cdr.get("session_id") in sessions and cdr["cdr_token"]["uid"] == token
        if not cdr.get("credit") and cdr["id"] not in credited
    )
    return round(total * 100)


def _gross(told: Mapping[str, Any], *, net: bool) -> Decimal:
    if net or "incl_vat" not in told:
        return Decimal(str(told["excl_vat"])) * VAT
    return Decimal(str(told["incl_vat"]))


def _samples(session: AdHocSession, **wanted: Any) -> bool:
    return Sample.objects.filter(attempt__session=session, **wanted).exists()


def _is_priced_as_estimated(session: AdHocSession) -> bool:
    """The estimate by the last sample is what was captured, within 1 % or 0.02 (rule 35)."""
    read = Sample.objects.filter(attempt__session=session, ignored="").exclude(kwh=None).order_by("pk")
    foreseen, taken = estimate(session, read.last()), session.authorization.kept_amount
    return foreseen is not None and abs(foreseen - taken) <= max(LEAST, taken / SHARE)


def _cdrs(session: AdHocSession) -> list[Cdr]:
    return list(Cdr.objects.filter(token_uid__in=[session.token.uid, session.token.contract_id]))


SIGNS: Mapping[str, Callable[[AdHocSession], bool]] = {
    "power derived": lambda session: _samples(session, kw_derived=True),
    "power told": lambda session: _samples(session, kw_derived=False, kw__gt=0),
    "old sample ignored": lambda session: _samples(session, ignored__startswith="older"),
    "less energy ignored": lambda session: _samples(session, ignored__startswith="less"),
    "asked by GET sessions": lambda session: session.attempts.exclude(pull_asked_at=None).exists(),
    "found by GET sessions": lambda session: _samples(session, source="GET"),
    "asked by GET cdrs": lambda session: session.attempts.filter(cdr_pulls__gt=0).exists(),
    "one CDR kept": lambda session: len(_cdrs(session)) == 1,
    "a stranger's CDR kept": lambda session: (
        Cdr.objects.filter(partner=session.partner_id, evse_uid__iexact=session.evse.uid)
        .exclude(pk__in=[cdr.pk for cdr in _cdrs(session)])
        .exists()
    ),
    "idle time billed": lambda session: any(cdr.raw.get("total_parking_time") for cdr in _cdrs(session)),
    "priced as estimated": _is_priced_as_estimated,
    "billed by our own calculation": lambda session: session.billed_by == AdHocSession.BilledBy.OWN,
    "settled within a minute": lambda session: (
        session.charging_ended_at is not None
        and session.ended_at is not None
        and session.ended_at - session.charging_ended_at < A_MINUTE
    ),
    "clock known": lambda session: abs(clocks.offset_of(session.partner_id)) > HALF_AN_HOUR,
    "stopped at the limit": lambda session: session.limit_stop_at is not None,
    "CDR kept, not eligible": lambda session: session.timeline.filter(text__contains="not eligible").exists(),
    "stray session kept": lambda session: OcpiSession.objects.filter(
        partner=session.partner_id, evse_uid__iexact=session.evse.uid, attempt_link=None
    ).exists(),
    "refusal was told": lambda session: session.timeline.filter(text__contains="did not stop (REJECTED)").exists(),
    "nobody else got in": lambda session: (
        not AdHocSession.objects.filter(evse=session.evse_id, created_at__gt=session.created_at).exists()
    ),
    "driver was told": lambda session: session.timeline.filter(text__contains="Charging goes on").exists(),
    "money given back": lambda session: session.authorization.refunded_amount > 0,
    "token revoked": lambda session: not session.token.valid,
}
"""Facts that some rows ask for by name."""
