"""The form that starts a session: what it offers, how it is read, and that pressing Pay twice pays once."""

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from billing.gateways import gateway_named, gateway_names
from billing.gateways.choosing import gateway_for
from billing.gateways.simulated import TEST_TOKENS
from billing.models import PaymentAuthorization
from ocpi.models import Evse
from partners.ground import languages
from sessions_adhoc.driver import services
from sessions_adhoc.driver.pages.charger import FOR_TESTS, Reservation
from sessions_adhoc.driver.real_money import is_for_tests, money_is_real
from sessions_adhoc.driver.retrying import kept_in_all
from sessions_adhoc.driver.services import CannotStart, IdempotencyConflict, StartRequest
from sessions_adhoc.models import AdHocSession

SIMULATED = "simulated"
CHANNEL = AdHocSession.Channel.QR.value
TEST_CARDS = {
    "pm_sim_ok": gettext_noop("Card that works"),
    "pm_sim_slow": gettext_noop("Card of a slow bank"),
    "pm_sim_declined": gettext_noop("Card that is declined"),
    "pm_sim_insufficient_funds": gettext_noop("Card without enough money"),
    "pm_sim_unreachable": gettext_noop("Bank that cannot be reached"),
}
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,4})?(?=[,;]|$)")
NONCE = re.compile(r"[A-Za-z0-9_-]{24,64}")
OF_THE_REQUEST = ("locale", "offer", "scan")
"""What no field of that name in the form says."""

FRESH = gettext_noop("This page was open for too long or was already used. Please check your choice and pay again.")


@dataclass(frozen=True)
class Choice:
    """What the driver chose. `nonce` belongs to one showing of the form: it can start one session. `offer` is the hash
    of the price that the form showed for the connector; a form of before there were any has none. `scan` proves that
    the display's code was scanned."""

    nonce: str
    connector: str = ""
    card: str = ""
    amount: str = ""
    previous: str = ""
    held: str = ""
    locale: str = ""
    offer: str = ""
    scan: str = ""

    @classmethod
    def blank(cls, query: Mapping[str, str]) -> "Choice":
        """For a form shown for the first time; the link to it may choose a connector and name an earlier try."""
        return cls(new_nonce(), query.get("connector", ""), "pm_sim_ok", previous=query.get("previous", ""))

    @classmethod
    def from_post(cls, data: Mapping[str, str]) -> "Choice":
        fields = (name for name in cls.__dataclass_fields__ if name not in OF_THE_REQUEST)
        choice = cls(**{name: data.get(name, "")[:255] for name in fields})
        return replace(choice, offer=data.get(f"offer-{choice.connector}", "")[:64])

    def renew(self) -> "Choice":
        """The same choice, good for one more try."""
        return replace(self, nonce=new_nonce())


def locale_of(accepted: str) -> str:
    """In which language to speak to the driver at the gateway: the first of an Accept-Language header, `de-AT`, unless
    another one of ours was chosen on the page."""
    found = LANGUAGE.match(accepted)
    first = found[0] if found else ""
    ours = languages.nearest(first)
    return first if first and ours in ("", languages.current()) else languages.current()


def new_nonce() -> str:
    return secrets.token_urlsafe(24)


def gateway_of(evse: Evse, currency: str) -> str:
    """The name of the gateway through which this page would be paid."""
    return gateway_for(channel=CHANNEL, currency=currency, partner=evse.partner.code)


def offered_cards(gateway: str) -> dict[str, str]:
    """The cards of the simulated gateway by token, or nothing where payment is real, or ought to be."""
    if gateway != SIMULATED or money_is_real():
        return {}
    return {token: gettext(name) for token, name in TEST_CARDS.items() if token in TEST_TOKENS}


def can_take_payment(gateway: str) -> bool:
    """Whether this page has a way to pay: the gateway's own page, or cards to try.

    Other gateways are paid through the app or a payment terminal.
    """
    return bool(offered_cards(gateway)) or has_own_page(gateway)


def has_own_page(gateway: str) -> bool:
    """Whether the driver chooses at the gateway's page how to pay."""
    return gateway in gateway_names() and gateway_named(gateway).asks_driver


def kept_for(evse: Evse, choice: Choice, currency: str) -> list[PaymentAuthorization]:
    """What the driver's last try left held, where this one can go on with it: one hold, or several."""
    with suppress(ValueError):
        rows = AdHocSession.objects.select_related("authorization").filter(client=None)
        previous = rows.filter(pk=UUID(choice.previous)).first()
        return kept_in_all(previous, gateway_of(evse, currency), currency, timezone.now())
    return []


def pay(evse: Evse, choice: Choice, shown: Reservation) -> AdHocSession:
    """Start the session that the driver asked for; the same form sent again returns the same session.

    Raises:
        CannotStart: with what is wrong, for the driver.
    """
    if is_for_tests(evse):
        raise CannotStart("evse", gettext(FOR_TESTS.hint))
    cards = offered_cards(gateway_of(evse, shown.currency))
    _check(choice, shown, cards, evse)
    request = StartRequest(
        evse=evse.code,
        connector=choice.connector,
        amount=int(choice.amount),
        offer=choice.offer,
        currency=shown.currency,
        payment_method=choice.card if cards else "",
        channel=CHANNEL,
        locale=choice.locale,
        previous=choice.previous,
        scan=choice.scan,
        expects_hold=choice.held.isdecimal() and int(choice.amount) <= int(choice.held),
    )
    key = f"page:{choice.nonce}"
    try:
        return _start_once(evse, request, key)
    except IdempotencyConflict:
        return _running(key)


def _check(choice: Choice, shown: Reservation, cards: dict[str, str], evse: Evse) -> None:
    if not NONCE.fullmatch(choice.nonce):
        raise CannotStart("form", gettext(FRESH))
    if choice.amount not in map(str, shown.choices):
        raise CannotStart("amount", gettext("The limits have changed. Please choose one and pay again."))
    if choice.held:
        return  # the card is known: what is held on it is used
    if choice.card not in cards and (cards or not has_own_page(gateway_of(evse, shown.currency))):
        raise CannotStart("payment_method", gettext("Choose a card."))


def _start_once(evse: Evse, request: StartRequest, key: str) -> AdHocSession:
    """Two taps at once queue at the EVSE's row: no constraint keeps sessions without a client apart."""
    with transaction.atomic():
        Evse.objects.select_for_update(no_key=True).get(pk=evse.pk)
        return services.start_session(request, idempotency_key=key)[0]


def _running(key: str) -> AdHocSession:
    """The session that this very form started with another choice, while it runs: nobody pays twice by going back."""
    earlier = AdHocSession.objects.get(client=None, idempotency_key=key)
    if earlier.is_terminal:
        raise CannotStart("form", gettext(FRESH))
    return earlier
