"""The QR codes of a location as PDF, from the page of an EVSE in the admin."""

from io import BytesIO

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from ocpi.charger_codes import group
from ocpi.models import Evse
from tests.driver import scene

pytestmark = pytest.mark.django_db


def link(evse: Evse) -> str:
    return reverse("admin:ocpi_evse_qr_codes", args=[evse.pk])


def texts(admin: Client, evse: Evse) -> list[str]:
    answer = admin.get(link(evse))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'inline; filename="qr-codes-{evse.location.ocpi_id}.pdf"'
    return [page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages]


def test_each_charger_of_the_location_has_one_six_on_a_page(admin_client: Client, evse: Evse) -> None:
    others = [scene.beside(evse, f"SK*ION*E100*{number}") for number in range(2, 9)]
    gone = scene.beside(evse, "SK*ION*E100*9", status="REMOVED")
    elsewhere = scene.station(evse_id="SK*ION*E200*1")
    pages = texts(admin_client, evse)
    assert len(pages) == 2
    for number, one in enumerate([evse, *others]):
        page = pages[number // 6]
        assert [text in page for text in (str(one), group(one.code), f"127.0.0.1:8000/c/{one.code}")] == [True] * 3
    assert [one.code for one in (gone, elsewhere) if one.code in "".join(pages)] == []


def test_the_page_of_the_evse_leads_there(admin_client: Client, evse: Evse) -> None:
    page = admin_client.get(reverse("admin:ocpi_evse_change", args=[evse.pk])).content.decode()
    assert f'href="{link(evse)}"' in page


def test_only_who_may_see_evses_gets_them(client: Client, admin_client: Client, evse: Evse) -> None:
    assert admin_client.get(link(evse).replace(str(evse.pk), "0")).status_code == 404
    assert client.get(link(evse)).status_code == 302
    client.force_login(User.objects.create_user("temp", is_staff=True))
    assert client.get(link(evse)).status_code == 403
