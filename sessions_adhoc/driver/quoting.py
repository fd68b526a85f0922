"""What a driver is offered at a connector now: a price with its hash, and the limits to choose from.

Nothing is kept of a quote. START names its hash, and whatever would be another price by then has another one.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from ocpi.models import Evse, Location
from partners.agreed.policies import effective_policy
from sessions_adhoc.driver import presenting, price_lines
from sessions_adhoc.driver.displays import scanning
from sessions_adhoc.driver.displays.scanning import Scan
from sessions_adhoc.driver.reserving import reservable
from sessions_adhoc.driver.services import find_connector
from sessions_adhoc.money.offering import Offer, freeze, hash_of, read

VALID_FOR = timedelta(minutes=10)
"""How long a page or an app may show it without asking anew."""


def quote_at(evse: Evse, connector_id: str) -> dict[str, Any]:
    """Return the quote for a connector, in the shape of `QuoteSerializer`.

    Raises:
        CannotStart: there is no such connector, or it does not say which one.
    """
    connector = find_connector(evse, connector_id)
    policy = effective_policy(evse.partner_id, evse.location.ocpi_id, evse.uid).values
    kept, now = freeze(evse, connector, policy), timezone.now()
    offer = read(kept)
    return {
        "hash": hash_of(kept),
        **presenting.quote(offer),
        "lines": [asdict(line) for line in price_lines.lines_of(offer, now)],
        "example": price_lines.example_of(offer, connector, now),
        "evse": str(evse),
        "connector": connector.connector_id if connector else "",
        "operator": operator_of(evse.location),
        "currency": kept["currency"],
        "vat": kept["vat"],
        "tariff_alt_text": (kept["tariff"] or {}).get("tariff_alt_text") or [],
        "limits": _limits(offer, policy),
        "valid_until": _valid_until(offer, now),
        "scan_needed": scanning.needs_scan(evse),
        "scan": "",
    }


def scan_at(evse: Evse, scan: Scan) -> str:
    """Return a proof for the one-time password of a display; "" where none was sent, or none can be checked.

    Raises:
        CannotStart: it is not valid now.
    """
    return scanning.prove(evse) if scan.code and scanning.check(evse, scan, looks=True) else ""


def operator_of(place: Location) -> str:
    """The name of who operates a station, as drivers know it: the Location's own word, else the partner's name."""
    named = place.raw.get("operator")
    name = named.get("name") if isinstance(named, dict) else ""
    return str(name or place.partner.name)


def _limits(offer: Offer, policy: dict[str, Any]) -> dict[str, Any] | None:
    found = reservable(offer.tariff, policy)
    if found is None:
        return None
    return {"default": found.minor, "minimum": found.least, "choices": list(found.choices)}


def _valid_until(offer: Offer, now: datetime) -> datetime:
    """Some minutes from now, and not beyond the tariff's own end."""
    end = offer.tariff.end if offer.tariff else None
    return min(now + VALID_FOR, end) if end and end > now else now + VALID_FOR
