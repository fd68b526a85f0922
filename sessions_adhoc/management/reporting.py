"""An ad-hoc session for the command line: everything about it, as data and as lines to read."""

import json
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from billing.pricing import from_minor, money
from sessions_adhoc.driver.presenting import present
from sessions_adhoc.models import AdHocSession, ChargingAttempt, TimelineEvent

LABEL = 12


def full_report(session: AdHocSession) -> dict[str, Any]:
    """What the driver sees, with attempts and the whole timeline, ready for JSON."""
    report = present(session) | {
        "operator": str(session.partner),
        "payment": str(session.authorization_id),
        "attempts": [_attempt(row) for row in session.attempts.select_related("command", "stop_command")],
        "timeline": [_event(row) for row in session.timeline.all()],
    }
    report["meter"] |= {name: _number(report["meter"][name]) for name in ("kwh", "kw", "soc")}
    del report["events"]
    plain: dict[str, Any] = json.loads(json.dumps(report, cls=DjangoJSONEncoder))
    return plain


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _attempt(row: ChargingAttempt) -> dict[str, Any]:
    return {
        "number": row.number,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
        "authorization_reference": row.authorization_reference,
        "command": str(row.command),
        "stop_command": str(row.stop_command) if row.stop_command else None,
        "failure": row.failure,
        "verdict": row.verdict,
    }


def _event(row: TimelineEvent) -> dict[str, Any]:
    return {"at": row.at, "kind": row.kind, "text": row.text, "from": row.state_from, "to": row.state_to}


def readable(report: dict[str, Any]) -> str:
    """The report as lines: what first, then the attempts, then the story."""
    lines = [
        _line("Session", report["id"]),
        _line("State", report["state"] + (f" ({report['reason']})" if report["reason"] else "")),
        _line("Driver sees", report["message"]),
        _line("Charger", _charger(report)),
        _line("Operator", report["operator"]),
        _line("Money", _money(report["money"])),
        _line("Meter", _meter(report["meter"])),
        "",
        "Attempts" if report["attempts"] else "No attempt yet",
        *(_attempt_line(row) for row in report["attempts"]),
        "",
        "Timeline",
        *(_timeline_line(row["at"], row["kind"], row["text"]) for row in report["timeline"]),
    ]
    return "\n".join(lines)


def event_line(event: TimelineEvent) -> str:
    """One line of the timeline."""
    return _timeline_line(event.at, event.kind, event.text)


def _line(label: str, text: str) -> str:
    return f"{label:<{LABEL}} {text}"


def _charger(report: dict[str, Any]) -> str:
    connector = f", connector {report['connector']}" if report["connector"] else ""
    return f"{report['evse']}{connector} ({report['connector_status']})"


def _money(row: dict[str, Any]) -> str:
    parts = [f"{name} {_amount(row[name], row['currency'])}" for name in ("reserved", "captured")]
    if row["estimated"] is not None:
        parts.append(f"estimated {_amount(row['estimated'], row['currency'])}")
    return f"{', '.join(parts)} (payment {row['state']})"


def _amount(minor: int, currency: str) -> str:
    return money(from_minor(minor, currency), currency)


def _meter(row: dict[str, Any]) -> str:
    if row["at"] is None:
        return "no reading yet"
    parts = [f"{row['kwh']:.3f} kWh"]
    if row["kw"] is not None:
        parts.append(f"{row['kw']:.1f} kW" + (" (derived)" if row["kw_derived"] else ""))
    if row["soc"] is not None:
        parts.append(f"battery {row['soc']:.0f} %")
    return f"{', '.join(parts)} at {_clock(row['at'])}"


def _attempt_line(row: dict[str, Any]) -> str:
    outcome = row["verdict"] or ("open" if row["ended_at"] is None else "ended")
    stop = f"; {row['stop_command']}" if row["stop_command"] else ""
    return f"  {row['number']}  {_clock(row['created_at'])}  {row['command']}{stop}: {outcome}"


def _timeline_line(at: datetime | str, kind: str, text: str) -> str:
    return f"  {_clock(at)}  {kind:<9}  {text}"


def _clock(moment: datetime | str) -> str:
    """The time of day here."""
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{timezone.localtime(parsed):%Y-%m-%d %H:%M:%S}"
