"""The history: who changed or did what, when, and why."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    DropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.paginator import InfinitePaginator

from partners.admin.kit.pages import ReadOnlyAdmin
from partners.admin.kit.showing import (
    DANGER,
    NEUTRAL,
    SUCCESS,
    WARNING,
    anchor,
    at,
    badge,
    clock_time,
    lines,
    partner_link,
)
from partners.history import entry_words
from partners.models import HistoryEntry

Result = HistoryEntry.Result
TONES = {Result.DONE: SUCCESS, Result.REFUSED: WARNING, Result.FAILED: DANGER, Result.STARTED: WARNING}

# auditlog registers its own, plainer page.
admin.site.unregister(HistoryEntry)


def quiet(text: str) -> SafeString:
    return format_html('<span class="sfp-quiet">{}</span>', text)


class KindFilter(DropdownFilter):
    """Buttons pressed, or rows changed."""

    title = "kind"
    parameter_name = "kind"
    kinds = (
        ("pressed", "Buttons pressed", {"label__gt": ""}),
        ("refused", "Refused or failed", {"result__in": [Result.REFUSED, Result.FAILED]}),
        ("added", "Rows added", {"label": "", "action": HistoryEntry.Action.CREATE}),
        ("changed", "Rows changed", {"label": "", "action": HistoryEntry.Action.UPDATE}),
        ("removed", "Rows removed", {"label": "", "action": HistoryEntry.Action.DELETE}),
    )

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, title) for key, title, _ in self.kinds]

    def queryset(self, request: HttpRequest, queryset: QuerySet[HistoryEntry]) -> QuerySet[HistoryEntry]:
        for key, _, wanted in self.kinds:
            if key == self.value():
                return queryset.filter(**wanted)
        return queryset


@admin.register(HistoryEntry)
class HistoryAdmin(ReadOnlyAdmin):
    """Newest first; nothing in it can be changed or deleted."""

    list_display = ("shown_when", "shown_who", "shown_what", "shown_why", "shown_result", "shown_partner")
    list_display_links = ("shown_when",)
    list_select_related = ("actor", "content_type", "partner")
    paginator = InfinitePaginator
    sortable_by = ()
    list_filter = (
        KindFilter,
        ("partner", RelatedDropdownFilter),
        ("actor", RelatedDropdownFilter),
        ("timestamp", RangeDateTimeFilter),
    )
    quick_filters = (("All", ""), ("Buttons pressed", "kind=pressed"), ("Refused or failed", "kind=refused"))
    search_fields = ("object_repr", "label", "reason", "outcome", "actor__username")
    search_help_text = "Object, button, reason or user name"
    ordering = ("-timestamp", "-id")
    empty_title = "Nothing happened yet"
    empty_text = "Every change of the configuration and every button pressed appears here, with who, when and why."
    fieldsets = (
        ("What", {"fields": ("shown_subject", "label", "outcome", "shown_changes", "shown_result")}),
        ("Why", {"fields": ("reason",)}),
        ("Who and when", {"fields": (("shown_who", "remote_addr"), "shown_exactly", "shown_partner")}),
    )
    readonly_fields = ("shown_subject", "shown_changes", "shown_result", "shown_who", "shown_exactly", "shown_partner")

    @admin.display(description="when", ordering="timestamp")
    def shown_when(self, row: HistoryEntry) -> SafeString | str:
        return at(row.timestamp)

    @admin.display(description="when")
    def shown_exactly(self, row: HistoryEntry) -> str:
        return clock_time(row.timestamp)

    @admin.display(description="who", ordering="actor__username")
    def shown_who(self, row: HistoryEntry) -> str:
        return entry_words.who(row)

    @admin.display(description="what")
    def shown_what(self, row: HistoryEntry) -> SafeString | str:
        subject = anchor(entry_words.link(row), row.object_repr)
        if row.label:
            head = format_html("<b>{}</b> · {} {}", row.label, entry_words.kind(row), subject)
            return lines([head, row.outcome])
        head = format_html("{} {} {}", entry_words.verb(row), entry_words.kind(row), subject)
        return lines([head, *(quiet(change) for change in entry_words.details(row))])

    @admin.display(description="why")
    def shown_why(self, row: HistoryEntry) -> str:
        return row.reason or "-"

    @admin.display(description="result")
    def shown_result(self, row: HistoryEntry) -> SafeString | str:
        return badge(row.get_result_display(), TONES.get(Result(row.result), NEUTRAL)) if row.result else "-"

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: HistoryEntry) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="subject")
    def shown_subject(self, row: HistoryEntry) -> SafeString | str:
        return anchor(entry_words.link(row), f"{entry_words.kind(row).capitalize()} {row.object_repr}")

    @admin.display(description="changes")
    def shown_changes(self, row: HistoryEntry) -> SafeString | str:
        return lines(entry_words.details(row))
