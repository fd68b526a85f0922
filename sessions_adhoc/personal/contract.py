"""What is kept of one of our contracts: its tokens, and what CPOs told of charges with them.

Whose a contract is, our back office alone knows.
"""

from typing import Any
from uuid import UUID

from django.db.models.functions import Lower

from ocpi.models import Token
from sessions_adhoc.contracts.handing import body_of
from sessions_adhoc.models import AdHocSession, ContractRecord

TOKEN = ("uid", "type", "contract_id", "visual_number", "issuer", "valid", "language", "created_at", "last_updated")


def sessions_of_contract(contract_id: str) -> list[UUID]:
    """The charges that were started with one of its tokens over the driver's API."""
    found = AdHocSession.objects.filter(contract_token__in=_tokens(contract_id))
    return sorted(found.values_list("pk", flat=True))


def export_contract(contract_id: str) -> dict[str, Any] | None:
    """All of it but those charges, ready for JSON but for moments and decimals; None where nothing is known."""
    tokens = list(_tokens(contract_id).order_by("pk").values(*TOKEN))
    names = {contract_id.strip(), *(one["contract_id"] for one in tokens)}
    records = ContractRecord.objects.filter(contract_id__in=names).order_by("pk")
    charges = [_told(one) for one in records.select_related("partner", "token", "ocpi_session", "cdr")]
    return {"contract": contract_id.strip(), "tokens": tokens, "charges": charges} if tokens or charges else None


def _tokens(contract_id: str) -> Any:
    named = Token.objects.annotate(contract_key=Lower("contract_id")).exclude(type=Token.Type.AD_HOC_USER)
    return named.filter(contract_key=contract_id.strip().lower())


def _told(record: ContractRecord) -> dict[str, Any]:
    row = record.cdr or record.ocpi_session
    assert row is not None  # a constraint of the table
    return {
        **(record.body or body_of(record)),
        "state": record.state,
        "offer": record.offer,
        "handed_over": record.handed_at,
        "acknowledged": record.acknowledged_at,
        "told_by_the_operator": row.raw,
    }
