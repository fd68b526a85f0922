"""The life of tokens: issue, find by what a request carries, activate, revoke; store and read what we received."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from partners import history
from partners.ground import secrets
from partners.ground.rows import Table, join_values, run
from partners.models import AllowedNetwork, IssuedToken, Partner, PartnerRole, ReceivedToken

LAST_USED_PRECISION = timedelta(minutes=1)
TOKENS, PARTNERS = Table(IssuedToken), Table(Partner)


def issue(
    partner: Partner,
    purpose: str = IssuedToken.Purpose.CONNECTION,
    state: str = IssuedToken.State.PENDING,
    registered_with: IssuedToken | None = None,
) -> tuple[IssuedToken, str]:
    """Create a token for the partner; return (row, token). The text exists only in the second value, once.

    `registered_with`: the registration token that it is the answer to.
    """
    token = secrets.new_token()
    row = IssuedToken.objects.create(
        partner=partner,
        digest=secrets.digest(token),
        last4=secrets.last4(token),
        purpose=purpose,
        state=state,
        registered_with=registered_with,
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


@dataclass(frozen=True)
class Lookup:
    """How to find the usable token of ours that a header value names: by itself, or along with another statement.

    Args:
        readings: by digest, the texts that the header value may stand for.
    """

    readings: dict[str, str]

    @property
    def condition(self) -> str:
        return f"{TOKENS.name}.digest IN ({', '.join(['%s'] * len(self.readings))}) AND {TOKENS.name}.state <> %s"

    @property
    def params(self) -> list[str]:
        """The values for `condition`."""
        return [*self.readings, IssuedToken.State.REVOKED.value]

    def alone(self) -> Found | None:
        """Find it, in a statement of its own."""
        statement = f"SELECT {found_columns()} FROM {found_in()} WHERE {self.condition}"
        return self.find_token(run(statement, self.params))

    def find_token(self, rows: Iterable[Sequence[Any]]) -> Found | None:
        """What the rows of `columns` tell; None when they name no token."""
        found = {one.token.digest: one for one in map(read_found, rows)}
        for digest, text in self.readings.items():
            if digest in found:
                return replace(found[digest], text=text)
        return None


def look_up(presented: str) -> Lookup:
    """Return how to find the token that a header value names. As it is written comes before what it may encode."""
    return Lookup({secrets.digest(reading): reading for reading in candidates(presented)})


def find_issued(presented: str) -> Found | None:
    """Return the usable token of ours that a header value names, or None."""
    return look_up(presented).alone()


@cache
def found_id() -> str:
    """The column of the partner's key in what a `Lookup` reads."""
    return f"{PARTNERS.name}.id"


@cache
def found_columns() -> str:
    """What a `Lookup` reads: the token, its partner, the partner's networks and parties."""
    own = f"WHERE partner_id = {PARTNERS.name}.id"
    networks = f"(SELECT {join_values('network')} FROM {AllowedNetwork._meta.db_table} {own})"
    granted = f"{own} AND state = '{PartnerRole.State.APPROVED}'"
    roles = f"(SELECT {join_values('country_code || party_id')} FROM {PartnerRole._meta.db_table} {granted})"
    return f"{TOKENS.columns}, {PARTNERS.columns}, {networks}, {roles}"


@cache
def found_in() -> str:
    """Where a `Lookup` reads it."""
    return f"{TOKENS.name} JOIN {PARTNERS.name} ON {PARTNERS.name}.id = {TOKENS.name}.partner_id"


def read_found(row: Sequence[Any]) -> Found:
    """What one row of `found_columns` tells; the token's text it does not."""
    token, rest = TOKENS.read(row), row[len(TOKENS.fields) :]
    token.partner = PARTNERS.read(rest)
    networks, parties = rest[len(PARTNERS.fields) : len(PARTNERS.fields) + 2]
    pairs = ((party[:2], party[2:]) for party in (parties or "").split())
    return Found(token, "", (networks or "").split(), frozenset(pairs))


@cache
def found_width() -> int:
    """How many columns `found_columns` are."""
    return len(TOKENS.fields) + len(PARTNERS.fields) + 2


def note_use(token: IssuedToken) -> None:
    """Remember that the token was used; written at most once a minute so that a push costs no extra statement.

    Who is just replacing the token is not waited for: it is used again.
    """
    now = timezone.now()
    if token.last_used_at is not None and now - token.last_used_at <= LAST_USED_PRECISION:
        return
    if not connection.features.has_select_for_update_skip_locked:
        IssuedToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return
    free = f"SELECT id FROM {TOKENS.name} WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED"
    run(f"UPDATE {TOKENS.name} SET last_used_at = %s WHERE id = ({free})", [now, token.pk])


def is_spent(token: IssuedToken) -> bool:
    """Whether a registration token has served: a token that it was answered with was used, or is old.

    Until then nobody knows whether that answer arrived, and the partner may register with it again.
    """
    if token.purpose != IssuedToken.Purpose.REGISTRATION:
        return False
    long_ago = timezone.now() - timedelta(hours=settings.OCPI_TOKEN_GRACE_HOURS)
    return token.given.filter(Q(last_used_at__isnull=False) | Q(created_at__lte=long_ago)).exists()


def activate(token: IssuedToken) -> None:
    """Make `token` the partner's connection token and revoke the partner's other connection tokens."""
    now = timezone.now()
    with transaction.atomic():
        pending = IssuedToken.objects.filter(pk=token.pk, state=IssuedToken.State.PENDING)
        if pending.update(state=IssuedToken.State.ACTIVE, activated_at=now):
            token.state, token.activated_at = IssuedToken.State.ACTIVE, now
        others = IssuedToken.objects.filter(partner_id=token.partner_id, purpose=token.purpose).exclude(pk=token.pk)
        others.exclude(state=IssuedToken.State.REVOKED).update(state=IssuedToken.State.REVOKED, revoked_at=now)
        history.note(token, "Token activated", f"{token.get_purpose_display()}; the others are revoked.")


def revoke(token: IssuedToken) -> bool:
    """Make the token useless from the next request on; False when it was already."""
    usable = IssuedToken.objects.filter(pk=token.pk).exclude(state=IssuedToken.State.REVOKED)
    with transaction.atomic():
        revoked = bool(usable.update(state=IssuedToken.State.REVOKED, revoked_at=timezone.now()))
        if revoked:
            history.note(token, "Token revoked")
    return revoked


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


def received_token(partner_id: int, purpose: str) -> ReceivedToken | None:
    """Return the partner's usable token of this purpose, if there is one."""
    return ReceivedToken.objects.filter(
        partner_id=partner_id, purpose=purpose, state=ReceivedToken.State.ACTIVE
    ).first()


def usable_ciphertext(purpose: str) -> Subquery:
    """Return what a queryset of rows with a `partner` is annotated with, to read its usable token along: the
    `ciphertext`, or None."""
    usable = ReceivedToken.objects.filter(
        partner_id=OuterRef("partner_id"), purpose=purpose, state=ReceivedToken.State.ACTIVE
    )
    return Subquery(usable.order_by("-pk").values("ciphertext")[:1])


def reveal_received(token: ReceivedToken) -> str:
    """Return the token's text, to put it into a header. Raises `secrets.UnreadableSecret`."""
    return secrets.decrypt(token.ciphertext)
