"""Locations on the map, the tariff's calculator, and a CDR beside our own calculation."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from ocpi.models import Cdr, Location, Tariff
from tests.admin.rows import World
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory, cdr_data, period_data, tariff_data

PLACES = "admin:ocpi_location_places"


class TestMap:
    def test_places_have_what_their_evses_say(self, page: Client, db: None) -> None:
        location = LocationFactory.create(name="Station")
        for status in ("AVAILABLE", "CHARGING", "BLOCKED", "OUTOFORDER", "UNKNOWN"):
            EvseFactory.create(location=location, status=status)
        LocationFactory.create(partner=location.partner, latitude=None)
        url = reverse("admin:ocpi_location_change", args=[location.pk])
        assert page.get(reverse(PLACES)).json() == [[48.148598, 17.107748, "Station", url, 1, 2, 1]]

    def test_places_of_one_partner(self, page: Client, db: None) -> None:
        mine, _ = LocationFactory.create(), LocationFactory.create()
        assert len(page.get(reverse(PLACES)).json()) == 2
        assert len(page.get(reverse(PLACES), {"partner": mine.partner_id}).json()) == 1

    def test_it_costs_the_same_for_any_number(self, page: Client, db: None) -> None:
        counted = []
        for number in (1, 6):
            for _ in range(number - LocationFactory._meta.model.objects.count()):
                EvseFactory.create()
            with CaptureQueriesContext(connection) as captured:
                assert len(page.get(reverse(PLACES)).json()) == number
            counted.append(len(captured))
        assert counted[0] == counted[1]

    def test_the_page_calls_nobody_without_tiles(self, page: Client, db: None, settings: Settings) -> None:
        settings.MAP_TILES_URL = ""
        shown = page.get(reverse("admin:ocpi_location_map")).content.decode()
        assert 'data-tiles=""' in shown
        assert "vendor/leaflet/leaflet.js" in shown

    @pytest.mark.parametrize("name", ["map", "places"])
    def test_it_is_for_those_who_may_see_locations(self, db: None, name: str) -> None:
        user = User.objects.create_user("none", is_staff=True)
        browser = Client()
        browser.force_login(user)
        assert browser.get(reverse(f"admin:ocpi_location_{name}")).status_code == 403


class TestCalculator:
    @pytest.fixture
    def ask(self, page: Client, world: World) -> Callable[..., Any]:
        address = reverse("admin:ocpi_tariff_change", args=[Tariff.objects.get().pk])
        return lambda **asked: page.get(address, asked).context["calculator"]

    def test_it_prices_by_the_tariff(self, ask: Callable[..., Any]) -> None:
        """20 kWh at 0.49 EUR are 9.80 EUR, with 23 % VAT 12.05 EUR."""
        result = ask(kwh="20", minutes="30")["result"]
        assert (result.total, result.net) == ("12.05 EUR", "9.80 EUR without VAT")
        assert result.lines[0].startswith("Energy 20 kWh")

    def test_parking_costs_where_the_tariff_says_so(self, ask: Callable[..., Any]) -> None:
        parts = [{"type": "PARKING_TIME", "price": 6.0, "step_size": 60}]
        Tariff.objects.update(raw=tariff_data(elements=[{"price_components": parts}]))
        assert ask(kwh="20", minutes="30", parked="10")["result"].total.startswith("1.00 EUR")

    def test_times_of_day_are_those_of_the_chargers_that_name_it(self, ask: Callable[..., Any], world: World) -> None:
        """The partner has a site in another zone, where the night has begun already."""
        Location.objects.update(time_zone="Asia/Tokyo")
        world.evse.connectors.update(tariff_ids=[])
        here = ConnectorFactory.create(evse__location__partner=world.partner, tariff_ids=["T-1"])
        Location.objects.filter(pk=here.evse.location_id).update(time_zone="Europe/Bratislava")
        night = {"start_time": "22:00", "end_time": "06:00"}
        parts = [
            {"price_components": [{"type": "ENERGY", "price": 0.1, "step_size": 1}], "restrictions": night},
            {"price_components": [{"type": "ENERGY", "price": 0.5, "step_size": 1}]},
        ]
        Tariff.objects.update(raw=tariff_data(elements=parts))
        assert ask(kwh="10", minutes="30", begin="2026-11-02 17:00")["result"].total.startswith("5.00 EUR")

    @pytest.mark.parametrize("begin", ["9999-12-31 23:59", "0001-01-01 00:00"])
    def test_a_year_that_nobody_charges_in_is_refused(self, ask: Callable[..., Any], begin: str) -> None:
        shown = ask(begin=begin, minutes="2880", parked="2880")
        assert (shown["result"], set(shown["form"].errors)) == (None, {"begin"})

    def test_nonsense_is_refused_at_its_field(self, ask: Callable[..., Any]) -> None:
        shown = ask(kwh="-1")
        assert shown["result"] is None
        assert set(shown["form"].errors) == {"kwh"}

    def test_an_unreadable_tariff_is_said_to_be(self, ask: Callable[..., Any]) -> None:
        Tariff.objects.update(raw={"elements": 5})
        assert ask(kwh="20")["result"] is None


class TestCdr:
    @pytest.fixture
    def check(self, page: Client, world: World) -> Callable[..., Any]:
        def check(gross: str = "12.36", **changes: Any) -> Any:
            raw = cdr_data(charging_periods=[period_data(ENERGY=20.5)], **changes)
            Cdr.objects.update(total_gross=gross, total_net="10.05", raw=raw)
            return page.get(reverse("admin:ocpi_cdr_change", args=[Cdr.objects.get().pk])).context["check"]

        return check

    def test_a_right_total(self, check: Callable[..., Any]) -> None:
        """20.5 kWh at 0.49 EUR: 10.05 EUR, with VAT 12.36 EUR."""
        found = check(tariffs=[tariff_data()])
        assert not found.differs
        assert found.rows[0] == ("Total, VAT included", "12.36 EUR", "12.36 EUR", "0.00", False)

    def test_a_wrong_total_is_marked(self, check: Callable[..., Any], page: Client) -> None:
        found = check("13.00", tariffs=[tariff_data()])
        assert found.differs
        assert found.rows[0] == ("Total, VAT included", "13.00 EUR", "12.36 EUR", "+0.64", True)
        shown = page.get(reverse("admin:ocpi_cdr_change", args=[Cdr.objects.get().pk])).content.decode()
        assert "differs from our calculation" in shown

    def test_without_a_tariff_in_it_ours_of_that_name_is_taken(self, page: Client, world: World) -> None:
        period = {**period_data(ENERGY=20.5), "tariff_id": "T-1"}
        Cdr.objects.update(total_gross="12.36", raw=cdr_data(charging_periods=[period]))
        found = page.get(reverse("admin:ocpi_cdr_change", args=[Cdr.objects.get().pk])).context["check"]
        assert (found.tariff, found.differs) == ("tariff T-1, as we hold it now", False)

    def test_without_any_tariff_it_says_why(self, check: Callable[..., Any]) -> None:
        found = check()
        assert (found.rows, found.why) == ((), "The CDR carries no single tariff, and we hold none of that name.")
