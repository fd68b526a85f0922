"""How sums of money look in the admin."""

from billing.pricing import from_minor, money
from partners.admin.kit.showing import NOTHING


def amount(minor: int | None, currency: str) -> str:
    """Minor units as people read them: `40.00 EUR`."""
    if minor is None:
        return NOTHING
    try:
        return money(from_minor(minor, currency), currency)
    except ValueError:
        return f"{minor} {currency}"
