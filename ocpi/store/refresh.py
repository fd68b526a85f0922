"""Marking an object to be read anew (`ocpi.sync.refreshing` does it).

A PATCH that comes after a newer one is not taken over, and what it alone said is missing from then on: a newer PATCH
names only what changed after it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from ocpi.models import Refresh
from ocpi.store.base import Party, key

# What comes out of order comes in bursts, and is often followed by a PUT that mends it.
PATIENCE = timedelta(seconds=15)


def lacks(stored: Mapping[str, Any], patched: Mapping[str, Any]) -> bool:
    """Whether an outdated PATCH would have changed anything but the moment; a repeated one often would not."""
    return {**stored, "last_updated": None} != {**patched, "last_updated": None}


def ask(party: Party, module: str, ocpi_id: str, since: datetime) -> None:
    """Have the object read anew; asked again it counts as one. Inside the caller's transaction.

    Args:
        since: `last_updated` of what is stored: a list that has to be read is asked for from then on.
    """
    row = Refresh(
        partner=party.partner,
        module=module,
        country_code=party.country_code,
        party_id=party.party_id,
        ocpi_id=ocpi_id,
        ocpi_key=key(ocpi_id),
        since=since,
        next_check_at=timezone.now() + PATIENCE,
    )
    Refresh.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["partner", "module", "country_code", "party_id", "ocpi_key"],
        update_fields=["next_check_at", "held", "tries", "error"],
    )
