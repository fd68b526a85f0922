"""The report on a check: plain data for the page, the PDF, the command line, and a letter to the CPO."""

from collections import Counter
from itertools import groupby
from typing import Any

from onboarding.connection_check.case import FAILED, NOT_APPLICABLE, PASSED, WARNING, WORST
from onboarding.models import ConnectionCheck, ConnectionCheckCase

# From worst to best; what was not applicable tells nothing.
_RANK = {FAILED: 2, WARNING: 1, PASSED: 0}
WORDS = {
    FAILED: "Something has to be changed before charging can work.",
    WARNING: "Charging can work; some things depart from the specification, and we cope with them.",
    PASSED: "Everything that was looked at is as it should be.",
    NOT_APPLICABLE: "Nothing was looked at yet.",
}


def of(run: ConnectionCheck) -> dict[str, Any]:
    """The report, JSON-ready.

    Shape: number, partner {name, code, party, versions_url, environment}, version, armed, charger {location_id,
    evse_uid, connector_id, sample_interval} or None, state, waiting_for, error, started_at, ended_at (ISO 8601 or
    None), started_by, verdict (pass, warn, fail, na: the worst), summary, counts {verdict: number}, themes [{title,
    cases}], to_change [case, worst first], compared {number, at, newly_failing [case], fixed [case]} or None.

    A case: key, title, theme, section, verdict, label, seen, change, details [{object, path, text}], messages [id],
    before (its verdict in the check compared with, or empty).
    """
    rows = list(run.cases.all())
    previous = _previous(run)
    before = {case.key: case.verdict for case in previous.cases.all()} if previous else {}
    cases = [_case(row, before.get(row.key, "")) for row in rows]
    verdict = next((one for one in WORST if any(case["verdict"] == one for case in cases)), NOT_APPLICABLE)
    return {
        "number": run.pk,
        "partner": _partner(run),
        "version": run.version,
        "armed": run.armed,
        "charger": _charger(run) if run.armed else None,
        "state": run.state,
        "waiting_for": run.waiting_for,
        "error": run.error,
        "started_at": run.created_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "started_by": run.started_by.get_username() if run.started_by else "",
        "verdict": verdict,
        "summary": f"The check is not complete. {run.error}" if run.error else WORDS[verdict],
        "counts": {one: Counter(case["verdict"] for case in cases)[one] for one in WORST},
        "themes": [{"title": theme, "cases": list(some)} for theme, some in groupby(cases, lambda case: case["theme"])],
        "to_change": sorted((case for case in cases if case["change"]), key=lambda case: WORST.index(case["verdict"])),
        "compared": _compare(previous, cases) if previous else None,
    }


def _previous(run: ConnectionCheck) -> ConnectionCheck | None:
    """The finished check before this one, that there is to compare with."""
    earlier = ConnectionCheck.objects.filter(
        partner=run.partner_id, state=ConnectionCheck.State.FINISHED, pk__lt=run.pk
    )
    return earlier.order_by("-pk").first()


def _partner(run: ConnectionCheck) -> dict[str, str]:
    partner = run.partner
    return {
        "name": partner.name,
        "code": partner.code,
        "party": f"{partner.country_code}*{partner.party_id}",
        "versions_url": partner.versions_url,
        "environment": partner.environment,
    }


def _charger(run: ConnectionCheck) -> dict[str, Any]:
    names = ("location_id", "evse_uid", "connector_id", "sample_interval")
    return {name: getattr(run, name) for name in names}


def _case(row: ConnectionCheckCase, before: str) -> dict[str, Any]:
    names = ("key", "title", "theme", "section", "verdict", "seen", "change", "details", "messages")
    return {**{name: getattr(row, name) for name in names}, "label": row.get_verdict_display(), "before": before}


def _compare(previous: ConnectionCheck, cases: list[dict[str, Any]]) -> dict[str, Any]:
    known = [case for case in cases if case["verdict"] in _RANK and case["before"] in _RANK]
    return {
        "number": previous.pk,
        "at": previous.created_at.isoformat(),
        "newly_failing": [case for case in known if _RANK[case["verdict"]] > _RANK[case["before"]]],
        "fixed": [case for case in known if _RANK[case["verdict"]] < _RANK[case["before"]]],
    }


def letter(report: dict[str, Any]) -> str:
    """What the CPO should change, as text to be sent."""
    partner = report["partner"]
    lines = [
        f"Connection check {report['number']} of {partner['name']} ({partner['party']}), OCPI {report['version']}",
        "",
        report["summary"],
        "In what we saw, “they” is your server and “we” is Smart Fuel Pass.",
    ]
    said: set[str] = set()
    for number, case in enumerate(report["to_change"], 1):
        place = f" ({case['section']})" if case["section"] else ""
        lines += ["", f"{number}. {case['label']}: {case['title']}{place}", f"   What we saw: {case['seen']}"]
        lines += [f"   - {_detail(one)}" for one in case["details"][:10]]
        lines.append(f"   What to change: {'as above.' if case['change'] in said else case['change']}")
        said.add(case["change"])
    return "\n".join(lines) + "\n"


def _detail(detail: dict[str, str]) -> str:
    where = " ".join(part for part in (detail["object"], detail["path"]) if part)
    return f"{where}: {detail['text']}" if where else detail["text"]
