"""An ad-hoc session in the driver's words. The API, the pages and the commands show the same."""

from typing import Any

from django.conf import settings
from django.db.models import Count, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from billing import plans
from billing.models import PaymentAuthorization, Receipt
from billing.payments.services import action_of
from billing.pricing import describe, unit_prices
from billing.spoken import in_words
from partners.ground import languages
from partners.models import Policy
from sessions_adhoc.decide.limit import LIMIT
from sessions_adhoc.decide.session_facts import CONNECTOR_READY
from sessions_adhoc.decide.stop import WITHOUT_EFFECT
from sessions_adhoc.driver import price_lines, sentences
from sessions_adhoc.driver.adding import least_limit
from sessions_adhoc.driver.owing import Owed, owed_of
from sessions_adhoc.driver.refusals import OUT_OF_SERVICE
from sessions_adhoc.engine.snapshot import attempt_facts, newest_attempt, valid_session
from sessions_adhoc.models import AdHocSession, ChargingAttempt, Sample, TimelineEvent
from sessions_adhoc.money import estimating
from sessions_adhoc.money.holds import Holds, shown_holds_of
from sessions_adhoc.money.offering import Offer, offer_of
from sessions_adhoc.money.paid import payments_of
from sessions_adhoc.states import BEFORE_START, TERMINAL, State

CHARGER_MAY_RUN = frozenset({State.STARTING, State.VALIDATING, State.CHARGING})
BEFORE_ENERGY = frozenset({State.STARTING, State.VALIDATING})
CHARGING_IS_OVER = frozenset({State.AWAITING_CDR, State.ESCALATED})
OWING = TERMINAL | {State.ESCALATED}
"""What a CDR asks may be open: of what has ended, or while staff decide on a reservation that expired."""

CHARGING_STATUS = "CHARGING"
MONEY_MOVES = frozenset({PaymentAuthorization.State.CAPTURING, PaymentAuthorization.State.RELEASING})


def payment_action(payment: PaymentAuthorization) -> dict[str, Any] | None:
    """What the driver has to do before anything is reserved; None where it is nothing."""
    action = action_of(payment, timezone.now())
    if action is None:
        return None
    kind = "redirect" if action.url else "client_secret"
    return {
        "type": kind,
        "url": action.url,
        "client_secret": "" if action.url else action.client_secret,
        "expires_at": action.expires_at,
    }


def message(session: AdHocSession, payment: PaymentAuthorization) -> str:
    """Return one sentence or two for the driver, true for the state and for the money (rule 40), as they are spoken."""
    return message_of(session, shown_holds_of(session, payment))


def message_of(session: AdHocSession, holds: Holds) -> str:
    """The same, for whoever has read all that is held."""
    if session.state == State.CHARGING and (told := _limit_text(session, holds)):
        return told
    return " ".join(gettext(one) for one in _sentences(session, holds))


def _sentences(session: AdHocSession, holds: Holds) -> tuple[str, ...]:
    state = State(session.state)
    if state == State.AUTHORIZING and action_of(holds.first, timezone.now()) is not None:
        return (sentences.TO_PAY,)
    if state in TERMINAL:
        return (_ending(session, state, holds),)
    if session.reason == WITHOUT_EFFECT and state in sentences.NOT_STOPPED:
        return (sentences.NOT_STOPPED[state],)
    if session.stop_requested_at and state in BEFORE_ENERGY:
        return (sentences.STOP_ASKED,)
    if state == State.STARTING and session.reason == "no_energy":
        return (sentences.RETRY_WAITS if _waits_for_the_cable(session) else sentences.RETRYING,)
    if blocked := obstacle(session):
        return (sentences.OBSTACLES[blocked],)
    if state in CHARGING_IS_OVER:
        return _when_over(session, state, holds)
    if state == State.STOPPING and session.reason == LIMIT:
        return (sentences.LIMIT_REACHED,)
    return (sentences.MESSAGES[state],)


def obstacle(session: AdHocSession) -> str:
    """What keeps the driver from plugging in: "broken", "taken" by somebody else's car, or nothing."""
    waits, starts = session.state == State.WAITING_FOR_CONNECTOR, session.state == State.STARTING
    if session.evse_id is None or not (waits or starts):
        return ""
    if waits and session.evse.status in OUT_OF_SERVICE:
        return "broken"
    if session.evse.status != CHARGING_STATUS:
        return ""
    return "taken" if waits or not _began_to_charge(session) else ""


def _began_to_charge(session: AdHocSession) -> bool:
    """Whether the connector told of CHARGING after our START: before it, another car charged there."""
    return session.attempts.filter(connector_charging_at__isnull=False).exists()


def _waits_for_the_cable(session: AdHocSession) -> bool:
    """Whether the next try goes out only once the car is plugged in, and it is not (rules 2, 13)."""
    waits = session.policy.get("start_strategy") == Policy.StartStrategy.WAIT_FOR_PREPARING
    return waits and session.evse.status not in CONNECTOR_READY


def _limit_text(session: AdHocSession, holds: Holds) -> str:
    """While energy flows: how the limit stands, where there is something to say of it that is no failed stop."""
    if session.reason == WITHOUT_EFFECT:
        return ""
    if session.limit_wanted is not None:
        asked = holds.under_confirmation
        waits = asked is not None and action_of(asked, timezone.now()) is not None
        told = sentences.LIMIT_TO_CONFIRM if waits else sentences.LIMIT_ASKED
        return gettext(told).format(amount=in_words(session.limit_wanted, session.currency))
    if session.limit_refused_at is not None:
        return gettext(sentences.LIMIT_REFUSED).format(amount=in_words(session.amount, session.currency))
    if session.limit_told_at is not None:
        return gettext(sentences.LIMIT_NEAR[session.policy.get("at_limit", "stop")])
    return ""


def _when_over(session: AdHocSession, state: State, holds: Holds) -> tuple[str, ...]:
    """Between the end of charging and the money: what is waited for, and what is held meanwhile."""
    if runs_on(session):
        return (sentences.RUNS_ON,)
    if state == State.ESCALATED:
        return _in_doubt(session, holds)
    if holds.state in MONEY_MOVES:
        return (sentences.MONEY_MOVES,)
    return (sentences.BILL_OF_OURS if plans.is_retail(session.offer) else sentences.MESSAGES[state],)


def _in_doubt(session: AdHocSession, holds: Holds) -> tuple[str, ...]:
    """Why a person has to look, and where the money is meanwhile."""
    looking = sentences.MESSAGES[State.ESCALATED]
    if holds.state in MONEY_MOVES:
        return (sentences.BANK_SILENT,)
    if held_in_all(holds):
        return tuple(filter(None, (sentences.WHY_HELD.get(session.reason, ""), looking, sentences.HELD)))
    return (sentences.HOLD_GONE, looking) if session.reason == "payment_lost" else (looking,)


def _ending(session: AdHocSession, state: State, holds: Holds) -> str:
    """How it ended; how much was taken stands beside it, and nothing says "nothing" where something was."""
    takes_any = any(takes(row) for row in holds.all)
    if state == State.SETTLED and holds.first.state == PaymentAuthorization.State.EXPIRED and not takes_any:
        return sentences.TAKEN  # what is owed, and was paid, is said beside it
    if state == State.SETTLED:
        return sentences.MESSAGES[state] if takes_any else sentences.SETTLED_FOR_NOTHING
    return sentences.TAKEN if takes_any else sentences.REASONS.get(session.reason, sentences.MESSAGES[state])


def takes(payment: PaymentAuthorization) -> bool:
    """Whether the driver pays anything, by now or by what is under way."""
    capturing = payment.state == PaymentAuthorization.State.CAPTURING
    return bool(payment.capture_amount if capturing else payment.kept_amount)


def can_stop(session: AdHocSession, state: State) -> bool:
    """Whether pressing stop makes sense: while it starts or charges; again when a STOP came to nothing (rule 19)."""
    if state in CHARGER_MAY_RUN:
        return session.stop_requested_at is None or session.reason == WITHOUT_EFFECT
    return state in CHARGING_IS_OVER and runs_on(session)


def runs_on(session: AdHocSession) -> bool:
    """Whether energy still flows although charging counts as over."""
    attempt = newest_attempt(session)
    return attempt is not None and attempt_facts(attempt, valid_session(attempt)).runs_on


def newest_sample(session: AdHocSession) -> Sample | None:
    """The newest reading that counts; with it, how many `attempts` there are."""
    counting = Sample.objects.filter(attempt__session=session, ignored="").exclude(kwh=None)
    attempts = ChargingAttempt.objects.filter(session=session).values("session").values(count=Count("pk"))
    counting = counting.annotate(attempts=Subquery(attempts)).select_related("ocpi_session")
    return counting.order_by("-attempt__number", "-id").first()


def _attempts(session: AdHocSession, newest: Any) -> int:
    """How many there were. `newest`: what `newest_sample` returned."""
    return newest.attempts if newest else session.attempts.count()


def present(session: AdHocSession) -> dict[str, Any]:
    """Return the session, which the caller has just read, as the driver's API shows it.

    Reads what else changes in a constant number of queries; before the START there is little.
    """
    state, shown, payment = State(session.state), offer_of(session), session.authorization
    holds = shown_holds_of(session, payment)
    owed = owed_of(session) if state in OWING else None
    paid = payments_of(session) if owed else holds.all
    started = state not in BEFORE_START
    sample = newest_sample(session) if started else None
    events = session.timeline.filter(kind=TimelineEvent.Kind.STATE) if state != State.CREATED else ()
    return {
        "id": session.pk,
        "state": state.value,
        "reason": session.reason,
        "message": message_of(session, holds),
        "finished": state in TERMINAL,
        "can_stop": can_stop(session, state),
        "can_cancel": state in BEFORE_START,
        "evse": str(session.evse),
        "connector": session.connector_number,
        "connector_status": session.evse.status,
        "attempts": _attempts(session, sample) if started else 0,
        "created_at": session.created_at,
        "ended_at": session.ended_at,
        "money": {
            "currency": session.currency,
            "reserved": held_in_all(holds),
            "limit": session.amount,
            "limit_wanted": session.limit_wanted,
            "least_further_limit": least_limit(session, holds),
            "further_hold_waits": holds.under_confirmation is not None,
            "kept_until": payment.kept_until,
            "captured": sum(one.captured_amount for one in paid),
            "refunded": sum(one.refunded_amount for one in paid),
            "owed": owed.amount if owed else 0,
            "estimated": estimating.estimate(session, sample, shown),
            "state": holds.state,
        },
        "payment_action": _action(state, holds),
        "owed": _owed(owed) if owed else None,
        "quote": {"hash": session.offer_hash, **quote(shown)},
        "meter": {
            "kwh": sample.kwh if sample else None,
            "kw": sample.kw if sample else None,
            "kw_derived": bool(sample and sample.kw_derived),
            "soc": sample.soc if sample else None,
            "at": sample.at if sample else None,
        },
        "receipts": receipts(session) if state in TERMINAL else [],
        "events": [{"at": event.at, "text": _event_text(event)} for event in events],
    }


def _action(state: State, holds: Holds) -> dict[str, Any] | None:
    """What the driver has to do before money is held: at the beginning, or for a higher limit."""
    if state == State.AUTHORIZING:
        return payment_action(holds.first)
    return payment_action(holds.under_confirmation) if holds.under_confirmation else None


def _owed(owed: Owed) -> dict[str, Any]:
    """What is open, whether the driver may pay it, and what has to be done where he does."""
    action = payment_action(owed.payment) if owed.payment is not None and owed.is_moving else None
    told = {"amount": owed.amount, "message": owed.text, "can_pay": owed.may_pay, "is_moving": owed.is_moving}
    return {**told, "payment_action": action}


def receipts(session: AdHocSession) -> list[dict[str, Any]]:
    """The documents of a session, in the order in which they were issued, with where they can be seen."""
    base = settings.PUBLIC_BASE_URL.rstrip("/")
    rows = Receipt.objects.filter(reference=str(session.pk)).order_by("ordinal")
    return [
        {
            "kind": row.kind,
            "number": row.number,
            "total": row.total,
            "url": f"{base}{reverse('driver:receipt', args=[row.pk])}",
            "pdf_url": f"{base}{reverse('driver:receipt-pdf', args=[row.pk])}",
        }
        for row in rows
    ]


def _event_text(event: TimelineEvent) -> str:
    """What a change of state is called; the engine's own words are English."""
    if languages.current() == languages.ENGLISH:
        return event.text
    return gettext(sentences.HEADLINES[State(event.state_to)])


def quote(shown: Offer) -> dict[str, Any]:
    """The price that the driver was shown, gross: in words with its restrictions, and per unit where there is one."""
    if shown.tariff is None:
        text = gettext(price_lines.NOT_READABLE) if shown.unreadable else None
        return {"text": text, "per_kwh": None, "per_minute": None}
    return {"text": price_words(shown), **unit_prices(shown.tariff)}


def price_words(shown: Offer) -> str | None:
    """The whole price in a line, as it is spoken; None where there is none."""
    if shown.tariff is None or languages.current() == languages.ENGLISH:
        return describe(shown.tariff) if shown.tariff else None
    return price_lines.in_a_line(shown, timezone.now())


def held_in_all(holds: Holds) -> int:
    """Minor units that are held of the driver's money now, for the charge."""
    return sum(held_amount(row) for row in holds.all if row is holds.first or row.was_reserved)


def held_amount(payment: PaymentAuthorization) -> int:
    """Minor units that the gateway holds of the driver's money now."""
    state = PaymentAuthorization.State
    return payment.amount if payment.state in (state.RESERVED, state.CAPTURING, state.RELEASING) else 0
