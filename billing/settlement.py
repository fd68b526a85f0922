"""Which CDRs are billed, and what is captured for them (rules 24, 26, 27). Pure: no Django, no clock.

The answer is one of three decisions. CAPTURE and RELEASE can be carried out as they stand. HOLD means that
what is known does not tell what the driver owes: the money stays reserved until news or people decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.pricing.money import from_minor, money, to_minor


class Decision(StrEnum):
    """What to do with the reservation."""

    CAPTURE = "capture"
    RELEASE = "release"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class BillableCdr:
    """What settlement needs of a CDR.

    `total` is the gross total (VAT included) in the currency's major unit. `eligible`: its OCPI session was
    valid, started in time and delivered energy (rule 26). A credit CDR names in `credit_reference_id` the CDR
    that it takes back.
    """

    id: str
    total: Decimal
    currency: str
    credit: bool = False
    credit_reference_id: str | None = None
    eligible: bool = True


@dataclass(frozen=True, slots=True)
class Settlement:
    """The decision. `capture` and `shortfall` in minor units of the reservation's currency.

    `shortfall` is what the CDRs ask for beyond the reservation: it cannot be captured. `reason` is a code for
    HOLD (empty otherwise); `billed` names the CDR that was counted.
    """

    decision: Decision
    capture: int
    shortfall: int
    explanation: str
    reason: str = ""
    billed: str = ""


def settle(cdrs: Iterable[BillableCdr], *, reserved: int, currency: str) -> Settlement:
    """Decide what to capture of `reserved` minor units for the CDRs of one OCPI session.

    The same CDR twice is the same CDR; of two with one id the first counts. A credit CDR and the CDR that it
    names cancel each other. A session is billed from its CDR, so several that nothing takes back are never
    added up: which of them holds is not for us to guess. Ids compare without regard to case, as OCPI's do.
    ValueError if nothing is reserved.
    """
    if reserved <= 0:
        raise ValueError(f"{reserved} is no reservation")
    distinct, notes = _distinct(cdrs)
    cancelled = _cancelled(distinct)
    notes += [f"CDR {cdr.id} is not eligible." for cdr in distinct.values() if not cdr.eligible and not cdr.credit]
    notes += [f"CDR {distinct[key].id} was taken back by a credit." for key in cancelled if key in distinct]
    normal = [(key, cdr) for key, cdr in distinct.items() if cdr.eligible and not cdr.credit]
    billed = [cdr for key, cdr in normal if key not in cancelled]
    why = _why_hold(distinct, billed, currency) or _why_nothing(normal, billed)
    if why:
        reason, words = why
        return Settlement(Decision.HOLD, 0, 0, " ".join([*notes, words]), reason)
    return _decide(billed[0], notes, reserved, currency)


def _distinct(cdrs: Iterable[BillableCdr]) -> tuple[dict[str, BillableCdr], list[str]]:
    """The CDRs by id, first come, and what there is to say about repetitions."""
    distinct: dict[str, BillableCdr] = {}
    notes: list[str] = []
    for cdr in cdrs:
        first = distinct.setdefault(cdr.id.casefold(), cdr)
        if first.total != cdr.total or first.currency.upper() != cdr.currency.upper():
            notes.append(f"CDR {cdr.id} came again with another total; the first counts.")
    return distinct, notes


def _cancelled(distinct: dict[str, BillableCdr]) -> list[str]:
    """The keys of the CDRs that a credit CDR names."""
    named = (cdr.credit_reference_id for cdr in distinct.values() if cdr.credit)
    return list(dict.fromkeys(name.casefold() for name in named if name))


def _why_hold(distinct: dict[str, BillableCdr], billed: list[BillableCdr], currency: str) -> tuple[str, str] | None:
    """(code, words) of what makes the CDRs unusable, if anything does."""
    for cdr in distinct.values():
        if cdr.credit and cdr.eligible and not cdr.credit_reference_id:
            return "credit_without_reference", f"Credit CDR {cdr.id} does not say which CDR it takes back."
    for cdr in billed:
        if cdr.currency.upper() != currency.upper():
            return "currency_mismatch", (
                f"CDR {cdr.id} is in {cdr.currency.upper()}, the reservation in {currency.upper()}."
            )
        if not cdr.total.is_finite():
            return "unreadable_total", f"The total of CDR {cdr.id} is not a number."
        if cdr.total < 0:
            return "negative_total", f"CDR {cdr.id} has a negative total and is no credit CDR."
    if len(billed) > 1:
        told = ", ".join(f"{cdr.id} ({money(cdr.total, currency)})" for cdr in billed)
        return "several_cdrs", f"{len(billed)} CDRs bill one session, and no credit CDR takes one back: {told}."
    return None


def _why_nothing(normal: list[tuple[str, BillableCdr]], billed: list[BillableCdr]) -> tuple[str, str] | None:
    """(code, words) of why no CDR is left to bill, if none is."""
    if billed:
        return None
    if normal:
        return "credited_without_replacement", "Every CDR was taken back and no new one has come."
    return "no_eligible_cdr", "There is no eligible CDR."


def _decide(cdr: BillableCdr, notes: list[str], reserved: int, currency: str) -> Settlement:
    owed = to_minor(cdr.total, currency)
    capture = min(owed, reserved)
    total, have = money(cdr.total, currency), money(from_minor(reserved, currency), currency)
    words = [*notes, f"CDR {cdr.id}: {total}."]
    if capture == 0:
        decision = Decision.RELEASE
        words.append(f"Nothing is owed: all of {have} is released.")
    elif owed <= reserved:
        decision = Decision.CAPTURE
        rest = money(from_minor(reserved - owed, currency), currency)
        words.append(f"{total} of {have} is captured, {rest} is released.")
    else:
        decision = Decision.CAPTURE
        missing = money(from_minor(owed - reserved, currency), currency)
        words.append(f"{total} is owed, {have} was reserved and is captured: {missing} short.")
    return Settlement(decision, capture, owed - capture, " ".join(words), billed=cdr.id)
