"""Our own drivers: their tokens, as the back office keeps them, and charges that are started with them."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone

from ocpi.calls import tokens
from ocpi.models import Token
from sessions_adhoc.contracts.recognising import ONE_OFF, same_contract
from sessions_adhoc.driver.refusals import CannotStart

TYPES = ("RFID", "APP_USER", "OTHER")
WHITELISTS = ("ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER")


@dataclass(frozen=True)
class ContractToken:
    """A card or an app of a contract, as the back office describes it."""

    uid: str
    type: str
    contract_id: str
    valid: bool = True
    whitelist: str = "ALLOWED"
    visual_number: str = ""
    language: str = ""


class AnothersToken(Exception):
    """The UID belongs to another contract: a card that is given to somebody else gets another UID."""

    code = "token_of_another_contract"


def find_contract_token(uid: str, kind: str = "") -> Token | None:
    """Return our token with this UID, of this type where one is named; of several the valid one, the newest."""
    found = Token.objects.annotate(key=Lower("uid")).filter(key=uid.lower(), partner=None).exclude(type=ONE_OFF)
    return (found.filter(type=kind) if kind else found).order_by("-valid", "-pk").first()


def keep_token(given: ContractToken, issuer: str) -> tuple[Token, bool]:
    """Create or change a token, and have all CPOs told; return (token, created). Said again, nothing changes.

    Raises:
        AnothersToken
    """
    with transaction.atomic():
        named = Token.objects.select_for_update().annotate(key=Lower("uid")).filter(key=given.uid.lower())
        row: Token | None = named.filter(type=given.type).first()
        if row is not None and (row.partner_id or not same_contract(row.contract_id, given.contract_id)):
            raise AnothersToken("This UID belongs to another contract.")
        values = {name: getattr(given, name) for name in ("valid", "whitelist", "visual_number", "language")}
        if row is not None and all(getattr(row, name) == value for name, value in values.items()):
            return row, False
        new = Token(uid=given.uid, type=given.type, contract_id=given.contract_id, issuer=issuer)
        token = new if row is None else row
        for name, value in values.items():
            setattr(token, name, value)
        token.last_updated = timezone.now()
        token.save()
        tokens.token_changed(token)
    return token, row is None


def usable_token(uid: str, kind: str = "") -> Token:
    """Return the token that a charge may be started with.

    Raises:
        CannotStart: there is none, or it is blocked.
    """
    found = find_contract_token(uid, kind)
    if found is None:
        raise CannotStart("token", "There is no such token.", "unknown_contract_token")
    if not found.valid:
        raise CannotStart("token", "This token is blocked.", "token_blocked")
    return found
