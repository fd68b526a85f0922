"""A receipt as PDF, with the letters of every country that we charge in."""

from billing.models import Receipt
from billing.receipts.looking import look_of
from partners.paper.begin import begin
from partners.paper.written import Written


def write_receipt(receipt: Receipt) -> Written:
    """Return the PDF: the same look as the page, number and all."""
    look = look_of(receipt)
    sheet = begin(f"{look.title} {look.number}", " · ".join(look.seller))
    sheet.facts([*look.facts])
    sheet.heading("What was charged")
    head = ("", "Quantity", "Price with VAT", "VAT", "Amount")
    sheet.table(head, [list(line) for line in look.lines], (36, 16, 22, 12, 14))
    sheet.ln(4)
    sheet.table(("VAT", "Without VAT", "VAT", "With VAT"), [list(one) for one in look.vat], (25, 25, 25, 25))
    sheet.heading(f"Total {look.total}", room=12)
    if look.signed:
        sheet.heading("Signed by the meter")
        sheet.facts([*look.signed], mono=[name for name, _text in look.signed])
    return sheet.finish(f"{look.number}.pdf")
