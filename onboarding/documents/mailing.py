"""Sending documents by e-mail: asked for on a page, sent by a worker (`partners.outbox`)."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from onboarding.connection_facts import facts_of
from onboarding.documents.archive import archive
from onboarding.documents.data_sheet import data_sheet_rows, write_data_sheet
from onboarding.moments import span
from onboarding.stages import moving
from partners import outbox
from partners.models import Document, Mail, Partner
from partners.outbox import Letter


def send_data_sheet(partner: Partner, to: Sequence[str], user: Any) -> Document:
    """Archive the data sheet as it is now, and have it sent to each address after the commit."""
    with transaction.atomic():
        written = write_data_sheet(partner, facts_of(partner))
        document = archive(partner, Document.Kind.DATA_SHEET, written, by=user.get_username())
        for address in dict.fromkeys(to):
            outbox.write(partner, _letter(document, address), user)
    return document


def note_sent(mail: Mail) -> None:
    """The CPO was told its set-up. Inside the transaction that notes the mail as sent."""
    if mail.document and mail.document.kind == Document.Kind.DATA_SHEET:
        moving.note_setup_told(mail.partner)


def _letter(document: Document, address: str) -> Letter:
    partner = document.partner
    context = {
        "partner": partner,
        "rows": data_sheet_rows(partner, facts_of(partner)),
        "support_email": settings.SUPPORT_EMAIL,
        "window": span(partner.integration_window_starts_at, partner.integration_window_ends_at),
    }
    return Letter(
        subject=f"Smart Fuel Pass: your OCPI endpoint is ready ({partner.country_code}*{partner.party_id})",
        body=render_to_string("portal/mail/data_sheet.txt", context),
        html=render_to_string("portal/mail/data_sheet.html", context),
        to=[address],
        reply_to=[settings.SUPPORT_EMAIL],
        document=document,
    )
