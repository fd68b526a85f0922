"""Whatever one partner sends, every driver's page, quote and charge of another is as it was.

Real HTTP against a live server, hostile messages of every module, from both environments. `SFP_PROPERTY_EXAMPLES=500`
tries as many histories.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.utils import timezone
from hypothesis import event, example, given
from hypothesis import strategies as st
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi.models import Evse, OcpiSession
from partners.models import Incident
from sessions_adhoc.models import AdHocSession, ChargingAttempt
from tests.factories import evse_data, location_data
from tests.ocpi.cpo import ScriptedCpo, credentials_data
from tests.support.examples import examples
from tests.support.processes import PATIENCE
from tests.tenancy.neighbours import Message, Neighbours, meet, messages, own_location

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage(live_server: LiveServer, settings: Settings) -> Iterator[Neighbours]:
    settings.OCPI_BASE_URL_TEMPLATE = settings.PUBLIC_BASE_URL = live_server.url
    settings.LIMIT_STRANGERS = settings.LIMIT_PARTNERS = 0
    server = ScriptedCpo()
    yield meet(live_server.url, server)
    server.close()


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {name: (found, after[name]) for name, found in before.items() if found != after[name]}


@pytest.mark.hypothesis
def test_nobody_notices_what_a_neighbour_sends(stage: Neighbours) -> None:
    before = stage.view()
    assert [before[name][0] for name in stage.names] == [200, 200, 200, 200, 200, 200, 200, 404]
    answers: Counter[int] = Counter()

    @examples(4)
    @example([own_location()])
    @given(st.lists(messages(stage), min_size=1, max_size=8))
    def whatever_is_sent(history: list[Message]) -> None:
        for message in history:
            status = stage.send(message)
            answers[status] += 1
            event(f"{message.path.partition('/')[0]} {status}")
            assert status < 500 or status == 503, message
        assert not differences(before, stage.view()), history

    whatever_is_sent()
    # It could write what is its own, and was refused the rest.
    assert answers[201] + answers[200] > 5
    assert answers[404] > 0
    assert set(Evse.objects.exclude(partner__in=[stage.b, stage.twin]).values_list("partner__code", flat=True))
    assert not Incident.objects.filter(partner__in=[stage.b, stage.twin]).exists()
    assert not AdHocSession.objects.exclude(pk=stage.session.pk).exists()


def everybody_leaves() -> None:
    """Every charge is over, so that the next driver may start."""
    now = timezone.now()
    ChargingAttempt.objects.filter(ended_at=None).update(ended_at=now)
    OcpiSession.objects.update(status="COMPLETED", end_at=now)
    AdHocSession.objects.filter(ended_at=None).update(ended_at=now, state="settled", next_check_at=None, occupies=None)


def test_a_driver_s_next_charge_goes_where_the_sticker_says(stage: Neighbours) -> None:
    """The same after the attacks that were seen: foreign party in credentials and by hub, duplicates, test twin."""
    own_party = {"country_code": "SK", "party_id": "AAA"}
    role = {"role": "CPO", "business_details": {"name": "A"}, "country_code": "SK", "party_id": "BBB"}
    own = role | {"party_id": "AAA"}
    taking = credentials_data(stage.server.url, roles=[own, role, role | {"role": "HUB"}])
    assert stage.send(Message("production", "PUT", "credentials", taking)) == 200
    for number, name in enumerate(["SK*BBB*E1", "B-1", stage.evse.code, "DE*XYZ*E77", "skbbbe1"]):
        evses = [evse_data("B-1", evse_id=name)]
        body = location_data(f"L-{number}", evses=evses, **own_party)
        assert stage.send(Message("production", "PUT", f"locations/SK/AAA/L-{number}", body)) == 201
    theirs = location_data("LOC-0", evses=[evse_data("B-1")], country_code="SK", party_id="BBB")
    assert stage.send(Message("production", "PUT", "locations/SK/BBB/LOC-0", theirs)) == 404
    Evse.objects.filter(partner=stage.twin).update(status="REMOVED")
    for name in ("SK*BBB*E1", "skbbbe1", stage.evse.code):
        everybody_leaves()
        answer = requests.post(
            f"{stage.url}/api/v1/ad-hoc-sessions/",
            json={"evse": name, "connector": "1"},
            headers={"Authorization": f"Bearer {stage.key}"},
            timeout=PATIENCE,
        )
        assert answer.status_code == 201, answer.text
        assert AdHocSession.objects.get(pk=answer.json()["id"]).evse == stage.evse
