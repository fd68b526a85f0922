"""Which CDRs count for an ad-hoc session, and what they come to (rules 26, 27)."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property

from billing.plausibility import Judgement
from billing.settlement import BillableCdr, Decision, Settlement, settle
from ocpi.models import Cdr
from sessions_adhoc import belonging
from sessions_adhoc.decide import CdrFacts
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.money import judging
from sessions_adhoc.money.offering import Offer, offer_of

Validity = AttemptSession.Validity


class Bill:
    """What the CDRs of one ad-hoc session come to, and the rows that tell, each read once, when it is asked for.

    They hold as long as the session is locked: whoever has news of a Session or CDR waits for it.
    """

    def __init__(
        self,
        session: AdHocSession,
        newest: ChargingAttempt | None = None,
        *,
        named: bool = True,
        credited: bool = True,
    ) -> None:
        """`newest`: the newest attempt, where the caller has read it. `named`: whether any CDR may be the session's;
        `credited`: whether one of those may take another back."""
        self.session = session
        self._newest, self._may_be_credited = newest, credited
        self._seen = dict[int | None, judging.Seen]()
        if not named:
            self.named = []

    @cached_property
    def named(self) -> list[Cdr]:
        """All CDRs with a name of the session's, be they another's."""
        return belonging.cdrs_naming(self.session)

    @cached_property
    def cdrs(self) -> list[Cdr]:
        return belonging.own(self.named, self.session)

    @cached_property
    def attempts(self) -> list[ChargingAttempt]:
        newest, attempts = self._newest, self.session.attempts.all()
        found = [] if newest is not None and newest.number == 1 else list(attempts)
        for attempt in found:
            attempt.session = self.session
        if newest is None:
            return found
        return [*(attempt for attempt in found if attempt.number < newest.number), newest]

    @cached_property
    def links(self) -> list[AttemptSession]:
        """Their OCPI sessions, valid or not."""
        by_key = {attempt.pk: attempt for attempt in self.attempts}
        found = list(AttemptSession.objects.filter(attempt__session=self.session).select_related("ocpi_session"))
        for link in found:
            link.attempt = by_key[link.attempt_id]
        return found

    @cached_property
    def shown(self) -> Offer:
        return offer_of(self.session)

    @cached_property
    def told(self) -> dict[int, str]:
        """The id, in lower case, of each attempt's one OCPI session as far as Sessions and CDRs tell, by the attempt:
        the valid one, or while none came the one that its first CDR names."""
        told = {link.attempt_id: link.ocpi_session.ocpi_id.lower() for link in self.links if _is_valid(link)}
        for cdr in self.cdrs:
            attempt = None if cdr.credit else self.attempt_of(cdr)
            if attempt is not None and cdr.session_key and belonging.link_of_cdr(cdr, self.links) is None:
                told.setdefault(attempt.pk, cdr.session_key)
        return told

    @cached_property
    def verdicts(self) -> list[tuple[Cdr, bool]]:
        """Each CDR with whether it counts: it bills the one OCPI session of an attempt that did not fail.

        Which attempt that is, `belonging` knows (rule 7). A credit CDR always counts: it names what it takes back.
        """
        counting = [cdr for cdr in self.cdrs if cdr.credit or self._counts(cdr)]
        if all(cdr.credit for cdr in counting):
            counting += [cdr for cdr in self.cdrs if self._names_unknown_session(cdr)]
        return [(cdr, cdr in counting and not _is_superseded(self.session, cdr, counting)) for cdr in self.cdrs]

    @property
    def is_credited(self) -> bool:
        """Whether the CPO took a CDR back."""
        if not self._may_be_credited:
            return False
        return any(cdr.credit for cdr in self.named) and any(cdr.credit for cdr in self.cdrs)

    @cached_property
    def settlement(self) -> Settlement | None:
        """What the CDRs together come to, as far as they are plausible, or None while none of them counts."""
        if not any(counts for cdr, counts in self.verdicts if not cdr.credit):
            return None
        billable = [self._billable(cdr, counts) for cdr, counts in self.verdicts]
        return settle(billable, reserved=self.session.amount, currency=self.session.currency)

    def facts(self) -> CdrFacts | None:
        """What `decide` knows of it, or None while no CDR counts."""
        settlement = self.settlement
        if settlement is None:
            return None
        return CdrFacts(
            energy=self._energy(),
            amount=settlement.capture if settlement.decision in (Decision.CAPTURE, Decision.RELEASE) else None,
            text=settlement.explanation,
            reason=settlement.reason,
            came_at=max(cdr.created_at for cdr, counts in self.verdicts if counts),
        )

    def _energy(self) -> Decimal:
        """kWh of all that count, of copies once."""
        counting = (cdr for cdr, counts in self.verdicts if counts and not cdr.credit)
        by_content = {_content(cdr, self.shown.gross_of(cdr)): cdr.total_energy for cdr in counting}
        return sum(by_content.values(), Decimal(0))

    def judge_anew(self) -> None:
        """The session or an attempt has changed: what follows from it is asked again, and no row is read again."""
        for name in ("told", "verdicts", "settlement"):
            self.__dict__.pop(name, None)

    def attempt_of(self, cdr: Cdr) -> ChargingAttempt | None:
        return belonging.attempt_of_cdr(cdr, self.attempts, self.links)

    def _counts(self, cdr: Cdr) -> bool:
        attempt = self._billed_attempt_of(cdr)
        if attempt is None:
            return False
        if (link := belonging.link_of_cdr(cdr, self.links)) is not None:
            return link.validity in (Validity.VALID, Validity.RENAMED)
        return cdr.session_key in ("", self.told.get(attempt.pk, cdr.session_key))

    def _billed_attempt_of(self, cdr: Cdr) -> ChargingAttempt | None:
        attempt = self.attempt_of(cdr)
        if attempt is None or attempt.failure or not belonging.is_at_its_charger(self.session, cdr):
            return None
        return attempt

    def _names_unknown_session(self, cdr: Cdr) -> bool:
        """Whether it is ours by reference or token, and the Session that it names was never told (rule 7): some CPOs
        number in CDRs otherwise than in Sessions. It counts where no CDR of the attempt's own Session came."""
        if cdr.credit or self._billed_attempt_of(cdr) is None:
            return False
        return belonging.names_unknown(cdr, self.links)

    def _billable(self, cdr: Cdr, counts: bool) -> BillableCdr:
        return _billable(cdr, counts, self.shown, self._judge(cdr, counts), self.session)

    def _judge(self, cdr: Cdr, counts: bool) -> Judgement | None:
        attempt = self.attempt_of(cdr) if counts and not cdr.credit else None
        if attempt is None:
            return None
        if attempt.pk not in self._seen:
            mine = (link.ocpi_session for link in self.links if link.attempt_id == attempt.pk and _is_valid(link))
            self._seen[attempt.pk] = judging.seen_of(attempt, next(mine, None))
        return judging.judgement_of(self.session, attempt, cdr, self.shown, self._seen[attempt.pk])


def _is_valid(link: AttemptSession) -> bool:
    return link.validity == Validity.VALID


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


def _billable(cdr: Cdr, counts: bool, shown: Offer, judgement: Judgement | None, session: AdHocSession) -> BillableCdr:
    """At a price of our own the driver owes that, in its currency; what the CDR asks is ours to pay."""
    ours, asked = judgement is not None and shown.is_retail, shown.gross_of(cdr)
    return BillableCdr(
        id=cdr.ocpi_id,
        total=judgement.pays if judgement is not None and ours else asked,
        currency=session.currency if ours else cdr.currency,
        credit=cdr.credit,
        credit_reference_id=cdr.credit_reference_id or None,
        eligible=counts,
        judged=judgement,
        content=_content(cdr, asked),
        pays_driver=cdr.raw.get("home_charging_compensation") is True,
    )


def _content(cdr: Cdr, asked: Decimal | None) -> tuple[object, ...]:
    """What a CDR says of the charge. Those that bill the same Session, times, energy and sum are copies."""
    return cdr.session_key, cdr.start_at, cdr.end_at, cdr.total_energy, cdr.currency, asked
