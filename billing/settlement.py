"""Which CDRs are billed, and what is captured for them (rules 24, 26, 27). Pure: no Django, no clock.

The answer is one of four decisions. CAPTURE and RELEASE can be carried out as they stand. HOLD means that
what is known does not tell what the driver owes: the money stays reserved until news or people decide. WAIT means
that the CDRs are interim ones, which bill nothing yet. Whether a CDR can be true is `billing.plausibility`'s to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.plausibility import Doubt, Judgement, Verdict
from billing.pricing.money import from_minor, money, to_minor


class Decision(StrEnum):
    """What to do with the reservation."""

    CAPTURE = "capture"
    RELEASE = "release"
    HOLD = "hold"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class BillableCdr:
    """What settlement needs of a CDR.

    `total` is the gross total (VAT included) in the currency's major unit, None where it is not known. `eligible`:
    its OCPI session was valid, started in time and delivered energy (rule 26). A credit CDR names in
    `credit_reference_id` the CDR that it takes back. `judged`: whether it can be true (rule 32); None where nobody
    asked, and its total stands. `content`: whatever it says but its id and stamp; two that say the same are copies.
    `pays_driver`: it is about energy that a driver's home charger is to be compensated for.
    """

    id: str
    total: Decimal | None
    currency: str
    credit: bool = False
    credit_reference_id: str | None = None
    eligible: bool = True
    judged: Judgement | None = None
    content: tuple[object, ...] = ()
    pays_driver: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """The decision. `capture` and `shortfall` in minor units of the reservation's currency.

    `shortfall` is what the driver owes beyond the reservation: it cannot be captured. `claim` is what the CDR asks
    beyond the price that the driver was shown: it is between us and the CPO. `reason` is a code for HOLD (empty
    otherwise); `billed` names the CDR that was counted, `doubts` what staff are to be told of it.
    """

    decision: Decision
    capture: int
    shortfall: int
    explanation: str
    reason: str = ""
    billed: str = ""
    claim: int = 0
    doubts: tuple[tuple[Doubt, str], ...] = ()


def settle(cdrs: Iterable[BillableCdr], *, reserved: int, currency: str) -> Settlement:
    """Decide what to capture of `reserved` minor units for the CDRs of one OCPI session.

    The same CDR twice is the same CDR; of two with one id the first counts, and so it does of two that differ in
    nothing but their ids: some CPOs make a new one for every try to send it. A credit CDR and the CDR that it
    names cancel each other. A session is billed from its CDR, so several that nothing takes back are never
    added up: which of them holds is not for us to guess. Ids compare without regard to case, as OCPI's do.
    ValueError if nothing is reserved.
    """
    if reserved <= 0:
        raise ValueError(f"{reserved} is no reservation")
    distinct, notes = _distinct(cdrs)
    cancelled = _cancelled_keys(distinct)
    notes += [f"CDR {cdr.id} is not eligible." for cdr in distinct.values() if not cdr.eligible and not cdr.credit]
    notes += [f"CDR {distinct[key].id} was taken back by a credit." for key in cancelled if key in distinct]
    normal = [(key, cdr) for key, cdr in distinct.items() if cdr.eligible and not cdr.credit]
    standing, copies = _without_copies([cdr for key, cdr in normal if key not in cancelled])
    notes += copies
    billed = _without_interim(standing)
    if billed and all(cdr.judged and cdr.judged.verdict is Verdict.WAIT for cdr in billed):
        interim = " ".join(f"CDR {cdr.id} is an interim one: the Session is not over." for cdr in billed)
        return Settlement(Decision.WAIT, 0, 0, " ".join([*notes, interim]), "interim")
    why = _why_hold(distinct, billed, currency) or _why_nothing(normal, billed)
    if why:
        reason, words = why
        return Settlement(Decision.HOLD, 0, 0, " ".join([*notes, words]), reason)
    if billed[0].judged and billed[0].judged.verdict is Verdict.HOLD:
        doubt, words = billed[0].judged.doubts[0]
        return Settlement(Decision.HOLD, 0, 0, " ".join([*notes, words]), doubt.value, billed[0].id)
    return _decide(billed[0], notes, reserved, currency)


def _without_copies(billed: list[BillableCdr]) -> tuple[list[BillableCdr], list[str]]:
    """Those that say something of their own, and what there is to say about the others."""
    first: dict[tuple[object, ...], BillableCdr] = {}
    notes: list[str] = []
    for cdr in billed:
        known = first.setdefault(cdr.content or (cdr.id,), cdr)
        if known is not cdr:
            notes.append(f"CDR {cdr.id} says the same as CDR {known.id}: it is billed once.")
    return list(first.values()), notes


def _without_interim(billed: list[BillableCdr]) -> list[BillableCdr]:
    """Of several CDRs of one charge, those that tell less energy than was metered were interim (rules 27, 32)."""
    whole = [cdr for cdr in billed if not _is_interim(cdr)]
    return whole if len(whole) == 1 else billed


def _is_interim(cdr: BillableCdr) -> bool:
    judged = cdr.judged
    return judged is not None and (
        judged.verdict is Verdict.WAIT
        or any(doubt in (Doubt.LESS_ENERGY, Doubt.NO_ENERGY) for doubt, _words in judged.doubts)
    )


def _distinct(cdrs: Iterable[BillableCdr]) -> tuple[dict[str, BillableCdr], list[str]]:
    """The CDRs by id, first come, and what there is to say about repetitions."""
    distinct: dict[str, BillableCdr] = {}
    notes: list[str] = []
    for cdr in cdrs:
        first = distinct.setdefault(cdr.id.casefold(), cdr)
        if first.total != cdr.total or first.currency.upper() != cdr.currency.upper():
            notes.append(f"CDR {cdr.id} came again with another total; the first counts.")
    return distinct, notes


def _cancelled_keys(distinct: dict[str, BillableCdr]) -> list[str]:
    """The keys of the CDRs that a credit CDR names."""
    named = (cdr.credit_reference_id for cdr in distinct.values() if cdr.credit)
    return list(dict.fromkeys(name.casefold() for name in named if name))


def _why_hold(distinct: dict[str, BillableCdr], billed: list[BillableCdr], currency: str) -> tuple[str, str] | None:
    """(code, words) of what makes the CDRs unusable, if anything does."""
    for cdr in distinct.values():
        if cdr.credit and cdr.eligible and not cdr.credit_reference_id:
            return "credit_without_reference", f"Credit CDR {cdr.id} does not say which CDR it takes back."
    for cdr in billed:
        if cdr.pays_driver:
            return "pays_driver", (
                f"CDR {cdr.id} says that a driver is to be paid for the energy of a home charger "
                "(home_charging_compensation)."
            )
        if cdr.currency.upper() != currency.upper():
            return "currency_mismatch", (
                f"CDR {cdr.id} is in {cdr.currency.upper()}, the reservation in {currency.upper()}."
            )
        if cdr.total is None and cdr.judged is None:
            return "gross_unknown", f"CDR {cdr.id} states no tax, and the VAT of the charger's country is not known."
        if cdr.total is not None and not cdr.total.is_finite():
            return "unreadable_total", f"The total of CDR {cdr.id} is not a number."
        if cdr.total is not None and cdr.total < 0:
            return "negative_total", f"CDR {cdr.id} has a negative total and is no credit CDR."
    if len(billed) > 1:
        told = ", ".join(f"{cdr.id} ({_total(cdr, currency)})" for cdr in billed)
        return "several_cdrs", f"{len(billed)} CDRs bill one session, and no credit CDR takes one back: {told}."
    return None


def _why_nothing(normal: list[tuple[str, BillableCdr]], billed: list[BillableCdr]) -> tuple[str, str] | None:
    """(code, words) of why no CDR is left to bill, if none is."""
    if billed:
        return None
    if normal:
        return "credited_without_replacement", "Every CDR was taken back and no new one has come."
    return "no_eligible_cdr", "There is no eligible CDR."


def _total(cdr: BillableCdr, currency: str) -> str:
    return "VAT not known" if cdr.total is None else money(cdr.total, currency)


def _decide(cdr: BillableCdr, notes: list[str], reserved: int, currency: str) -> Settlement:
    judged = cdr.judged or Judgement(Verdict.BILL, cdr.total or Decimal(0))
    owed = to_minor(judged.pays, currency)
    capture = min(owed, reserved)
    have = money(from_minor(reserved, currency), currency)
    words = [*notes, f"CDR {cdr.id}: {_total(cdr, currency)}.", *(text for _doubt, text in judged.doubts)]
    pays = money(judged.pays, currency)
    if capture == 0:
        decision = Decision.RELEASE
        words.append(f"Nothing is owed: all of {have} is released.")
    elif owed <= reserved:
        decision = Decision.CAPTURE
        rest = money(from_minor(reserved - owed, currency), currency)
        words.append(f"{pays} of {have} is captured, {rest} is released.")
    else:
        decision = Decision.CAPTURE
        missing = money(from_minor(owed - reserved, currency), currency)
        words.append(f"{pays} is owed, {have} was reserved and is captured: {missing} short.")
    return Settlement(
        decision,
        capture,
        owed - capture,
        " ".join(words),
        billed=cdr.id,
        claim=to_minor(judged.claim, currency),
        doubts=judged.doubts,
    )
