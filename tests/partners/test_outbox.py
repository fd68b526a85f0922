"""Every mail is a row: written with what causes it, sent after the commit, tried again, never lost."""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from onboarding.documents.archive import archive
from partners import outbox
from partners.incidents import Report, close_incidents, open_incident
from partners.models import Document, Incident, Mail, Partner
from partners.outbox import PAUSES, Letter, send_again, send_due
from partners.paper.written import Written
from partners.tasks import mail_clean, mail_tick
from sfp_platform.celery import app
from tests.factories import PartnerFactory
from tests.support.tasks import Ran

REPORT = Report(key="k", symptom="Clock is wrong", cause="It is.", resolution="Set it.")


class Refusing(EmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, _messages: Any) -> NoReturn:
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


class Dying(EmailBackend):
    """The worker is killed after the mail server took the mail."""

    def send_messages(self, messages: Any) -> NoReturn:
        super().send_messages(messages)
        raise KeyboardInterrupt


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create(code="ion", country_code="SK", party_id="ION")


@pytest.fixture
def letter() -> Letter:
    return Letter("Hello\nthere", "Body", ["a@ion.example", "a@ion.example"], ["c@ion.example"], ["r@sfp.example"])


@pytest.fixture
def broken(settings: Settings) -> Callable[..., Any]:
    working = settings.EMAIL_BACKEND

    def turn(backend: Any = None) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.{backend.__name__}" if backend else working

    return turn


def test_it_is_sent_after_the_commit_by_a_worker(
    partner: Partner, letter: Letter, run_tasks: Callable[..., list[Ran]]
) -> None:
    outbox.write(partner, letter)
    assert django_mail.outbox == []
    assert run_tasks() == [("partners.tasks.mail_send", (Mail.objects.get().pk,))]
    sent, row = django_mail.outbox[0], Mail.objects.get()
    assert (sent.subject, sent.to, sent.cc, sent.reply_to) == (
        "Hello there",
        ["a@ion.example"],
        ["c@ion.example"],
        ["r@sfp.example"],
    )
    assert sent.extra_headers == {"Message-ID": row.message_id}
    assert row.message_id.endswith("@smartfuelpass.com>")
    assert (row.state, row.tries, row.next_check_at) == ("sent", 1, None)
    assert mail_tick() == 0


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_leaves_no_mail(letter: Letter, run_tasks: Callable[..., list[Ran]]) -> None:
    partner = PartnerFactory.create(code="ion", country_code="SK", party_id="ION")
    with transaction.atomic():
        outbox.write(partner, letter)
        transaction.set_rollback(True)
    assert (Mail.objects.count(), run_tasks()) == (0, [])


def test_a_task_that_is_lost_costs_seconds(partner: Partner, letter: Letter) -> None:
    outbox.write(partner, letter)
    assert [mail_tick(), mail_tick()] == [1, 0]
    assert len(django_mail.outbox) == 1
    tick = app.conf.beat_schedule["mail-tick"]
    assert tick["schedule"].seconds == 5
    assert tick["options"]["queue"] == "mail.due", "it goes past whatever is queued in order"


def test_pauses_grow_and_it_goes_out_when_the_server_is_back(
    partner: Partner, letter: Letter, broken: Callable[..., Any]
) -> None:
    row = outbox.write(partner, letter)
    now = timezone.now()
    broken(Refusing)
    for number, pause in enumerate(PAUSES[:3]):
        assert send_due(now) == 0
        row.refresh_from_db()
        assert (row.state, row.tries, row.next_check_at) == ("waiting", number + 1, now + pause)
        assert row.error.startswith("SMTPServerDisconnected")
        now += pause
    broken()
    assert send_due(now) == 1
    row.refresh_from_db()
    assert (row.state, row.error) == ("sent", "")
    assert list(PAUSES) == sorted(PAUSES)
    assert sum(PAUSES, timedelta(0)) == timedelta(days=3)


def test_what_is_given_up_is_an_incident_and_can_be_sent_again(
    partner: Partner, letter: Letter, broken: Callable[..., Any]
) -> None:
    row = outbox.write(partner, letter)
    Mail.objects.update(tries=len(PAUSES))
    broken(Refusing)
    send_due(timezone.now())
    row.refresh_from_db()
    assert (row.state, row.next_check_at) == ("given_up", None)
    told = Incident.objects.get()
    assert (told.symptom, told.tell_cpo) == ("A mail could not be sent", False)
    assert "a@ion.example" in told.cause
    Mail.objects.exclude(pk=row.pk).update(tries=len(PAUSES))
    send_due(timezone.now() + timedelta(days=9))
    assert Incident.objects.count() == 1, "its own mail that cannot be sent opens no other"
    broken()
    assert send_again(row.pk)
    assert send_due(timezone.now()) == 1


def test_a_worker_that_dies_while_sending_sends_it_twice_at_most_under_one_id(
    partner: Partner, letter: Letter, broken: Callable[..., Any]
) -> None:
    outbox.write(partner, letter)
    broken(Dying)
    now = timezone.now()
    with pytest.raises(KeyboardInterrupt):
        send_due(now)
    row = Mail.objects.get()
    assert (row.state, row.sent_at) == ("sending", None)
    assert not send_again(row.pk), "a worker holds it, as far as anybody knows"
    broken()
    assert [send_due(now), send_due(now + outbox.LEASE)] == [0, 1]
    assert {sent.extra_headers["Message-ID"] for sent in django_mail.outbox} == {row.message_id}
    assert len(django_mail.outbox) == 2


def test_the_task_and_the_tick_do_not_send_it_both(partner: Partner, letter: Letter) -> None:
    row = outbox.write(partner, letter)
    assert [outbox.send(row.pk), outbox.send(row.pk), send_due(timezone.now()) > 0] == [True, False, False]
    assert len(django_mail.outbox) == 1


def test_what_arrived_and_is_sent_again_has_another_id(partner: Partner, letter: Letter) -> None:
    row = outbox.write(partner, letter)
    mail_tick()
    assert send_again(row.pk)
    mail_tick()
    assert len({sent.extra_headers["Message-ID"] for sent in django_mail.outbox}) == 2


def test_an_incident_is_mailed_when_its_mail_was_taken(partner: Partner, broken: Callable[..., Any]) -> None:
    open_incident(partner.pk, REPORT)
    open_incident(partner.pk, REPORT)
    assert Mail.objects.count() == 1
    broken(Refusing)
    mail_tick()
    assert Incident.objects.get().mailed_at is None
    broken()
    send_due(timezone.now() + timedelta(minutes=2))
    assert Incident.objects.get().mailed_at == Mail.objects.get().sent_at
    assert "Clock is wrong" in django_mail.outbox[0].subject


def test_an_incident_that_is_over_before_it_was_told_is_not_told(partner: Partner) -> None:
    open_incident(partner.pk, REPORT)
    close_incidents(partner.pk, "k", "Gone.")
    assert mail_tick() == 0
    assert (Mail.objects.get().state, django_mail.outbox) == ("withdrawn", [])


def test_incidents_from_before_are_mailed_too(partner: Partner) -> None:
    Incident.objects.create(partner=partner, **{**REPORT.fields(), "key": "old"})
    assert [mail_tick(), mail_tick()] == [1, 0]
    assert Incident.objects.get().mailed_at


def test_an_attachment_is_kept_with_its_row(partner: Partner) -> None:
    document = archive(partner, Document.Kind.DATA_SHEET, Written("sheet.pdf", b"%PDF-1.7"), by="jana")
    outbox.write(partner, Letter("Sheet", "Attached.", ["a@ion.example"], html="<p>Attached.", document=document))
    mail_tick()
    (message,) = django_mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.attachments[0][:2] == ("sheet.pdf", b"%PDF-1.7")
    assert message.alternatives[0][0] == "<p>Attached."


def test_old_mails_are_cleaned_and_those_with_a_document_stay(partner: Partner, letter: Letter) -> None:
    old, waiting, fresh = (outbox.write(partner, letter) for _ in range(3))
    Mail.objects.exclude(pk=fresh.pk).update(written_at=timezone.now() - timedelta(days=181))
    Mail.objects.exclude(pk=waiting.pk).update(state="sent", next_check_at=None)
    assert (mail_clean(), Mail.objects.filter(pk=old.pk).exists(), Mail.objects.count()) == (1, False, 2)


class TestPage:
    """The outbox in the admin."""

    def test_it_shows_the_state_and_sends_again(
        self,
        partner: Partner,
        letter: Letter,
        admin_client: Client,
        broken: Callable[..., Any],
        run_tasks: Callable[..., list[Ran]],
    ) -> None:
        row = outbox.write(partner, letter)
        broken(Refusing)
        run_tasks()
        url = f"/admin/partners/mail/{row.pk}/"
        page = admin_client.get(f"{url}change/").content.decode()
        assert "SMTPServerDisconnected" in page
        assert "Send again" in page
        broken()
        admin_client.post(f"{url}do/send-again/")
        run_tasks()
        row.refresh_from_db()
        assert (row.state, len(django_mail.outbox)) == ("sent", 1)

    def test_it_is_refused_while_a_worker_holds_it(
        self, partner: Partner, letter: Letter, admin_client: Client
    ) -> None:
        row = outbox.write(partner, letter)
        Mail.objects.update(state="sending", next_check_at=timezone.now() + outbox.LEASE)
        admin_client.post(f"/admin/partners/mail/{row.pk}/do/send-again/")
        row.refresh_from_db()
        assert row.state == "sending"
