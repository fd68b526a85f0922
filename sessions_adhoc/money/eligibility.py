"""Which CDRs count for an ad-hoc session, and what they come to (rules 26, 27)."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from billing.plausibility import Judgement
from billing.settlement import BillableCdr, Decision, Settlement, settle
from ocpi.models import Cdr
from sessions_adhoc import belonging
from sessions_adhoc.decide import CdrFacts
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.money import judging
from sessions_adhoc.money.shown import Shown, shown_to

Validity = AttemptSession.Validity


def judge(session: AdHocSession, cdrs: Sequence[Cdr]) -> list[tuple[Cdr, bool]]:
    """Return each CDR with whether it counts: it bills the one OCPI session of an attempt that did not fail.

    Which attempt that is, `belonging` knows (rule 7). A credit CDR always counts: it names what it takes back.
    """
    if not cdrs:
        return []
    attempts, links, told = _read_attempts(session, cdrs)

    def counts(cdr: Cdr) -> bool:
        attempt = belonging.attempt_of_cdr(cdr, attempts, links)
        if attempt is None or attempt.failure or not at_its_charger(session, cdr):
            return False
        if (link := belonging.link_of_cdr(cdr, links)) is not None:
            return link.validity in (Validity.VALID, Validity.RENAMED)
        return cdr.session_key in ("", told.get(attempt.pk, cdr.session_key))

    counting = [cdr for cdr in cdrs if cdr.credit or counts(cdr)]
    return [(cdr, cdr in counting and not _is_superseded(session, cdr, counting)) for cdr in cdrs]


def _is_superseded(session: AdHocSession, cdr: Cdr, counting: Sequence[Cdr]) -> bool:
    """An interim CDR, which came while the charge went on, gives way to a later one of the whole charge (rule 27)."""
    if cdr.credit or (session.charging_ended_at and cdr.created_at >= session.charging_ended_at):
        return False
    return any(
        not other.credit
        and other.pk > cdr.pk
        and other.start_at <= cdr.start_at
        and other.end_at >= cdr.end_at
        and other.total_energy > cdr.total_energy
        for other in counting
    )


def at_its_charger(session: AdHocSession, cdr: Cdr) -> bool:
    """Whether the place in a CDR, as far as it is given, is where this session charged (rule 7)."""
    return belonging.same_place(session, cdr.location_id, cdr.evse_uid)


def session_told(session: AdHocSession, attempt: ChargingAttempt, cdrs: Sequence[Cdr]) -> str:
    """Return the id, in lower case, of the attempt's OCPI session as far as Sessions and CDRs tell, or ""."""
    return _read_attempts(session, cdrs)[2].get(attempt.pk, "")


def _read_attempts(
    session: AdHocSession, cdrs: Sequence[Cdr]
) -> tuple[list[ChargingAttempt], list[AttemptSession], dict[int, str]]:
    """Attempts, links, and the id of each attempt's one OCPI session: the valid one, or while none came the one that
    its first CDR names (rules 26, 27)."""
    attempts = list(session.attempts.all())
    links = list(AttemptSession.objects.filter(attempt__session=session).select_related("ocpi_session", "attempt"))
    told = {link.attempt_id: link.ocpi_session.ocpi_id.lower() for link in links if link.validity == Validity.VALID}
    for cdr in cdrs:
        attempt = None if cdr.credit else belonging.attempt_of_cdr(cdr, attempts, links)
        if attempt is not None and cdr.session_key and belonging.link_of_cdr(cdr, links) is None:
            told.setdefault(attempt.pk, cdr.session_key)
    return attempts, links, told


def settlement_of(session: AdHocSession, verdicts: Sequence[tuple[Cdr, bool]]) -> Settlement | None:
    """Return what judged CDRs together come to, as far as they are plausible, or None while none of them counts."""
    if not any(counts for cdr, counts in verdicts if not cdr.credit):
        return None
    attempts, links, _told_by = _read_attempts(session, [])
    shown, seen_of = shown_to(session), cache(judging.seen_of)
    billable = []
    for cdr, counts in verdicts:
        attempt = belonging.attempt_of_cdr(cdr, attempts, links) if counts and not cdr.credit else None
        judgement = judging.judgement_of(session, attempt, cdr, shown, seen_of(attempt)) if attempt else None
        billable.append(_billable(cdr, counts, shown, judgement))
    return settle(billable, reserved=session.amount, currency=session.currency)


def cdr_facts(session: AdHocSession, cdrs: Sequence[Cdr]) -> CdrFacts | None:
    """Return what the CDRs of this session come to, or None while none of them counts."""
    verdicts = judge(session, cdrs)
    settlement = settlement_of(session, verdicts)
    if settlement is None:
        return None
    return CdrFacts(
        energy=sum((cdr.total_energy for cdr, counts in verdicts if counts and not cdr.credit), Decimal(0)),
        amount=settlement.capture if settlement.decision in (Decision.CAPTURE, Decision.RELEASE) else None,
        text=settlement.explanation,
        reason=settlement.reason,
        came_at=max(cdr.created_at for cdr, counts in verdicts if counts),
    )


def _billable(cdr: Cdr, counts: bool, shown: Shown, judgement: Judgement | None) -> BillableCdr:
    return BillableCdr(
        id=cdr.ocpi_id,
        total=shown.gross_of(cdr),
        currency=cdr.currency,
        credit=cdr.credit,
        credit_reference_id=cdr.credit_reference_id or None,
        eligible=counts,
        judged=judgement,
    )
