"""Whose is it? One answer for Sessions and CDRs (rule 7).

A CDR is ours by its session id, else by its authorization reference, else by its token; a Session by its reference,
else by its token. The first name that is ours decides; what then disagrees is a lenience. Among several attempts of
one ad-hoc session the reference tells, else the times.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Lower

from ocpi.models import Cdr, OcpiSession, Token
from ocpi.versions import Lenience
from partners import clocks
from partners.ground.writes import table_of
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.states import BEFORE_START

WHOLE_SECONDS = timedelta(seconds=5)
"""Stamps of CPOs have no fractions, and their clocks are not ours to the second."""

_PARTNERS = f"JOIN {AdHocSession._meta.db_table} s ON s.partner_id + 0 = CAST(%s AS bigint)"
_BY_ATTEMPT = f"FROM {ChargingAttempt._meta.db_table} a {_PARTNERS} AND s.id = a.session_id"
_BY_TOKEN = f"FROM {Token._meta.db_table} t {_PARTNERS} AND s.token_id = t.id"
# In one statement, as every Session asks it. One that is known stays whose it was, whatever it names by now. Our
# references are lower case; the token's contract id is only looked for when nothing else is found. Names come first:
# one partner may have most of the sessions, and `+ 0` keeps PostgreSQL from beginning with those.
WHOSE = (
    f"WITH named AS (SELECT a.session_id AS id, 0 AS rank FROM {AttemptSession._meta.db_table} l"
    f" JOIN {ChargingAttempt._meta.db_table} a ON a.id = l.attempt_id WHERE l.ocpi_session_id = CAST(%s AS bigint)"
    f" UNION ALL SELECT s.id, 1 {_BY_ATTEMPT} WHERE a.authorization_reference = %s"
    f" UNION ALL SELECT s.id, 2 {_BY_TOKEN} WHERE LOWER(t.uid) = %s)"
    " SELECT id, rank FROM named"
    f" UNION ALL SELECT s.id, 3 {_BY_TOKEN} WHERE LOWER(t.contract_id) = %s"
    " AND NOT EXISTS (SELECT 1 FROM named)"
)
CDRS = table_of(Cdr)
_MINE = f"FROM {AdHocSession._meta.db_table} mine"
_ATTEMPT = f"JOIN {ChargingAttempt._meta.db_table} a ON a.session_id = mine.id"
# How a CDR can name an ad-hoc session: each by an index, and by its expression.
_NAMING = (
    f"{_MINE} JOIN {Token._meta.db_table} t ON t.id = mine.token_id JOIN {CDRS.name} c"
    " ON c.partner_id = mine.partner_id AND UPPER(c.token_uid) IN (UPPER(t.uid), UPPER(t.contract_id))",
    f"{_MINE} {_ATTEMPT} JOIN {CDRS.name} c ON c.partner_id = mine.partner_id"
    " AND c.authorization_reference IN (a.authorization_reference, UPPER(a.authorization_reference))",
    f"{_MINE} {_ATTEMPT} JOIN {AttemptSession._meta.db_table} l ON l.attempt_id = a.id"
    f" JOIN {OcpiSession._meta.db_table} o ON o.id = l.ocpi_session_id"
    f" JOIN {CDRS.name} c ON c.partner_id = mine.partner_id AND c.session_key = LOWER(o.ocpi_id)",
)
_NAMED = " UNION ".join(f"SELECT c.id {naming} WHERE mine.id = %s" for naming in _NAMING)


def is_named(alias: str, only: str = "TRUE") -> str:
    """An SQL condition: whether a CDR, `c`, has any name that is the ad-hoc session's, which the statement calls
    `alias`; one for which `only` holds."""
    return " OR ".join(f"EXISTS (SELECT 1 {naming} WHERE mine.id = {alias}.id AND {only})" for naming in _NAMING)


def whose_params(session: OcpiSession) -> list[Any]:
    """The values for `WHOSE`: the Session itself, and what it says of its owner: authorization reference, token."""
    reference, name = session.authorization_reference.lower(), session.token_uid.lower()
    partner_id = session.partner_id
    return [session.pk, partner_id, reference, partner_id, name, partner_id, name]


def owner_of_cdr(cdr: Cdr) -> UUID | None:
    """Return the id of the ad-hoc session that a CDR is about, or None."""
    return owners_of([cdr])[cdr.pk]


def owners_of(cdrs: Sequence[Cdr]) -> dict[int, UUID | None]:
    """The ids of the ad-hoc sessions that CDRs of one partner are about, by the CDR's row; None: of nobody's.

    By session id, else by reference, else by token; a statement for each, however many CDRs there are.
    """
    named = _sessions_of(cdrs)
    near = {cdr.pk: _nearest([row for row in named if _is_named(row, cdr)], cdr) for cdr in cdrs}
    links = {pk: getattr(row, "attempt_link", None) for pk, row in near.items()}
    owners: dict[int, UUID | None] = {pk: link.attempt.session_id for pk, link in links.items() if link}
    owners |= _by_reference([cdr for cdr in cdrs if cdr.pk not in owners])
    owners |= _by_token([cdr for cdr in cdrs if cdr.pk not in owners])
    return {cdr.pk: owners.get(cdr.pk) for cdr in cdrs}


def _sessions_of(cdrs: Sequence[Cdr]) -> list[OcpiSession]:
    """What the session ids of CDRs name. An id that was used again names several Sessions, not all of them ours."""
    keys = {cdr.session_key for cdr in cdrs if cdr.session_key}
    if not keys:
        return []
    wanted = Q(ocpi_key__in=keys)
    for key in keys:
        wanted |= Q(ocpi_key__startswith=before(key))
    named = OcpiSession.objects.filter(wanted, partner_id=cdrs[0].partner_id)
    return list(named.select_related("attempt_link__attempt").order_by("pk"))


def names_unknown(cdr: Cdr, links: Sequence[AttemptSession]) -> bool:
    """Whether a CDR names a Session that its CPO never told of: not one of these, which are its ad-hoc session's, and
    nobody else's."""
    if not cdr.session_key or link_of_cdr(cdr, links) is not None:
        return False
    return not any(_is_named(row, cdr) for row in _sessions_of([cdr]))


def _is_named(row: OcpiSession, cdr: Cdr) -> bool:
    return bool(cdr.session_key) and row.ocpi_id.lower() == cdr.session_key and _is_of_one_party(row, cdr)


def _is_of_one_party(row: OcpiSession, cdr: Cdr) -> bool:
    """Ids are a party's own: of two behind one hub each may have a Session of one id."""
    return (row.country_code, row.party_id) == (cdr.country_code, cdr.party_id)


def _by_reference(cdrs: Sequence[Cdr]) -> dict[int, UUID]:
    said = {cdr.pk: cdr.authorization_reference.lower() for cdr in cdrs if cdr.authorization_reference}
    if not said:
        return {}
    attempts = ChargingAttempt.objects.filter(session__partner_id=cdrs[0].partner_id)
    named = dict(
        attempts.filter(authorization_reference__in=set(said.values())).values_list(
            "authorization_reference", "session_id"
        )
    )
    return {pk: named[reference] for pk, reference in said.items() if reference in named}


def _by_token(cdrs: Sequence[Cdr]) -> dict[int, UUID]:
    if not cdrs:
        return {}
    wanted = Q()
    for name in {cdr.token_uid for cdr in cdrs}:
        wanted |= _names_token(name)
    mine = AdHocSession.objects.filter(wanted, partner_id=cdrs[0].partner_id).order_by("-pk")
    named: dict[str, UUID] = {}
    for pk, uid, contract in mine.values_list("pk", "token__uid", "token__contract_id"):
        named |= {uid.lower(): pk, contract.lower(): pk}
    return {cdr.pk: named[cdr.token_uid.lower()] for cdr in cdrs if cdr.token_uid.lower() in named}


def _nearest(rows: Sequence[OcpiSession], cdr: Cdr) -> OcpiSession | None:
    """Of Sessions with one id it is the one with the CDR's reference, else with its token, else the one that began with
    it: times may be wrong by a zone, names by nothing."""
    said = cdr.authorization_reference.lower()

    def away(row: OcpiSession) -> tuple[bool, bool, timedelta]:
        link = getattr(row, "attempt_link", None)
        known = link.attempt.authorization_reference if link else row.authorization_reference.lower()
        other_token = row.token_uid.lower() != cdr.token_uid.lower()
        return bool(said) and known != said, other_token, abs((row.start_at or cdr.start_at) - cdr.start_at)

    return min(rows, key=away, default=None)


def before(key: str) -> str:
    """How the keys of Sessions begin that had this id before (`ocpi.store.returning`), and those of longer ids."""
    return f"{key}{OcpiSession.USED_AGAIN}"


def _names_token(name: str) -> Q:
    """Ad-hoc sessions whose one-off token has this name: its uid, or its contract id, which is all that a Session or
    CDR of OCPI 2.1.1 says (`auth_id`). Both are the session's alone (rule 1)."""
    # By the expressions of the indexes: `iexact` compares upper case, and would read every token.
    named = Token.objects.annotate(uid_key=Lower("uid"), contract_key=Lower("contract_id"))
    return Q(token__in=named.filter(Q(uid_key=name.lower()) | Q(contract_key=name.lower())).values("pk"))


def cdrs_of(session: AdHocSession) -> list[Cdr]:
    """The CDRs that are about this ad-hoc session, oldest first."""
    return own(cdrs_naming(session), session)


def own(cdrs: Sequence[Cdr], session: AdHocSession) -> list[Cdr]:
    """Those of the CDRs that name it which are about this ad-hoc session."""
    owners = owners_of(cdrs)
    return [cdr for cdr in cdrs if owners[cdr.pk] == session.pk]


def cdrs_naming(session: AdHocSession) -> list[Cdr]:
    """All CDRs with any name that is this session's, oldest first; with a weaker name they may be another's."""
    if session.state in BEFORE_START:
        return []
    key = AdHocSession._meta.pk.get_db_prep_value(session.pk, connection)
    return CDRS.all(f"WHERE id IN ({_NAMED}) ORDER BY id", [key] * len(_NAMING))


def attempt_of_session(attempts: Sequence[ChargingAttempt], session: OcpiSession) -> ChargingAttempt | None:
    """Return which of its ad-hoc session's attempts, in order, a Session belongs to; None before any START_SESSION.

    Without a reference its start tells: it began while an earlier one was open, whether that has a Session already or
    not; else it is the newest one's, which waits for a Session.
    """
    for attempt in attempts:
        if attempt.authorization_reference == session.authorization_reference.lower():
            return attempt
    start = session.start_at and len(attempts) > 1 and clocks.ours(session.partner_id, session.start_at)
    for attempt in attempts[:-1]:
        open_until = attempt.ended_at or attempt.created_at
        if start and attempt.created_at - WHOLE_SECONDS <= start < open_until:
            return attempt
    return attempts[-1] if attempts else None


def link_of_cdr(cdr: Cdr, links: Iterable[AttemptSession]) -> AttemptSession | None:
    """Return the link to the Session that a CDR names by its id, among those of its ad-hoc session."""
    named = {
        link.ocpi_session: link
        for link in links
        if cdr.session_key
        and link.ocpi_session.ocpi_id.lower() == cdr.session_key
        and _is_of_one_party(link.ocpi_session, cdr)
    }
    nearest = _nearest(list(named), cdr)
    return named[nearest] if nearest else None


def attempt_of_cdr(
    cdr: Cdr, attempts: Sequence[ChargingAttempt], links: Sequence[AttemptSession]
) -> ChargingAttempt | None:
    """Return the attempt that a CDR of their ad-hoc session is about: by id, by reference, else by its times.

    Args:
        attempts: those of the ad-hoc session, in order.
        links: their Sessions, valid or not.
    """
    if (link := link_of_cdr(cdr, links)) is not None:
        return link.attempt
    for attempt in attempts:
        if attempt.authorization_reference == cdr.authorization_reference.lower():
            return attempt
    if len(attempts) < 2:
        return attempts[0] if attempts else None
    ahead = clocks.offset_of(cdr.partner_id)
    return _attempt_at(cdr, {attempt.pk: attempt.created_at + ahead for attempt in attempts}, attempts, links)


def _attempt_at(
    cdr: Cdr,
    starts: Mapping[int, datetime],
    attempts: Sequence[ChargingAttempt],
    links: Sequence[AttemptSession],
) -> ChargingAttempt:
    """The attempt whose beginning is nearest, of those that had begun when the charge ended.

    The start of its own Session is the best witness; else `starts`, when its START was made by the CPO's clock.
    """
    told = {
        link.attempt_id: link.ocpi_session.start_at
        for link in links
        if link.validity == AttemptSession.Validity.VALID and link.ocpi_session.start_at
    }
    begun = [attempt for attempt in attempts if starts[attempt.pk] - WHOLE_SECONDS <= cdr.end_at] or attempts
    # Of two equally near the newer one.
    return min(reversed(begun), key=lambda attempt: abs(told.get(attempt.pk, starts[attempt.pk]) - cdr.start_at))


def is_at_its_charger(session: AdHocSession, said: OcpiSession | Cdr, connector_id: str = "") -> bool:
    """Whether the place that a Session or CDR names, as far as it is given, is where this session charges (rule 7)."""
    evse = session.evse
    expected = (evse.location.ocpi_id, evse.uid, session.connector_number)
    given = (said.location_id, said.evse_uid, connector_id)
    agree = all(
        not said or not known or said == "#NA" or said.lower() == known.lower()
        for said, known in zip(given, expected, strict=True)
    )
    return agree and not _is_of_another_party(session, said)


def _is_of_another_party(session: AdHocSession, said: OcpiSession | Cdr) -> bool:
    """Ids are a party's own: where another one behind the hub has a charger of these ids too, it speaks of that one.
    A company of two countries has it under one of them only, and tells of it under either."""
    location, party = session.evse.location, (said.country_code, said.party_id)
    if party == (location.country_code, location.party_id):
        return False
    named = said.location_id.lower() == location.ocpi_id.lower() and said.evse_uid.lower() == session.evse.uid.lower()
    return named and party in session.parties_with_its_ids


def disagreements(
    session: AdHocSession, attempts: Iterable[ChargingAttempt], said: OcpiSession | Cdr
) -> tuple[Lenience, ...]:
    """What a Session or CDR of this session says that is not the session's: its token, its reference."""
    found = []
    ours = [token for token in (session.token, session.contract_token) if token is not None]
    names = {name.lower() for token in ours for name in (token.uid, token.contract_id)}
    if said.token_uid.lower() not in names:
        found.append(Lenience("other_token", "cdr_token.uid", "the token is not the one of START_SESSION"))
    reference = said.authorization_reference.lower()
    if reference and all(attempt.authorization_reference != reference for attempt in attempts):
        text = "the reference is not the one of START_SESSION"
        found.append(Lenience("other_reference", "authorization_reference", text))
    return tuple(found)
