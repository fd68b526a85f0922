"""Looking at records whose time has come: hand over, wait, or hold for staff. Safe at any time, any number of times."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing.plausibility import Verdict
from ocpi.models import Cdr, OcpiSession, Token
from ocpi.store.base import key
from partners import clocks
from partners.ground.deadlines import claim_due
from sessions_adhoc.contracts import doubts, handing, recognising
from sessions_adhoc.contracts.judging import price_and_judge
from sessions_adhoc.contracts.receiving import offer_for
from sessions_adhoc.models import ContractRecord

log = structlog.get_logger(__name__)
Kind, State = ContractRecord.Kind, ContractRecord.State
LEASE = timedelta(minutes=1)
BATCH = 100
PATIENCE = timedelta(minutes=15)
"""How long a CDR waits for its Session to be told, or to end: pushes overtake each other, and are read anew."""

CREDIT_PATIENCE = timedelta(hours=24)
"""How long a credit CDR waits for the CDR that it takes back."""

SILENCE = timedelta(minutes=30)
SAME_START = timedelta(minutes=5)
CLOCKS = timedelta(minutes=1)
TAKEN_BACK = "Taken back by the CPO before it was handed over."
Doubts = list[dict[str, str]]


def check_due() -> int:
    """Look at the records that are due; return how many. One that fails keeps no other waiting."""
    claimed = claim_due(ContractRecord, now=timezone.now(), lease=LEASE, limit=BATCH)
    for pk in sorted(claimed):  # as they came
        try:
            check(pk)
        except Exception:
            log.exception("a contract charge could not be checked; it is due again after its lease", id=pk)
    return len(claimed)


def check(pk: int) -> None:
    """Decide about one record, if it is not decided."""
    with transaction.atomic():
        handing.lock_numbers()
        record = ContractRecord.objects.select_for_update().get(pk=pk)
        if record.state != State.DUE:
            return
        now = timezone.now()
        if record.kind == Kind.SESSION:
            _check_session(record, now)
        elif record.kind == Kind.CREDIT:
            _check_credit(record, now)
        else:
            _check_cdr(record, now)


def _check_session(record: ContractRecord, now: datetime) -> None:
    """A Session says nothing of money: it is handed over as it ended, unless its token is odd."""
    row = record.ocpi_session
    assert row is not None
    record.doubts = [] if record.session_id else _about_token(row, record.token)
    _end(record, now, hold=bool(record.doubts))


def _check_cdr(record: ContractRecord, now: datetime) -> None:
    cdr = record.cdr
    assert cdr is not None
    row = session_of(cdr)
    late = now >= record.created_at + PATIENCE
    if _runs(row, now) or (not late and (row is None or row.status not in recognising.OVER)):
        _wait(record, max(record.created_at, now - PATIENCE / 2) + PATIENCE)
        return
    found = [] if record.session_id else [*_about_token(cdr, record.token), *_about_session(cdr, row)]
    found += _about_others(record, cdr)
    if not record.offer:
        record.offer = offer_for(cdr, row)
    priced = price_and_judge(cdr, row, record.offer, late=late)
    record.asked, record.price, record.offered = priced.asked, priced.price, priced.offered
    record.pays, record.claim = priced.judged.pays, priced.judged.claim
    told = [{"code": doubt.value, "text": text} for doubt, text in priced.judged.doubts]
    hold = bool(found) or priced.judged.verdict in (Verdict.HOLD, Verdict.WAIT)
    if priced.judged.verdict is Verdict.NOTHING and priced.asked:
        hold, told = True, [{"code": "nothing_delivered", "text": f"{priced.asked:f} {cdr.currency} for 0 kWh."}]
    if record.session_id:
        hold = False  # the engine decided what is paid for it, and tells staff of what is odd
    record.doubts = [*found, *told]
    _end(record, now, hold=hold)


def _runs(row: OcpiSession | None, now: datetime) -> bool:
    """Whether its charge goes on as far as we hear: what came meanwhile was an interim CDR (rules 17, 27)."""
    return row is not None and row.status not in recognising.OVER and now < row.news_at + SILENCE


def _end(record: ContractRecord, now: datetime, *, hold: bool) -> None:
    if not record.session_id:
        doubts.tell(record, record.doubts)
    if hold:
        record.state, record.next_check_at = State.HELD, None
        record.save()
    else:
        handing.hand_over(record, now)


def _wait(record: ContractRecord, until: datetime) -> None:
    record.next_check_at = until
    record.save(update_fields=["next_check_at"])


def _doubt(code: str, text: str) -> Doubts:
    return [{"code": code, "text": text}]


def _about_token(row: Cdr | OcpiSession, token: Token | None) -> Doubts:
    """Whether the token may be charged with at this partner."""
    said = recognising.told_token(row)
    party = str(said.get("country_code") or ""), str(said.get("party_id") or "")
    ours = settings.OCPI_COUNTRY_CODE, settings.OCPI_PARTY_ID
    if all(party) and tuple(part.upper() for part in party) != tuple(part.upper() for part in ours):
        return _doubt("foreign_emsp", f"its token is of {party[0]}*{party[1]}.")
    if token is None:
        return _doubt("unknown_token", f"token {row.token_uid} is not known.")
    if token.partner_id not in (None, row.partner_id):
        return _doubt("other_partners_token", f"token {row.token_uid} was made for another partner.")
    if token.type == recognising.ONE_OFF:
        return _doubt("one_off_token", f"token {row.token_uid} was made for a single charge.")
    contract = str(said.get("contract_id") or "")
    if contract and not recognising.same_contract(contract, token.contract_id):
        return _doubt("other_contract", f"it names {contract}, the token is of {token.contract_id}.")
    return _about_validity(row, token)


def _about_validity(row: Cdr | OcpiSession, token: Token) -> Doubts:
    if token.valid or row.start_at is None:
        return []
    began = clocks.ours(row.partner_id, row.start_at)
    if began <= token.last_updated + CLOCKS:
        return []
    return _doubt("token_not_valid", f"token {token.uid} was blocked at {token.last_updated:%-d %b %Y, %H:%M} UTC.")


def _about_session(cdr: Cdr, row: OcpiSession | None) -> Doubts:
    """Whether the Session that it names is of the same token."""
    if row is None:
        return []
    one, other = recognising.token_of(cdr), recognising.token_of(row)
    same = one == other if one and other else cdr.token_uid.lower() == row.token_uid.lower()
    if same or (one and other and one.contract_id == other.contract_id):
        return []
    return _doubt("session_of_another", f"Session {row.ocpi_id} was told with token {row.token_uid}.")


def _about_others(record: ContractRecord, cdr: Cdr) -> Doubts:
    """Whether another CDR of the same Session and token came before, and nothing takes that one, or this one, back."""
    if not cdr.session_key or record.token_id is None or credits_of(cdr).exists():
        return []
    others = ContractRecord.objects.filter(
        Q(pk__lt=record.pk) | Q(state=State.HANDED),
        partner_id=cdr.partner_id,
        kind=Kind.CDR,
        token=record.token_id,
        cdr__session_key=cdr.session_key,
    ).exclude(pk=record.pk)
    for other in others.exclude(state=State.REFUSED).select_related("cdr"):
        assert other.cdr is not None
        if not credits_of(other.cdr).exists():
            return _doubt("several_cdrs", f"CDR {other.cdr.ocpi_id} bills Session {cdr.session_id}.")
    return []


def credits_of(cdr: Cdr) -> "handing.Records":
    """The records of credit CDRs that take a CDR back, and count."""
    named = ContractRecord.objects.filter(
        partner_id=cdr.partner_id, kind=Kind.CREDIT, cdr__credit_reference_id__iexact=cdr.ocpi_id
    )
    same_party = named.filter(cdr__country_code=cdr.country_code, cdr__party_id=cdr.party_id)
    return same_party.exclude(state__in=(State.REFUSED, State.HELD))


def _check_credit(record: ContractRecord, now: datetime) -> None:
    """A credit CDR takes back the one CDR that it names, of the same token; in whichever order the two come."""
    credit = record.cdr
    assert credit is not None
    taken_back = credited_by(credit)
    if taken_back is None:
        if now < record.created_at + CREDIT_PATIENCE:
            _wait(record, record.created_at + CREDIT_PATIENCE)
            return
        named = credit.credit_reference_id or "nothing"
        record.doubts = _doubt("credit_without_cdr", f"it takes back {named}, which never came.")
        _end(record, now, hold=True)
        return
    other = ContractRecord.objects.select_for_update().get(pk=taken_back.pk)
    record.doubts = _about_credit(record, other)
    if not record.doubts and other.state == State.DUE:
        _wait(record, now + timedelta(seconds=5))
    elif not record.doubts and other.state in (State.HELD, State.REFUSED):
        _cancel_both(record, other)
    else:
        _take_over(record, other)
        _end(record, now, hold=bool(record.doubts))


def credited_by(credit: Cdr) -> ContractRecord | None:
    """The record of the CDR that a credit CDR names, of the same party."""
    if not credit.credit_reference_id:
        return None
    mine = {"country_code": credit.country_code, "party_id": credit.party_id, "partner_id": credit.partner_id}
    cdr = Cdr.objects.filter(ocpi_key=key(credit.credit_reference_id), credit=False, **mine).first()
    return ContractRecord.objects.filter(cdr=cdr).first() if cdr else None


def _about_credit(record: ContractRecord, other: ContractRecord) -> Doubts:
    assert record.cdr is not None
    assert other.cdr is not None
    one, two = record.cdr, other.cdr
    known = record.token_id is not None and record.token_id == other.token_id
    if not known and (record.token_id != other.token_id or one.token_uid.lower() != two.token_uid.lower()):
        return _doubt("credit_of_another", f"CDR {two.ocpi_id} has token {two.token_uid}.")
    if credits_of(two).exclude(pk=record.pk).filter(pk__lt=record.pk).exists():
        return _doubt("credited_already", f"CDR {two.ocpi_id} was taken back before.")
    return []


def _cancel_both(record: ContractRecord, other: ContractRecord) -> None:
    """The CDR was held and never handed over: neither is it now, nor what takes it back."""
    for one in (record, other):
        if one.state != State.REFUSED:
            one.state, one.next_check_at, one.note = (
                State.REFUSED,
                None,
                "Taken back by the CPO before it was handed over.",
            )
            one.save()
    doubts.close_answered(other)


def _take_over(record: ContractRecord, other: ContractRecord) -> None:
    """What a credit takes back is what was handed over, whatever its own totals say."""
    for name in ("contract_id", "asked", "price", "pays", "claim", "offered", "session_id"):
        setattr(record, name, getattr(other, name))


def session_of(cdr: Cdr) -> OcpiSession | None:
    """The Session that a CDR names; in 2.1.1, where it names none, the one of its token that began with it."""
    rows = OcpiSession.objects.filter(partner_id=cdr.partner_id)
    if cdr.session_key:
        return rows.filter(ocpi_key=cdr.session_key, country_code=cdr.country_code, party_id=cdr.party_id).first()
    near = rows.filter(
        token_uid=cdr.token_uid, start_at__gte=cdr.start_at - SAME_START, start_at__lte=cdr.start_at + SAME_START
    )
    return min(near[:20], key=lambda row: abs((row.start_at or cdr.start_at) - cdr.start_at), default=None)


def record_of(uuid: UUID) -> ContractRecord | None:
    """A record that was handed over, by its public id."""
    return ContractRecord.objects.filter(uuid=uuid, state=State.HANDED).first()
