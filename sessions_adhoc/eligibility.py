"""Which CDRs count for an ad-hoc session, and what they come to (rules 26, 27)."""

from collections.abc import Sequence
from decimal import Decimal

from billing.settlement import BillableCdr, Decision, Settlement, settle
from ocpi.models import Cdr
from sessions_adhoc.decide import CdrFacts
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.shown import Shown, shown_to

Validity = AttemptSession.Validity


def _attempt_of(
    cdr: Cdr, attempts: Sequence[ChargingAttempt], links: Sequence[AttemptSession]
) -> ChargingAttempt | None:
    by_session = {link.ocpi_session.ocpi_key: link for link in links}
    if cdr.session_key in by_session:
        link = by_session[cdr.session_key]
        return link.attempt if link.validity == Validity.VALID else None
    if cdr.authorization_reference:
        for attempt in attempts:
            if attempt.authorization_reference.lower() == cdr.authorization_reference.lower():
                return attempt
        return None
    return attempts[-1] if attempts else None


def judged(session: AdHocSession, cdrs: Sequence[Cdr]) -> list[tuple[Cdr, bool]]:
    """Return each CDR with whether it counts: it bills the one OCPI session of an attempt that did not fail.

    A CDR is matched to its attempt by its OCPI session, else by its authorization reference; one that names neither
    (2.1.1) belongs to the newest attempt, because the token is this session's alone. A credit CDR always counts: it
    names what it takes back.
    """
    if not cdrs:
        return []
    attempts, links, told = _told(session, cdrs)

    def counts(cdr: Cdr) -> bool:
        attempt = _attempt_of(cdr, attempts, links)
        if attempt is None or attempt.failure:
            return False
        return cdr.session_key in ("", told.get(attempt.pk, cdr.session_key))

    return [(cdr, cdr.credit or counts(cdr)) for cdr in cdrs]


def session_told(session: AdHocSession, attempt: ChargingAttempt, cdrs: Sequence[Cdr]) -> str:
    """Return the key of the attempt's OCPI session as far as Sessions and CDRs tell, or ""."""
    return _told(session, cdrs)[2].get(attempt.pk, "")


def _told(
    session: AdHocSession, cdrs: Sequence[Cdr]
) -> tuple[list[ChargingAttempt], list[AttemptSession], dict[int, str]]:
    """Attempts, links, and the key of each attempt's one OCPI session: the valid one, or while none came the one that
    its first CDR names (rules 26, 27)."""
    attempts = list(session.attempts.all())
    links = list(AttemptSession.objects.filter(attempt__session=session).select_related("ocpi_session", "attempt"))
    told = {link.attempt_id: link.ocpi_session.ocpi_key for link in links if link.validity == Validity.VALID}
    for cdr in cdrs:
        attempt = None if cdr.credit else _attempt_of(cdr, attempts, links)
        if attempt is not None and cdr.session_key:
            told.setdefault(attempt.pk, cdr.session_key)
    return attempts, links, told


def settlement_of(session: AdHocSession, verdicts: Sequence[tuple[Cdr, bool]]) -> Settlement | None:
    """Return what `judged` CDRs together come to, or None while none of them counts."""
    if not any(counts for cdr, counts in verdicts if not cdr.credit):
        return None
    shown = shown_to(session)
    billable = [_billable(cdr, counts, shown) for cdr, counts in verdicts]
    return settle(billable, reserved=session.amount, currency=session.currency)


def cdr_facts(session: AdHocSession, cdrs: Sequence[Cdr]) -> CdrFacts | None:
    """Return what the CDRs of this session come to, or None while none of them counts."""
    verdicts = judged(session, cdrs)
    settlement = settlement_of(session, verdicts)
    if settlement is None:
        return None
    return CdrFacts(
        energy=sum((cdr.total_energy for cdr, counts in verdicts if counts and not cdr.credit), Decimal(0)),
        amount=None if settlement.decision is Decision.HOLD else settlement.capture,
        text=settlement.explanation,
    )


def _billable(cdr: Cdr, counts: bool, shown: Shown) -> BillableCdr:
    return BillableCdr(
        id=cdr.ocpi_id,
        total=shown.gross_of(cdr),
        currency=cdr.currency,
        credit=cdr.credit,
        credit_reference_id=cdr.credit_reference_id or None,
        eligible=counts,
    )
