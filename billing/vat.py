"""Which VAT applies where the wire states none: that of the charger's country at that date (rule 34)."""

from datetime import date
from decimal import Decimal

from billing.models import VatRate
from billing.vat_rates import standard_rates
from ocpi.versions.strings import ALPHA_2


def rate_at(country: str, day: date) -> Decimal | None:
    """Return the standard rate in percent, or None where we know none.

    A row of staff's goes before what the platform comes with from its first day on.

    Args:
        country: ISO 3166-1, alpha-2 or alpha-3.
    """
    code = country.strip().upper()
    code = ALPHA_2.get(code, code)
    rows = dict(VatRate.objects.filter(country=code).values_list("valid_from", "percent"))
    rates = {**standard_rates(code), **rows}
    begun = [first for first in rates if first <= day]
    return rates[max(begun)].normalize() if begun else None
