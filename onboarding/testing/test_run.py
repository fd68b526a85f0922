"""A charge for testing: started like any driver's, then held against the path that it is expected to take."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Model
from django.utils import timezone

from billing.models import PaymentAuthorization
from ocpi.models import Command, Evse
from onboarding.guide import TEST
from onboarding.stages.refusals import NotPossible
from onboarding.testing import evidence
from onboarding.testing.evidence import Charge, with_everything
from partners.ground.numbers import plain
from partners.models import Partner
from sessions_adhoc.driver.services import CannotStart, CannotStop, StartRequest, start_session, stop_session
from sessions_adhoc.models import AdHocSession, ChargingAttempt
from sessions_adhoc.states import TERMINAL, State

Money = PaymentAuthorization.State
NEVER = "did not come"


class Outcome(StrEnum):
    DONE = "done"
    WAITING = "waiting"
    MISSED = "missed"


@dataclass(frozen=True)
class PathStep:
    """One step of the expected path. `row` is what shows it; `text` says what happened, or what is awaited."""

    title: str
    outcome: Outcome
    text: str
    at: datetime | None = None
    row: Model | None = None


@dataclass(frozen=True)
class TestVerdict:
    """What this one charge shows of a functional test: shown, partly, or nothing."""

    __test__ = False

    key: str
    title: str
    shown: bool
    labels: list[str]


def start(partner: Partner, evse: Evse, connector: str, actor: str) -> AdHocSession:
    """Start a charge at one of the partner's chargers, with the gateway's own test payment.

    Raises:
        NotPossible: it cannot be started there.
    """
    if evse.partner_id != partner.pk:
        raise NotPossible("This charger belongs to another partner.")
    channel = AdHocSession.Channel.WEB.value
    # That the money is let go is evidence, and belongs to this try.
    request = StartRequest(evse=evse.code, connector=connector, channel=channel, is_only_try=True)
    try:
        session, _created = start_session(request, at=evse)
    except CannotStart as refused:
        raise NotPossible(f"{refused} (asked by {actor})") from refused
    return session


def stop(partner: Partner, session_id: str, actor: str) -> None:
    """Ask for the test charge to end. Raises `NotPossible`."""
    if not AdHocSession.objects.filter(pk=session_id, partner=partner).exists():
        raise NotPossible("There is no such charge at this partner.")
    try:
        stop_session(session_id, actor)
    except CannotStop as refused:
        raise NotPossible(str(refused)) from refused


def read(partner: Partner, session_id: str) -> Charge | None:
    """The charge with everything that happened in it; six queries."""
    rows = AdHocSession.objects.filter(pk=session_id, partner=partner)
    session = rows.select_related("authorization", "token", "evse__location", "partner").first()
    return with_everything(partner, [session])[0] if session else None


def verdicts(charge: Charge) -> list[TestVerdict]:
    """What this charge alone shows of the tests that a charge can show."""
    seen = evidence.seen_in(charge)
    keys = [key for key in TEST if key != "locations"]
    return [
        TestVerdict(key, TEST[key].title, key in seen.complete, [one.label for one in seen.found if one.test == key])
        for key in keys
    ]


def expected_path(charge: Charge) -> list[PathStep]:
    """The path from the reserved funds to the settled CDR; steps that cannot come any more are missed."""
    return [step(charge) for step in PATH]


def is_over(charge: Charge) -> bool:
    """Nothing more will happen by itself."""
    return charge.session.state in TERMINAL or charge.session.state == State.ESCALATED


def _step(
    charge: Charge,
    title: str,
    awaited: str,
    at: datetime | None,
    text: str = "",
    row: Model | None = None,
    *,
    instead: str = "",
) -> PathStep:
    """`awaited` is told while it may still come; `instead`, what came in its place, always."""
    if at is not None:
        return PathStep(title, Outcome.DONE, text, at, row)
    if is_over(charge):
        return PathStep(title, Outcome.MISSED, instead or NEVER, None, row)
    return PathStep(title, Outcome.WAITING, instead or awaited, None, row)


def _last(charge: Charge) -> ChargingAttempt | None:
    return charge.attempts[-1] if charge.attempts else None


def _reserve_step(charge: Charge) -> PathStep:
    payment = charge.session.authorization
    return _step(
        charge, "Funds reserved", "the payment gateway", charge.session.funds_reserved_at, "by test payment", payment
    )


def _accept_step(charge: Charge) -> PathStep:
    attempt = _last(charge)
    command = attempt.command if attempt else None
    good = command is not None and command.state == Command.State.ANSWERED and command.response == "ACCEPTED"
    instead = f"answered {command.response}" if command and command.response else ""
    text = f"attempt {attempt.number}" if attempt else ""
    at = command.answered_at if good and command else None
    return _step(charge, "START_SESSION accepted", "their CommandResponse", at, text, command, instead=instead)


def _result(charge: Charge) -> PathStep:
    attempt = _last(charge)
    command = attempt.command if attempt else None
    good = command is not None and command.result == "ACCEPTED"
    instead = f"their result is {command.result}" if command and command.result else ""
    at = command.result_at if good and command else None
    return _step(charge, "START_SESSION executed", "their CommandResult", at, row=command, instead=instead)


def _went(title: str, awaited: str, status: str) -> Callable[[Charge], PathStep]:
    def step(charge: Charge) -> PathStep:
        event = next((one for one in charge.connector if one.state_to == status), None)
        return _step(charge, title, awaited, event.at if event else None, event.text if event else "")

    return step


def _session(charge: Charge) -> PathStep:
    for attempt in reversed(charge.attempts):
        for link in attempt.valid_links:
            row = link.ocpi_session
            if row.first_active_at is not None:
                waited = max(round((row.first_active_at - attempt.created_at).total_seconds()), 0)
                return _step(charge, "Session ACTIVE", "", row.first_active_at, f"{waited} s after START_SESSION", row)
    return _step(charge, "Session ACTIVE", "their Session, within the agreed time", None)


def _energy(charge: Charge) -> PathStep:
    attempt = _last(charge)
    return _step(charge, "Energy delivered", "the first kWh", attempt.energy_at if attempt else None)


def _readings(charge: Charge) -> PathStep:
    samples = [one for attempt in charge.attempts for one in evidence.readings(attempt)]
    faulty = sum(bool(one.faults) for one in samples)
    text = f"{len(samples)} so far" + (f", {faulty} late or without kWh or kW" if faulty else "")
    enough = len(samples) >= evidence.ENOUGH_SAMPLES and not faulty
    at = samples[-1].at if enough else None
    instead = text if samples else ""
    return _step(charge, "Meter values in time", "kWh and kW, about every 60 s", at, text, instead=instead)


def _end_step(charge: Charge) -> PathStep:
    way = "we asked them to stop" if charge.session.stop_requested_at else "stopped at the charger"
    return _step(charge, "Charging ended", "press stop, or stop at the charger", charge.session.charging_ended_at, way)


def _bill_step(charge: Charge) -> PathStep:
    cdr = charge.cdrs[0] if charge.cdrs else None
    text = f"{plain(cdr.total_energy)} kWh, {cdr.total_told}" if cdr else ""
    return _step(charge, "CDR received", "their CDR", cdr.created_at if cdr else None, text, cdr)


def _settle_step(charge: Charge) -> PathStep:
    session, payment = charge.session, charge.session.authorization
    if session.state == State.SETTLED:
        text = f"money: {payment.get_state_display().lower()}"
        return PathStep("Settled", Outcome.DONE, text, session.ended_at, payment)
    if session.state == State.FAILED and payment.state == Money.RELEASED:
        return PathStep("Settled", Outcome.DONE, "not started, funds released", session.ended_at, payment)
    return _step(charge, "Settled", "the money", None, row=payment)


PATH: tuple[Callable[[Charge], PathStep], ...] = (
    _reserve_step,
    _accept_step,
    _result,
    _went("Connector PREPARING", "the cable: plug it in now", "BLOCKED"),
    _session,
    _went("Connector CHARGING", "CHARGING of this EVSE", "CHARGING"),
    _energy,
    _readings,
    _end_step,
    _bill_step,
    _settle_step,
)


def charges_since(partner: Partner, since: datetime, most: int = 10) -> Iterable[AdHocSession]:
    """The newest charges at the partner, for the list of test runs."""
    rows = AdHocSession.objects.filter(partner=partner, created_at__gte=since, created_at__lte=timezone.now())
    return rows.select_related("evse").order_by("-created_at")[:most]
