"""The life of tokens: issue, find by what a request carries, activate, revoke; store and read what we received."""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from partners import secrets
from partners.models import AllowedNetwork, IssuedToken, Partner, PartnerRole, ReceivedToken
from partners.rows import Table, fetch, joined

LAST_USED_PRECISION = timedelta(minutes=1)
TOKENS, PARTNERS = Table(IssuedToken), Table(Partner)


def issue(
    partner: Partner,
    purpose: str = IssuedToken.Purpose.CONNECTION,
    state: str = IssuedToken.State.PENDING,
) -> tuple[IssuedToken, str]:
    """Create a token for the partner; return (row, token). The text exists only in the second value, once."""
    token = secrets.new_token()
    row = IssuedToken.objects.create(
        partner=partner,
        digest=secrets.digest(token),
        last4=secrets.last4(token),
        purpose=purpose,
        state=state,
    )
    return row, token


def candidates(presented: str) -> list[str]:
    """Return the tokens that a header value may stand for: as it is, and base64-decoded.

    Peers disagree on whether 2.2 encodes it, and the spec's own examples encode a trailing newline
    (OCPI 2.2.1 §4.1.1), so both readings are tried whatever the version.
    """
    readings = [presented]
    try:
        decoded = base64.b64decode(presented, validate=True).decode("utf-8").rstrip("\r\n")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return readings
    return [*readings, decoded] if decoded and decoded != presented else readings


@dataclass(frozen=True)
class Found:
    """A usable token of ours, and what decides whether its partner may call: read together, in one statement.

    Args:
        token: its row, with its partner.
        text: the token itself; a header may carry it in base64.
        networks: from where the partner may call; none of them: from everywhere.
        parties: (country_code, party_id) of the roles in its Credentials.
    """

    token: IssuedToken
    text: str
    networks: list[str]
    parties: frozenset[tuple[str, str]]


def find_issued(presented: str) -> Found | None:
    """Return the usable token of ours that a header value names, or None."""
    readings = {secrets.digest(reading): reading for reading in reversed(candidates(presented))}
    rows = fetch(_find_statement(len(readings)), [*readings, IssuedToken.State.REVOKED.value])
    split = len(TOKENS.fields)
    found = {token.digest: (token, row) for row in rows for token in [TOKENS.read(row)]}
    for digest in reversed(readings):
        if digest in found:
            token, row = found[digest]
            token.partner = PARTNERS.read(row[split:])
            parties = ((party[:2], party[2:]) for party in (row[-1] or "").split())
            return Found(token, readings[digest], (row[-2] or "").split(), frozenset(parties))
    return None


def _find_statement(readings: int) -> str:
    roles, networks = PartnerRole._meta.db_table, AllowedNetwork._meta.db_table
    own = f"WHERE partner_id = {PARTNERS.name}.id"
    return (
        f"SELECT {TOKENS.columns}, {PARTNERS.columns},"  # noqa: S608
        f" (SELECT {joined('network')} FROM {networks} {own}),"
        f" (SELECT {joined('country_code || party_id')} FROM {roles} {own})"
        f" FROM {TOKENS.name} JOIN {PARTNERS.name} ON {PARTNERS.name}.id = {TOKENS.name}.partner_id"
        f" WHERE {TOKENS.name}.digest IN ({', '.join(['%s'] * readings)}) AND {TOKENS.name}.state <> %s"
    )


def note_use(token: IssuedToken) -> None:
    """Remember that the token was used; written at most once a minute so that a push costs no extra statement."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USED_PRECISION:
        IssuedToken.objects.filter(pk=token.pk).update(last_used_at=now)


def activate(token: IssuedToken) -> None:
    """Make `token` the partner's connection token and revoke the partner's other connection tokens."""
    now = timezone.now()
    with transaction.atomic():
        IssuedToken.objects.filter(pk=token.pk, state=IssuedToken.State.PENDING).update(
            state=IssuedToken.State.ACTIVE, activated_at=now
        )
        others = IssuedToken.objects.filter(partner_id=token.partner_id, purpose=token.purpose).exclude(pk=token.pk)
        others.exclude(state=IssuedToken.State.REVOKED).update(state=IssuedToken.State.REVOKED, revoked_at=now)


def revoke(token: IssuedToken) -> bool:
    """Make the token useless from the next request on; False when it was already."""
    return bool(
        IssuedToken.objects.filter(pk=token.pk)
        .exclude(state=IssuedToken.State.REVOKED)
        .update(state=IssuedToken.State.REVOKED, revoked_at=timezone.now())
    )


def store_received(partner: Partner, token: str, purpose: str) -> ReceivedToken:
    """Keep a token of the partner's, encrypted; the previous one of this purpose is revoked."""
    now = timezone.now()
    with transaction.atomic():
        ReceivedToken.objects.filter(partner=partner, purpose=purpose, state=ReceivedToken.State.ACTIVE).update(
            state=ReceivedToken.State.REVOKED, revoked_at=now
        )
        return ReceivedToken.objects.create(
            partner=partner, ciphertext=secrets.encrypt(token), last4=secrets.last4(token), purpose=purpose
        )


def received(partner_id: int, purpose: str) -> ReceivedToken | None:
    """Return the partner's usable token of this purpose, if there is one."""
    return ReceivedToken.objects.filter(
        partner_id=partner_id, purpose=purpose, state=ReceivedToken.State.ACTIVE
    ).first()


def reveal_received(token: ReceivedToken) -> str:
    """Return the token's text, to put it into a header. Raises `secrets.UnreadableSecret`."""
    return secrets.decrypt(token.ciphertext)
