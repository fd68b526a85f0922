"""Payments with us as the Payment Terminal Provider (OCPI 2.3.0 Payments, mod_payments).

    add_terminal(partner, ...)                 # a new terminal, created in the CPO's system too
    activate(partner, ...), deactivate(...)    # what the CPO asks for
    send_financial_advice(partner=..., ...)    # what was captured, for the receipt that the CPO makes

What goes to the CPO is sent until it has it: a terminal and an advice have ids, so twice does no harm.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from ocpi.calls.outgoing import Sent, Unsupported, queue, sends, version_with
from ocpi.client import RECEIVER, functional
from ocpi.models import FinancialAdvice, Terminal, TerminalRequest
from ocpi.store import terminals
from ocpi.store.base import NotFound, Stored, in_transaction
from ocpi.versions import Version
from ocpi.versions.times import format_timestamp
from partners.models import Partner, RemoteEndpoint

MODULE = "payments"
TERMINALS, CONFIRMATIONS = "terminals", "financial-advice-confirmations"
ADVICE = "financial_advice_confirmation"
Captured = str  # SUCCESS, PARTIAL_SUCCESS or FAILED
State = Terminal.State


def add_terminal(partner: Partner, **fields: Any) -> Terminal:
    """Create a terminal, here and in the CPO's system; `fields` are those of OCPI's Terminal.

    Raises:
        Unsupported: the partner's version has no payments.
        Invalid: it is none that OCPI knows.
    """
    version = version_with(partner, terminals.KIND)
    with transaction.atomic():
        row = terminals.add_terminal(partner, version, State.ACTIVE, fields)
        _tell(row)
    return row


def approve(terminal: Terminal) -> bool:
    """Activate a terminal whose activation the CPO asked for, and create it in the CPO's system; False: it is active.

    Raises:
        Unsupported: the partner's version has no payments.
    """
    version_with(terminal.partner, terminals.KIND)
    with transaction.atomic():
        if not terminals.set_state(terminal, State.ACTIVE):
            return False
        _tell(terminal)
    return True


def activate(partner: Partner, data: Any, version: Version) -> Stored[Terminal]:
    """Take an activation (mod_payments §5.1.1): one of our terminals is active at once, and created at the CPO.

    One that we do not know waits for staff: it has to be set up first.

    Raises:
        Invalid: with every fault.
    """
    wanted = dict(data) if isinstance(data, Mapping) else data
    if isinstance(wanted, dict):
        wanted.setdefault("last_updated", format_timestamp(timezone.now()))
    probe = {terminals.ID: "to be set", **wanted} if isinstance(wanted, dict) else wanted
    parsed = version.parse(terminals.KIND, probe)

    def work() -> Stored[Terminal]:
        known = _find_terminal(partner, wanted.get(terminals.ID), parsed.obj.reference)
        if known is None:
            added = terminals.add_terminal(partner, version, State.REQUESTED, wanted)
            return Stored(added, created=True, leniences=parsed.leniences)
        change = {name: value for name, value in wanted.items() if name != terminals.ID}
        row = terminals.change_terminal(partner, known.terminal_id, change, version).row
        if row.state == State.INACTIVE:
            approve(row)
            row.refresh_from_db()
        return Stored(row, changed=True, leniences=parsed.leniences)

    return in_transaction(work)


def deactivate(partner: Partner, terminal_id: str) -> Terminal:
    """Take a deactivation; raises NotFound."""
    row = terminals.terminal_row(partner, terminal_id)
    if row is None:
        raise NotFound(f"There is no terminal {terminal_id!r}.")
    terminals.set_state(row, State.INACTIVE)
    row.refresh_from_db()
    return row


def _find_terminal(partner: Partner, terminal_id: Any, reference: str | None) -> Terminal | None:
    if terminal_id:
        return terminals.terminal_row(partner, str(terminal_id))
    of_partner = terminals.terminals_of(partner)
    return of_partner.filter(raw__reference=reference).first() if reference else None


def _tell(row: Terminal) -> None:
    queue(TerminalRequest.objects.create(partner=row.partner, terminal=row))


@sends(TerminalRequest)
def _send_terminal(row: TerminalRequest, version: Version) -> Sent:
    body = terminals.terminal_wire(row.terminal, version)
    return Sent(MODULE, functional(row.partner, "POST", MODULE, RECEIVER, TERMINALS, body=body), "CREATED")


def send_financial_advice(
    *,
    partner: Partner,
    authorization_reference: str,
    before_taxes: Decimal,
    taxes: Sequence[Mapping[str, Any]],
    currency: str,
    eft_data: Sequence[str],
    capture_status: Captured,
    capture_message: str = "",
) -> FinancialAdvice:
    """Tell the CPO what was really captured for a session that was paid at a terminal (§5.2).

    Again for the same authorization, it corrects what was told, if it says anything else. To be called where the money
    was settled, in the same transaction; it does no I/O.

    Args:
        authorization_reference: the one of the START_SESSION (§5.2.2.2: the CPO finds the session by it).
        before_taxes: captured, without taxes, in the currency's own unit.
        taxes: TaxAmount each: `name`, `amount`, and `percentage` where it is known.
        eft_data: lines for the receipt, such as the card scheme and its masked number.

    Raises:
        Unsupported: the partner's version has no payments, or the partner does not offer it.
        Invalid: OCPI cannot express it.
    """
    version = version_with(partner, ADVICE)
    offered = RemoteEndpoint.objects.filter(partner=partner, version=version.number, module=MODULE)
    if not offered.exclude(role="SENDER").exists():
        raise Unsupported(f"{partner.name} does not take financial advice confirmations.")
    with transaction.atomic():
        row = FinancialAdvice.objects.select_for_update().filter(
            partner=partner, authorization_reference=authorization_reference
        ).first() or FinancialAdvice(partner=partner, authorization_reference=authorization_reference)
        now = timezone.now()
        content = {
            "id": str(row.advice_id),
            "authorization_reference": authorization_reference,
            "total_costs": {"before_taxes": _number(before_taxes), "taxes": [_tax(one) for one in taxes]},
            "currency": currency,
            "eft_data": list(eft_data),
            "capture_status_code": capture_status,
            "capture_status_message": capture_message or None,
            "last_updated": format_timestamp(now),
        }
        wire = version.dump(version.parse(ADVICE, content).obj)
        if row.raw and {**row.raw, "last_updated": ""} == {**wire, "last_updated": ""}:
            return row
        row.raw, row.last_updated, row.version = wire, now, version.number
        row.state, row.tries, row.failure = FinancialAdvice.State.CREATED, 0, ""
        row.save()
        queue(row)
    return row


@sends(FinancialAdvice)
def _send_advice(row: FinancialAdvice, version: Version) -> Sent:
    reply = functional(row.partner, "POST", MODULE, RECEIVER, CONFIRMATIONS, body=row.raw, kind=ADVICE)
    return Sent(MODULE, reply, "CREATED")


def _number(amount: Any) -> int | float:
    """JSON knows no Decimal; four decimals survive a float."""
    return float(round(Decimal(amount), 4))


def _tax(tax: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: _number(tax[name]) for name in ("amount", "percentage") if tax.get(name) is not None}
    return {"name": str(tax["name"]), **numbers}
