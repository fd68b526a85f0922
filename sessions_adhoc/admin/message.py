"""The message log: every exchange with partners, both sides of it."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from ocpi.admin import message_filters as filters
from ocpi.admin.bodies import Note, marked_json, notes_of
from ocpi.admin.curl import as_curl
from ocpi.admin.message_again import ACTIONS
from ocpi.admin.message_words import http_badge, ocpi_badge, standing_of
from ocpi.admin.objects import object_links
from ocpi.calls import resending
from ocpi.log.searching import subject_term
from ocpi.models import Message
from ocpi.server import replay
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import anchor, at, clock_time, lines, link, nowrap, url_of
from sessions_adhoc.admin.belonging import ad_hoc_sessions

INBOUND = Message.Direction.INBOUND
MOST_IN_THREAD = 50
ID = re.compile(r"\d{1,18}")


def _in_data(path: str) -> str:
    """Where a note on an answer is: its path is relative to `data`, which may be a list."""
    return f"data{path}" if path.startswith("[") else f"data.{path}"


@admin.register(Message)
class MessageAdmin(HugeMixin, ReadOnlyAdmin):
    """Newest first, never counted: there may be millions."""

    change_form_template = "admin/ocpi/message/page.html"
    list_display = (
        "when",
        "shown_direction",
        "shown_partner",
        "request_line",
        "shown_http",
        "shown_ocpi",
        "took",
        "notes",
    )
    list_display_links = ("request_line",)
    list_filter = (
        filters.OutcomeFilter,
        ("partner", RelatedDropdownFilter),
        ("entrance", RelatedDropdownFilter),
        ("direction", ChoicesDropdownFilter),
        filters.ModuleFilter,
        filters.VersionFilter,
        filters.MethodFilter,
        filters.HttpFilter,
        filters.OcpiFilter,
        ("at", RangeDateTimeFilter),
    )
    quick_filters = (
        ("All", ""),
        ("Failures", "outcome=failed"),
        ("With faults", "outcome=faulty"),
        ("Leniently read", "outcome=odd"),
        ("From partners", "direction__exact=in"),
        ("To partners", "direction__exact=out"),
    )
    page_actions = ACTIONS
    moment = "at"
    search_fields = ("url",)
    search_help_text = "Session, CDR, token, location, EVSE, correlation or request ID, or a message's number"
    empty_title = "No messages yet"
    empty_text = (
        "Every OCPI request appears here, in both directions, also the refused ones. Start a handshake to see some."
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(correlation_id=term) | Q(request_id=term)
        if subject := subject_term(term):
            # The index leaves out messages without a subject: the planner has to be told.
            found |= Q(subject__startswith=subject) & ~Q(subject="")
        if ID.fullmatch(term):
            found |= Q(pk=int(term))
        return queryset.filter(found), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """The list does without headers and bodies, which are most of a row. Partners are joined: one may be gone."""
        rows: QuerySet[Message] = super().get_queryset(request).select_related("partner", "entrance")
        match = request.resolver_match
        if match and match.url_name == "ocpi_message_changelist":
            return rows.defer("request_headers", "request_body", "response_headers", "response_body")
        return rows

    def standing(self, row: Message) -> Standing:
        return standing_of(row)

    def panels(self, request: HttpRequest, row: Message) -> dict[str, Any]:
        notes = notes_of(row.faults, row.leniences)
        mine, theirs = (notes, []) if row.direction == INBOUND else ([], notes)
        origin = replay.replay_of(row.source_address)
        thread = Message.objects.filter(correlation_id=row.correlation_id).exclude(correlation_id="").order_by("id")
        return {
            "is_inbound": row.direction == INBOUND,
            "http": http_badge(row),
            "ocpi": ocpi_badge(row),
            "request_body": marked_json(row.request_body, mine),
            "response_body": marked_json(
                row.response_body, [Note(_in_data(note.path), note.text, note.tone) for note in theirs]
            ),
            "cannot_again": replay.why_not(row) if row.direction == INBOUND else resending.why_not(row),
            "objects": object_links(row.partner_id, row.objects_touched),
            "related": [link(session, f"Ad-hoc session {session}") for session in ad_hoc_sessions(row)],
            "thread": [
                {"row": one, "http": http_badge(one), "ocpi": ocpi_badge(one)}
                for one in thread.defer("request_body", "response_body")[:MOST_IN_THREAD]
            ],
            "curl": as_curl(row),
            "facts": {
                "Message": row.pk,
                "At": clock_time(row.at),
                "Partner": link(row.partner) if row.partner else "not recognised",
                "At the host of": link(row.entrance) if row.entrance else "",
                "Source address": "" if origin else row.source_address,
                "Replay of": anchor(url_of(Message, origin), f"Message {origin}, by staff") if origin else "",
                "OCPI version": row.version,
                "Module": row.module,
                "X-Request-ID": row.request_id,
                "X-Correlation-ID": row.correlation_id,
            },
        }

    @admin.display(description="at")
    def when(self, row: Message) -> SafeString | str:
        return at(row.at)

    @admin.display(description="")
    def shown_direction(self, row: Message) -> SafeString:
        arrow, title = ("south_west", "From partner") if row.direction == INBOUND else ("north_east", "To partner")
        return format_html('<span class="material-symbols-outlined" title="{}">{}</span>', title, arrow)

    @admin.display(description="partner")
    def shown_partner(self, row: Message) -> SafeString | str:
        if row.partner is None and row.entrance is not None:
            return nowrap(f"unknown, at the host of {row.entrance.label}")
        return row.partner.label if row.partner else "unknown"

    @admin.display(description="request")
    def request_line(self, row: Message) -> SafeString:
        url = row.url if len(row.url) <= 90 else f"{row.url[:60]}…{row.url[-28:]}"
        return format_html('<span class="sfp-code"><b>{}</b> {}</span>', row.method, url)

    @admin.display(description="HTTP")
    def shown_http(self, row: Message) -> SafeString:
        return http_badge(row)

    @admin.display(description="OCPI")
    def shown_ocpi(self, row: Message) -> SafeString | str:
        return ocpi_badge(row)

    @admin.display(description="took")
    def took(self, row: Message) -> SafeString | str:
        return nowrap(f"{row.duration_ms} ms") if row.duration_ms is not None else "-"

    @admin.display(description="notes")
    def notes(self, row: Message) -> SafeString | str:
        counted = ((len(row.faults), "fault"), (len(row.leniences), "lenience"))
        return lines(nowrap(f"{count} {name}{'s'[: count != 1]}") for count, name in counted if count)
