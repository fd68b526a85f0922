"""Invoice Reconciliation module (OCPI 2.3.0 edition 2)."""

from typing import Annotated

from ocpi.versions.base import WireModel
from ocpi.versions.strings import Id
from ocpi.versions.times import Moment
from ocpi.versions.types import CountryCode, Id36, PartyId, Several


class InvoiceReconciliationRecord(WireModel):
    """InvoiceReconciliationRecord (mod_invoice_reconciliation §3.1): which CDRs an invoice settles."""

    kind = "invoice_reconciliation_record"

    country_code: CountryCode
    party_id: PartyId
    id: Id36
    invoice_id: Annotated[str, Id(255)]
    cdrs: Several[Id36]
    last_updated: Moment
