"""Which VAT applies where the wire states none: that of the charger's country at that date (rule 34)."""

from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import VatRate
from billing.vat.standard_rates import STANDARD_RATES, standard_rates
from ocpi.versions.strings import ALPHA_2

FROM_THE_START = "Came with the platform."


def rate_at(country: str, day: date) -> Decimal | None:
    """Return the standard rate in percent, or None where we know none.

    A row goes before what the platform comes with: staff may have amended it.

    Args:
        country: ISO 3166-1, alpha-2 or alpha-3.
    """
    found = rate_since(country, day)
    return found[0] if found else None


def rate_since(country: str, day: date) -> tuple[Decimal, date] | None:
    """Return the standard rate in percent that holds on a day, and since when it does; None where we know none."""
    code = country.strip().upper()
    code = ALPHA_2.get(code, code)
    rows = dict(VatRate.objects.filter(country=code).values_list("valid_from", "percent"))
    rates = {**standard_rates(code), **rows}
    begun = [first for first in rates if first <= day]
    return (rates[max(begun)].normalize(), max(begun)) if begun else None


def after_migrate(using: str, **_kwargs: Any) -> None:
    """Put the rates that the platform comes with into the table, for staff to see and amend; what is there stays."""
    if using != "default":
        return
    VatRate.objects.bulk_create(
        [
            VatRate(country=country, valid_from=day, percent=percent, note=FROM_THE_START)
            for country in STANDARD_RATES
            for day, percent in standard_rates(country).items()
        ],
        ignore_conflicts=True,
    )
