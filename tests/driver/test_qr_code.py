"""The QR code for the sticker leads to the charger's page."""

from io import BytesIO

import pytest
import segno
from django.test import Client
from pytest_django import Settings

from ocpi.models import Evse
from tests.driver import scene

pytestmark = pytest.mark.django_db


def svg(text: str) -> bytes:
    image = BytesIO()
    segno.make_qr(text, error="m").save(image, kind="svg", scale=8, border=4)
    return image.getvalue()


@pytest.mark.parametrize("base", ["https://charge.example", "https://charge.example/"])
def test_it_holds_the_public_address_of_the_charger(client: Client, evse: Evse, settings: Settings, base: str) -> None:
    settings.PUBLIC_BASE_URL = base
    response = client.get(f"/c/{scene.EVSE_ID}/qr.svg")
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert response.content == svg(f"https://charge.example/c/{evse.code}")


def test_it_is_the_same_by_either_name(client: Client, evse: Evse) -> None:
    by_code = client.get(f"/c/{evse.code}/qr.svg").content
    assert by_code == client.get(f"/c/{scene.EVSE_ID}/qr.svg").content
