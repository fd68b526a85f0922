"""Mailing receipts to drivers who asked for it, and forgetting their addresses."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from billing.models import Receipt
from billing.receipts.looking import TITLES
from billing.spoken import in_words
from partners import outbox
from partners.ground import languages, secrets
from partners.ground.deadlines import claim_due
from partners.models import Mail
from sessions_adhoc.models import AdHocSession, ReceiptWish

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=5)
BATCH = 500
FORGOTTEN = ["forgotten"]
BODY = gettext_noop("""Thank you for charging at {charger}.

{title} {number}: {total}
{link}

The page has the document as PDF too. Questions: {support}. Please quote {session}.
""")


def mail_wanted(session: AdHocSession, issued: Sequence[Receipt]) -> None:
    """Mail these documents to the driver, where an address was given; inside the caller's transaction."""
    wish = ReceiptWish.objects.filter(session=session).first() if issued else None
    if wish is None:
        return
    try:
        address = secrets.decrypt(wish.address)
    except secrets.UnreadableSecret:
        log.exception("a driver's address cannot be read any more", id=str(session.pk))
        return
    with languages.speaking(session.locale):
        letters = [(session.partner, _letter(session, receipt, address)) for receipt in issued]
    mails = outbox.write_all(letters)
    wish.mails = [*wish.mails, *(mail.pk for mail in mails)]
    wish.save(update_fields=["mails"])


def _letter(session: AdHocSession, receipt: Receipt, address: str) -> outbox.Letter:
    title = gettext(TITLES[Receipt.Kind(receipt.kind)])
    body = gettext(BODY).format(
        charger=session.evse,
        title=title,
        number=receipt.number,
        total=in_words(receipt.total, receipt.currency),
        link=link_to(receipt),
        support=settings.SUPPORT_EMAIL,
        session=str(session.pk)[:8],
    )
    return outbox.Letter(f"{title} {receipt.number}", body, [address])


def link_to(receipt: Receipt) -> str:
    """The page of a receipt, for whoever has the link."""
    return f"{settings.PUBLIC_BASE_URL.rstrip('/')}{reverse('driver:receipt', args=[receipt.pk])}"


def forget_addresses() -> int:
    """Forget the addresses whose time is over, in the mails too; return how many."""
    due = claim_due(ReceiptWish, now=timezone.now(), lease=LEASE, limit=BATCH)
    for wish in ReceiptWish.objects.filter(pk__in=due):
        Mail.objects.filter(pk__in=wish.mails).update(to=FORGOTTEN)
        wish.delete()
    return len(due)
