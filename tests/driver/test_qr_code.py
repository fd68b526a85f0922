"""The QR code for the sticker leads to the charger's page."""

from io import BytesIO

import pytest
import segno

from tests.driver import scene

pytestmark = pytest.mark.django_db


def svg(text: str) -> bytes:
    image = BytesIO()
    segno.make_qr(text, error="m").save(image, kind="svg", scale=8, border=4)
    return image.getvalue()


@pytest.mark.parametrize("base", ["https://charge.example", "https://charge.example/"])
def test_it_holds_the_public_address_of_the_charger(client, evse, settings, base):
    settings.PUBLIC_BASE_URL = base
    response = client.get(f"/c/{scene.EVSE_ID}/qr.svg")
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert response.content == svg("https://charge.example/c/SK*ION*E100*1")


def test_it_names_the_charger_as_the_sticker_does(client, evse):
    by_uid = client.get("/c/sk-ion-e100-1/qr.svg").content
    assert by_uid == client.get(f"/c/{scene.EVSE_ID}/qr.svg").content


def test_odd_ids_are_escaped(client, settings):
    settings.PUBLIC_BASE_URL = "https://charge.example"
    scene.station(evse_id="", uid="Säule 1/A?")
    content = client.get("/c/S%C3%A4ule%201%2FA%3F/qr.svg").content
    assert content == svg("https://charge.example/c/S%C3%A4ule%201%2FA%3F")
