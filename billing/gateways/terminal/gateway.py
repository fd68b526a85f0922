"""Payment terminals: the driver held his card to one, which has reserved before we hear of it."""

from collections.abc import Mapping

from django.conf import settings

from billing.gateways import back_office_reading as reading
from billing.gateways.back_office import BackOffice, ours
from billing.gateways.base import NOTHING, GatewayAnswer, Opened, OpenRequest, Verb
from ocpi.client import signed

BRING = "At a terminal only what it has reserved is charged: payment_reference is missing."


class TerminalGateway(BackOffice):
    """It opens nothing itself: whoever starts brings what the terminal holds (`payment_reference`)."""

    called = "The terminal's back end"

    def peer(self) -> signed.Peer:
        return signed.Peer(settings.TERMINAL_URL, tuple(settings.TERMINAL_SECRETS))

    def open(self, request: OpenRequest) -> Opened:
        return Opened(told=reading.refused("no_payment_reference", BRING))

    def adopt(
        self, key: str, reference: str, amount: int, currency: str, about: Mapping[str, str] = NOTHING
    ) -> GatewayAnswer:
        """Look first: what is not held as it was said, or is another's, is not asked for."""
        found = self.find(key, reference)
        if isinstance(found, GatewayAnswer):
            return found
        held = found.payment
        if reading.belongs_to_another(held, ours(key)):
            return self.meaning(found, Verb.RESERVE, key, amount)
        if held.status != "held" or held.currency != currency or held.amount < amount:
            return reading.refused("not_held", f"{amount} {currency} is not held by this payment.")
        told = {"amount": amount, "currency": currency, "metadata": dict(about)}
        return self.act(Verb.RESERVE, key, reference, how="adopt", **told)
