"""Which of our contracts a Session or CDR names. OCPI 2.1.1 names the contract alone (`auth_id`)."""

import re
from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower

from ocpi.models import Cdr, OcpiSession, Token

ONE_OFF = Token.Type.AD_HOC_USER
# Of a Session that is new or over; the value is empty for all others. Both names have an index.
WAITED_FOR = (
    f"SELECT NULL, 4 FROM {Token._meta.db_table} t WHERE t.type <> '{ONE_OFF.value}' AND %s <> ''"  # noqa: S608
    " AND (LOWER(t.uid) = %s OR LOWER(t.contract_id) = %s)"
)
OVER = frozenset({"COMPLETED", "INVALID"})


def is_news(session: OcpiSession) -> bool:
    """Whether a Session, as it is about to be stored, is a new one, or over: what lies between is nobody's news."""
    return session.pk is None or session.status in OVER


def waited_for(session: OcpiSession) -> list[Any]:
    """The values of `WAITED_FOR`."""
    return [session.token_uid.lower() if is_news(session) else ""] * 3


def told_token(row: OcpiSession | Cdr) -> dict[str, Any]:
    """The token as the CPO tells of it: `uid`, `type`, `contract_id`, `country_code`, `party_id`; in 2.1.1 nothing."""
    raw = row.raw.get("cdr_token")
    return raw if isinstance(raw, dict) else {}


def token_of(row: OcpiSession | Cdr) -> Token | None:
    """Our token that is named: by UID and type, else by UID, else by the contract; of several the newest one that the
    partner may know. Also one that it may not know, or that is for one charge: who asks looks at that."""
    name, said = row.token_uid.lower(), told_token(row)
    named = Token.objects.annotate(uid_key=Lower("uid"), contract_key=Lower("contract_id"))
    found = list(named.filter(Q(uid_key=name) | Q(contract_key=name)).order_by("-valid", "-pk")[:50])
    kind = str(said.get("type") or "").upper()

    def rank(token: Token) -> tuple[bool, bool, bool]:
        known = token.partner_id in (None, row.partner_id)
        return token.uid.lower() != name, token.type != kind, not known

    return min(found, key=rank, default=None)


def same_contract(one: str, other: str) -> bool:
    """Whether two contract IDs are one: written with or without hyphens, in either case."""
    return _plain(one) == _plain(other)


def _plain(contract: str) -> str:
    return re.sub(r"[^0-9a-z]", "", contract.lower())
