"""What holds at every moment of a history, and at its end. By the rows, the CPO's record and the gateway's books."""

from collections import Counter
from decimal import Decimal

from django.db.models import Q

from billing.models import PaymentAuthorization, PaymentEvent, SimulatedCharge, SimulatedOperation
from ocpi.models import Cdr
from partners.models import Incident
from sessions_adhoc.models import TRANSITIONS, AdHocSession, AttemptSession, ChargingAttempt, TimelineEvent
from sessions_adhoc.states import TERMINAL, State
from tests.sessions_adhoc.properties.engine_world import World


def at_every_moment(world: World) -> None:
    no_attempt_is_started_twice(world)
    for session in world.sessions:
        funds_were_reserved_at_each_start(session)
        timeline_tells_each_change_once(session)
        clock_runs_while_it_is_live(session)
        never_more_than_reserved(session)
        staff_know_what_is_escalated(session)
    orphans_are_stopped_once_and_known(world)


def at_the_end(world: World) -> None:
    """Nothing more comes: each session has ended and holds nothing, or staff know of it."""
    for session in world.sessions:
        assert session.state in TERMINAL or session.state == State.ESCALATED, f"it never ends: {session.state}"
        payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
        charge = SimulatedCharge.objects.filter(reference=payment.reference).first()
        held = charge.held_amount if charge else 0
        assert not held or open_incidents(session), f"{session.state}: {held} held and nobody knows"
        if payment.is_terminal:
            assert held == 0, "our books say that it is over, the gateway holds money"
            assert (charge.captured_amount if charge else 0) == payment.captured_amount
        if session.pk not in world.captured_by_staff:
            billed_only_what_was_valid(session, payment)


def no_attempt_is_started_twice(world: World) -> None:
    """Rule 1, by what arrived at the CPO."""
    arrived = Counter(start["authorization_reference"] for start in world.starts())
    assert all(count == 1 for count in arrived.values()), arrived
    known = ChargingAttempt.objects.filter(authorization_reference__in=arrived)
    assert known.count() == len(arrived), "a START of an attempt that is not in the database"


def funds_were_reserved_at_each_start(session: AdHocSession) -> None:
    """Rule 1: when a START went out, the last thing that the gateway had said was that it holds the money."""
    for attempt in session.attempts.select_related("command"):
        if attempt.command.sent_at is None:
            continue
        before = PaymentEvent.objects.filter(
            authorization_id=session.authorization_id, at__lte=attempt.command.sent_at
        ).order_by("pk")
        states = list(before.values_list("to_state", flat=True))
        assert "reserved" in states, states
    open_attempts = session.attempts.filter(ended_at=None).count()
    assert open_attempts <= 1
    assert not (session.state in TERMINAL and open_attempts), f"{session.state} with an open attempt"


def timeline_tells_each_change_once(session: AdHocSession) -> None:
    changes = TimelineEvent.objects.filter(session=session, kind="state").order_by("pk")
    state = State.CREATED
    for came_from, went_to in changes.values_list("state_from", "state_to"):
        assert came_from == state, f"the timeline jumps from {state} to {came_from}"
        assert (state, State(went_to)) in TRANSITIONS
        state = State(went_to)
    assert state == session.state, f"the timeline ends in {state}, the session is {session.state}"


def clock_runs_while_it_is_live(session: AdHocSession) -> None:
    if session.state in TERMINAL:
        assert session.next_check_at is None
        assert session.ended_at is not None
    elif session.state != State.ESCALATED:
        assert session.next_check_at is not None


def never_more_than_reserved(session: AdHocSession) -> None:
    """Rule 24, by the gateway's own books: one reservation, at most one capture, within it."""
    charges = list(SimulatedCharge.objects.filter(reference=str(session.pk)))
    assert len(charges) <= 1
    for charge in charges:
        assert charge.captured_amount <= charge.amount == session.amount
        assert charge.captured_amount + charge.released_amount <= charge.amount
        done = SimulatedOperation.objects.filter(charge=charge, verb="capture", outcome="done").count()
        assert done <= 1, "captured twice"
    payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
    captured = sum(charge.captured_amount for charge in charges)
    assert payment.captured_amount in (0, captured)
    given_back = sum(charge.refunded_amount for charge in charges)
    assert payment.refunded_amount <= given_back <= captured
    assert not payment.is_terminal or payment.refunded_amount == given_back


def staff_know_what_is_escalated(session: AdHocSession) -> None:
    assert session.state != State.ESCALATED or open_incidents(session)


def open_incidents(session: AdHocSession) -> bool:
    return Incident.objects.filter(reference=str(session.pk), closed_at=None).exists()


def orphans_are_stopped_once_and_known(world: World) -> None:
    """Rule 12: on the staff queue, and asked to stop at most once."""
    stops = Counter(seen.body["session_id"] for seen in world.cpo.sent("STOP_SESSION"))
    links = AttemptSession.objects.exclude(validity__in=["valid", "renamed"]).select_related("ocpi_session", "attempt")
    for link in links:
        assert Incident.objects.filter(key=f"orphan:{link.pk}").exists(), "an orphan that staff do not know"
        if link.validity != "late":
            assert stops[link.ocpi_session.ocpi_id] <= 1


def billed_only_what_was_valid(session: AdHocSession, payment: PaymentAuthorization) -> None:
    """Rules 26, 27: a capture comes from CDRs of attempts that did not fail, and energy was delivered."""
    if not payment.captured_amount:
        return
    assert session.state in (State.SETTLED, State.ESCALATED)
    good = {attempt.authorization_reference for attempt in session.attempts.filter(failure="")}
    assert good, "captured although every attempt failed"
    invalid = AttemptSession.objects.filter(attempt__session=session).exclude(validity__in=["valid", "renamed"])
    not_ours = set(invalid.values_list("ocpi_session__ocpi_key", flat=True))
    rows = Cdr.objects.filter(token_uid=session.token.uid, authorization_reference__in=good)
    counted = [row for row in rows if row.session_key not in not_ours and row.currency == session.currency]
    ours = AttemptSession.objects.filter(attempt__session=session, attempt__failure="", validity="valid")
    # Energy is what was observed, or what a Session says at its end (rules 8, 20, 26); the CDR says what it costs, and
    # tells of energy by itself only where it came before any Session did (rule 27). A CDR of 0 kWh for a charge that
    # was metered is billed as it stands: the tariff comparison tells staff.
    over = Q(ocpi_session__status__in=["COMPLETED", "INVALID"], ocpi_session__kwh__gt=0)
    metered = ours.filter(Q(attempt__energy_at__isnull=False) | over).exists()
    assert metered or any(row.total_energy > 0 for row in counted), "captured without energy"
    most = sum((gross(row) for row in counted if not row.credit), Decimal(0))
    assert payment.captured_amount <= most * 100
    what_the_driver_paid_agrees_with_the_cdrs_or_staff_know(session, payment, counted)


def gross(row: Cdr) -> Decimal:
    assert row.total_gross is not None, f"captured, and {row.ocpi_id} has no total"
    return row.total_gross


def what_the_driver_paid_agrees_with_the_cdrs_or_staff_know(
    session: AdHocSession, payment: PaymentAuthorization, counted: list[Cdr]
) -> None:
    """Rules 24, 26: nothing that came after the settlement is dropped."""
    crediting = Cdr.objects.filter(token_uid=session.token.uid, credit=True)
    taken_back = {row.credit_reference_id.lower() for row in crediting}
    total = sum((gross(row) for row in counted if not row.credit and row.ocpi_key not in taken_back), Decimal(0))
    if payment.kept_amount != min(int(total * 100), session.amount):
        assert open_incidents(session), f"{payment.kept_amount} was taken, the CDRs say {total}"
