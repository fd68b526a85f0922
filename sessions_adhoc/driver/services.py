"""Verbs of the driver's side: start, stop, cancel. The API, the pages and the commands all call these."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from billing import plans
from billing.payments.services import action_of, tell
from billing.pricing import Tariff
from billing.spoken import in_words
from ocpi.calls import tokens
from ocpi.models import Connector, Evse, Token
from ocpi.store.tokens import new_one_off_token
from partners.agreed.policies import effective_policy
from partners.ground import languages
from partners.ground.writes import Writes
from sessions_adhoc import timeline
from sessions_adhoc.driver import repeating, wishing
from sessions_adhoc.driver.adding import add_hold, withdraw_hold
from sessions_adhoc.driver.asking import StartRequest
from sessions_adhoc.driver.displays import scanning
from sessions_adhoc.driver.finding import evse_of
from sessions_adhoc.driver.funding import names_at_gateway, payment_for
from sessions_adhoc.driver.further import Wish as PayWish
from sessions_adhoc.driver.owing import CannotPay, owed_of, pay_open
from sessions_adhoc.driver.real_money import sees
from sessions_adhoc.driver.refusals import (
    OUT_OF_SERVICE,
    CannotStart,
    IdempotencyConflict,
    PriceChanged,
    is_connected,
)
from sessions_adhoc.driver.reserving import billing_currency, reservable
from sessions_adhoc.driver.retrying import CannotRelease, release_now
from sessions_adhoc.engine import lifecycle
from sessions_adhoc.engine.lifecycle import CannotStop
from sessions_adhoc.engine.queueing import advance_after_commit
from sessions_adhoc.engine.raising import CannotRaise, request_limit
from sessions_adhoc.models import AdHocSession, ClientKey, TimelineEvent
from sessions_adhoc.money.holds import shown_holds_of
from sessions_adhoc.money.offering import freeze, hash_of, read

__all__ = [
    "CannotPay",
    "CannotRaise",
    "CannotRelease",
    "CannotStart",
    "CannotStop",
    "IdempotencyConflict",
    "PayWish",
    "PriceChanged",
    "StartRequest",
    "add_hold",
    "cancel_session",
    "driver_is_back",
    "find_connector",
    "find_evse",
    "find_evse_for",
    "pay_open",
    "release_now",
    "request_limit",
    "start_session",
    "stop_session",
    "withdraw_hold",
]

BACK_AGAIN = timedelta(seconds=3)
"""How soon after the last look at a payment another one is made for a driver who reloads the page."""

SCANNED = frozenset({AdHocSession.Channel.QR.value, AdHocSession.Channel.WEB.value})
"""Channels of drivers who come by a link: a terminal stands at the charger, and a contract names its driver."""

IN_USE = "charger_in_use"
NOT_CONNECTED = gettext_noop("This charger's operator is not connected at the moment.")
SOMEBODY = gettext_noop("Somebody is charging here. Please use another charger, or wait until this one is free.")


def find_evse(identifier: str) -> Evse:
    """Return the EVSE with this code (in its QR code) or this EVSE ID (on its sticker); see `driver.finding`.

    Raises:
        CannotStart: it leads nowhere.
    """
    found = evse_of(identifier)
    if found is None:
        raise _unknown(identifier)
    return found


def find_evse_for(client: ClientKey, identifier: str) -> Evse:
    """The same for a client of the API: a key for tests sees test partners' chargers only, and no other key sees those
    where money is real."""
    found = find_evse(identifier)
    if not sees(client, found):
        raise _unknown(identifier)
    return found


def _unknown(identifier: str) -> CannotStart:
    text = gettext("There is no charger '{code}'. Check the code on the sticker.")
    return CannotStart("evse", text.format(code=identifier.strip()), "unknown_charger")


def find_connector(evse: Evse, connector_id: str) -> Connector | None:
    """Return the connector asked for, or the only one; None where the driver need not choose.

    Raises:
        CannotStart: it does not exist, or there are several and none was named.
    """
    connectors = list(evse.connectors.all())
    if connector_id:
        for connector in connectors:
            if connector.connector_key == connector_id.lower():
                return connector
        raise CannotStart(
            "connector",
            gettext("This charger has no connector '{connector}'.").format(connector=connector_id),
            "unknown_connector",
        )
    if len(connectors) > 1:
        names = ", ".join(connector.connector_id for connector in connectors)
        raise CannotStart(
            "connector",
            gettext("This charger has several connectors ({names}): say which one.").format(names=names),
            "connector_needed",
        )
    return connectors[0] if connectors else None


def start_session(
    request: StartRequest,
    *,
    client: ClientKey | None = None,
    idempotency_key: str = "",
    at: Evse | None = None,
    token: Token | None = None,
) -> tuple[AdHocSession, bool]:
    """Create an ad-hoc session and set it going; return (session, created).

    The same key from the same client returns the first session, unchanged.

    Args:
        at: the very EVSE, where an id would not tell the connection in test from the one in production; asked for by
            staff or a CPO, who stand at no display.
        token: made for this session beforehand, instead of a new one (see `unused_token`).

    Raises:
        CannotStart: the request cannot be fulfilled.
        IdempotencyConflict: the key came with another request before.
    """
    if idempotency_key and (earlier := _earlier(client, idempotency_key, request)):
        return earlier, False
    evse = at or (find_evse_for(client, request.evse) if client else find_evse(request.evse))
    if at is None and request.channel in SCANNED:
        scanning.check(evse, scanning.Scan(request.totp, request.totp_version, request.scan))
    try:
        with transaction.atomic():
            return _create(request, evse, client, idempotency_key, token), True
    except (IntegrityError, CannotStart) as error:
        # Two requests at the same time, with one key or at one charger: the other one won.
        if idempotency_key and (earlier := _earlier(client, idempotency_key, request)):
            return earlier, False
        if isinstance(error, CannotStart):
            raise
        check_free(evse)
        raise CannotStart("evse", gettext("This charger is being used. Please try again."), IN_USE) from error


def check_free(evse: Evse) -> None:
    """Raise `CannotStart` where a driver of ours may be charging (rule 36)."""
    if why := why_occupied(evse.pk):
        raise CannotStart("evse", why, IN_USE)


def why_occupied(evse_id: int) -> str:
    """What to tell whoever else wants to start there; "" where it is free."""
    return gettext(SOMEBODY) if lifecycle.is_occupied(evse_id) else ""


def _earlier(client: ClientKey | None, key: str, request: StartRequest) -> AdHocSession | None:
    earlier = AdHocSession.objects.filter(client=client, idempotency_key=key).first()
    if earlier is not None and earlier.request_digest != request.digest():
        raise IdempotencyConflict(gettext("This Idempotency-Key was used for another request."))
    if earlier is None and client is not None:
        repeating.check_unused(client, key)
    return earlier


def unused_token(uid: str, evse: Evse) -> Token:
    """Return the one-off token with this UID that was made for a charge at this EVSE's partner.

    Raises:
        CannotStart: there is none, or it has served: each opens one session (rule 1).
    """
    one_off = Token.objects.filter(partner=evse.partner, type=Token.Type.AD_HOC_USER, valid=True, ad_hoc_session=None)
    token = one_off.filter(uid__iexact=uid).first()
    if token is None:
        raise CannotStart(
            "token", f"{evse.partner.name} has no unused token {uid!r}: make one with `token push`.", "unknown_token"
        )
    return token


def _create(
    request: StartRequest, evse: Evse, client: ClientKey | None, idempotency_key: str, token: Token | None
) -> AdHocSession:
    _check_usable(evse)
    check_free(evse)
    connector = find_connector(evse, request.connector)
    policy = effective_policy(evse.partner_id, evse.location.ocpi_id, evse.uid)
    if request.is_only_try:
        policy.values["hold_for_retry"] = 0
    offered = freeze(evse, connector, policy.values)
    if request.offer and request.offer != hash_of(offered):
        raise PriceChanged
    amount, currency = _money(request, read(offered).tariff, policy.values)
    now, session_id, writes = timezone.now(), uuid4(), Writes()
    previous = _previous(request.previous, client)
    token = token or new_one_off_token(evse.partner)  # rule 1: of this session alone
    names = names_at_gateway(session_id, evse, connector, token, hash_of(offered))
    session = AdHocSession(
        id=session_id,
        state_since=now,
        next_check_at=now,
        partner=evse.partner,
        evse=evse,
        occupies=evse,
        connector=connector,
        connector_number=connector.connector_id if connector else "",
        is_dc=bool(connector and connector.is_dc),
        channel=request.channel,
        token=token,
        contract_token_id=request.contract_token,
        authorization=payment_for(session_id, request, evse, (amount, currency), previous, client, names, writes),
        amount=amount,
        currency=currency,
        client=client,
        idempotency_key=idempotency_key,
        request_digest=request.digest(),
        locale=languages.nearest(request.locale) or languages.current(),
        previous=previous,
        has_additions=previous is not None and previous.has_additions,
        policy=policy.values,
        policy_sources=policy.sources,
        offer={**offered, "limit": amount},
        offer_hash=hash_of(offered),
    )
    plans.note_taken(offered["plan"], now)
    asked = timeline.event(session, TimelineEvent.Kind.DRIVER, f"A driver asked to charge at {evse}.", at=now)
    writes.add(session, asked, *wishing.receipt_wish(session, request.email))
    writes.run()
    if policy.values["push_ad_hoc_tokens"]:
        # Long before the START: the funds are reserved first.
        tokens.push_one_off(evse.partner, session.token)
    advance_after_commit(session.pk)
    return session


def _check_usable(evse: Evse) -> None:
    if not is_connected(evse):
        raise CannotStart("evse", gettext(NOT_CONNECTED), "operator_not_connected")
    if evse.status in OUT_OF_SERVICE or evse.location.missing_since:
        raise CannotStart("evse", gettext("This charger is out of service."), "out_of_service")


def _money(request: StartRequest, tariff: Tariff | None, policy: dict[str, Any]) -> tuple[int, str]:
    """Return (amount in minor units, currency) to reserve: as asked, else as agreed for this charger.

    Only the currency that the operator bills in: a CDR in another one could not be captured.
    """
    bills_in, offered = billing_currency(tariff, policy), reservable(tariff, policy)
    if request.currency and request.currency.upper() != bills_in:
        raise CannotStart(
            "currency", gettext("This charger bills in {currency}.").format(currency=bills_in), "other_currency"
        )
    if offered is None:
        text = gettext("This charger bills in {currency}, in which we cannot take payments.")
        raise CannotStart("currency", text.format(currency=bills_in), "currency_not_taken")
    if request.amount is not None and request.amount < offered.least:
        text = gettext("Reserve at least {amount} at this charger.")
        raise CannotStart("amount", text.format(amount=in_words(offered.least, bills_in)), "amount_too_small")
    return (offered.minor if request.amount is None else request.amount), bills_in


def _previous(identifier: str, client: ClientKey | None) -> AdHocSession | None:
    """The failed try that this one follows (rule 9)."""
    if not identifier:
        return None
    try:
        found = AdHocSession.objects.filter(pk=UUID(identifier), client=client).first()
    except ValueError:
        found = None
    if found is None:
        raise CannotStart("previous", gettext("There is no such earlier session."), "unknown_previous")
    return found


def stop_session(session_id: UUID | str, actor: str = "The driver", client_id: int | None = None) -> AdHocSession:
    """Ask for charging to end (rule 19); with a client, of a session of his only.

    Raises:
        CannotStop: the session has ended.
        AdHocSession.DoesNotExist
    """
    return lifecycle.request_stop(session_id, actor, client_id)


def cancel_session(session_id: UUID | str, actor: str = "The driver", client_id: int | None = None) -> AdHocSession:
    """Give up. After START_SESSION was sent it is a stop. Raises as `stop_session`."""
    return lifecycle.request_cancel(session_id, actor, client_id)


def driver_is_back(session: AdHocSession) -> None:
    """The driver came back from the gateway's page: have the gateway asked now instead of in a quarter of a minute.

    Whether anything was paid only the gateway knows: whoever has the link may come back as often as he likes.
    """
    payment, now = session.authorization, timezone.now()
    if (owed := owed_of(session) if session.is_terminal else None) and owed.payment:
        payment = owed.payment
    elif asked := shown_holds_of(session, payment).under_confirmation:
        payment = asked
    if action_of(payment, now) is not None and payment.told_at is None and payment.updated_at < now - BACK_AGAIN:
        tell(payment.pk, kind="The driver came back.")
