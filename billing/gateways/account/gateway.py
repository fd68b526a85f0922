"""Accounts of Smart Fuel Pass's app and cards. `payment_method` is the account's token; without one the app asks."""

from django.conf import settings

from billing.gateways.back_office import BackOffice, ours
from billing.gateways.base import GatewayAnswer, Opened, OpenRequest, Outcome, Verb
from ocpi.client import signed


class AccountGateway(BackOffice):
    """The protocol's other half: what is opened here is confirmed, and may be raised."""

    called = "The back office"
    asks_driver = True

    def peer(self) -> signed.Peer:
        return signed.Peer(settings.ACCOUNT_URL, tuple(settings.ACCOUNT_SECRETS))

    def open(self, request: OpenRequest) -> Opened:
        """Nothing is held before `confirm`, or before the driver acts: the reference is saved first."""
        found = self.ask("/payments", opening(request))
        answer = self.meaning(found, Verb.RESERVE, request.key, request.amount)
        if answer.outcome is Outcome.UNKNOWN_KEY:
            return Opened(answer.gateway_reference)
        return Opened(answer.gateway_reference, answer.action, None if answer.action else answer)

    def confirm(self, request: OpenRequest, reference: str) -> GatewayAnswer:
        return self.act(Verb.RESERVE, f"{request.key}:confirm", reference, how="confirm", amount=request.amount)

    def raise_to(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        return self.act(Verb.RAISE, key, reference, amount=amount)


def opening(request: OpenRequest) -> dict[str, object]:
    """The body of `open`: the same for the same key."""
    return {
        "verb": "open",
        "key": request.key,
        "payment": ours(request.key),
        "amount": request.amount,
        "currency": request.currency,
        "payment_method": request.payment_method,
        "return_url": request.return_url,
        "locale": request.locale,
        "description": request.description,
        "email": request.email,
        "metadata": dict(request.metadata),
        "asked_at": request.asked_at.isoformat(),
    }
