"""The demonstration paid through Stripe itself, in the test mode of an account whose key the environment has.

No event of Stripe's reaches this machine: the platform finds out by asking, as it does where events are lost.
"""

from collections.abc import Mapping

from billing.gateways.stripe.gateway import StripeGateway
from billing.models import PaymentAuthorization
from rehearsal.demo.story import Charge
from rehearsal.demo.stripe_account import said_otherwise
from rehearsal.stage.processes import Processes

TEST_KEYS = ("sk_test_", "rk_test_")
KEY, BASE = "STRIPE_SECRET_KEY", "STRIPE_API_BASE"
NO_TEST_KEY = f"Set {KEY} in the environment to a key of Stripe's test mode: it begins with {' or '.join(TEST_KEYS)}."


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the platform's processes have to know.

    Raises:
        ValueError: there is no key, or it is not one of the test mode.
    """
    key = given.get(KEY, "")
    if not key.startswith(TEST_KEYS):
        raise ValueError(NO_TEST_KEY)
    return {"PAYMENT_GATEWAY": "stripe", KEY: key, BASE: given.get(BASE, "")}


class StripeTestMode:
    """The account that the key opens. The driver's card is the test card of Stripe's that is never declined."""

    payment_method = "pm_card_visa"

    def begin(self, running: Processes, web_url: str) -> None:
        """It runs elsewhere."""

    def pay(self, charge: Charge) -> None:
        """The card came with the START."""
        charge.out.event(f"The driver pays with Stripe's test card {self.payment_method}")

    def problems(self, captured: int) -> list[str]:
        """What Stripe's list says otherwise of the payments that were made here."""
        made = list(PaymentAuthorization.objects.all())
        mine = {str(row.pk) for row in made} | {row.gateway_reference for row in made}
        begun = min(row.created_at for row in made)
        standing = [one for one in StripeGateway().list_since(begun) if mine & {one.payment, one.reference}]
        amounts = ([getattr(one, name) for one in standing] for name in ("captured", "held", "refunded"))
        taken, held, refunds = ([amount for amount in column if amount] for column in amounts)
        return said_otherwise(taken, held, refunds, captured)
