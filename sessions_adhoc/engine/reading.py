"""What is decided on, read in the one statement that locks the session and its payment (ADR 6)."""

from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models

from billing.models import PaymentAuthorization
from ocpi.models import Command, Connector, Evse, Location, OcpiSession, Token, TokenPush
from partners.ground.rows import Table, for_update, run
from partners.ground.writes import table_of
from partners.models import Partner
from sessions_adhoc.belonging import is_named
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, ClientKey, WebhookEndpoint

SESSION, PAYMENT = table_of(AdHocSession), table_of(PaymentAuthorization)
# The JSON of a charger's place is large, and nothing is decided by it.
ONE: tuple[tuple[str, Table[Any]], ...] = (
    ("token", Table(Token)),
    ("partner", Table(Partner)),
    ("evse", Table(Evse, without=("raw",))),
    ("location", Table(Location, without=("raw",))),
    ("connector", Table(Connector, without=("raw",))),
    ("attempt", table_of(ChargingAttempt)),
    ("command", table_of(Command)),
    ("stop", table_of(Command)),
    ("told", Table(OcpiSession)),
)
"""By the name that the statement has for them; each may be missing, but for the first four."""


@cache
def _statement(vendor: str) -> str:
    alias = {"s": SESSION, "p": PAYMENT, **dict(ONE)}
    columns = ", ".join(table.columns_of(name) for name, table in alias.items())
    return (
        f"SELECT {columns}, {moved(vendor)} AS moved, {_billed()} AS billed,"  # noqa: S608
        f' EXISTS (SELECT 1 FROM "{TokenPush._meta.db_table}" push WHERE push.token_id = s.token_id) AS announced,'
        f" ({webhooks(vendor)}) AS webhooks"
        f' FROM "{SESSION.name}" s'
        f' JOIN "{PAYMENT.name}" p ON p.id = s.authorization_id'
        f' JOIN "{Token._meta.db_table}" token ON token.id = s.token_id'
        f' JOIN "{Partner._meta.db_table}" partner ON partner.id = s.partner_id'
        f' JOIN "{Evse._meta.db_table}" evse ON evse.id = s.evse_id'
        f' JOIN "{Location._meta.db_table}" location ON location.id = evse.location_id'
        f' LEFT JOIN "{Connector._meta.db_table}" connector ON connector.id = s.connector_id'
        f' LEFT JOIN "{ChargingAttempt._meta.db_table}" attempt ON attempt.session_id = s.id AND attempt.number ='
        f' (SELECT MAX(a.number) FROM "{ChargingAttempt._meta.db_table}" a WHERE a.session_id = s.id)'
        f' LEFT JOIN "{Command._meta.db_table}" command ON command.id = attempt.command_id'
        f' LEFT JOIN "{Command._meta.db_table}" stop ON stop.id = attempt.stop_command_id'
        f' LEFT JOIN "{AttemptSession._meta.db_table}" link ON link.attempt_id = attempt.id'
        f" AND link.validity = '{AttemptSession.Validity.VALID.value}'"
        f' LEFT JOIN "{OcpiSession._meta.db_table}" told ON told.id = link.ocpi_session_id'
        f" WHERE s.id = %s {_locking()}"
    )


def _locking() -> str:
    # In this order, as everybody locks them.
    return f"{for_update()} OF s, p" if for_update() else ""


def _billed() -> str:
    """0: no CDR names it; 1: one does; 2: one of them takes another back. The second question is rarely asked."""
    credited = is_named("s", "c.credit")
    return f"CASE WHEN {is_named('s')} THEN CASE WHEN {credited} THEN 2 ELSE 1 END ELSE 0 END"


def moved(vendor: str) -> str:
    """Whether the session was written after this statement began, which had to wait for it or came between.

    A row that is locked is read as it is by then, all others as they were when the statement began. Whoever has news
    of a session writes its row too: where that did not move, the others are what they were.
    """
    if vendor != "postgresql":
        return "0"
    return f'(s.xmin::text <> (SELECT was.xmin::text FROM "{SESSION.name}" was WHERE was.id = s.id))'  # noqa: S608


def webhooks(vendor: str) -> str:
    """The endpoints of a session's client whose key is in use, as text; those that are off are told later."""
    together = "string_agg(hook.id::text, ',')" if vendor == "postgresql" else "group_concat(hook.id)"
    return (
        f'SELECT {together} FROM "{WebhookEndpoint._meta.db_table}" hook'  # noqa: S608
        f' JOIN "{ClientKey._meta.db_table}" client ON client.id = hook.client_id AND client.revoked_at IS NULL'
        " WHERE hook.client_id = s.client_id"
    )


def read_locked(session_id: UUID | str) -> tuple[AdHocSession, dict[str, Any]]:
    """Lock a session and its payment; return it, and the rows around it by the names of `ONE`, with them `billed`,
    whether a CDR names it, `credited`, whether one of those takes another back, `announced`, whether a partner was to
    be told of its token, and `webhooks`, the keys of the endpoints of its client.

    Raises:
        AdHocSession.DoesNotExist
    """
    key = AdHocSession._meta.pk.get_db_prep_value(session_id, connection)
    statement = _statement(connection.vendor)
    found = run(statement, [key])
    if not found or found[0][-4]:
        # The lock is ours now: what this reads stays true. Nothing is found, too, where the session got another payment
        # while it was waited for: the one that it had is none of the row's any more.
        found = run(statement, [key])
    if not found:
        raise AdHocSession.DoesNotExist(f"There is no ad-hoc session {session_id}.")
    row = found[0]
    session, at = SESSION.take(row, 0)
    payment, at = PAYMENT.take(row, at)
    around: dict[str, Any] = {"payment": payment}
    for name, table in ONE:
        around[name], at = table.take(row, at)
    assert session is not None
    _join(payment, ad_hoc_session=session)
    _join(session, authorization=payment, token=around["token"], partner=around["partner"], evse=around["evse"])
    _join(session, connector=around["connector"])
    _join(around["evse"], location=around["location"], partner=around["partner"])
    if (attempt := around["attempt"]) is not None:
        _join(attempt, session=session, command=around["command"], stop_command=around["stop"])
    around["billed"], around["credited"], around["announced"] = bool(row[-3]), row[-3] == 2, bool(row[-2])
    around["webhooks"] = [int(pk) for pk in (row[-1] or "").split(",") if pk]
    return session, around


def _join(row: Any, **others: models.Model | None) -> None:
    """Let an instance know those that its keys name, as `select_related` does."""
    row._state.fields_cache.update(others)
