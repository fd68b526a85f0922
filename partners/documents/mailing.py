"""Sending documents by e-mail: asked for on a page, sent by a worker, tried again when the mail server fails."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from partners.deadlines import claim_due
from partners.documents.archive import archive
from partners.documents.data_sheet import data_sheet_rows, write_data_sheet
from partners.models import Document, DocumentMail, Partner
from partners.onboarding import stages
from partners.portal.facts import facts_of

LEASE = timedelta(minutes=5)
PAUSE = timedelta(minutes=10)
MOST_TRIES = 6
BATCH = 10


def send_data_sheet(partner: Partner, to: Sequence[str], user: Any) -> Document:
    """Archive the data sheet as it is now, and have it sent to each address after the commit."""
    with transaction.atomic():
        written = write_data_sheet(partner, facts_of(partner))
        document = archive(partner, Document.Kind.DATA_SHEET, written, by=user.get_username())
        now = timezone.now()
        for address in dict.fromkeys(to):
            DocumentMail.objects.create(document=document, to=address, asked_by=user, next_check_at=now)
    return document


def mail_due(now: datetime) -> int:
    """Send what is due; return how many went out. A worker that dies in between sends again after the lease."""
    return sum(_send(pk, now) for pk in claim_due(DocumentMail, now=now, lease=LEASE, limit=BATCH))


def _send(pk: int, now: datetime) -> bool:
    mail = DocumentMail.objects.select_related("document__partner").get(pk=pk)
    rows = DocumentMail.objects.filter(pk=pk, sent_at=None)
    try:
        _message(mail).send()
    except OSError as error:  # smtplib's errors are among them
        again = now + PAUSE if mail.tries + 1 < MOST_TRIES else None
        rows.update(tries=mail.tries + 1, next_check_at=again, error=f"{type(error).__name__}: {error}"[:300])
        return False
    rows.update(tries=mail.tries + 1, next_check_at=None, sent_at=timezone.now(), error="")
    stages.note_setup_told(mail.document.partner)
    return True


def _message(mail: DocumentMail) -> EmailMultiAlternatives:
    partner = mail.document.partner
    context = {
        "partner": partner,
        "rows": data_sheet_rows(partner, facts_of(partner)),
        "support_email": settings.SUPPORT_EMAIL,
        "window_starts_at": partner.integration_window_starts_at,
        "window_ends_at": partner.integration_window_ends_at,
    }
    message = EmailMultiAlternatives(
        subject=f"Smart Fuel Pass: your OCPI endpoint is ready ({partner.country_code}*{partner.party_id})",
        body=render_to_string("portal/mail/data_sheet.txt", context),
        to=[mail.to],
        reply_to=[settings.SUPPORT_EMAIL],
    )
    message.attach_alternative(render_to_string("portal/mail/data_sheet.html", context), "text/html")
    message.attach(mail.document.name, bytes(mail.document.content), "application/pdf")
    return message
