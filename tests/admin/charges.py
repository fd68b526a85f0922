"""A charge that went through, and its CDR."""

import uuid
from decimal import Decimal
from typing import Any

from django.utils import timezone

from ocpi.models import Cdr
from partners.models import Partner
from sessions_adhoc.models import AdHocSession, ChargingAttempt
from tests import factories
from tests.admin.rows import ad_hoc_session


def charged(partner: Partner) -> AdHocSession:
    """A charge that brought energy, at a charger of its own."""
    session = ad_hoc_session(factories.ConnectorFactory.create(evse__location__partner=partner).evse, "settled")
    command = factories.CommandFactory.create(partner=partner, reference=str(session.pk))
    now = timezone.now()
    ChargingAttempt.objects.create(session=session, number=1, created_at=now, energy_at=now, command=command)
    return session


def cdr_of(session: AdHocSession, **values: Any) -> Cdr:
    """A CDR over 12.30 EUR of that charge."""
    now, cdr_id = timezone.now(), f"CDR-{uuid.uuid4()}"
    given = {
        "country_code": "SK",
        "party_id": "ION",
        "ocpi_id": cdr_id,
        "ocpi_key": cdr_id.lower(),
        "version": "2.2.1",
        "uuid": uuid.uuid4(),
        "session_id": "S-1",
        "session_key": "s-1",
        "token_uid": session.token.uid,
        "start_at": now,
        "end_at": now,
        "currency": "EUR",
        "total_gross": Decimal("12.30"),
        "total_energy": Decimal("20.5"),
        "last_updated": now,
        "raw": factories.cdr_data(),
    }
    return Cdr.objects.create(partner=session.partner, **(given | values))
