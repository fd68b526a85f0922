"""Where else one can charge: beside, nearby, in a town."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from ocpi.models import Evse, Location
from partners.models import Partner
from sessions_adhoc.driver import nearby
from sessions_adhoc.driver.nearby import Point
from sessions_adhoc.states import State
from tests.driver import scene
from tests.driver.test_charger_page import PAGE, words
from tests.factories import MOMENT, PartnerFactory

pytestmark = pytest.mark.django_db
NEAR = "/c/?near=48.1486,17.1077"


def moved(evse: Evse, latitude: str, longitude: str, **fields: Any) -> Evse:
    """The charger's station, at that place."""
    place = {"latitude": Decimal(latitude), "longitude": Decimal(longitude), **fields}
    Location.objects.filter(pk=evse.location_id).update(**place)
    return evse


def names(answer: Any) -> list[str]:
    return [str(one["name"]) for one in answer.context["stations"]]


@pytest.fixture
def three(db: None) -> list[Evse]:
    """Stations at the point, 2.4 km east of it, and in Košice, 300 km away."""
    return [
        moved(scene.station(), "48.1486", "17.1077", name="Here"),
        moved(scene.station(evse_id="SK*ION*E200*1"), "48.1486", "17.14", name="East"),
        moved(scene.station(evse_id="SK*ION*E300*1"), "48.7164", "21.2611", name="Far", city="Košice"),
    ]


def test_nearest_first_and_none_that_is_far(client: Client, three: list[Evse]) -> None:
    answer = client.get(NEAR)
    assert names(answer) == ["Here", "East"]
    page = words(answer).replace("\u00a0", " ")
    for text in ("Einsteinova 18, Bratislava · 0 m", "Einsteinova 18, Bratislava · 2.4 km", "1 of 1 free · 150 kW"):
        assert text in page, page
    assert f"/c/{three[0].code}" in answer.content.decode()


def test_in_a_town_or_by_a_name_from_its_beginning(client: Client, three: list[Evse]) -> None:
    assert names(client.get("/c/?q=koši")) == ["Far"]
    assert names(client.get("/c/?q=EAST")) == ["East"]
    assert names(client.get("/c/?q= ")) == []
    nothing = client.get("/c/?q=%25")
    assert (names(nothing), "No charger was found there." in words(nothing)) == ([], True)


def test_who_enters_a_code_goes_to_the_charger(client: Client, three: list[Evse]) -> None:
    for text in (three[1].code, "sk ion e200 1"):
        answer = client.get("/c/", {"q": text})
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/c/{three[1].code}")


@pytest.mark.parametrize("near", ["91,17", "48,181", "x", "48.1,", "48.1;17", "nan,nan", "1e3,2", "48.1486"])
def test_what_is_no_point_finds_nothing(client: Client, three: list[Evse], near: str) -> None:
    answer = client.get("/c/", {"near": near})
    assert (answer.status_code, names(answer), "No charger" in words(answer)) == (200, [], False)


def test_at_the_pole_nothing_breaks(client: Client, three: list[Evse]) -> None:
    assert names(client.get("/c/?near=90,0")) == []


@pytest.mark.parametrize(
    "hidden",
    [
        lambda place: Location.objects.filter(pk=place.pk).update(publish=False),
        lambda place: Location.objects.filter(pk=place.pk).update(missing_since=MOMENT),
        lambda place: Partner.objects.filter(pk=place.partner_id).update(connection="disconnected"),
        lambda place: Location.objects.filter(pk=place.pk).update(latitude=None, longitude=None),
    ],
)
def test_only_what_may_be_used_is_told(client: Client, db: None, hidden: Any) -> None:
    evse = moved(scene.station(), "48.1486", "17.1077")
    hidden(evse.location)
    assert names(client.get(NEAR)) == []


def test_no_driver_is_led_to_a_test_charger_where_money_is_real(client: Client, db: None, settings: Settings) -> None:
    tested = PartnerFactory.create(environment="test")
    moved(scene.station(partner=tested), "48.1486", "17.1077", name="Trial")
    assert names(client.get(NEAR)) == ["Trial"]
    settings.PRODUCTION, settings.STAGING = True, False
    assert names(client.get(NEAR, secure=True)) == []


def test_free_is_what_says_so_and_nobody_of_ours_has(client: Client, db: None) -> None:
    evse = moved(scene.station(), "48.1486", "17.1077")
    second = scene.beside(evse, "SK*ION*E100*2")
    scene.beside(evse, "SK*ION*E100*3", status="CHARGING")
    scene.beside(evse, "SK*ION*E100*4", status="REMOVED")
    assert "2 of 3 free" in words(client.get(NEAR))
    scene.session_in(second, State.CHARGING, occupies=second)
    assert "1 of 3 free" in words(client.get(NEAR))


def test_a_list_costs_few_queries(
    client: Client, three: list[Evse], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(5):
        assert len(names(client.get(NEAR))) == 2


def test_the_way_is_right_to_a_metre_in_a_hundred(db: None) -> None:
    """Bratislava to Vienna, by the law of cosines on a sphere: 54,818 m."""
    evse = moved(scene.station(), "48.2082", "16.3738")
    point = Point(48.1486, 17.1077)
    found = nearby.told(nearby.near(nearby.usable(tests=None), point, 56_000), point)
    assert [(one.location.pk, one.metres) for one in found] == [(evse.location_id, 54_818)]
    assert list(nearby.near(nearby.usable(tests=None), point, 54_000)) == []


def test_free_chargers_beside_and_the_way_to_others(client: Client, evse: Evse) -> None:
    assert "Also free here" not in words(client.get(PAGE))
    free = scene.beside(evse, "SK*ION*E100*2")
    taken = scene.beside(evse, "SK*ION*E100*3")
    scene.beside(evse, "SK*ION*E100*4", status="CHARGING")
    scene.session_in(taken, State.CHARGING, occupies=taken)
    answer = client.get(PAGE)
    assert "Also free here SK*ION*E100*2 CCS2 150 kW DC" in words(answer).replace("\u00a0", " ")
    page = answer.content.decode()
    assert f'href="/c/{free.code}"' in page
    assert "SK*ION*E100*3" not in page
    assert "SK*ION*E100*4" not in page
    assert 'href="/c/?near=48.1485980,17.1077480"' in page


def test_a_test_charger_says_that_it_is_one(client: Client, db: None) -> None:
    tested = scene.station(partner=PartnerFactory.create(environment="test"))
    real = scene.station(evse_id="SK*ION*E200*1")
    sentence = "Test charger: nothing here is real."
    assert sentence in words(client.get(f"/c/{tested.code}"))
    assert sentence in words(client.get(f"/c/session/{scene.session_in(tested, State.CHARGING).pk}"))
    assert sentence not in words(client.get(f"/c/{real.code}"))
    assert sentence not in words(client.get(f"/c/session/{scene.session_in(real, State.CHARGING).pk}"))
