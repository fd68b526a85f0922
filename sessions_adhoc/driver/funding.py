"""The payment that a session begins with: what the last try left held, or a new one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from billing.gateways import gateway_named
from billing.gateways.choosing import gateway_for
from billing.models import PaymentAuthorization
from billing.payments.services import MoneyConflict, open_authorization
from ocpi.models import Connector, Evse, Token
from partners.ground.writes import Writes
from sessions_adhoc.driver.asking import StartRequest
from sessions_adhoc.driver.refusals import CannotStart
from sessions_adhoc.driver.retrying import Terms, take_over
from sessions_adhoc.models import AdHocSession, ClientKey

HOLD_IS_GONE = gettext_noop(
    "What was held for another try has been released. Please check what is reserved now, and start again."
)


def payment_for(
    session_id: UUID,
    request: StartRequest,
    evse: Evse,
    sum_: tuple[int, str],
    previous: AdHocSession | None,
    client: ClientKey | None,
    names: Mapping[str, str],
    writes: Writes,
) -> PaymentAuthorization:
    """What an earlier try left held, or a new one. `names`: what the gateway keeps with it."""
    if request.payment_reference:
        _check_right(request, client)
    amount, currency = sum_
    name = gateway_for(channel=request.channel, currency=currency, partner=evse.partner.code)
    opening = _opening(session_id, request, evse, names)
    if not request.payment_reference:
        method = {"payment_method": request.payment_method} if request.payment_method else {}
        if kept := take_over(previous, session_id, Terms(amount, currency, name, {**opening, **method})):
            return kept
    if request.expects_hold:
        raise CannotStart("amount", gettext(HOLD_IS_GONE), "hold_is_gone")
    try:
        return open_authorization(
            reference=str(session_id),
            amount=amount,
            currency=currency,
            payment_method=request.payment_method or gateway_named(name).usual_method,
            gateway=name,
            opening=opening,
            adopting=request.payment_reference,
            writes=writes,
        )
    except MoneyConflict as error:
        raise CannotStart("payment_reference", str(error), "payment_used") from error
    except ValueError as error:
        field = "payment_method" if "method" in str(error) else "currency"
        raise CannotStart(field, str(error), f"{field}_not_taken") from error


def _check_right(request: StartRequest, client: ClientKey | None) -> None:
    """Raise unless this client may have captured what it says that it has reserved."""
    if request.channel != AdHocSession.Channel.TERMINAL:
        raise CannotStart("payment_reference", "Only a payment terminal has reserved something before.", "not_allowed")
    if client is None or not client.brings_holds:
        raise CannotStart(
            "payment_reference", "This key may not bring a payment that was reserved before.", "not_allowed"
        )


def names_at_gateway(
    session_id: UUID, evse: Evse, connector: Connector | None, token: Token, offer_hash: str
) -> dict[str, str]:
    """What a gateway keeps with a payment: for staff who look at its own pages, and for a platform that has lost its
    newest rows (`sessions_adhoc.restoring`)."""
    return {
        "session": str(session_id),
        "evse": str(evse),
        "cpo": evse.partner.code,
        "charger": evse.code,
        "connector": connector.connector_id if connector else "",
        "token": token.uid,
        "offer": offer_hash,
    }


def page_after_paying(session_id: UUID) -> str:
    """Where the driver comes back to from the gateway's page, unless the client has one."""
    return f"{settings.PUBLIC_BASE_URL.rstrip('/')}{reverse('driver:session', args=[session_id])}?back=1"


def _opening(session_id: UUID, request: StartRequest, evse: Evse, names: Mapping[str, str]) -> dict[str, Any]:
    """What the gateway's page needs, and what staff find in the gateway's own pages."""
    given = {
        "return_url": request.return_url or page_after_paying(session_id),
        "locale": request.locale,
        "email": request.email,
        "description": gettext("Charging at {charger}").format(charger=evse),
        "metadata": {name: value for name, value in {**names, **_contract(request)}.items() if value},
    }
    return {name: value for name, value in given.items() if value}


def _contract(request: StartRequest) -> dict[str, str]:
    """The contract that a charge is started with, for whoever keeps its account."""
    found = Token.objects.filter(pk=request.contract_token).first() if request.contract_token else None
    return {"contract": found.contract_id, "token": found.uid} if found else {}
