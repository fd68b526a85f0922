"""Standard rates of VAT by country, as published: what staff need not type in. A `VatRate` row goes before them.

Electricity for cars bears the standard rate in all of these. Sources: European Commission, Taxes in Europe Database;
GOV.UK (VAT rates); ESTV (CH, also for LI); Skatteetaten (NO).
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

STANDARD_RATES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "AT": (("1995-01-01", "20"),),
    "BE": (("1996-01-01", "21"),),
    "BG": (("1999-01-01", "20"),),
    "CH": (("2018-01-01", "7.7"), ("2024-01-01", "8.1")),
    "CY": (("2014-01-13", "19"),),
    "CZ": (("2013-01-01", "21"),),
    "DE": (("2007-01-01", "19"), ("2020-07-01", "16"), ("2021-01-01", "19")),
    "DK": (("1992-01-01", "25"),),
    "EE": (("2009-07-01", "20"), ("2024-01-01", "22"), ("2025-07-01", "24")),
    "ES": (("2012-09-01", "21"),),
    "FI": (("2013-01-01", "24"), ("2024-09-01", "25.5")),
    "FR": (("2014-01-01", "20"),),
    "GB": (("2011-01-04", "20"),),
    "GR": (("2016-06-01", "24"),),
    "HR": (("2012-03-01", "25"),),
    "HU": (("2012-01-01", "27"),),
    "IE": (("2012-01-01", "23"), ("2020-09-01", "21"), ("2021-03-01", "23")),
    "IS": (("2015-01-01", "24"),),
    "IT": (("2013-10-01", "22"),),
    "LI": (("2018-01-01", "7.7"), ("2024-01-01", "8.1")),
    "LT": (("2009-09-01", "21"),),
    "LU": (("2015-01-01", "17"), ("2023-01-01", "16"), ("2024-01-01", "17")),
    "LV": (("2012-07-01", "21"),),
    "MC": (("2014-01-01", "20"),),
    "MT": (("2004-01-01", "18"),),
    "NL": (("2012-10-01", "21"),),
    "NO": (("2005-01-01", "25"),),
    "PL": (("2011-01-01", "23"),),
    "PT": (("2011-01-01", "23"),),
    "RO": (("2017-01-01", "19"), ("2025-08-01", "21")),
    "RS": (("2012-10-01", "20"),),
    "SE": (("1990-07-01", "25"),),
    "SI": (("2013-07-01", "22"),),
    "SK": (("2011-01-01", "20"), ("2025-01-01", "23")),
    "UA": (("1992-01-01", "20"),),
}
"""Country (ISO 3166-1 alpha-2) -> (first day, percent), in order of time."""


def standard_rates(country: str) -> dict[date, Decimal]:
    """First day -> percent for a country by its alpha-2 code; empty where none is known."""
    return {date.fromisoformat(day): Decimal(percent) for day, percent in STANDARD_RATES.get(country, ())}
