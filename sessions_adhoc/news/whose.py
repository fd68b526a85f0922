"""The ad-hoc session that a Session is about, locked and read with what its news needs, in one statement (ADR 6)."""

from dataclasses import dataclass
from functools import cache

from django.db import connection

from ocpi.models import OcpiSession
from partners.ground.rows import for_update, run
from partners.ground.writes import table_of
from sessions_adhoc.belonging import WHOSE, whose_params
from sessions_adhoc.engine.reading import moved
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample

SESSION, LINK = table_of(AdHocSession), table_of(AttemptSession)
ATTEMPT, SAMPLE = table_of(ChargingAttempt), table_of(Sample)


@dataclass(frozen=True)
class Told:
    """The ad-hoc session, locked; what its OCPI session is to one of its attempts, and the newest sample that counts.

    None where it was never seen before, or no sample came.
    """

    session: AdHocSession
    link: AttemptSession | None
    newest: Sample | None


@cache
def _statement(vendor: str) -> str:
    columns = (
        SESSION.columns_of("s"),
        LINK.columns_of("link"),
        ATTEMPT.columns_of("attempt"),
        SAMPLE.columns_of("newest"),
    )
    return (
        f'SELECT {", ".join(columns)}, {moved(vendor)} FROM "{SESSION.name}" s'  # noqa: S608
        f' LEFT JOIN "{LINK.name}" link ON link.ocpi_session_id = %s'
        f' LEFT JOIN "{ATTEMPT.name}" attempt ON attempt.id = link.attempt_id'
        # The store knows the CPO's own order (rule 31): what it took over is newer than what it took over before.
        f' LEFT JOIN "{SAMPLE.name}" newest ON newest.id = (SELECT MAX(x.id) FROM "{SAMPLE.name}" x'
        " WHERE x.attempt_id = link.attempt_id AND x.ocpi_session_id = link.ocpi_session_id AND x.ignored = '')"
        f" WHERE s.id = (SELECT id FROM ({WHOSE}) owner ORDER BY rank LIMIT 1)"
        f" {for_update()}{' OF s' if for_update() else ''}"
    )


def lock_owner(session: OcpiSession) -> Told | None:
    """Return what is known to whom a stored Session belongs; None where it is nobody's. Its own row is locked."""
    statement, values = _statement(connection.vendor), [session.pk, *whose_params(session)]
    found = run(statement, values)
    if found and found[0][-1]:
        # The lock is ours now: what this reads stays true.
        found = run(statement, values)
    if not found:
        return None
    owner, at = SESSION.take(found[0], 0)
    link, at = LINK.take(found[0], at)
    attempt, at = ATTEMPT.take(found[0], at)
    newest, at = SAMPLE.take(found[0], at)
    assert owner is not None
    if link is not None and attempt is not None:
        attempt.session, link.attempt, link.ocpi_session = owner, attempt, session
    return Told(owner, link, newest)
