"""What staff do for a CPO: link, data sheet, ticks, dossier."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client
from django.urls import reverse

from onboarding.models import ChecklistItem, Onboarding, PartnerLink
from partners.ground import secrets
from partners.models import Document, HistoryEntry, Mail, Partner
from tests.support.pages import secret_in

ALL = ["make-link", "revoke-link", "confirm-items", "send-data-sheet", "make-dossier"]
LINK = {"given_to": "Ľubica Šťastná", "days": "14", "reveals_token_b": "on"}


@pytest.fixture
def page(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def press(client: Client, partner: Partner, name: Any, **data: Any) -> Any:
    return client.post(reverse(f"admin:partners_partner_do_{name}", args=[partner.pk]), data, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_the_link_is_shown_once_and_opens_their_page(page: Client, partner: Partner) -> None:
    answer = press(page, partner, "make-link", **LINK)
    url = secret_in(answer)
    row = PartnerLink.objects.get()
    assert (row.given_to, row.created_by.username, row.reveals_token_b) == ("Ľubica Šťastná", "jana", True)
    assert row.digest == secrets.digest(urlsplit(url).path.split("/")[2])
    assert "no-store" in answer.headers["Cache-Control"]
    opened = Client().get(urlsplit(url).path)
    assert opened.status_code == 200
    assert "Ľubica Šťastná" in opened.content.decode()
    token = urlsplit(url).path.split("/")[2]
    shown = page.get(reverse("admin:partners_partner_change", args=[partner.pk])).content.decode()
    assert token not in shown
    assert not HistoryEntry.objects.filter(outcome__contains=token).exists()


@pytest.mark.parametrize(("field", "value"), [("given_to", ""), ("days", "0"), ("days", "1000")])
def test_a_link_is_for_somebody_and_ends(page: Client, partner: Partner, field: str, value: str) -> None:
    press(page, partner, "make-link", **{**LINK, field: value})
    assert not PartnerLink.objects.exists()


def test_it_is_withdrawn(page: Client, partner: Partner) -> None:
    url = secret_in(press(page, partner, "make-link", **LINK))
    press(page, partner, "revoke-link")
    assert Client().get(urlsplit(url).path).status_code == 410
    assert "not possible any more" in said(press(page, partner, "revoke-link"))[0]


def test_the_data_sheet_goes_to_their_contacts_and_others(
    page: Client, partner: Partner, onboarding: Onboarding
) -> None:
    answer = press(page, partner, "send-data-sheet", to="boss@zelena.example")
    assert "on its way to lubica@zelena.example, boss@zelena.example" in said(answer)[0]
    assert sorted(mail.addresses() for mail in Mail.objects.all()) == ["boss@zelena.example", "lubica@zelena.example"]
    assert mail.outbox == []
    press(page, partner, "send-data-sheet", to="nonsense")
    assert Mail.objects.count() == 2


def test_the_data_sheet_waits_for_stage_1_and_for_somebody_to_send_it_to(
    page: Client, partner: Partner, onboarding: Onboarding
) -> None:
    partner.contacts.all().delete()
    assert "no contact with an email address" in said(press(page, partner, "send-data-sheet"))[0]
    Onboarding.objects.update(stage="pre_integration")
    assert "not possible any more" in said(press(page, partner, "send-data-sheet", to="a@zelena.example"))[0]
    assert not Mail.objects.exists()


def test_staff_tick_for_the_cpo_with_the_source(page: Client, partner: Partner) -> None:
    press(page, partner, "confirm-items", items=["locations", "cdrs"], reason="Mail of Ľubica, 22 Nov")
    assert sorted(ChecklistItem.objects.values_list("key", "ticked_by")) == [
        ("cdrs", "jana (SFP)"),
        ("locations", "jana (SFP)"),
    ]
    assert HistoryEntry.objects.filter(label="Tick for the CPO", reason="Mail of Ľubica, 22 Nov").exists()
    press(page, partner, "confirm-items", items=["tokens"])
    assert ChecklistItem.objects.count() == 2


def test_the_dossier_is_archived(page: Client, partner: Partner, finished: None) -> None:
    assert "is archived" in said(press(page, partner, "make-dossier"))[0]
    assert sorted(Document.objects.values_list("kind", flat=True)) == ["dossier", "sign_off"]


@pytest.mark.parametrize("name", ALL)
def test_none_of_it_answers_to_get_or_to_those_who_may_not(
    partner: Partner, onboarding: Onboarding, name: str, django_user_model: type[User], page: Client
) -> None:
    address = reverse(f"admin:partners_partner_do_{name}", args=[partner.pk])
    assert page.get(address).status_code == 405
    viewer = django_user_model.objects.create_user("petra", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(viewer)
    assert client.post(address, {**LINK, "items": ["cdrs"], "reason": "x", "to": "a@b.example"}).status_code == 403
    assert not PartnerLink.objects.exists()
    assert not Document.objects.exists()
    assert not ChecklistItem.objects.exists()
