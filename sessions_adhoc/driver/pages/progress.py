"""What the page of a session shows. All of it is text, so that the first page and every update agree."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop

from billing.models import PaymentAuthorization
from billing.pricing import time_zone
from sessions_adhoc.decide.stop import WITHOUT_EFFECT
from sessions_adhoc.driver import driver_words
from sessions_adhoc.driver.pages import money
from sessions_adhoc.driver.pages.power_chart import power_chart
from sessions_adhoc.driver.presenting import CHARGING_IS_OVER, obstacle
from sessions_adhoc.driver.sentences import ENDED_OTHERWISE, HEADLINES, OBSTACLE_HEADLINES, STOP_ASKED
from sessions_adhoc.engine.raising import RAISABLE
from sessions_adhoc.models import AdHocSession, AttemptSession
from sessions_adhoc.money.eligibility import Bill
from sessions_adhoc.money.holds import shown_holds_of
from sessions_adhoc.states import TERMINAL, State

STEPS = (gettext_noop("Payment reserved"), gettext_noop("Starting"), gettext_noop("Charging"), gettext_noop("Done"))
STEP_OF = {
    State.CREATED: 0,
    State.AUTHORIZING: 0,
    State.AUTHORIZED: 1,
    State.WAITING_FOR_CONNECTOR: 1,
    State.STARTING: 1,
    State.VALIDATING: 1,
    State.CHARGING: 2,
    State.STOPPING: 2,
    State.AWAITING_CDR: 3,
    State.SETTLED: 4,
}
TONES = {
    State.WAITING_FOR_CONNECTOR: "act",
    State.CHARGING: "good",
    State.AWAITING_CDR: "good",
    State.SETTLED: "good",
    State.FAILED: "bad",
    State.ESCALATED: "act",
}
TO_PAY = gettext_noop("Please pay")
STILL_FLOWS = gettext_noop("Not stopped yet")
FLOWING = (State.VALIDATING, State.CHARGING, State.STOPPING)
WITH_CHART = (State.CHARGING, State.STOPPING, State.AWAITING_CDR, State.SETTLED)
NO_CHART = {"chart": "", "chart_text": ""}
MONEY_MOVES = (PaymentAuthorization.State.CAPTURING, PaymentAuthorization.State.RELEASING)


def view_of(session: AdHocSession, shown: dict[str, Any]) -> dict[str, Any]:
    """Return the texts of the page for a session and what `presented()` says; `live`: look again."""
    state = State(session.state)
    payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
    holds = shown_holds_of(session, payment)
    finished = state in TERMINAL
    asked = session.stop_requested_at and state == State.CHARGING and session.reason != WITHOUT_EFFECT
    title = STILL_FLOWS if state in CHARGING_IS_OVER and shown["can_stop"] else headline(session, state)
    to_pay, owed = url_of(shown["payment_action"]), shown["owed"]
    title = TO_PAY if to_pay and state == State.AUTHORIZING else title
    may_add = shown["money"]["least_further_limit"] is not None
    return {
        "pay_url": to_pay or url_of(owed and owed["payment_action"]),
        "tone": "act" if to_pay or needs_the_driver(session, state, title) else TONES.get(state, "calm"),
        "headline": gettext(title),
        "message": below(gettext(title), shown["message"]),
        "note": gettext(STOP_ASKED) if asked else "",
        "steps": steps(session, state),
        "live": not finished or holds.state in MONEY_MOVES or payment.kept_until is not None or is_paid_now(owed),
        "kept": finished and payment.kept_until is not None,
        "may_raise": not may_add and may_raise(session, payment),
        "may_add": may_add,
        "may_withdraw": shown["money"]["further_hold_waits"],
        "started": shown["meter"]["at"] is not None or state in FLOWING or state == State.SETTLED,
        **meter(session, state, shown["meter"]),
        **(power_chart(session) if state in WITH_CHART else NO_CHART),
        **money.lines(holds, shown["money"]["estimated"], time_zone(session.evse.location.time_zone or None)),
        **afterwards(session, shown),
    }


def may_raise(session: AdHocSession, payment: PaymentAuthorization) -> bool:
    """Whether the driver may ask for a higher limit now."""
    return session.state in RAISABLE and session.limit_wanted is None and payment.state == payment.State.RESERVED


def afterwards(session: AdHocSession, shown: dict[str, Any]) -> dict[str, Any]:
    """What is open after the charge, and all that was paid by now."""
    owed, told = shown["owed"], shown["money"]
    return {
        "owed": owed["message"] if owed else "",
        "may_pay": bool(owed and owed["can_pay"]),
        "paid": driver_words.amount(told["captured"] - told["refunded"], session.currency),
    }


def url_of(action: dict[str, Any] | None) -> str:
    """The gateway's page, where the driver has something to do there."""
    return str(action["url"]) if action else ""


def is_paid_now(owed: dict[str, Any] | None) -> bool:
    """Whether a payment of what is open is being made, or undone: the page looks again."""
    return bool(owed and owed["is_moving"])


def needs_the_driver(session: AdHocSession, state: State, title: str) -> bool:
    """A stop came to nothing: there is something to do at the charger."""
    return title == STILL_FLOWS or (session.reason == WITHOUT_EFFECT and state not in TERMINAL)


def headline(session: AdHocSession, state: State) -> str:
    """Two or three words that can be read from a distance."""
    if state == State.FAILED:
        return ENDED_OTHERWISE.get(session.reason, HEADLINES[state])
    if state == State.WAITING_FOR_CONNECTOR:
        return OBSTACLE_HEADLINES.get(obstacle(session), HEADLINES[state])
    return HEADLINES[state]


def below(title: str, message: str) -> str:
    """What the message adds to the headline above it."""
    if not message.startswith((f"{title}.", f"{title}:")):
        return message
    rest = message[len(title) + 1 :].strip()
    return capfirst(rest)


def steps(session: AdHocSession, state: State) -> list[dict[str, str]]:
    """The four steps, each `done`, `now` or `next`."""
    current = STEP_OF.get(state, 3 if session.charging_ended_at else 1)
    places = ("done" if n < current else "now" if n == current else "next" for n in range(len(STEPS)))
    return [{"label": gettext(label), "place": place} for label, place in zip(STEPS, places, strict=True)]


def meter(session: AdHocSession, state: State, read: dict[str, Any]) -> dict[str, str]:
    """Energy, power, battery and time, each as text, or empty where it is not known."""
    texts = {"kwh": driver_words.number(energy(session, state, read["kwh"]), 2), "elapsed": elapsed_time(session)}
    texts |= dict.fromkeys(("kw", "soc", "reading"), "")
    if read["soc"] is not None:
        texts["soc"] = driver_words.percent(round(read["soc"]))
    if read["at"] is not None and state in FLOWING:
        texts["reading"] = gettext("Last reading {duration} ago").format(
            duration=driver_words.duration(timezone.now() - read["at"])
        )
        if read["kw"] is not None:
            texts["kw"] = f"{driver_words.number(read['kw'], 1)}{driver_words.NO_BREAK}kW"
    return texts


def energy(session: AdHocSession, state: State, read: Decimal | None) -> Decimal:
    """The kWh on the operator's bill once it is settled, until then the newest reading."""
    bill = Bill(session).facts() if state == State.SETTLED else None
    return bill.energy if bill else read or Decimal(0)


def elapsed_time(session: AdHocSession) -> str:
    """How long the car has been charging, or was; empty before it began."""
    link = (
        AttemptSession.objects.filter(attempt__session=session, validity=AttemptSession.Validity.VALID)
        .select_related("ocpi_session")
        .order_by("-attempt__number")
        .first()
    )
    if link is None:
        return ""
    charge = link.ocpi_session
    end = charge.end_at or session.charging_ended_at or session.ended_at or timezone.now()
    return driver_words.duration(max(end - (charge.start_at or charge.first_seen_at), timedelta(0)))
