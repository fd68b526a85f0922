"""The page of a receipt or credit note. Whoever has the link may see it: it cannot be guessed."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_safe

from billing.models import Receipt
from billing.receipts.looking import look_of
from billing.receipts.paper import write_receipt
from partners.ground.privacy import private
from sessions_adhoc.driver.pages.charger_views import unknown
from sessions_adhoc.driver.pages.speaking import show
from sessions_adhoc.models import AdHocSession

UNKNOWN = gettext_noop("There is no receipt behind this link.")


def receipts_of(session: AdHocSession) -> list[Receipt]:
    """All documents of a session, in the order in which they were issued."""
    return list(Receipt.objects.filter(reference=str(session.pk)).order_by("ordinal"))


@private
@require_safe
def receipt_page(request: HttpRequest, receipt_id: UUID) -> HttpResponse:
    receipt = Receipt.objects.filter(pk=receipt_id).select_related("corrects").first()
    if receipt is None:
        return unknown(request, gettext(UNKNOWN))
    context = {
        "receipt": receipt,
        "look": look_of(receipt),
        "corrections": receipt.credit_notes.order_by("ordinal"),
    }
    return show(request, "driver/receipt.html", context)


@private
@require_safe
def receipt_pdf(request: HttpRequest, receipt_id: UUID) -> HttpResponse:
    receipt = Receipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        return unknown(request, gettext(UNKNOWN))
    written = write_receipt(receipt)
    named = {"Content-Disposition": f'inline; filename="{written.name}"'}
    return HttpResponse(written.content, content_type="application/pdf", headers=named)
