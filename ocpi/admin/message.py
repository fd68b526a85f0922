"""The message log: every exchange with partners, both sides of it."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.paginator import InfinitePaginator

from ocpi.admin import message_filters as filters
from ocpi.admin.curl import as_curl
from ocpi.admin.objects import object_links
from ocpi.models import Message
from partners.admin.pages import ReadOnlyAdmin, Standing
from partners.admin.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, at, badge, json_text, lines, link, nowrap

INBOUND = Message.Direction.INBOUND
MOST_IN_THREAD = 50
ID = re.compile(r"\d{1,18}")


def failed(row: Message) -> bool:
    """Whether the exchange ended badly. One that is still open did not end."""
    return bool(row.error) or (not row.ok and row.duration_ms is not None)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
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
        ("direction", ChoicesDropdownFilter),
        filters.ModuleFilter,
        filters.MethodFilter,
        filters.HttpFilter,
        filters.OcpiFilter,
        ("at", RangeDateTimeFilter),
    )
    list_select_related = ("partner",)
    quick_filters = (("All", ""), ("Failures", "outcome=failed"), ("Leniently read", "outcome=odd"))
    paginator = InfinitePaginator
    sortable_by = ()
    search_fields = ("url",)
    search_help_text = "URL, object ID, correlation or request ID"
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
        found = Q(url__icontains=term) | Q(correlation_id=term) | Q(request_id=term)
        if ID.fullmatch(term):
            found |= Q(pk=int(term))
        return queryset.filter(found), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """The list does without headers and bodies, which are most of a row."""
        rows: QuerySet[Message] = super().get_queryset(request)
        match = request.resolver_match
        if match and match.url_name == "ocpi_message_changelist":
            return rows.defer("request_headers", "request_body", "response_headers", "response_body")
        return rows

    def standing(self, row: Message) -> Standing:
        who = row.partner.name if row.partner else "somebody unknown"
        line = f"From {who} to us." if row.direction == INBOUND else f"From us to {who}."
        if row.error and row.http_status is None:
            return Standing("No answer", f"{line} {row.error}", DANGER)
        if row.duration_ms is None:
            return Standing("Open", f"{line} No end was recorded: it runs, or its worker died.", INFO)
        took = f"It took {row.duration_ms} ms."
        if failed(row):
            return Standing("Failed", f"{line} {took} {row.error}", DANGER, _advice(row))
        if row.leniences:
            advice = "It was read all the same. Tell the partner, so that stricter partners of theirs can read it too."
            return Standing("Read leniently", f"{line} {took}", WARNING, advice)
        return Standing("Success", f"{line} {took}", SUCCESS)

    def panels(self, request: HttpRequest, row: Message) -> dict[str, Any]:
        thread = Message.objects.filter(correlation_id=row.correlation_id).exclude(correlation_id="").order_by("id")
        return {
            "is_inbound": row.direction == INBOUND,
            "http": http_badge(row),
            "ocpi": ocpi_badge(row),
            "request_body": json_text(row.request_body) if row.request_body else "",
            "response_body": json_text(row.response_body) if row.response_body else "",
            "objects": object_links(row.partner_id, row.objects_touched),
            "thread": [
                {"row": one, "http": http_badge(one), "ocpi": ocpi_badge(one)}
                for one in thread.defer("request_body", "response_body")[:MOST_IN_THREAD]
            ],
            "curl": as_curl(row),
            "facts": {
                "Message": row.pk,
                "At": at(row.at),
                "Partner": link(row.partner) if row.partner else "not recognised",
                "Source address": row.source_address,
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
    def shown_partner(self, row: Message) -> SafeString:
        return nowrap(row.partner.name if row.partner else "unknown")

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


def http_badge(row: Message) -> SafeString:
    """The HTTP status, or that there is none."""
    if row.http_status is None:
        return badge("open", INFO) if row.duration_ms is None else badge("no answer", DANGER)
    return badge(row.http_status, SUCCESS if row.http_status < 300 else WARNING if row.http_status < 400 else DANGER)


def ocpi_badge(row: Message) -> SafeString | str:
    """The OCPI status code."""
    if row.ocpi_status is None:
        return "-"
    return badge(row.ocpi_status, NEUTRAL if row.ocpi_status < 2000 else DANGER)


ADVICE = {
    401: "The token is not known. Compare its last characters with the partner's tokens.",
    403: "The address is not on an allowlist: ours if they called us, theirs if we called them.",
    404: "Compare the URL with the endpoints of the other side, and the object with what was sent before.",
    405: "The registration is in another state on the two sides, or the module does not offer this method.",
}


def _advice(row: Message) -> str:
    if row.faults:
        return "Send the partner the faults listed below."
    return ADVICE.get(row.http_status or 0, "")
