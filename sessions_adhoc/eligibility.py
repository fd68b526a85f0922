"""Which CDRs count for an ad-hoc session, and what they come to (rules 26, 27)."""

from collections.abc import Sequence
from decimal import Decimal

from billing.settlement import BillableCdr, Decision, settle
from ocpi.models import Cdr
from sessions_adhoc.decide import CdrFacts
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt


def eligible(cdr: Cdr, attempts: Sequence[ChargingAttempt], links: Sequence[AttemptSession]) -> bool:
    """Tell whether the CDR bills an attempt that did not fail.

    It is matched by its OCPI session, else by its authorization reference; one that names neither (2.1.1) belongs to
    the newest attempt, because the token is this session's alone.
    """
    attempt = _attempt_of(cdr, attempts, links)
    return attempt is not None and attempt.failure == ""


def _attempt_of(
    cdr: Cdr, attempts: Sequence[ChargingAttempt], links: Sequence[AttemptSession]
) -> ChargingAttempt | None:
    by_session = {link.ocpi_session.ocpi_key: link for link in links}
    if cdr.session_key in by_session:
        link = by_session[cdr.session_key]
        return link.attempt if link.validity == AttemptSession.Validity.VALID else None
    if cdr.authorization_reference:
        for attempt in attempts:
            if attempt.authorization_reference.lower() == cdr.authorization_reference.lower():
                return attempt
        return None
    return attempts[-1] if attempts else None


def cdr_facts(session: AdHocSession, cdrs: Sequence[Cdr]) -> CdrFacts | None:
    """Return what the CDRs of this session come to, or None while none of them counts."""
    if not cdrs:
        return None
    attempts = list(session.attempts.all())
    links = list(AttemptSession.objects.filter(attempt__session=session).select_related("ocpi_session", "attempt"))
    judged = [(cdr, cdr.credit or eligible(cdr, attempts, links)) for cdr in cdrs]
    if not any(counts for cdr, counts in judged if not cdr.credit):
        return None
    settlement = settle(
        [_billable(cdr, counts) for cdr, counts in judged], reserved=session.amount, currency=session.currency
    )
    return CdrFacts(
        energy=sum((cdr.total_energy for cdr, counts in judged if counts and not cdr.credit), Decimal(0)),
        amount=None if settlement.decision is Decision.HOLD else settlement.capture,
        text=settlement.explanation,
    )


def _billable(cdr: Cdr, counts: bool) -> BillableCdr:
    return BillableCdr(
        id=cdr.ocpi_id,
        total=cdr.total_gross,
        currency=cdr.currency,
        credit=cdr.credit,
        credit_reference_id=cdr.credit_reference_id or None,
        eligible=counts,
    )
