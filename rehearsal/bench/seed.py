"""What must be in the database before anything is measured. Import it after Django is set up."""

import time
from collections.abc import Callable

from django.utils import timezone

from ocpi import store
from ocpi.store import Party
from ocpi.sync.paging import pages
from ocpi.sync.storing import Storing
from ocpi.versions import VERSIONS
from partners import tokens
from partners.models import IssuedToken, Partner, PartnerRole, ReceivedToken, RemoteEndpoint
from rehearsal.bench import wire


def connected_partner(versions_url: str = "http://127.0.0.1:1/versions") -> tuple[Partner, str]:
    """A connected CPO, SK*ION on 2.2.1, and the token that it calls us with."""
    partner = Partner.objects.create(
        code="bench",
        name="Bench",
        country_code="SK",
        party_id="ION",
        version="2.2.1",
        versions_url=versions_url,
        connection=Partner.Connection.CONNECTED,
    )
    PartnerRole.objects.create(partner=partner, country_code="SK", party_id="ION")
    return partner, tokens.issue(partner, state=IssuedToken.State.ACTIVE)[1]


def party(partner: Partner) -> Party:
    return Party(partner, "SK", "ION", VERSIONS["2.2.1"])


def stations(partner: Partner, count: int, evses: int) -> None:
    """Store `count` Locations."""
    for number in range(count):
        store.put_location(party(partner), None, wire.location(f"L{number}", evses), asked=timezone.now())


def endpoint(partner: Partner, module: str, url: str, role: str = "SENDER") -> None:
    """Where the CPO has a module, and a token to call it with."""
    if tokens.received_token(partner.pk, ReceivedToken.Purpose.CONNECTION) is None:
        tokens.store_received(partner, "bench-token", ReceivedToken.Purpose.CONNECTION)
    RemoteEndpoint.objects.create(partner=partner, version="2.2.1", module=module, role=role, url=url)


def pull_locations(partner: Partner, after_page: Callable[[], None], until: float) -> None:
    """Pull as a sync does, page by page, for as long as there is time."""
    storing = Storing(partner, "locations")
    for page in pages(partner, "locations"):
        storing.store(page)
        after_page()
        if time.monotonic() > until:
            return
