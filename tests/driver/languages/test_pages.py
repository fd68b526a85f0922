"""The driver's pages in six languages: which one is spoken, and that all of the page speaks it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from ocpi.models import Evse
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from tests.driver import scene
from tests.driver.test_charger_page import PAGE, words

pytestmark = pytest.mark.django_db
AVAILABLE = {"sk": "Voľná", "cs": "Volná", "de": "Frei", "en": "Available", "hu": "Szabad", "pl": "Wolna"}


def opening_of(session: AdHocSession) -> dict[str, Any]:
    """What the gateway's page is opened with."""
    assert session.authorization.opening is not None
    return dict(session.authorization.opening)


def spoken(answer: Any) -> str:
    """The language that a page is in, as it says itself, its header, and the word for a free charger."""
    language = re.findall(r'<html lang="(\w\w)">', answer.content.decode())
    assert language == [answer.headers["Content-Language"]]
    assert AVAILABLE[language[0]] in words(answer)
    return str(language[0])


@pytest.mark.parametrize("language", AVAILABLE)
def test_a_charger_in_each_language(client: Client, evse: Evse, language: str) -> None:
    answer = client.get(f"{PAGE}?lang={language}")
    assert spoken(answer) == language
    page = words(answer)
    others = [word for name, word in AVAILABLE.items() if name != language]
    assert [word for word in others if re.search(rf"\b{word}\b", page)] == []
    assert ("0.60" in page) is (language == "en")
    assert ("0,60" in page) is (language != "en")
    chosen = re.search(r'<a href="\?lang=(\w\w)"[^>]*aria-current="true">', answer.content.decode())
    assert chosen
    assert chosen[1] == language
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("sk-SK,sk;q=0.9,en;q=0.8", "sk"),
        ("fr-FR, de;q=0.5, pl;q=0.7", "pl"),
        ("de-AT", "de"),
        ("hu;q=0, cs;q=0.1", "cs"),
        ("*", "en"),
        ("fr", "en"),
        ("", "en"),
        ("x" * 2000, "en"),
        (";;;,,q=1", "en"),
    ],
)
def test_the_browser_says_which(client: Client, evse: Evse, header: str, language: str) -> None:
    assert spoken(client.get(PAGE, headers={"Accept-Language": header})) == language


def test_who_chooses_one_keeps_it(client: Client, evse: Evse) -> None:
    german = {"Accept-Language": "de"}
    assert spoken(client.get(PAGE, headers=german)) == "de"
    assert "sfp_language" not in client.cookies
    assert spoken(client.get(f"{PAGE}?lang=HU", headers=german)) == "hu"
    kept = client.cookies["sfp_language"]
    assert (kept.value, kept["path"], kept["httponly"], kept["samesite"]) == ("hu", "/c/", True, "Lax")
    assert spoken(client.get(PAGE, headers=german)) == "hu"
    assert spoken(client.get(f"{PAGE}?lang=tlh", headers=german)) == "hu"
    client.cookies["sfp_language"] = "xx'\"><script>"
    assert spoken(client.get(PAGE, headers=german)) == "de"


def test_a_link_to_another_language_is_to_this_very_page(client: Client, evse: Evse) -> None:
    page = client.get(f"{PAGE}?previous=1&connector=%26x&lang=sk").content.decode()
    assert '<a href="?previous=1&amp;connector=%26x&amp;lang=de" lang="de" hreflang="de"' in page


def test_the_session_keeps_the_language_and_the_gateway_speaks_it(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    client.get(f"{PAGE}?lang=cs")
    client.post(PAGE, form(), headers={"Accept-Language": "de-AT,de;q=0.9"})
    session = AdHocSession.objects.get()
    assert (session.locale, opening_of(session)["locale"]) == ("cs", "cs")
    assert opening_of(session)["description"] == f"Nabíjení na {scene.EVSE_ID}"


def test_the_gateway_may_speak_what_we_do_not(client: Client, evse: Evse, form: Callable[..., dict[str, Any]]) -> None:
    client.post(PAGE, form(), headers={"Accept-Language": "fr-FR,de;q=0.9"})
    session = AdHocSession.objects.get()
    assert (session.locale, opening_of(session)["locale"]) == ("de", "fr-FR")


def test_what_is_wrong_is_said_in_the_language_too(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    answer = client.post(PAGE, form(amount="4001"), headers={"Accept-Language": "pl"})
    assert answer.status_code == 409
    assert "Limity się zmieniły. Prosimy wybrać jeden i zapłacić ponownie." in words(answer)
    unknown = client.get("/c/SK*NO*BODY", headers={"Accept-Language": "hu"})
    assert "Nincs „SK*NO*BODY” kódú töltő. Ellenőrizze a matricán lévő kódot." in words(unknown)


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("sk", ("Nabíja sa", "12,35 kWh", "48,2 kW", "63 %", "Posledný údaj pred 40 s", "rezervovaných 40,00 €.")),
        ("de", ("Lädt", "12,35 kWh", "48,2 kW", "63 %", "Letzter Wert vor 40 s", "40,00 € sind auf der Karte")),
        ("pl", ("Ładowanie", "12,35 kWh", "48,2 kW", "63%", "Ostatni odczyt 40 s temu", "zablokowano 40,00 €.")),
        ("en", ("Charging", "12.35 kWh", "48.2 kW", "63 %", "Last reading 40 s ago", "40.00 € is reserved on your")),
    ],
)
def test_the_live_view_in_the_language(client: Client, evse: Evse, language: str, texts: tuple[str, ...]) -> None:
    session = scene.session_in(evse, State.CHARGING)
    answer = client.get(f"/c/session/{session.pk}?lang={language}")
    page = words(answer).replace("\u00a0", " ")
    assert [text for text in texts if text not in page] == []
    live = client.get(f"/c/session/{session.pk}.json").json()["view"]
    assert (live["headline"], live["kwh"]) == (texts[0], texts[1].removesuffix(" kWh"))


def test_help_terms_and_privacy_are_where_they_are_known(client: Client, evse: Evse, settings: Settings) -> None:
    plain = client.get(PAGE).content.decode()
    assert "tel:" not in plain
    assert "Privacy" not in plain
    settings.SUPPORT_PHONE, settings.TERMS_URL = "+421 2 123 456", "https://sfp.example/terms"
    settings.PRIVACY_URL = "https://sfp.example/privacy"
    page = client.get(PAGE).content.decode()
    assert '<a href="tel:+4212123456">+421 2 123 456</a>' in page
    assert '<a href="https://sfp.example/terms">Terms</a> · <a href="https://sfp.example/privacy">Privacy</a>' in page
