"""A list as CSV: what it shows as it is filtered, row by row, never held in memory, harmless in a spreadsheet."""

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import capfirst

AT_ONCE = 500
EXACT = re.compile(r'^<span class="sfp-nowrap"[^>]*? title="([^"]+)">')
"""A moment that is shown as `3 min ago` has the exact one in its title."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*( ?(%|[A-Z]{3}))?")


class Echo:
    """A file for `csv.writer` that hands back each line."""

    def write(self, line: str) -> str:
        return line


class ExportMixin:
    """A ModelAdmin whose list comes as CSV under `export.csv`, with the same filters in the address."""

    model: type[Model]
    opts: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        theirs: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [path("export.csv", view, name=name), *theirs]

    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """Every row that the list would show on all of its pages."""
        page: Any = self
        if not page.has_view_permission(request):
            raise PermissionDenied
        columns = [name for name in page.get_list_display(request) if name != "action_checkbox"]
        rows: QuerySet[Any] = page.get_changelist_instance(request).queryset
        lines = self._lines(rows, columns)
        writer = csv.writer(Echo())
        response = StreamingHttpResponse((writer.writerow(line) for line in lines), content_type="text/csv")
        name = f"{self.opts.model_name}-{timezone.localtime():%Y-%m-%d}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _lines(self, rows: QuerySet[Any], columns: list[str]) -> Iterator[list[str]]:
        page: Any = self
        yield [capfirst(str(label_for_field(name, self.model, page))) for name in columns]
        for chunk in _in_chunks(rows):
            page.complete(chunk)
            yield from ([harmless(self._text(name, row)) for name in columns] for row in chunk)

    def _text(self, name: str, row: Any) -> str:
        page: Any = self
        try:
            field, _how, value = lookup_field(name, row, page)
        except ObjectDoesNotExist:
            return ""
        if field is not None and getattr(field, "flatchoices", None):
            value = getattr(row, f"get_{field.name}_display")()
        return plain(value)


def _in_chunks(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """All rows, the newest first, by questions that each find their place over the primary key."""
    last = None
    ordered = rows.order_by("-pk")
    while True:
        chunk = list((ordered if last is None else ordered.filter(pk__lt=last))[:AT_ONCE])
        yield chunk
        if len(chunk) < AT_ONCE:
            return
        last = chunk[-1].pk


def plain(value: Any) -> str:
    """A cell's text: moments exactly, markup gone."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    if exact := EXACT.match(text):
        return unescape(exact.group(1))
    return " ".join(unescape(strip_tags(text.replace("</div>", "; "))).split()).strip("; ") if "<" in text else text


def harmless(text: str) -> str:
    """Text that a spreadsheet takes for text: one that looks like a formula begins with an apostrophe."""
    text = text.replace("\x00", "")
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text
