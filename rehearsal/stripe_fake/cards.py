"""Test cards and test payment methods, as Stripe documents them, and what the bank says to each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """`decline`: the bank's word, "" for yes. `challenge`: the bank wants to ask the driver first (3-D Secure)."""

    decline: str = ""
    challenge: bool = False


CARDS = {
    "4242424242424242": Card(),
    "4000000000000002": Card(decline="generic_decline"),
    "4000000000009995": Card(decline="insufficient_funds"),
    "4000002500003155": Card(challenge=True),
}
METHODS = {
    "pm_card_visa": Card(),
    "pm_card_chargeDeclined": Card(decline="generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Card(decline="insufficient_funds"),
    "pm_card_authenticationRequired": Card(challenge=True),
}
SAID = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "authentication_failed": "The customer failed to authenticate.",
}
