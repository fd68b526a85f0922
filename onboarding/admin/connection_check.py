"""Connection checks: what was looked at, what it showed, what the CPO should change. The report can be printed."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from ocpi.models import Message
from onboarding.admin.connection_check_actions import PDF, RUN_ACTIONS, with_partner_busy
from onboarding.admin.workspace.pressing import next_strip
from onboarding.connection_check import report
from onboarding.connection_check.catalogue import plan
from onboarding.models import ConnectionCheck, ConnectionCheckCase
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    NEUTRAL,
    SUCCESS,
    WARNING,
    ago,
    badge,
    clock_time,
    code,
    duration,
    partner_link,
    url_of,
)

State, Verdict = ConnectionCheck.State, ConnectionCheckCase.Verdict
TONES: dict[str, str] = {
    Verdict.PASSED.value: SUCCESS,
    Verdict.WARNING.value: WARNING,
    Verdict.FAILED.value: DANGER,
    Verdict.NOT_APPLICABLE.value: NEUTRAL,
}
IN_WORDS = {"fail": "failed", "warn": "warnings", "pass": "passed", "na": "not applicable"}
MOST_LINKS = 5


def _count(verdict: str) -> Coalesce:
    """How many cases of a run came to this: counted for the rows that are shown, not for all."""
    cases = ConnectionCheckCase.objects.filter(run=OuterRef("pk"), verdict=verdict).order_by()
    return Coalesce(Subquery(cases.values("run").annotate(number=Count("pk")).values("number")), 0)


@admin.register(ConnectionCheck)
class ConnectionCheckAdmin(ReadOnlyAdmin):
    """One check of one partner."""

    change_form_template = "admin/onboarding/connectioncheck/page.html"
    list_display = ("shown_run", "shown_partner", "shown_state", "version", "kind", "failed", "warnings", "started")
    list_filter = (("partner", RelatedDropdownFilter), ("state", ChoicesDropdownFilter), "armed")
    list_select_related = ("partner",)
    sortable_by = ("shown_partner", "started")
    search_fields = ("partner__name", "partner__code", "evse_uid")
    search_help_text = "Partner or test charger"
    empty_title = "No connection checks yet"
    empty_text = "Start one on a partner's page: it reads only, and names what the CPO should change."
    page_actions = RUN_ACTIONS

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConnectionCheck]:
        rows: QuerySet[ConnectionCheck] = super().get_queryset(request)
        return with_partner_busy(rows.select_related("partner", "started_by")).annotate(
            failed_count=_count(Verdict.FAILED), warning_count=_count(Verdict.WARNING)
        )

    def refresh(self, row: ConnectionCheck) -> int:
        return 2 if row.is_live else 0

    def standing(self, row: Any) -> Standing:
        if row.is_live:
            return self.under_way(row)
        if row.state == State.CANCELLED:
            text = "Called off. What was looked at before is below."
            return Standing("Called off", text, NEUTRAL, "Check again when both sides are ready.", since=row.ended_at)
        if row.error or row.state == State.FAILED:
            text = row.error or "It did not come to its end."
            return Standing("Incomplete", text, WARNING, "Tell the platform's developers, and check again.")
        if row.failed_count:
            text = f"{_many(row.failed_count, 'case')} failed. {report.WORDS['fail']} We wait for the CPO."
            return Standing(
                "Failed", text, DANGER, "Send them the list below, and check again afterwards.", row.ended_at
            )
        if row.warning_count:
            advice = "Tell the CPO when there is time."
            return Standing("Passed with warnings", report.WORDS["warn"], WARNING, advice, since=row.ended_at)
        return Standing("Passed", report.WORDS["pass"], SUCCESS, since=row.ended_at)

    def under_way(self, row: ConnectionCheck) -> Standing:
        if row.stopping:
            return Standing("Being called off", "What the check began at the CPO is being ended.", WARNING)
        if row.waiting_for:
            return Standing("Waiting", f"We wait for {row.waiting_for}.", INFO)
        return Standing("Running", "We look at one case after the other; nobody has to do anything.", INFO)

    def buttons(self, request: HttpRequest, row: ConnectionCheck) -> list[dict[str, Any]]:
        """The PDF's button stands beside the report: it is a download, and the page stays as it is."""
        return [one for one in super().buttons(request, row) if one["action"] is not PDF]

    def panels(self, request: HttpRequest, row: ConnectionCheck) -> dict[str, Any]:
        found = report.of(row)
        cases = [case for theme in found["themes"] for case in theme["cases"]]
        _link_messages(cases)
        total = len(plan(row.armed))
        return {
            **({} if row.is_live else next_strip(request, row.partner)),
            "report": found,
            "letter": report.letter(found),
            "progress": {"done": len(cases), "total": total, "percent": round(100 * len(cases) / total)},
            "facts": self.facts(row, found),
            "pdf": self.button(PDF, row, PDF.new_form()) if PDF.possible(row) else None,
            "counts": [
                (words, count, TONES[verdict])
                for verdict, words in IN_WORDS.items()
                if (count := found["counts"][verdict])
            ],
        }

    def facts(self, row: ConnectionCheck, found: dict[str, Any]) -> dict[str, Any]:
        charger = " / ".join(part for part in (row.location_id, row.evse_uid, row.connector_id) if part)
        took = duration((row.ended_at - row.created_at).total_seconds()) if row.ended_at else ""
        return {
            "Partner": partner_link(row),
            "Party": code(found["partner"]["party"]),
            "OCPI": row.version,
            "Their versions URL": code(found["partner"]["versions_url"]),
            "Kind": "With a test charge" if row.armed else "Read only",
            "Test charger": code(charger) if charger else "",
            "Started": clock_time(row.created_at),
            "Took": took,
            "By": found["started_by"] or "command line",
        }

    @admin.display(description="check", ordering="pk")
    def shown_run(self, row: ConnectionCheck) -> str:
        return f"Check {row.pk}"

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: ConnectionCheck) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state")
    def shown_state(self, row: ConnectionCheck) -> SafeString:
        standing = self.standing(row)
        return badge(standing.label, standing.tone)

    @admin.display(description="kind", ordering="armed")
    def kind(self, row: ConnectionCheck) -> str:
        return "test charge" if row.armed else "read only"

    @admin.display(description="failed", ordering="failed_count")
    def failed(self, row: Any) -> SafeString | str:
        return badge(row.failed_count, DANGER) if row.failed_count else "0"

    @admin.display(description="warnings", ordering="warning_count")
    def warnings(self, row: Any) -> SafeString | str:
        return badge(row.warning_count, WARNING) if row.warning_count else "0"

    @admin.display(description="started", ordering="created_at")
    def started(self, row: ConnectionCheck) -> SafeString | str:
        return ago(row.created_at)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'s'[: count != 1]}"


def _link_messages(cases: list[dict[str, Any]]) -> None:
    """Give each case its tone and links to those of its exchanges that the log still has. One query."""
    wanted = {pk for case in cases for pk in case["messages"]}
    kept = set(Message.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    for case in cases:
        case["tone"] = TONES[case["verdict"]]
        there = [pk for pk in case["messages"] if pk in kept]
        case["links"] = [(number, url_of(Message, pk)) for number, pk in enumerate(there[:MOST_LINKS], 1)]
        case["more"] = max(len(there) - MOST_LINKS, 0)
