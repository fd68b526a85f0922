"""Partners, handshakes and pulls as plain data and as text. Tokens appear by their last four characters only."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from ocpi.models import HandshakeRun, HandshakeStep, SyncRun
from ocpi.routing import versions_url
from partners.models import IssuedToken, Partner, ReceivedToken

Data = dict[str, Any]
MARKS = {True: "ok", False: "FAILED", None: "..."}
LAST_PULLS = 8


def moment(value: Any) -> str | None:
    """A time as people here read it, or None."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S") if value else None


def partner_line(partner: Partner) -> Data:
    """What a list of partners shows."""
    return {
        "code": partner.code,
        "name": partner.name,
        "party": f"{partner.country_code}*{partner.party_id}",
        "environment": partner.environment,
        "connection": partner.connection,
        "agreed_version": partner.agreed_version,
        "version_in_use": partner.version or None,
    }


def partner_data(partner: Partner) -> Data:
    """Everything about a partner but its secrets."""
    last_run = partner.handshakes.first()
    return {
        **partner_line(partner),
        "connected_at": moment(partner.connected_at),
        "their_versions_url": partner.versions_url,
        "our_versions_url": versions_url(partner),
        "token_encoding": partner.token_encoding or None,
        "hub_party_id": partner.hub_party_id or None,
        "enabled_versions": partner.enabled_versions,
        "roles": [f"{role} {role.business_name}".strip() for role in partner.roles.all()],
        "contacts": [f"{contact} {contact.phone}".strip() for contact in partner.contacts.all()],
        "allowed_networks": [row.network for row in partner.allowed_networks.all()],
        "tokens_they_use": [_issued_data(row) for row in partner.issued_tokens.all()],
        "tokens_we_use": [_received_data(row) for row in partner.received_tokens.all()],
        "endpoints": [
            {"version": row.version, "module": row.module, "role": row.role or None, "url": row.url}
            for row in partner.endpoints.all()
        ],
        "last_handshake": handshake_data(last_run) if last_run else None,
        "last_pulls": [pull_data(run) for run in partner.syncs.all()[:LAST_PULLS]],
        "open_incidents": [
            {
                "symptom": row.symptom,
                "cause": row.cause,
                "resolution": row.resolution,
                "times": row.occurrences,
            }
            for row in partner.incidents.filter(closed_at=None)
        ],
    }


def _issued_data(row: IssuedToken) -> Data:
    return {
        "token": f"…{row.last4}",
        "purpose": row.purpose,
        "state": row.state,
        "last_used_at": moment(row.last_used_at),
    }


def _received_data(row: ReceivedToken) -> Data:
    return {"token": f"…{row.last4}", "purpose": row.purpose, "state": row.state}


def handshake_data(run: HandshakeRun) -> Data:
    """A handshake with its steps."""
    return {
        "number": run.pk,
        "state": run.state,
        "version": run.version or None,
        "window_ends_at": moment(run.window_ends_at),
        "next_try_at": moment(run.next_check_at),
        "cause": run.cause or None,
        "advice": run.advice or None,
        "steps": [step_data(step) for step in run.steps.all()],
    }


def step_data(step: HandshakeStep) -> Data:
    """One try of one step."""
    return {
        "step": step.step,
        "ok": step.ok,
        "text": step.text,
        "advice": step.advice or None,
        "message": step.message_id,
    }


def step_text(step: HandshakeStep) -> str:
    """One try of one step, as a line, and what to do below it."""
    line = f"  {step.step:<12} {MARKS[step.ok]:<7} {step.text}".rstrip()
    if step.message_id and not step.ok:
        line += f" [message {step.message_id}]"
    return f"{line}\n  {'':<20} {step.advice}" if step.advice else line


def pull_data(run: SyncRun) -> Data:
    """One pull of one module."""
    return {
        "number": run.pk,
        "module": run.module,
        "full": run.full,
        "state": run.state,
        "received": run.received,
        "stored": run.stored,
        "refused": run.refused,
        "faults": run.faults,
        "error": run.error or None,
        "ended_at": moment(run.ended_at),
    }


def pull_text(run: SyncRun) -> str:
    """One pull as lines: the sums, then what was refused and why."""
    counts = f"{run.received} received, {run.stored} stored, {run.refused} refused"
    lines = [f"  {run.module:<10} {run.get_state_display().lower():<10} {counts}"]
    if run.error:
        lines.append(f"  {'':<10} {run.error}")
    for item in run.faults:
        reasons = "; ".join(f"{fault['path']}: {fault['message']}".lstrip(": ") for fault in item["faults"])
        lines.append(f"  {'':<10} {item['id'] or '(no id)'}: {reasons}")
    return "\n".join(lines)


def partner_text(partner: Partner) -> str:
    """Everything about a partner but its secrets, as lines."""
    data = partner_data(partner)
    del data["last_handshake"], data["last_pulls"]
    lines = list(text_of(data))
    if run := partner.handshakes.first():
        lines.append(f"last handshake: number {run.pk}, {run.get_state_display().lower()}")
        lines += [step_text(step) for step in run.steps.all()]
    if pulls := list(partner.syncs.all()[:LAST_PULLS]):
        lines += ["last pulls:", *(pull_text(run) for run in pulls)]
    return "\n".join(lines)


def text_of(data: Data, indent: int = 0) -> Iterable[str]:
    """Nested plain data as indented lines; what is empty is left out."""
    pad = "  " * indent
    for name, value in data.items():
        title = name.replace("_", " ")
        if value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            yield f"{pad}{title}:"
            yield from text_of(value, indent + 1)
        elif isinstance(value, list):
            yield f"{pad}{title}:"
            for item in value:
                yield f"{pad}  - {_inline(item)}"
        else:
            yield f"{pad}{title}: {value}"


def _inline(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    return ", ".join(str(value) for value in item.values() if value not in (None, "", [], {}))
