"""Kept for good: who made it, what it is, and that nobody changed it."""

import hashlib

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from onboarding.documents.archive import archive, archive_integration, is_intact
from onboarding.models import GoLiveAction, Onboarding
from onboarding.stages.refusals import NotPossible
from partners.models import Document, Partner, Unchangeable
from partners.paper.written import Written

WRITTEN = Written("data-sheet-zelena.pdf", b"%PDF-1.7 content")


@pytest.fixture
def document(partner: Partner) -> Document:
    return archive(partner, Document.Kind.DATA_SHEET, WRITTEN, by="jana")


@pytest.fixture
def page(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def test_it_keeps_content_and_digest(document: Document, partner: Partner) -> None:
    row = Document.objects.get()
    assert (row.partner, row.name, row.made_by, row.size) == (partner, WRITTEN.name, "jana", len(WRITTEN.content))
    assert bytes(row.content) == WRITTEN.content
    assert row.sha256 == hashlib.sha256(WRITTEN.content).hexdigest()
    assert is_intact(row)


def test_it_can_be_neither_changed_nor_deleted(document: Document) -> None:
    document.name = "other.pdf"
    for attempt in (
        document.save,
        document.delete,
        Document.objects.all().delete,
        lambda: Document.objects.update(name="x"),
    ):
        with pytest.raises(Unchangeable):
            attempt()
    assert Document.objects.get().name == WRITTEN.name


def test_it_is_archived_last_because_it_holds_the_signatures(
    onboarding: Onboarding, partner: Partner, staff: User
) -> None:
    with pytest.raises(NotPossible, match="Sign-off form completed by both parties"):
        archive_integration(partner, staff)
    assert not Document.objects.exists()
    assert not GoLiveAction.objects.filter(action="archived").exists()


def test_the_dossier_is_archived_with_the_sign_off_form(finished: None, partner: Partner, staff: User) -> None:
    dossier = archive_integration(partner, staff)
    assert dossier.kind == "dossier"
    assert bytes(dossier.content).startswith(b"%PDF-")
    assert list(Document.objects.order_by("id").values_list("kind", "made_by")) == [
        ("sign_off", "jana"),
        ("dossier", "jana"),
    ]
    action = GoLiveAction.objects.get(action="archived")
    assert (action.side, action.user) == ("sfp", staff)
    archive_integration(partner, staff)
    assert Document.objects.count() == 4
    assert GoLiveAction.objects.filter(action="archived").count() == 1


def test_there_is_nothing_to_archive_before_the_onboarding(partner: Partner, staff: User) -> None:
    with pytest.raises(NotPossible):
        archive_integration(partner, staff)
    assert not Document.objects.exists()


class TestPages:
    def test_staff_find_and_download_it(self, page: Client, document: Document) -> None:
        assert WRITTEN.name in page.get(reverse("admin:partners_document_changelist")).content.decode()
        shown = page.get(reverse("admin:partners_document_change", args=[document.pk])).content.decode()
        assert document.sha256 in shown
        assert "Intact" in shown
        answer = page.get(reverse("admin:partners_document_download", args=[document.pk]))
        assert answer.content == WRITTEN.content
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{WRITTEN.name}"'

    def test_an_altered_one_is_noticed(self, page: Client, document: Document) -> None:
        super(type(Document.objects.all()), Document.objects.all()).update(content=b"%PDF-1.7 forged")
        assert "Altered" in page.get(reverse("admin:partners_document_change", args=[document.pk])).content.decode()

    def test_who_may_not_see_it_does_not_get_it(self, document: Document, django_user_model: type[User]) -> None:
        client = Client()
        client.force_login(django_user_model.objects.create_user("petra", is_staff=True))
        assert client.get(reverse("admin:partners_document_download", args=[document.pk])).status_code == 404
        anonymous = Client().get(reverse("admin:partners_document_download", args=[document.pk]))
        assert anonymous.status_code == 302

    def test_nobody_adds_changes_or_deletes_one(self, page: Client, document: Document) -> None:
        assert page.get(reverse("admin:partners_document_add")).status_code == 403
        assert page.post(reverse("admin:partners_document_delete", args=[document.pk])).status_code == 403
        page.post(reverse("admin:partners_document_change", args=[document.pk]), {"name": "x"})
        assert Document.objects.get().name == WRITTEN.name
