"""A tariff that we do not understand in full is kept, and its partner is told."""

import pytest

from ocpi.models import Tariff
from partners.models import Incident
from tests.factories import tariff_data
from tests.sessions_adhoc.conftest import Cpo

pytestmark = pytest.mark.django_db


def test_it_is_reported_once_until_it_can_be_read(cpo: Cpo) -> None:
    part = {"type": "ENERGY", "price": 1, "step_size": 1}
    odd = [{"price_components": [part], "restrictions": {"day_of_week": ["SOMEDAY"]}}]
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(elements=odd, last_updated="2026-11-22T10:00:00Z"), 201)
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(elements=odd, last_updated="2026-11-22T10:01:00Z"), 200)
    told = Incident.objects.get(closed_at=None)
    assert (told.symptom, told.tell_cpo) == ("Price not readable", True)
    assert told.evidence[0] == {"text": "Tariff T-1: elements[0].restrictions.day_of_week"}
    assert Tariff.objects.count() == 1
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(last_updated="2026-11-22T10:02:00Z"), 200)
    assert not Incident.objects.filter(closed_at=None).exists()
