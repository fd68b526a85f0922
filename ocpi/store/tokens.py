"""Our tokens as CPOs see them (OCPI 2.2.1 §12)."""

import secrets
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from ocpi.models import Token
from ocpi.versions import Version, WireModel
from ocpi.versions.v2_2_1.tokens import Token as WireToken
from partners.models import Partner


def new_one_off_token(partner: Partner, uid: str = "") -> Token:
    """A new token for one charge at one partner: 20 characters, which is all that OCPP 1.6 lets a charger hold.

    `uid`: instead of one that is made up; for trying a charger.
    """
    uid = uid or "SFP" + secrets.token_hex(9)[:17].upper()
    return Token.objects.create(
        partner=partner,
        uid=uid,
        type=Token.Type.AD_HOC_USER,
        contract_id=f"{settings.OCPI_COUNTRY_CODE}-{settings.OCPI_PARTY_ID}-C{uid.removeprefix('SFP')}"[:36],
        issuer=settings.OCPI_BUSINESS_NAME,
        whitelist="NEVER",
        last_updated=timezone.now(),
    )


def token_object(token: Token) -> WireModel:
    """Return the OCPI object of a token, to be written by any version's `dump`."""
    return WireToken(
        country_code=settings.OCPI_COUNTRY_CODE,
        party_id=settings.OCPI_PARTY_ID,
        uid=token.uid,
        type=token.type,
        contract_id=token.contract_id,
        visual_number=token.visual_number or None,
        issuer=token.issuer,
        valid=token.valid,
        whitelist=token.whitelist,
        language=token.language or None,
        last_updated=token.last_updated,
    )


def token_wire(token: Token, version: Version) -> dict[str, Any]:
    """Return the token as `version` writes it: 2.1.1, which has no ad-hoc users, calls them OTHER."""
    return version.dump(token_object(token))


def tokens_for(partner: Partner) -> QuerySet[Token]:
    """Return what the partner may know, oldest first: one made for a charge elsewhere opens that one's chargers."""
    return Token.objects.filter(Q(partner=None) | Q(partner=partner)).order_by("id")


def find_token(partner: Partner, uid: str, token_type: str | None, version: Version) -> tuple[Token | None, bool]:
    """Return (token of those that the partner may know, was it found in spite of its type).

    Args:
        token_type: as asked for, in the words of `version`; None means RFID (OCPI 2.2.1 §12.2.1.2). A CPO
        that names
            no type still gets the one token with this uid: ours are random, so there is no other it could
            mean.
    """
    tokens = list(tokens_for(partner).alias(key=Lower("uid")).filter(key=uid.lower()))
    wanted = (token_type or Token.Type.RFID).upper()
    for token in tokens:
        if wanted in (token.type, token_wire(token, version)["type"]):
            return token, False
    if token_type is None and len(tokens) == 1:
        return tokens[0], True
    return None, False
