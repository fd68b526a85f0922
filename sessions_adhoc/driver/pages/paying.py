"""The form that starts a session: what it offers, how it is read, and that pressing Pay twice pays once."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction

from billing.gateways.simulated import TEST_TOKENS
from ocpi.models import Evse
from sessions_adhoc.driver import services
from sessions_adhoc.driver.pages.charger import FOR_TESTS, Reservation, is_for_tests, money_is_real
from sessions_adhoc.driver.services import CannotStart, IdempotencyConflict, StartRequest
from sessions_adhoc.models import AdHocSession

SIMULATED = "simulated"
TEST_CARDS = {
    "pm_sim_ok": "Card that works",
    "pm_sim_slow": "Card of a slow bank",
    "pm_sim_declined": "Card that is declined",
    "pm_sim_insufficient_funds": "Card without enough money",
    "pm_sim_unreachable": "Bank that cannot be reached",
}
NONCE = re.compile(r"[A-Za-z0-9_-]{24,64}")
FRESH = "This page was open for too long or was already used. Please check your choice and pay again."


@dataclass(frozen=True)
class Choice:
    """What the driver chose. `nonce` belongs to one showing of the form: it can start one session."""

    nonce: str
    connector: str = ""
    card: str = ""
    amount: str = ""
    previous: str = ""

    @classmethod
    def blank(cls, query: Mapping[str, str]) -> "Choice":
        """For a form shown for the first time; the link to it may choose a connector and name an earlier try."""
        return cls(new_nonce(), query.get("connector", ""), "pm_sim_ok", previous=query.get("previous", ""))

    @classmethod
    def from_post(cls, data: Mapping[str, str]) -> "Choice":
        return cls(**{name: data.get(name, "")[:255] for name in cls.__dataclass_fields__})

    def renew(self) -> "Choice":
        """The same choice, good for one more try."""
        return replace(self, nonce=new_nonce())


def new_nonce() -> str:
    return secrets.token_urlsafe(24)


def offered_cards() -> dict[str, str]:
    """The cards of the simulated gateway by token, or nothing where payment is real, or ought to be."""
    if settings.PAYMENT_GATEWAY != SIMULATED or money_is_real():
        return {}
    return {token: name for token, name in TEST_CARDS.items() if token in TEST_TOKENS}


def can_take_payment() -> bool:
    """Whether this page has a way to pay. Other gateways are paid through the app or a payment terminal."""
    return bool(offered_cards())


def pay(evse: Evse, choice: Choice, shown: Reservation) -> AdHocSession:
    """Start the session that the driver asked for; the same form sent again returns the same session.

    Raises:
        CannotStart: with what is wrong, for the driver.
    """
    if is_for_tests(evse):
        raise CannotStart("evse", FOR_TESTS.hint)
    _check(choice, shown)
    request = StartRequest(
        evse=evse.code,
        connector=choice.connector,
        amount=shown.minor,
        currency=shown.currency,
        payment_method=choice.card,
        channel=AdHocSession.Channel.QR.value,
        previous=choice.previous,
    )
    key = f"page:{choice.nonce}"
    try:
        return _start_once(evse, request, key)
    except IdempotencyConflict:
        return _running(key)


def _check(choice: Choice, shown: Reservation) -> None:
    if not NONCE.fullmatch(choice.nonce):
        raise CannotStart("form", FRESH)
    if choice.amount != str(shown.minor):
        raise CannotStart("amount", f"Now {shown.text} will be reserved. Please check and pay again.")
    if choice.card not in offered_cards():
        raise CannotStart("payment_method", "Choose a card.")


def _start_once(evse: Evse, request: StartRequest, key: str) -> AdHocSession:
    """Two taps at once queue at the EVSE's row: no constraint keeps sessions without a client apart."""
    with transaction.atomic():
        Evse.objects.select_for_update(no_key=True).get(pk=evse.pk)
        return services.start_session(request, idempotency_key=key)[0]


def _running(key: str) -> AdHocSession:
    """The session that this very form started with another choice, while it runs: nobody pays twice by going back."""
    earlier = AdHocSession.objects.get(client=None, idempotency_key=key)
    if earlier.is_terminal:
        raise CannotStart("form", FRESH)
    return earlier
