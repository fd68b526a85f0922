"""A charge in the driver's language from its start to the receipt: API, mail, documents."""

from io import BytesIO

import pytest
from django.test import Client
from pypdf import PdfReader

from billing.models import Receipt
from ocpi.models import Connector, Location
from partners.models import Mail
from sessions_adhoc.models import AdHocSession
from tests.driver.languages.test_pages import opening_of
from tests.driver.test_charger_page import words
from tests.factories import tariff_data
from tests.sessions_adhoc.accounts.test_receipts import close
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db


def charged(driver: Driver, cpo: Cpo, clock: Clock, locale: str) -> AdHocSession:
    """A charge of 5 kWh, settled for 3.01 EUR."""
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)
    Connector.objects.update(tariff_ids=["T-1"])
    Location.objects.update(country="SVK", time_zone="Europe/Bratislava")
    session = driver.start(email="driver@example.com", locale=locale)
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(5)
    clock.forward(seconds=20)
    cpo.session(5, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(3.01)
    clock.forward(seconds=1)
    assert state(session)[0] == "settled"
    close()
    return session


def test_the_api_speaks_as_asked_else_as_the_driver_does(driver: Driver) -> None:
    session = driver.start(locale="sk-SK")
    assert (session.locale, opening_of(session)["locale"]) == ("sk", "sk-SK")
    path = f"{session.pk}/"
    slovak = driver.call("GET", path).json()
    assert slovak["message"] == "Nabíjačka sa spúšťa. Ak vozidlo ešte nie je pripojené, pripojte ho."
    assert [event["text"] for event in slovak["events"]] == ["Okamih", "Suma rezervovaná", "Spúšťa sa"]
    german = driver.call("GET", path, **{"Accept-Language": "de"}).json()
    assert (
        german["message"] == "Die Ladesäule wird gestartet. Falls noch nicht geschehen, bitte das Fahrzeug anschließen."
    )
    french = driver.call("GET", path, **{"Accept-Language": "fr"}).json()
    assert french["message"] == slovak["message"]


def test_who_names_no_language_is_told_in_english(driver: Driver) -> None:
    session = driver.start()
    assert session.locale == "en"
    told = driver.call("GET", f"{session.pk}/").json()
    assert told["message"] == "Starting the charger. Plug in your car if you have not yet."


def test_a_refusal_is_said_as_asked(driver: Driver) -> None:
    answer = driver.call("POST", body={"evse": "SK*NO*BODY"}, **{"Accept-Language": "cs"})
    assert answer.json()["detail"] == "Nabíječka „SK*NO*BODY“ neexistuje. Zkontrolujte kód na nálepce."
    unknown = driver.call("GET", "7d1f2c9e-0000-4000-8000-000000000000/", **{"Accept-Language": "pl"})
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "Nie ma takiego ładowania.")
    session = driver.start()
    driver.call("POST", f"{session.pk}/cancel/")
    empty = driver.call("POST", f"{session.pk}/limit/", body={}, **{"Accept-Language": "hu"})
    assert empty.json()["amount"] == ["Ennek a mezőnek a megadása kötelező."]


def test_the_price_and_its_quote_in_the_language(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)
    Connector.objects.update(tariff_ids=["T-1"])
    Location.objects.update(country="SVK")
    session = driver.start(locale="pl")
    told = driver.call("GET", f"{session.pk}/").json()
    assert told["quote"]["text"] == "Energia: 0,6027\u00a0€/kWh; Wszystkie ceny zawierają 23% VAT."
    assert session.offer["lines"] == ["0.6027 EUR/kWh, incl. 23 % VAT"]


def test_mail_page_and_pdf_of_the_receipt(driver: Driver, cpo: Cpo, clock: Clock, client: Client) -> None:
    session = charged(driver, cpo, clock, "de-AT")
    receipt = Receipt.objects.get()
    mail = Mail.objects.latest("pk")
    assert mail.subject == f"Beleg {receipt.number}"
    assert mail.body.startswith(
        "Danke für das Laden an der Ladesäule SK*ION*EEVSE-1.\n\nBeleg SFP-2026-000001: 3,01 EUR\n"
    )
    assert f"Bitte den Code {str(session.pk)[:8]} angeben." in mail.body
    german = {"Accept-Language": "de"}
    page = words(client.get(f"/c/receipt/{receipt.pk}", headers=german))
    for text in ("Betreiber", "04.05.2026, 14:00", "5 kWh", "0,6027 EUR/kWh", "23 %", "Gesamt 3,01 EUR", "Ohne MwSt."):
        assert text in page, (text, page)
    answer = client.get(f"/c/receipt/{receipt.pk}.pdf", headers=german)
    text = " ".join(PdfReader(BytesIO(answer.content)).pages[0].extract_text().split())
    for part in ("Beleg SFP-2026-000001", "Berechnete Posten", "Energie", "Preis inkl. MwSt.", "Gesamt 3,01 EUR"):
        assert part in text, (part, text)
    english = words(client.get(f"/c/receipt/{receipt.pk}"))
    assert "4 May 2026, 14:00" in english
    assert receipt.contents["lines"][0]["text"] == "Energy"
