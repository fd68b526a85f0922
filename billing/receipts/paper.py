"""A receipt as PDF, with the letters of every country that we charge in."""

from django.utils.translation import gettext

from billing.models import Receipt
from billing.receipts.looking import look_of
from partners.paper.begin import begin
from partners.paper.written import Written


def write_receipt(receipt: Receipt) -> Written:
    """Return the PDF: the same look as the page, number and all."""
    look = look_of(receipt)
    sheet = begin(f"{look.title} {look.number}", " · ".join(look.seller))
    sheet.facts([*look.facts])
    sheet.heading(gettext("What was charged"))
    head = ("", gettext("Quantity"), gettext("Price with VAT"), gettext("VAT"), gettext("Amount"))
    sheet.table(head, [list(line) for line in look.lines], (36, 16, 22, 12, 14))
    sheet.ln(4)
    sums = (gettext("VAT"), gettext("Without VAT"), gettext("VAT"), gettext("With VAT"))
    sheet.table(sums, [list(one) for one in look.vat], (25, 25, 25, 25))
    sheet.heading(f"{gettext('Total')} {look.total}", room=12)
    if look.signed:
        sheet.heading(gettext("Signed by the meter"))
        sheet.facts([*look.signed], mono=[name for name, _text in look.signed])
    return sheet.finish(f"{look.number}.pdf")
