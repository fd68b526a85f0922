"""Syncs: pulls of a partner's objects, and what was refused in them."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter

from ocpi.admin.sync_schedule import faults_by_path, schedule
from ocpi.models import Message, SyncRun
from ocpi.sync.requests import MODULES, request_sync
from partners.admin.kit.actions import PageAction, Refused
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    SUCCESS,
    WARNING,
    ago,
    anchor,
    at,
    badge,
    json_block,
    list_url,
    partner_link,
    state_badge,
    url_of,
)
from partners.models import Partner

State = SyncRun.State
LIVE = (State.DUE, State.RUNNING)
READ = {True: "everything", False: "what changed"}
MOST_PARTNERS = 50


def again(_request: HttpRequest, run: SyncRun, _data: dict[str, Any]) -> HttpResponse:
    try:
        new = request_sync(run.partner, run.module, full=run.full, date_from=run.date_from)
    except ValueError as error:
        raise Refused(str(error)) from error
    return HttpResponseRedirect(url_of(SyncRun, new.pk))


def _objects(run: SyncRun) -> str:
    """`1 object`: those in which something was wrong, whether they were taken or not."""
    return f"{len(run.faults)} object{'s'[: len(run.faults) != 1]}"


class ModuleFilter(DropdownFilter):
    """One module that can be pulled."""

    title = "module"
    parameter_name = "module"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in MODULES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
        return queryset.filter(module=self.value()) if self.value() in MODULES else queryset


@admin.register(SyncRun)
class SyncRunAdmin(HugeMixin, ReadOnlyAdmin):
    """One pull of one module."""

    list_display = ("module", "shown_partner", "shown_state", "received", "stored", "shown_refused", "read", "created")
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ModuleFilter,
        ("state", ChoicesDropdownFilter),
    )
    list_select_related = ("partner",)
    quick_filters = (("All", ""), ("Failed", "state__exact=failed"), ("Running", "state__exact=running"))
    search_fields = ("partner__name",)
    search_help_text = "Beginning of the partner's name or code, or the module"
    change_form_template = "admin/ocpi/syncrun/page.html"
    empty_title = "No syncs yet"
    empty_text = "The first ones run after a handshake. You can start one on a partner's page."
    page_actions = (
        PageAction(
            "again",
            "Pull again",
            "ocpi.request_sync",
            "We read this module of the partner now, in whole or from the same moment on, as this run did.",
            again,
            icon="sync",
            possible=lambda run: run.state not in LIVE,
        ),
    )

    def standing(self, row: SyncRun) -> Standing:
        if row.state in LIVE:
            text = "Waiting for the CPO: reading page after page."
            if row.error:
                text = f"The last try failed: {row.error}"
            return Standing(row.get_state_display(), text, INFO, next_at=row.next_check_at, next_text="we look again")
        if row.state == State.FAILED:
            advice = "Look at the exchanges, tell the CPO, then sync again."
            return Standing("Failed", row.error or "It did not come to an end.", DANGER, advice, since=row.ended_at)
        text = f"{row.received} received, {row.stored} stored."
        if row.refused:
            advice = "Send the CPO the faults listed below."
            text = f"{text} {row.refused} could not be read, and {'is' if row.refused == 1 else 'are'} missing here."
            return Standing("Succeeded in part", text, WARNING, advice, since=row.ended_at)
        if row.faults:
            advice = "Send the CPO the faults listed below."
            text = f"{text} {_objects(row)} {'was' if len(row.faults) == 1 else 'were'} taken without what has a fault."
            return Standing("Succeeded in part", text, WARNING, advice, since=row.ended_at)
        return Standing("Succeeded", f"{text} Nobody has to do anything.", SUCCESS, since=row.ended_at)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SyncRun], search_term: str
    ) -> tuple[QuerySet[SyncRun], bool]:
        """The partners are looked up first: there are few of them, and many runs."""
        term = search_term.strip()
        if not term:
            return queryset, False
        partners = Partner.objects.filter(Q(name__istartswith=term) | Q(code__istartswith=term))
        found = Q(partner__in=list(partners.values_list("pk", flat=True)[:MOST_PARTNERS]))
        return queryset.filter(found | Q(module=term.lower())), False

    def refresh(self, row: SyncRun) -> int:
        return 2 if row.state in LIVE else 0

    def panels(self, request: HttpRequest, row: SyncRun) -> dict[str, Any]:
        url = list_url(Message, partner__id__exact=row.partner_id, module=row.module, direction__exact="out")
        return {
            "facts": {
                "Partner": self.shown_partner(row),
                "Module": row.module,
                "Read": READ[row.full],
                "From": at(row.date_from) if row.date_from else "",
                "Requested": at(row.created_at),
                "Began": at(row.started_at),
                "Ended": at(row.ended_at),
                "Tries": row.tries,
                "Exchanges": anchor(url, f"GET {row.module} in the message log"),
            },
            "numbers": (
                ("pages", row.pages),
                ("received", row.received),
                ("stored", row.stored),
                ("refused", row.refused),
            ),
            "schedule": schedule(row),
            "paths": faults_by_path(row.faults),
            "faults": json_block(row.faults, f"{_objects(row)} with faults"),
        }

    @admin.display(description="partner")
    def shown_partner(self, row: SyncRun) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state")
    def shown_state(self, row: SyncRun) -> SafeString:
        if row.state == State.SUCCEEDED and (row.refused or row.faults):
            return badge("Succeeded in part", WARNING)
        return state_badge(row)

    @admin.display(description="refused")
    def shown_refused(self, row: SyncRun) -> SafeString | int:
        return badge(row.refused, WARNING) if row.refused else 0

    @admin.display(description="read")
    def read(self, row: SyncRun) -> str:
        return READ[row.full]

    @admin.display(description="requested")
    def created(self, row: SyncRun) -> SafeString | str:
        return ago(row.created_at)
