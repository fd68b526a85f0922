"""Every page of the admin, found in its own tables of models and URLs: a new page is measured without being named here.

Import it after Django is set up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from rehearsal.bench.crowd import busiest
from rehearsal.bench.crowd.filling import DAYS

ROOT = "/admin/"
# Not pages about data: forms of one's own account, scripts, what needs a POST.
NO_PAGES = re.compile(
    r"(^|_)(login|logout|jsi18n|autocomplete|add|delete|download|view_on_site|do_.*|.*password.*|second_factor.*|recovery.*)$"
)
ARGUMENT = re.compile(r"<(?:path:|int:)?(?:object_id|pk|id)>")
OWN_LINK = re.compile(r'href="(?:[^"?]*)(\?tab=[^"#]+)"')
# Where a row says what it is called: what somebody may have been told.
IDS = (
    *("pk", "ocpi_id", "uid", "evse_id", "reference", "gateway_reference", "request_id", "correlation_id", "subject"),
    *("code", "name", "token_uid", "authorization_reference", "session_id", "contract_id", "location_id"),
)
NOBODYS = "b5f0e0a4-0000-4000-8000-000000000000"
PAGES = (2, 20)


@dataclass(frozen=True)
class Page:
    """One address, and how the table of figures calls it."""

    name: str
    url: str


def plain_pages() -> Iterator[Page]:
    """Those whose address needs nothing: the first page, lists, the map and whatever else."""
    for route, name in _routes(admin.site.get_urls()):
        if "<" not in route and "(" not in route and not NO_PAGES.search(name):
            yield Page(name.removesuffix("_changelist") or route, ROOT + route)


def row_pages() -> Iterator[Page]:
    """Those of one row, for the busiest row of its model."""
    for model, model_admin in admin.site._registry.items():
        row = busiest(model)
        options = model._meta
        prefix = f"{options.app_label}/{options.model_name}/"
        for route, name in _routes(model_admin.get_urls()):
            if row is not None and ARGUMENT.search(route) and name and not NO_PAGES.search(name):
                path = ARGUMENT.sub(str(row.pk), route)
                if "<" not in path:
                    yield Page(f"{name} of one", ROOT + prefix + path)


def searches() -> Iterator[Page]:
    """The box that finds any id, with an id of each kind, and with nobody's."""
    terms = {"nobody's id": NOBODYS, "one word": "charging"}
    for model in admin.site._registry:
        for name, value in told(busiest(model)):
            terms[f"{model._meta.model_name}.{name}"] = value
    for title, term in terms.items():
        yield Page(f"search by {title}", f"{ROOT}search/?{urlencode({'extended': 1, 's': term})}")


def tabs(page: Page, content: str) -> Iterator[Page]:
    """The tabs that a page links to at its own address."""
    for query in sorted(set(OWN_LINK.findall(content))):
        yield Page(f"{page.name} {query}", page.url + query.replace("&amp;", "&"))


def of_list(page: Page, changes: Any) -> Iterator[Page]:
    """What a list offers: further pages, quick filters, filters, orders, a search by an id."""
    queries = [*_page_numbers(changes), *_quick(changes), *_filters(changes), *_orders(changes), *_terms(changes)]
    for title, query in queries:
        yield Page(f"{page.name} {title}", f"{page.url}?{query}")


def told(row: Model | None) -> Iterator[tuple[str, str]]:
    """The ids of a row, by the names of their columns."""
    for name in IDS:
        value = getattr(row, name, None) if row is not None else None
        if value and not callable(value) and len(str(value)) > 1:
            yield name, str(value)


def _routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield route, pattern.name


def _page_numbers(changes: Any) -> Iterator[tuple[str, str]]:
    for number in PAGES:
        if changes.paginator.count > changes.list_per_page * (number - 1):
            yield f"page {number}", f"p={number}"


def _quick(changes: Any) -> Iterator[tuple[str, str]]:
    for title, query in getattr(changes.model_admin, "quick_filters", ()):
        if query:
            yield f"quick: {title}", query


def _filters(changes: Any) -> Iterator[tuple[str, str]]:
    """Each choice of each filter; of long lists the first and the last."""
    for spec in changes.filter_specs:
        for choice in spec.choices(changes):
            if "form" in choice:
                yield from _of_form(choice["form"])
            elif not choice.get("selected"):
                yield f"filter {choice['display']}", choice["query_string"].removeprefix("?")


def _of_form(form: Any) -> Iterator[tuple[str, str]]:
    for name, field in form.fields.items():
        values = [str(value) for value, _ in getattr(field, "choices", ()) if value not in ("", None)]
        for value in values if len(values) < 20 else (values[0], values[-1]):
            yield f"filter {name}={value[:20]}", urlencode({name: value})
    for name in form.fields:
        if name.endswith("_from"):
            yield from _of_range(name.removesuffix("_from"))


def _of_range(name: str) -> Iterator[tuple[str, str]]:
    """One day of the first ones, and all that was before it: far from the newest rows."""
    day = f"{timezone.localdate() - timedelta(days=DAYS - 10):%Y-%m-%d}"
    query = {f"{name}_from_0": day, f"{name}_from_1": "00:00:00", f"{name}_to_0": day, f"{name}_to_1": "23:59:59"}
    yield f"filter {name} on a day", urlencode(query)
    yield f"filter {name} until a day", urlencode({key: value for key, value in query.items() if "_to_" in key})


def _orders(changes: Any) -> Iterator[tuple[str, str]]:
    for number, column in enumerate(changes.list_display):
        if column in changes.sortable_by and changes.get_ordering_field(column):
            yield f"order {column}", f"o={number}"


def _terms(changes: Any) -> Iterator[tuple[str, str]]:
    if changes.model_admin.search_fields:
        yield "search nobody's id", urlencode({"q": NOBODYS})
        for name, value in told(busiest(changes.model)):
            yield f"search {name}", urlencode({"q": value})
