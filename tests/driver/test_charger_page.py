"""The page behind the QR code: where, whether it is free, what it costs."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing.models import PricePlan
from ocpi.models import Connector, Evse, Location, Tariff
from partners.models import Partner, Policy
from sessions_adhoc.driver.pages.charger import NO_PRICE
from sessions_adhoc.states import State
from tests.driver import scene
from tests.factories import tariff_data

pytestmark = pytest.mark.django_db

PAGE = f"/c/{scene.EVSE_ID}"
PAY = "Reserve and start"
MONDAY = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def words(response: Any) -> str:
    """The page as a reader meets it: no tags, single spaces."""
    text = re.sub(r"<(script|style|noscript).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return unescape(re.sub(r"[\n\t ]+", " ", text))


def test_it_says_where_the_charger_is(client: Client, evse: Evse) -> None:
    page = words(client.get(PAGE))
    for text in ("Aupark P2", "Einsteinova 18, Bratislava", scene.EVSE_ID, "A12, level -2"):
        assert text in page


def test_it_says_what_plug_and_how_fast(client: Client, evse: Evse) -> None:
    page = words(client.get(PAGE))
    assert "CCS2 150\u00a0kW\u00a0DC" in page
    assert "cable on the charger" in page


def test_it_says_the_price_and_what_is_reserved(client: Client, evse: Evse) -> None:
    page = words(client.get(PAGE))
    assert "Price Energy 0.6027\u00a0€/kWh All prices include 23 % VAT." in page
    assert "Example: 20 kWh in 30\u00a0min cost 12.05\u00a0€." in page
    assert f"Operator {evse.partner.name}" in page
    assert "20.00\u00a0€ 40.00\u00a0€ 80.00\u00a0€ It is reserved on your card." in page
    assert "You pay only for what you charge and never more than this; the rest is released." in page
    assert PAY in page


def test_the_charger_s_own_policy_sets_the_reservation(client: Client, evse: Evse) -> None:
    Policy.objects.create(partner=evse.partner, reservation_amount=2500, limit_choices=[400, 1000, 2500, 5000])
    page = client.get(PAGE)
    assert "Your limit 10.00\u00a0€ 25.00\u00a0€ 50.00\u00a0€ It is reserved" in words(page)
    assert 'value="2500" required checked' in page.content.decode()


def test_without_a_tariff_it_says_so(client: Client) -> None:
    scene.station()
    assert NO_PRICE in words(client.get(PAGE))


@pytest.mark.parametrize(
    ("status", "word", "payable"),
    [
        ("AVAILABLE", "Available", True),
        ("BLOCKED", "Plugged in", True),
        ("CHARGING", "Occupied", True),
        ("RESERVED", "Reserved", True),
        ("UNKNOWN", "State unknown", True),
        ("SOMETHING_NEW", "State unknown", True),
        ("OUTOFORDER", "Out of service", False),
        ("INOPERATIVE", "Out of service", False),
        ("PLANNED", "Out of service", False),
    ],
)
def test_the_state_is_a_word_and_not_only_a_colour(client: Client, status: str, word: str, payable: bool) -> None:
    scene.station(status)
    response = client.get(PAGE)
    assert f">{word}</h2>" in response.content.decode()
    state = client.get(f"{PAGE}/state.json").json()
    assert (state["word"], state["usable"]) == (word, payable)
    assert ('id="payment" hidden' in response.content.decode()) is not payable


def test_a_charger_of_a_suspended_operator_cannot_be_used(client: Client, evse: Evse) -> None:
    Partner.objects.update(connection=Partner.Connection.SUSPENDED)
    assert client.get(f"{PAGE}/state.json").json()["word"] == "Cannot be used now"


def test_a_charger_that_vanished_from_the_operator_s_list_is_out_of_service(client: Client, evse: Evse) -> None:
    Location.objects.update(missing_since=timezone.now())
    assert client.get(f"{PAGE}/state.json").json()["word"] == "Out of service"


def test_several_connectors_are_a_choice_each_with_its_price(client: Client) -> None:
    evse = scene.station(connectors=2)
    scene.add_tariff(evse, "T-1")
    scene.add_tariff(evse, "T-2", elements=[{"price_components": [{"type": "FLAT", "price": 5, "step_size": 1}]}])
    response = client.get(PAGE)
    page = words(response)
    assert response.content.decode().count('type="radio" name="connector"') == 2
    assert "Type 2 22\u00a0kW\u00a0AC" in page
    assert "bring your own cable" in page
    assert (
        "Energy 0.6027\u00a0€/kWh All prices include 23 % VAT. Example: 20 kWh in 30\u00a0min cost 12.05\u00a0€."
        in page
    )
    assert (
        "Per charge 6.15\u00a0€ All prices include 23 % VAT. Example: 10 kWh in 1\u00a0h 00\u00a0min cost 6.15" in page
    )
    assert 'name="connector" value="1" required>' in response.content.decode()


def test_the_link_may_choose_the_connector(client: Client) -> None:
    scene.station(connectors=2)
    page = client.get(PAGE, {"connector": "2"}).content.decode()
    assert 'value="2" required checked' in page


@pytest.mark.parametrize("link", ["/c/SK*NOPE*E1", "/c/session/not-a-link", "/c/<script>"])
def test_an_unknown_charger_is_a_friendly_404(client: Client, evse: Evse, link: str) -> None:
    response = client.get(link)
    assert response.status_code == 404
    assert "What to check" in words(response)
    assert b"<script>" not in response.content


def test_an_unknown_charger_has_no_state_and_no_code(client: Client, db: None) -> None:
    assert client.get("/c/NOPE/state.json").status_code == 404
    assert client.get("/c/NOPE/qr.svg").status_code == 404


def test_where_payment_is_real_there_are_no_test_cards(client: Client, evse: Evse, settings: Settings) -> None:
    settings.PAYMENT_GATEWAY = "terminal"
    page = words(client.get(PAGE))
    assert "Test payment" not in page
    assert "use the app or the payment terminal" in page


def test_who_scans_again_finds_the_running_session(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    started = client.post(PAGE, form())["Location"]
    assert f'href="{started}"' in client.get(PAGE).content.decode()


def test_a_session_that_ended_is_not_offered(client: Client, evse: Evse, form: Callable[..., dict[str, Any]]) -> None:
    started = client.post(PAGE, form())["Location"]
    client.post(f"{started}/cancel")
    assert started not in client.get(PAGE).content.decode()


def test_another_driver_s_session_is_not_shown(client: Client, evse: Evse) -> None:
    running = scene.session_in(evse, State.CHARGING)
    assert str(running.pk) not in client.get(PAGE).content.decode()


def test_a_forged_cookie_shows_nothing(client: Client, evse: Evse) -> None:
    running = scene.session_in(evse, State.CHARGING)
    client.cookies["sfp_charging"] = f"{running.pk}:forged"
    assert str(running.pk) not in client.get(PAGE).content.decode()


def test_the_page_is_private_and_self_contained(client: Client, evse: Evse) -> None:
    response = client.get(PAGE)
    page = response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "style=" not in page
    assert not re.findall(r"<script(?![^>]* src=)|\son\w+=", page)
    assert re.search(r'<html lang="[a-z-]+">', page)


def test_the_page_is_light(client: Client, evse: Evse) -> None:
    assets = [Path(str(finders.find(f"driver/{name}"))) for name in ("driver.css", "driver.js", "icon.svg")]
    weight = len(client.get(PAGE).content) + sum(path.stat().st_size for path in assets)
    assert weight < 50_000


@pytest.mark.parametrize(
    ("restrictions", "price"),
    [
        (
            {"start_time": "7:00", "end_time": "19:00"},
            "Energy 11.07\u00a0€/kWh from 19:00: 1.23\u00a0€/kWh from 07:00: 11.07\u00a0€/kWh",
        ),
        ({"day_of_week": ["monday"]}, "Energy 11.07\u00a0€/kWh from 00:00: 1.23\u00a0€/kWh All"),
        ({"min_kwh": "10,5"}, "Energy 1.23\u00a0€/kWh from 10.5 kWh on: 11.07\u00a0€/kWh All"),
        ({"day_of_week": ["SOMEDAY"]}, "Price not readable"),
        ({"weather": "SUNNY"}, "Price not readable"),
    ],
)
def test_a_restriction_is_shown_as_it_is_read_or_no_price_is(client: Client, restrictions: Any, price: str) -> None:
    evse = scene.station()
    dear = {"price_components": [{"type": "ENERGY", "price": 9, "step_size": 1}], "restrictions": restrictions}
    cheap = {"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}]}
    scene.add_tariff(evse, "T-1", elements=[dear, cheap])
    with time_machine.travel(MONDAY, tick=False):
        page = words(client.get(PAGE))
    assert price in page
    assert ("11.07" in page) is ("readable" not in price)


def test_the_price_is_told_in_afir_s_order_now_first_and_then_what_changes(client: Client) -> None:
    """At 14:00: a day and a night price, a fee for the session and one for staying, blocks, the least and the most."""
    evse = scene.station()

    def element(kind: str, price: float, step: int = 1, **restrictions: Any) -> dict[str, Any]:
        part = {"type": kind, "price": price, "step_size": step, "vat": 25.0}
        return {"price_components": [part], "restrictions": restrictions}

    scene.add_tariff(
        evse,
        elements=[
            element("FLAT", 0.4),
            element("PARKING_TIME", 4.8, 900, min_duration=14400),
            element("TIME", 1.2, 60, max_duration=3600),
            element("TIME", 2.4, 60, start_time="12:00", end_time="13:00"),
            element("ENERGY", 0.8, min_power=100),
            element("ENERGY", 0.7, min_power=20, max_power=50),
            element("ENERGY", 0.4, 500, start_time="07:00", end_time="22:00", max_kwh=30),
            element("ENERGY", 0.24),
        ],
        min_price={"excl_vat": 1, "incl_vat": 1.25},
        max_price={"excl_vat": 40, "incl_vat": 50},
        tariff_alt_text=[{"language": "sk", "text": "Lacno."}, {"language": "en", "text": "Cheap."}],
    )
    with time_machine.travel(MONDAY, tick=False):
        page = words(client.get(PAGE)).replace("\u00a0", " ")
        assert "“Lacno.”" in words(client.get(PAGE, headers={"Accept-Language": "sk"}))
    lines = [
        "Energy 0.50 €/kWh, in blocks of 0.5 kWh",
        "from 22:00: 0.30 €/kWh from 07:00: 0.50 €/kWh, in blocks of 0.5 kWh from 30 kWh on: 0.30 €/kWh",
        "from 100 kW: 1.00 €/kWh from 20 to 50 kW: 0.875 €/kWh",
        "Charging time 0.025 €/min after 1 h 00 min: free from 12:00: 0.05 €/min from 13:00: free",
        "Occupancy, after charging free after 4 h 00 min: 0.10 €/min, in blocks of 15 min",
        "Per charge 0.50 €",
        "Other at least 1.25 € per charge Other at most 50.00 € per charge",
        "All prices include 25 % VAT.",
        "Example: 20 kWh in 30 min cost",
        "“Cheap.”",
    ]
    assert " ".join(lines[:8]) in page
    assert [page.index(line) for line in lines] == sorted(page.index(line) for line in lines)


@pytest.mark.parametrize(
    ("parts", "more", "text"),
    [
        ([("ENERGY", 0, 23.0)], {}, "Price Price free of charge"),
        ([("ENERGY", 1, 10.0), ("FLAT", 1, 20.0)], {}, "All prices include VAT."),
        ([("ENERGY", 1, None)], {"currency": "EUR", "country": "AQ"}, "Energy price not known VAT may come on top."),
    ],
)
def test_what_is_free_or_taxed_in_parts_is_said(
    client: Client, parts: list[tuple[str, float, float | None]], more: dict[str, str], text: str
) -> None:
    evse = scene.station()
    if "country" in more:
        Location.objects.update(country=more["country"], country_code=more["country"])
    made = [
        {"type": kind, "price": price, "step_size": 1, **({"vat": vat} if vat is not None else {})}
        for kind, price, vat in parts
    ]
    scene.add_tariff(evse, elements=[{"price_components": made}])
    page = words(client.get(PAGE))
    assert text in page
    assert ("Example" in page) is ("not known" not in text)


def test_a_price_of_our_own_has_none_of_the_operator_s_words(client: Client, evse: Evse) -> None:
    Tariff.objects.update(raw=tariff_data(tariff_alt_text=[{"language": "de", "text": "Billig."}]))
    assert "“Billig.”" in words(client.get(PAGE))
    PricePlan.objects.create(name="Ours", kind="retail", currency="EUR", per_kwh=Decimal("0.5"))
    page = words(client.get(PAGE))
    assert "Energy 0.50\u00a0€/kWh All prices include 23 % VAT." in page
    assert "Billig" not in page


@pytest.mark.parametrize(("kw", "text"), [("22", "10 kWh in 1\u00a0h 00"), ("7.4", "10 kWh in 4\u00a0h 00")])
def test_the_example_fits_the_connector(client: Client, evse: Evse, kw: str, text: str) -> None:
    Connector.objects.update(max_kw=Decimal(kw))
    assert f"Example: {text}" in words(client.get(PAGE))
