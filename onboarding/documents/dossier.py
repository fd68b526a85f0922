"""The integration dossier (guide 7.5): configuration without secrets, checklist with evidence, tests, sign-off."""

from typing import TYPE_CHECKING

from onboarding.checklist import checklist_of
from onboarding.connection_facts import facts_of, newest_check
from onboarding.documents.configuration import configuration
from onboarding.documents.connection_check import counts
from onboarding.documents.sign_off import parties
from onboarding.guide import GO_LIVE, STAGE, TESTS, Stage
from onboarding.models import Onboarding
from onboarding.moments import clock
from partners.models import Document, Partner
from partners.paper.begin import begin
from partners.paper.written import DONE, OPEN, Cell, Written

if TYPE_CHECKING:
    from partners.paper.sheet import Sheet

STATE_TONES = {"passed": "good", "failed": "bad"}


def write_dossier(onboarding: Onboarding) -> Written:
    """Return the dossier as PDF, as things stand now."""
    partner = onboarding.partner
    connections = [row for row in (partner, onboarding.production) if row]
    sheet = begin("Integration dossier", f"{partner.name} ({partner.country_code}*{partner.party_id})")
    _summary(sheet, onboarding)
    for connection in connections:
        _configuration(sheet, connection)
    _checklist(sheet, partner)
    _tests(sheet, onboarding)
    for connection in connections:
        _connection_check(sheet, connection)
    _sign_off(sheet, onboarding)
    _list_archived(sheet, connections)
    return sheet.finish(f"dossier-{partner.code}-{sheet.made_at:%Y-%m-%d}.pdf")


def _summary(sheet: "Sheet", onboarding: Onboarding) -> None:
    stage = STAGE[Stage(onboarding.stage)]
    sheet.facts(
        [
            ("Parties", parties(onboarding.partner)),
            ("Stage", f"{stage.number} {stage.title}".strip() + f", since {clock(onboarding.stage_since)}"),
        ]
    )
    changes = [
        [clock(row.at), str(row), str(row.by or "-"), row.note] for row in onboarding.changes.select_related("by")
    ]
    if changes:
        sheet.heading("Course of the integration")
        sheet.table(("When", "Stage", "By", "Remark"), changes, (22, 38, 15, 25))
    overrides = [
        [clock(row.at), row.title, row.missing, f"{row.reason} ({row.by})"]
        for row in onboarding.overrides.select_related("by")
    ]
    if overrides:
        sheet.heading("Conditions that were overruled")
        sheet.table(("When", "Condition", "What was missing", "Reason"), overrides, (20, 18, 31, 31))


def _configuration(sheet: "Sheet", partner: Partner) -> None:
    shown = configuration(partner, facts_of(partner))
    sheet.heading(f"Configuration: {partner.get_environment_display().lower()}")
    sheet.facts(shown.facts, mono=("Our Versions URL", "Their Versions URL"))
    if shown.endpoints:
        sheet.ln(3)
        sheet.table(("Their module", "Role", "URL"), shown.endpoints, (20, 15, 65))
    sheet.ln(3)
    sheet.table(("Rule of a session", "Value", "From"), shown.policy, (50, 28, 22))


def _checklist(sheet: "Sheet", partner: Partner) -> None:
    checklist = checklist_of(partner, facts_of(partner))
    sheet.heading(f"Checklist: {checklist.done} of {checklist.total} done")
    for title, lines in checklist.groups:
        rows: list[list[Cell]] = []
        for line in lines:
            ticked = f"Ticked by {line.ticked_by}, {clock(line.ticked_at)}" if line.ticked_at else ""
            mark: Cell = (DONE, "good") if line.done else (OPEN, "calm")
            optional = " (optional)" if line.item.optional else ""
            rows.append([mark, line.item.title + optional, line.seen or ticked or line.fault or "Open"])
        sheet.table(("", title, "Evidence"), rows, (5, 45, 50))
        sheet.ln(3)


def _tests(sheet: "Sheet", onboarding: Onboarding) -> None:
    sheet.heading("Functional tests")
    found = {row.key: row for row in onboarding.tests.prefetch_related("evidence")}
    rows: list[list[Cell]] = []
    for test in TESTS:
        row = found.get(test.key)
        if row is None:
            rows.append([test.title, "Not run", ""])
            continue
        verdicts = [
            f"{side}: {verdict} by {by}, {clock(at)}"
            for side, verdict, by, at in (
                ("SFP", row.sfp_verdict, row.sfp_by, row.sfp_at),
                ("CPO", row.cpo_verdict, row.cpo_by, row.cpo_at),
            )
            if verdict
        ]
        evidence = [f"{one.label}, {clock(one.at)}" for one in row.evidence.all()[:8]]
        rows.append(
            [
                test.title,
                (row.state.label, STATE_TONES.get(row.state.value, "act")),
                "\n".join([*verdicts, *evidence, *filter(None, [row.reason])]) or "No evidence yet",
            ]
        )
    sheet.table(("Test", "Result", "Verdicts and evidence"), rows, (25, 17, 58))


def _connection_check(sheet: "Sheet", partner: Partner) -> None:
    report = newest_check(partner)
    sheet.heading(f"Connection check: {partner.get_environment_display().lower()}")
    if report is None:
        sheet.text("It was not run.")
        return
    sheet.text(f"Run {report.number} of {clock(report.at)}, OCPI {report.version}: {counts(report)}.")
    failed: list[list[Cell]] = [[case.title, case.text] for case in report.cases if case.outcome == "fail"]
    if failed:
        sheet.table(("Failed case", "What we saw"), failed, (35, 65))


def _sign_off(sheet: "Sheet", onboarding: Onboarding) -> None:
    sheet.heading("Going live and sign-off")
    actions = [
        [GO_LIVE[row.action].title, row.get_side_display(), row.name, clock(row.at)]
        for row in onboarding.go_live_actions.all()
    ]
    signatures = [
        ["Signature", row.get_side_display(), f"{row.name}, {row.role}", clock(row.signed_at)]
        for row in onboarding.sign_offs.all()
    ]
    if actions or signatures:
        sheet.table(("What", "For", "Who", "When"), [*actions, *signatures], (42, 18, 22, 18))
    else:
        sheet.text("Nothing was confirmed or signed yet.")


def _list_archived(sheet: "Sheet", connections: list[Partner]) -> None:
    documents = Document.objects.listed().filter(partner__in=connections)
    rows = [[row.name, f"{clock(row.made_at)}, {row.made_by}", row.sha256] for row in documents]
    if rows:
        sheet.heading("Documents archived before this one")
        sheet.table(("Document", "Made", "SHA-256"), rows, (32, 28, 40))
