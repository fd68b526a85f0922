"""A further payment of a session, which its driver agrees to: more while charging, or what is still open afterwards."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from billing.gateways import gateway_named
from billing.gateways.choosing import gateway_for
from billing.models import PaymentAuthorization
from billing.payments.services import further_reference, open_authorization
from partners.ground import languages
from sessions_adhoc.driver.funding import names_at_gateway, page_after_paying
from sessions_adhoc.models import AdHocSession


@dataclass(frozen=True)
class Wish:
    """The driver agrees to `amount`, in minor units: to pay it, or to have it as the limit.

    `payment_method`: the gateway's token; "" where it has a page. `return_url`: where the driver goes after that.
    """

    amount: int
    payment_method: str = ""
    return_url: str = ""
    locale: str = ""


def open_further(
    session: AdHocSession, wish: Wish, amount: int, purpose: str, description: str
) -> PaymentAuthorization:
    """Open it, for `amount` in minor units; nothing is reserved yet. The caller holds the session's lock.

    `description`: what it is for, with `{charger}`; it is said in the driver's language. ValueError: the gateway does
    not take it so.
    """
    name = gateway_of(session)
    return open_authorization(
        reference=further_reference(str(session.pk)),
        amount=amount,
        currency=session.currency,
        payment_method=wish.payment_method or gateway_named(name).usual_method,
        gateway=name,
        opening=_opening(session, wish, purpose, description),
        main=session.authorization,
        purpose=purpose,
    )


def gateway_of(session: AdHocSession) -> str:
    """The name of the gateway through which it is paid. Whoever began at a terminal has left it."""
    channels = AdHocSession.Channel
    channel = channels.WEB if session.channel == channels.TERMINAL else session.channel
    return gateway_for(channel=channel, currency=session.currency, partner=session.partner.code)


def least_of(session: AdHocSession) -> int:
    """The smallest payment that its gateway makes, in minor units; 1 where it is not installed any more."""
    with suppress(LookupError):
        return gateway_named(gateway_of(session)).least(session.currency)
    return 1


def _opening(session: AdHocSession, wish: Wish, purpose: str, description: str) -> Mapping[str, Any]:
    evse, locale = session.evse, wish.locale or session.locale
    names = names_at_gateway(session.pk, evse, session.connector, session.token, session.offer_hash)
    with languages.speaking(locale):
        words = gettext(description).format(charger=evse)
    given: dict[str, Any] = {
        "return_url": wish.return_url or page_after_paying(session.pk),
        "locale": locale,
        "description": words,
        "metadata": {name: value for name, value in {**names, "purpose": str(purpose)}.items() if value},
    }
    return {name: value for name, value in given.items() if value}
