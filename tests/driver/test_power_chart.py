"""The power of a charge as a line, on the page and in every update."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from ocpi.models import Evse
from sessions_adhoc.models import AdHocSession, Sample
from sessions_adhoc.states import State
from tests.driver import scene

pytestmark = pytest.mark.django_db


def read(session: AdHocSession, *powers: float | None, seconds: int = 30) -> None:
    """Readings before the one that the scene has, which is of 48.25 kW."""
    last = Sample.objects.get(attempt__session=session)
    last.delete()
    for number, kw in enumerate([*powers, 48.25]):
        last.pk, last.kw = None, None if kw is None else Decimal(str(kw))
        last.at += timedelta(seconds=seconds if number else -seconds * len(powers))
        last.save(force_insert=True)


def shown(client: Client, session: AdHocSession) -> dict[str, Any]:
    view = client.get(f"/c/session/{session.pk}.json").json()["view"]
    return {name: view[name] for name in ("chart", "chart_text")}


def test_a_line_from_the_first_reading_to_the_last(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.CHARGING)
    read(session, 0, 96.5, None)
    told = {"chart": "0.0,60.0 100.0,0.0 300.0,30.0", "chart_text": "Power so far, at most 96.5 kW"}
    assert shown(client, session) == told
    page = client.get(f"/c/session/{session.pk}").content.decode()
    assert '<polyline data-points="chart" points="0.0,60.0 100.0,0.0 300.0,30.0"></polyline>' in page


def test_it_stays_with_the_result(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.SETTLED, captured=744)
    read(session, 96.5)
    assert (
        '<polyline points="0.0,0.0 300.0,30.0"></polyline>' in client.get(f"/c/session/{session.pk}").content.decode()
    )


@pytest.mark.parametrize("powers", [(), (None,)])
def test_one_reading_is_no_line(client: Client, evse: Evse, powers: tuple[None, ...]) -> None:
    session = scene.session_in(evse, State.CHARGING)
    read(session, *powers)
    assert shown(client, session) == {"chart": "", "chart_text": ""}


def test_no_power_and_no_time_are_no_line(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.CHARGING)
    read(session, 50, seconds=0)
    assert shown(client, session) == {"chart": "", "chart_text": ""}
    Sample.objects.update(kw=0)
    assert shown(client, session) == {"chart": "", "chart_text": ""}


def test_a_long_charge_has_no_more_points_than_a_phone_can_show(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.CHARGING)
    read(session, *([96.5] * 200))
    points = shown(client, session)["chart"].split()
    assert (len(points), points[-1]) == (51, "300.0,30.0")
    assert len(client.get(f"/c/session/{session.pk}.json").content) < 4000
