"""Where the money is, in one sentence for each state of a payment, and with its amounts in every language."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.models import PaymentAuthorization
from partners.ground import languages
from sessions_adhoc.driver.pages import money
from sessions_adhoc.money.holds import Holds

TERMS = "You pay only for what you charge; the rest is released."
UNTIL = datetime(2026, 5, 4, 14, 30, tzinfo=UTC)
CASES: list[tuple[dict[str, Any], str]] = [
    ({"state": "created"}, "40.00 € is being reserved on your card."),
    ({"state": "reserving"}, "40.00 € is being reserved on your card."),
    ({"state": "reserved"}, f"40.00 € is reserved on your card. {TERMS}"),
    (
        {"state": "reserved", "kept_until": UNTIL},
        "40.00 € is still held on your card, for another try until 14:30. Then it is released.",
    ),
    (
        {"state": "capturing", "capture_amount": 744},
        "7.44 € is being taken from your card; the other 32.56 € will be released.",
    ),
    ({"state": "capturing", "capture_amount": 4000}, "40.00 € is being taken from your card."),
    ({"state": "captured", "captured_amount": 744}, "7.44 € was taken from your card; the other 32.56 € was released."),
    ({"state": "captured", "captured_amount": 4000}, "40.00 € was taken from your card."),
    (
        {"state": "captured", "captured_amount": 744, "refunded_amount": 144},
        "7.44 € was taken; 1.44 € was given back.",
    ),
    ({"state": "refunding", "captured_amount": 744, "refund_amount": 144}, "1.44 € is being given back to your card."),
    ({"state": "releasing"}, "The reservation of 40.00 € is being released."),
    ({"state": "expired"}, "The reservation of 40.00 € has expired: your bank has let it go."),
    ({"state": "handed_on"}, "Your next try goes on with the reservation of 40.00 €."),
    ({"state": "declined"}, "Nothing was reserved on your card."),
]


def payment(**fields: Any) -> PaymentAuthorization:
    given = {"amount": 4000, "currency": "EUR", "expires_at": timezone.now() + timedelta(days=7), **fields}
    return PaymentAuthorization(**given)


@pytest.mark.parametrize(("fields", "text"), CASES)
def test_each_state_has_its_sentence(fields: dict[str, Any], text: str) -> None:
    assert money.sentence(Holds(payment(**fields)), UTC).replace("\u00a0", " ") == text


@pytest.mark.parametrize("language", [name for name in languages.LANGUAGES if name != "en"])
@pytest.mark.parametrize(("fields", "text"), CASES)
def test_every_language_names_the_same_amounts(fields: dict[str, Any], text: str, language: str) -> None:
    with languages.speaking(language):
        said = money.sentence(Holds(payment(**fields)), UTC).replace("\u00a0", " ")
    named = [amount for amount in ("40.00 €", "7.44 €", "32.56 €", "1.44 €", "14:30") if amount in text]
    assert [amount.replace(".", ",") in said for amount in named] == [True] * len(named), said
    assert said.endswith(".")
    assert "{" not in said


def test_what_another_try_goes_on_with() -> None:
    text = "is still held on your card from the last try and is used now. More is reserved only for a higher limit."
    assert money.reuse([4000], "EUR") == f"40.00\N{NO-BREAK SPACE}€ {text}"
    assert money.reuse([], "EUR") == ""
