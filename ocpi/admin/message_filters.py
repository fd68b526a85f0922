"""Filters of the message log."""

from typing import Any

from django.db.models import Max, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter

from ocpi.models import Message
from ocpi.versions import VERSIONS

MODULES = (
    *("versions", "credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands"),
    *("chargingprofiles", "hubclientinfo", "bookings", "payments"),
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What has no index is looked for among the newest: to find nothing in millions would take a minute.
NEWEST = 10_000


def newest(queryset: QuerySet[Message]) -> QuerySet[Message]:
    """The last messages of the log. One query more, by the primary key."""
    last = Message.objects.aggregate(last=Max("pk"))["last"] or 0
    return queryset.filter(pk__gt=last - NEWEST)


class OutcomeFilter(RadioFilter):
    """How it went."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("failed", "Only failures"),
            ("faulty", "With faults"),
            ("odd", "Leniently read"),
            ("ok", "Only successes"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        if self.value() == "failed":
            return queryset.filter(failed=True)
        if self.value() == "faulty":
            return queryset.exclude(faults=[])
        if self.value() == "odd":
            return queryset.exclude(leniences=[])
        return queryset.filter(failed=False, duration_ms__isnull=False) if self.value() == "ok" else queryset


class VersionFilter(DropdownFilter):
    """One version of OCPI."""

    title = f"OCPI version, newest {NEWEST:,}"
    parameter_name = "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in VERSIONS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return newest(queryset).filter(version=self.value()) if self.value() in VERSIONS else queryset


class ModuleFilter(DropdownFilter):
    """One module. A fixed list: asking the log for its modules would read all of it."""

    title = "module"
    parameter_name = "module"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in MODULES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(module=self.value()) if self.value() in MODULES else queryset


class MethodFilter(DropdownFilter):
    """One HTTP method."""

    title = f"method, newest {NEWEST:,}"
    parameter_name = "method"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in METHODS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return newest(queryset).filter(method=self.value()) if self.value() in METHODS else queryset


class HttpFilter(DropdownFilter):
    """The class of the HTTP status. All but success are failures, and those have an index."""

    title = "HTTP status"
    parameter_name = "http"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("2", "2xx"), ("3", "3xx"), ("4", "4xx"), ("5", "5xx"), ("none", "No answer")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        value = self.value()
        if value == "none":
            return queryset.filter(failed=True, http_status=None)
        if value in ("2", "3", "4", "5"):
            rows = queryset if value == "2" else queryset.filter(failed=True)
            return rows.filter(http_status__gte=int(value) * 100, http_status__lt=int(value) * 100 + 100)
        return queryset


class OcpiFilter(DropdownFilter):
    """The class of the OCPI status code (OCPI 2.2.1 §5). Answers without one are failures, as 2000 and above are."""

    title = "OCPI status"
    parameter_name = "ocpi"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("1", "1xxx success"),
            ("2", "2xxx client error"),
            ("3", "3xxx server error"),
            ("4", "4xxx hub error"),
            ("none", "None"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        value = self.value()
        if value == "none":
            return queryset.filter(failed=True, ocpi_status=None)
        if value in ("1", "2", "3", "4"):
            rows = queryset if value == "1" else queryset.filter(failed=True)
            return rows.filter(ocpi_status__gte=int(value) * 1000, ocpi_status__lt=int(value) * 1000 + 1000)
        return queryset
