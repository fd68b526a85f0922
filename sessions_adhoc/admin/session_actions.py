"""The buttons of an ad-hoc session: only what is possible now, each with its permission."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from billing import outstanding
from billing.models import PaymentAuthorization
from billing.pricing import to_minor
from partners.admin.kit.actions import DANGER, PageAction, Refused
from partners.admin.kit.reasons import ReasonForm
from sessions_adhoc import staff
from sessions_adhoc.belonging import cdrs_of
from sessions_adhoc.driver import services
from sessions_adhoc.driver.presenting import newest_sample
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.money.holds import shown_holds_of
from sessions_adhoc.states import TERMINAL, State

OPERATE, MONEY = "sessions_adhoc.operate_session", "billing.move_money"
STOPPABLE = (State.STARTING, State.VALIDATING, State.CHARGING)
Held = PaymentAuthorization.State


class CdrForm(ReasonForm):
    """Which CDR, where there are several."""

    cdr = forms.CharField(
        label="CDR ID",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="As it is listed on this page. Empty: the newest one that is no credit.",
    )
    field_order = ("cdr", "reason")


class RefundForm(ReasonForm):
    """What the driver pays in the end, where the CDRs do not tell."""

    pays = forms.DecimalField(
        label="The driver pays",
        required=False,
        min_value=0,
        widget=UnfoldAdminTextInputWidget(),
        help_text="In the end, for example 8.50. Empty: what the CDRs come to now.",
    )
    field_order = ("pays", "reason")


class ByHandForm(ReasonForm):
    """What the driver pays, worked out by staff."""

    pays = forms.DecimalField(
        label="The driver pays",
        min_value=Decimal("0.01"),
        widget=UnfoldAdminTextInputWidget(),
        help_text="In the currency of the reservation, VAT included, for example 8.50. Say in the note how you got it.",
    )
    field_order = ("pays", "reason")


def stop(request: HttpRequest, session: AdHocSession, _data: dict[str, Any]) -> str:
    try:
        now = services.stop_session(session.pk, actor=request.user.get_username())
    except services.CannotStop as refused:
        raise Refused(str(refused)) from refused
    return f"A stop was asked for. The session is now: {State(now.state).label.lower()}."


def withdraw(request: HttpRequest, session: AdHocSession, _data: dict[str, Any]) -> str:
    try:
        services.withdraw_hold(session.pk, actor=request.user.get_username())
    except services.CannotRaise as refused:
        raise Refused(str(refused)) from refused
    return "The second hold is given up. The limit stays as it is."


def waits_to_be_confirmed(session: AdHocSession) -> bool:
    """A second hold for a higher limit waits for the driver or the bank."""
    return shown_holds_of(session, session.authorization).under_confirmation is not None


def check_again(request: HttpRequest, session: AdHocSession, _data: dict[str, Any]) -> str:
    now = staff.check_again(session.pk, request.user.get_username())
    return f"Looked at everything that is known. The session is now: {State(now.state).label.lower()}."


def capture_from_cdr(request: HttpRequest, session: AdHocSession, data: dict[str, Any]) -> str:
    wanted = data["cdr"].strip().lower()
    found = [cdr for cdr in cdrs_of(session) if (cdr.ocpi_key == wanted if wanted else not cdr.credit)]
    if not found:
        raise Refused(f"This session has no CDR {wanted}." if wanted else "This session has no CDR.")
    return _move(staff.capture_from_cdr, session.pk, found[-1].pk, request.user.get_username(), data["reason"])


def capture_from_last_sample(request: HttpRequest, session: AdHocSession, data: dict[str, Any]) -> str:
    return _move(staff.capture_from_last_sample, session.pk, request.user.get_username(), data["reason"])


def capture_by_hand(request: HttpRequest, session: AdHocSession, data: dict[str, Any]) -> str:
    pays = to_minor(data["pays"], session.currency)
    return _move(staff.capture_by_hand, session.pk, request.user.get_username(), data["reason"], pays)


def release(request: HttpRequest, session: AdHocSession, data: dict[str, Any]) -> str:
    return _move(staff.release, session.pk, request.user.get_username(), data["reason"])


def leave_open(request: HttpRequest, session: AdHocSession, data: dict[str, Any]) -> str:
    try:
        staff.leave_open(session.pk, request.user.get_username(), data["reason"])
    except staff.NotPossible as refused:
        raise Refused(str(refused)) from refused
    return "The session has ended. What is owed stays open: send the driver the link of the session."


def owes_after_expiry(session: AdHocSession) -> bool:
    """The reservation expired, and a CDR tells what the driver owes."""
    if session.state != State.ESCALATED:
        return False
    gone = staff.is_gone(session, shown_holds_of(session, session.authorization))
    return gone and outstanding.open_receivable(session.authorization_id) is not None


def refund(request: HttpRequest, session: AdHocSession, data: dict[str, Any]) -> str:
    pays = None if data["pays"] is None else to_minor(data["pays"], session.currency)
    return _move(staff.refund, session.pk, request.user.get_username(), data["reason"], pays)


def _move(work: Callable[..., AdHocSession], *args: Any) -> str:
    try:
        work(*args)
    except staff.NotPossible as refused:
        raise Refused(str(refused)) from refused
    return "The gateway is asked now. The money panel shows what it does."


def has_held_funds(session: AdHocSession) -> bool:
    """Funds that nothing but staff will decide on."""
    if session.state != State.ESCALATED and session.state not in TERMINAL:
        return False
    return shown_holds_of(session, session.authorization).state == Held.RESERVED


def has_taken_funds(session: AdHocSession) -> bool:
    """Something was captured, and not all of it was given back, nor taken by the driver's bank; nothing is being given
    back at this moment."""
    holds = shown_holds_of(session, session.authorization)
    return holds.state == Held.CAPTURED and any(row.refundable_amount for row in holds.all)


def has_energy(session: AdHocSession) -> bool:
    sample = newest_sample(session)
    return sample is not None and bool(sample.kwh)


def releasable(session: AdHocSession) -> bool:
    payment = session.authorization
    gone = payment.is_terminal and payment.state != Held.CAPTURED
    further = session.is_terminal and payment.further.filter(state=Held.RESERVED).exists()
    return has_held_funds(session) or further or (session.state == State.ESCALATED and gone)


ACTIONS = (
    PageAction(
        "check-again",
        "Check again",
        OPERATE,
        "We look at all that is known now and do what follows from it, as the clock would. Where the session is "
        "escalated we also ask the CPO for its Session or CDR. Nothing is sent twice.",
        check_again,
        icon="refresh",
        possible=lambda session: session.state not in TERMINAL,
    ),
    PageAction(
        "capture-from-cdr",
        "Capture from CDR",
        MONEY,
        "The driver pays what the CDR says, at most what is reserved; the rest is "
        "released. It cannot be taken back here.",
        capture_from_cdr,
        icon="receipt_long",
        form=CdrForm,
        possible=lambda session: has_held_funds(session) and any(not cdr.credit for cdr in cdrs_of(session)),
    ),
    PageAction(
        "capture-from-meter",
        "Capture from last meter value",
        MONEY,
        "The driver pays what the last meter value comes to by the published tariff, at most what is reserved; the "
        "rest is released. Only when no CDR can be had.",
        capture_from_last_sample,
        icon="speed",
        form=ReasonForm,
        possible=lambda session: has_held_funds(session) and has_energy(session),
    ),
    PageAction(
        "capture-by-hand",
        "Capture by hand",
        MONEY,
        "The driver pays the sum that you enter, at most what is reserved; the rest is released. For a CDR in another "
        "currency, one whose VAT nobody knows, or one that cannot be true. It cannot be taken back here.",
        capture_by_hand,
        icon="edit",
        form=ByHandForm,
        possible=lambda session: has_held_funds(session) and staff.has_unusable_cdr(session),
    ),
    PageAction(
        "leave-open",
        "Have the driver pay",
        MONEY,
        "Nothing is held any more. The session ends, and what its CDR asks stays a receivable: the driver can pay it "
        "on the page of the session. Nobody is charged by itself.",
        leave_open,
        icon="request_quote",
        form=ReasonForm,
        possible=owes_after_expiry,
    ),
    PageAction(
        "release",
        "Release the funds",
        MONEY,
        "The driver pays nothing and gets the whole reservation back. It cannot be taken back here.",
        release,
        icon="undo",
        tone=DANGER,
        form=ReasonForm,
        possible=releasable,
    ),
    PageAction(
        "refund",
        "Give money back",
        MONEY,
        "The driver gets back what was captured beyond what the CDRs come to now, or beyond the sum that you enter.",
        refund,
        icon="currency_exchange",
        form=RefundForm,
        possible=has_taken_funds,
    ),
    PageAction(
        "withdraw-hold",
        "Withdraw the second hold",
        OPERATE,
        "The second hold that waits for the driver or the bank is given up, and its page at the gateway is closed. The "
        "charge goes on with the limit that it has; the driver may ask for more again.",
        withdraw,
        icon="credit_card_off",
        possible=waits_to_be_confirmed,
    ),
    PageAction(
        "stop",
        "Stop charging",
        OPERATE,
        "The CPO is asked with STOP_SESSION. Charging is over when its Session ends; energy delivered is billed.",
        stop,
        icon="stop_circle",
        tone=DANGER,
        possible=lambda session: session.state in STOPPABLE and session.stop_requested_at is None,
    ),
)
