"""Syncs: pulls of a partner's objects, and what was refused in them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, ChoicesDropdownFilter, RelatedDropdownFilter

from ocpi.models import Message, SyncRun
from ocpi.sync.requests import request_sync
from partners.admin.actions import PageAction, Refused
from partners.admin.pages import ReadOnlyAdmin, Standing
from partners.admin.showing import (
    DANGER,
    INFO,
    SUCCESS,
    WARNING,
    ago,
    anchor,
    json_block,
    list_url,
    partner_link,
    state_badge,
    url_of,
)

State = SyncRun.State
LIVE = (State.DUE, State.RUNNING)


def again(_request: HttpRequest, run: SyncRun, _data: dict[str, Any]) -> HttpResponse:
    try:
        new = request_sync(run.partner, run.module, full=run.full, date_from=run.date_from)
    except ValueError as error:
        raise Refused(str(error)) from error
    return HttpResponseRedirect(url_of(SyncRun, new.pk))


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """One pull of one module."""

    list_display = ("module", "shown_partner", "shown_state", "received", "stored", "refused", "full", "created")
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ("module", AllValuesCheckboxFilter),
        ("state", ChoicesDropdownFilter),
    )
    list_select_related = ("partner",)
    search_fields = ("partner__name", "module", "error")
    search_help_text = "Partner, module or error"
    fieldsets = (
        ("What was read", {"fields": (("module", "shown_partner"), ("full", "date_from"), "shown_messages")}),
        ("What came of it", {"fields": (("pages", "received", "stored", "refused"), "error", "shown_faults")}),
        ("When", {"fields": (("created_at", "started_at", "ended_at"), "tries")}),
    )
    readonly_fields = ("shown_partner", "shown_faults", "shown_messages")
    empty_title = "No syncs yet"
    empty_text = "The first ones run after a handshake. You can start one on a partner's page."
    page_actions = (
        PageAction(
            "again",
            "Sync again",
            "partners.change_partner",
            "We read the same objects once more.",
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
            return Standing(
                "Succeeded", f"{text} {row.refused} could not be read.", WARNING, advice, since=row.ended_at
            )
        return Standing("Succeeded", f"{text} Nobody has to do anything.", SUCCESS, since=row.ended_at)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: SyncRun) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: SyncRun) -> SafeString:
        return state_badge(row)

    @admin.display(description="requested", ordering="created_at")
    def created(self, row: SyncRun) -> SafeString | str:
        return ago(row.created_at)

    @admin.display(description="faults")
    def shown_faults(self, row: SyncRun) -> SafeString | str:
        return json_block(row.faults, f"{len(row.faults)} refused objects", is_open=len(row.faults) < 5)

    @admin.display(description="exchanges")
    def shown_messages(self, row: SyncRun) -> SafeString | str:
        url = list_url(Message, partner__id__exact=row.partner_id, module=row.module, direction__exact="out")
        return anchor(url, f"GET {row.module} in the message log")
