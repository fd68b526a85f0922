"""Filters of the message log."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter

from ocpi.models import Message

FAILED = (
    Q(http_status=None, duration_ms__isnull=False) | Q(http_status__gte=400) | Q(ocpi_status__gte=2000) | ~Q(error="")
)
MODULES = ("versions", "credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class OutcomeFilter(RadioFilter):
    """Only what went wrong."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", "Only failures"), ("odd", "Leniently read"), ("ok", "Only successes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        if self.value() == "failed":
            return queryset.filter(FAILED)
        if self.value() == "odd":
            return queryset.exclude(leniences=[])
        return queryset.exclude(FAILED) if self.value() == "ok" else queryset


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

    title = "method"
    parameter_name = "method"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in METHODS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(method=self.value()) if self.value() in METHODS else queryset


class HttpFilter(DropdownFilter):
    """The class of the HTTP status."""

    title = "HTTP status"
    parameter_name = "http"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("2", "2xx"), ("3", "3xx"), ("4", "4xx"), ("5", "5xx"), ("none", "No answer")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        value = self.value()
        if value == "none":
            return queryset.filter(http_status=None)
        if value in ("2", "3", "4", "5"):
            return queryset.filter(http_status__gte=int(value) * 100, http_status__lt=int(value) * 100 + 100)
        return queryset


class OcpiFilter(DropdownFilter):
    """The class of the OCPI status code (OCPI 2.2.1 §5)."""

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
            return queryset.filter(ocpi_status=None)
        if value in ("1", "2", "3", "4"):
            return queryset.filter(ocpi_status__gte=int(value) * 1000, ocpi_status__lt=int(value) * 1000 + 1000)
        return queryset
