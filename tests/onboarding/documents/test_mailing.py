"""The data sheet by e-mail: sent by a worker, to be found again, without a token."""

import smtplib
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone
from pytest_django import Settings

from onboarding.documents.mailing import send_data_sheet
from onboarding.models import Onboarding
from partners.models import Document, Incident, Mail, Partner
from partners.outbox import PAUSES, send_due
from partners.services import issue_registration_token
from partners.tasks import mail_tick
from tests.onboarding.documents.conftest import TOKEN_A

pytestmark = pytest.mark.usefixtures("onboarding")


class ServerDown(EmailBackend):
    """A mail server that refuses everybody."""

    def send_messages(self, _messages: Any) -> NoReturn:
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


def test_it_goes_out_as_text_html_and_pdf(partner: Partner, staff: User, settings: Settings) -> None:
    settings.OCPI_OUTBOUND_IPS = ["203.0.113.10"]
    token_b = issue_registration_token(partner)
    document = send_data_sheet(partner, ["lubica@zelena.example", "lubica@zelena.example"], staff)
    assert mail.outbox == []
    assert mail_tick() == 1
    message = mail.outbox[0]
    assert message.to == ["lubica@zelena.example"]
    assert message.subject == "Smart Fuel Pass: your OCPI endpoint is ready (SK*ZEL)"
    assert isinstance(message, mail.EmailMultiAlternatives)
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    for text in (str(message.body), str(html)):
        assert "/ocpi/emsp/versions" in text
        assert "203.0.113.10" in text
        assert token_b not in text
        assert TOKEN_A not in text
    [(name, content, kind)] = message.attachments
    assert (name, kind) == ("data-sheet-zelena.pdf", "application/pdf")
    assert content == bytes(document.content)


def test_it_is_sent_once_and_the_cpo_counts_as_told(partner: Partner, staff: User) -> None:
    send_data_sheet(partner, ["lubica@zelena.example"], staff)
    assert Onboarding.objects.get().setup_told_at is None
    assert [mail_tick(), mail_tick()] == [1, 0]
    assert len(mail.outbox) == 1
    assert Onboarding.objects.get().setup_told_at is not None
    row = Mail.objects.get()
    assert (row.tries, row.next_check_at, row.error) == (1, None, "")
    assert row.sent_at is not None


def test_a_failing_mail_server_is_tried_again_and_given_up(partner: Partner, staff: User, settings: Settings) -> None:
    send_data_sheet(partner, ["lubica@zelena.example"], staff)
    settings.EMAIL_BACKEND = f"{__name__}.ServerDown"
    now = timezone.now()
    assert send_due(now) == 0
    row = Mail.objects.get()
    assert row.error.startswith("SMTPServerDisconnected")
    assert row.next_check_at is not None
    assert row.next_check_at > now
    assert send_due(now) == 0
    for number in range(1, len(PAUSES) + 2):
        send_due(now + timedelta(days=2 * number))
    row = Mail.objects.get(pk=row.pk)
    assert (row.state, row.tries, row.next_check_at, row.sent_at) == ("given_up", len(PAUSES) + 1, None, None)
    told = Incident.objects.get()
    assert (told.symptom, told.tell_cpo) == ("A mail could not be sent", False)
    assert Onboarding.objects.get().setup_told_at is None


def test_it_comes_back_with_the_mail_server(partner: Partner, staff: User, settings: Settings) -> None:
    send_data_sheet(partner, ["lubica@zelena.example"], staff)
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.ServerDown"
    send_due(timezone.now())
    settings.EMAIL_BACKEND = working
    assert send_due(timezone.now() + timedelta(hours=1)) == 1
    assert len(mail.outbox) == 1
    assert Mail.objects.get().error == ""


def test_what_was_sent_is_archived(partner: Partner, staff: User) -> None:
    send_data_sheet(partner, ["a@zelena.example", "b@zelena.example"], staff)
    assert (Document.objects.get().kind, Document.objects.get().made_by) == ("data_sheet", "jana")
    assert mail_tick() == 2
    assert sorted(message.to[0] for message in mail.outbox) == ["a@zelena.example", "b@zelena.example"]
