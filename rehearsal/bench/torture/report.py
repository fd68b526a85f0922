"""What came of it, in lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F, Max, Min, Sum

from billing.models import PaymentAuthorization, PaymentEvent
from partners.models import Incident
from rehearsal.bench.torture.checks import Violation
from rehearsal.bench.torture.drivers import Ride
from sessions_adhoc.models import AdHocSession, ChargingAttempt, TimelineEvent

MOST = 40


def lines(
    rides: Sequence[Ride], books: Sequence[dict[str, Any]], rest: float, broken: Sequence[Violation]
) -> list[str]:
    """The report."""
    return [
        *_states(rides),
        "",
        *_scenarios(rides),
        "",
        *_totals(books),
        *_slowest(rides, rest),
        *_longest_stays(),
        "",
        *_verdict(broken),
    ]


def timelines() -> Iterator[str]:
    """What happened to each session, for whoever looks for the cause of a violation."""
    for session in AdHocSession.objects.order_by("created_at"):
        yield f"\n{session.pk} {session.evse} {session.state} {session.reason}"
        told = [(event.at, f"{event.kind}: {event.text}") for event in session.timeline.all()]
        money = PaymentEvent.objects.filter(authorization=session.authorization_id)
        told += [(event.at, f"money: {event.action} {event.to_state} {event.message}") for event in money]
        sent = ChargingAttempt.objects.filter(session=session).exclude(command__sent_at=None)
        moments = sent.values_list("command__sent_at", "authorization_reference")
        told += [(at, f"START sent, {reference}") for at, reference in moments if at]
        yield from (f"  {at:%H:%M:%S.%f} {text}" for at, text in sorted(told))


def _states(rides: Sequence[Ride]) -> Iterator[str]:
    yield f"{len(rides)} drivers, {AdHocSession.objects.count()} sessions"
    states = Counter(AdHocSession.objects.values_list("state", "reason"))
    for (state, reason), count in sorted(states.items()):
        yield f"  {count:4}  {state} {reason}".rstrip()
    for refusal, count in Counter(ride.refusal for ride in rides if ride.refusal).items():
        yield f"  {count:4}  turned away: {refusal}"


def _scenarios(rides: Sequence[Ride]) -> Iterator[str]:
    ends = {str(pk): state for pk, state in AdHocSession.objects.values_list("pk", "state")}
    table: dict[str, Counter[str]] = {}
    for ride in rides:
        table.setdefault(ride.visit.scenario, Counter())[ends.get(ride.session_id, "turned away")] += 1
    for name, counts in sorted(table.items()):
        yield f"  {name:<42} {', '.join(f'{count} {state}' for state, count in counts.most_common())}"


def _totals(books: Sequence[dict[str, Any]]) -> Iterator[str]:
    sums = PaymentAuthorization.objects.aggregate(reserved=Sum("amount"), captured=Sum("captured_amount"))
    starts = sum(sum(book["starts_by_authorization_reference"].values()) for book in books)
    stops = sum(sum(book["stops_by_session"].values()) for book in books)
    yield f"Reserved {(sums['reserved'] or 0) / 100:.2f}, captured {(sums['captured'] or 0) / 100:.2f}"
    yield f"Attempts {ChargingAttempt.objects.count()}, START_SESSIONs in the CPOs' books {starts}, STOPs {stops}"
    open_ones = Counter(Incident.objects.filter(closed_at=None).values_list("symptom", flat=True))
    yield f"Open incidents: {', '.join(f'{count} {name}' for name, count in open_ones.items()) or 'none'}"


def _slowest(rides: Sequence[Ride], rest: float) -> Iterator[str]:
    """Steps that take about a second when nothing is killed."""
    yield f"At rest {rest:.1f} s after the last driver and the last kill"
    yield "Slowest recovery"
    answered = max((ride.slowest for ride in rides), default=0.0)
    yield f"  an answer of the API       {answered:6.1f} s"
    reserved = AdHocSession.objects.exclude(funds_reserved_at=None)
    yield _step("funds reserved", reserved.values_list("pk", F("funds_reserved_at") - F("created_at")))
    sent = ChargingAttempt.objects.exclude(command__sent_at=None)
    yield _step("START_SESSION sent", sent.values_list("session", F("command__sent_at") - F("created_at")))
    asked = PaymentEvent.objects.filter(action="requested", to_state__in=["capturing", "releasing"])
    moves = asked.filter(authorization__state__in=["captured", "released"]).values("authorization__reference")
    took = moves.annotate(took=Max("authorization__state_since") - Min("at"))
    yield _step("captured or released", took.values_list("authorization__reference", "took"))


def _longest_stays() -> Iterator[str]:
    """The longest that a session was in each state, from its timeline."""
    longest: dict[str, tuple[timedelta, str]] = {}
    since: dict[Any, Any] = dict(AdHocSession.objects.values_list("pk", "created_at"))
    moves = TimelineEvent.objects.filter(kind=TimelineEvent.Kind.STATE).order_by("pk")
    for session, at, state in moves.values_list("session_id", "at", "state_from"):
        longest[state] = max(longest.get(state, (timedelta(0), "")), (at - since[session], str(session)))
        since[session] = at
    yield "Longest stay in a state"
    for state, (took, where) in sorted(longest.items(), key=lambda item: -item[1][0]):
        yield f"  {state:<25} {took.total_seconds():7.1f} s  {where}"


def _step(name: str, rows: Any) -> str:
    session, took = max(rows, key=lambda row: row[1], default=("-", timedelta(0)))
    return f"  {name:<25} {took.total_seconds():7.1f} s  {session}"


def _verdict(broken: Sequence[Violation]) -> Iterator[str]:
    for violation in broken[:MOST]:
        yield f"VIOLATION  {violation.session or '-'}: {violation.text}"
    if len(broken) > MOST:
        yield f"... and {len(broken) - MOST} more"
    yield f"torture FAILED: {len(broken)} violations" if broken else "torture ok: nothing lost, stuck or done twice"
