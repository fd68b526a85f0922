"""The connection check as a report for the CPO: what was tried, what came of it, what to change."""

from itertools import groupby
from typing import TYPE_CHECKING

from onboarding.connection_facts import CheckCase, CheckReport
from onboarding.moments import clock
from partners.models import Partner
from partners.paper.begin import begin
from partners.paper.written import Cell, Written

if TYPE_CHECKING:
    from partners.paper.sheet import Sheet

PASS, WARNING, FAIL = "pass", "warn", "fail"
TONES = {PASS: "good", WARNING: "act", FAIL: "bad"}
WORDS = {PASS: "Pass", WARNING: "Warning", FAIL: "Fail"}
NOT_APPLICABLE = "Not applicable"


def counts(report: CheckReport) -> str:
    """`14 passed, 1 warning, 2 failed, 3 not applicable`."""
    outcomes = [case.outcome for case in report.cases]
    warnings, others = outcomes.count(WARNING), sum(outcome not in WORDS for outcome in outcomes)
    said = [
        f"{outcomes.count(PASS)} passed",
        f"{warnings} warning{'s'[: warnings != 1]}" if warnings else "",
        f"{outcomes.count(FAIL)} failed",
        f"{others} not applicable" if others else "",
    ]
    return ", ".join(filter(None, said))


def write_connection_check(partner: Partner, report: CheckReport) -> Written:
    """Return the report as PDF: what to change first, then every case."""
    sheet = begin("Connection check", f"{partner.name} ({partner.country_code}*{partner.party_id})")
    sheet.facts(
        [
            ("Run", f"{report.number}, {clock(report.at)}"),
            ("OCPI version", report.version or "-"),
            ("Versions URL", partner.versions_url),
            ("Kind", "With a real charge at a test charger" if report.armed else "Read-only: nothing was changed"),
            ("Result", counts(report)),
        ],
        mono=("Versions URL",),
    )
    _to_change(sheet, [case for case in report.cases if case.outcome in (FAIL, WARNING)])
    _every_case(sheet, report)
    return sheet.finish(f"connection-check-{partner.code}-{report.number}.pdf")


def _to_change(sheet: "Sheet", cases: list[CheckCase]) -> None:
    sheet.heading("What to change")
    if not cases:
        sheet.text("Nothing. Every case that applies to your system passed.")
        return
    rows: list[list[Cell]] = []
    for case in sorted(cases, key=lambda case: case.outcome != FAIL):
        said = "\n".join(filter(None, (case.text, case.advice, *case.findings)))
        rows.append([_outcome(case), case.title, said, case.reference])
    sheet.table(("Result", "Case", "What we saw, and what to do", "Where it is written"), rows, (13, 23, 46, 18))


def _outcome(case: CheckCase) -> Cell:
    return WORDS.get(case.outcome, NOT_APPLICABLE), TONES.get(case.outcome, "calm")


def _every_case(sheet: "Sheet", report: CheckReport) -> None:
    sheet.heading("Every case")
    for group, cases in groupby(report.cases, key=lambda case: case.group):
        rows: list[list[Cell]] = [[_outcome(case), case.title, case.text] for case in cases]
        sheet.table(("Result", group or "Case", "What we saw"), rows, (17, 33, 50))
        sheet.ln(4)
