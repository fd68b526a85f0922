"""Sessions that were live when claims of EVSEs were introduced (rule 36)."""

from importlib import import_module

import pytest
from django.apps import apps

from sessions_adhoc.models import AdHocSession

pytestmark = pytest.mark.django_db


def test_a_live_session_claims_its_evse_at_the_upgrade(newer, driver) -> None:
    session = newer.validating()
    AdHocSession.objects.update(occupies=None)
    claims = import_module("sessions_adhoc.migrations.0005_claims_of_live_sessions")
    claims.claim(apps, None)
    claims.claim(apps, None)
    assert AdHocSession.objects.get(pk=session.pk).occupies_id == session.evse_id
    assert driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}).status_code == 409
