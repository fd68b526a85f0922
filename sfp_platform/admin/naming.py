"""What a page is called: as in the sidebar, wherever it is named."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django import template
from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from unfold.paginator import InfinitePaginator

from sfp_platform.admin.navigation import GROUPS

register = template.Library()


@cache
def _entries() -> dict[str, tuple[str, str]]:
    """(group, entry) of the sidebar, by the label of the model."""
    return {label: (group, title) for group, pages in GROUPS for label, title, _icon in pages}


@cache
def _lists() -> dict[str, tuple[str, str]]:
    """(group, entry) of the sidebar, by the address of the list."""
    named = {apps.get_model(label)._meta: told for label, told in _entries().items()}
    return {reverse(f"admin:{one.app_label}_{one.model_name}_changelist"): told for one, told in named.items()}


@register.filter
def as_in_sidebar(parts: Iterable[dict[str, Any]], request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's breadcrumb, with the sidebar's words for group and list. A group has no page of its own; a row that is
    being added has no name yet."""
    crumbs = [{**part, "title": _named(part["title"]), "link": str(part.get("link") or "")} for part in parts]
    told = next((_lists()[one["link"]] for one in crumbs if one["link"] in _lists()), None)
    if told is None:
        return crumbs
    group, title = told
    named = [{**one, "title": title} if one["link"] in _lists() else one for one in crumbs[1:]]
    return [{"title": group, "link": ""}, *named, *([{"title": "Add", "link": ""}] if _adds(request) else [])]


def _adds(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and (match.url_name or "").endswith("_add")


def _named(title: Any) -> str:
    """A row is called as it is: many have an id for a name."""
    return str(title) if isinstance(title, Model) else capfirst(str(title))


@register.filter
def sidebar_entry(options: Any) -> str:
    """The sidebar's words for a model; its own where it has no entry."""
    entry = _entries().get(options.label_lower)
    return entry[1] if entry else capfirst(str(options.verbose_name_plural))


@register.filter
def how_many(change_list: Any) -> str:
    """`1–50 of 73`; of a list that is never counted what is known: `1–50, and more`, on the last page `51–73 of 73`."""
    size, shown = change_list.paginator.per_page, len(change_list.result_list)
    before = (change_list.page_num - 1) * size
    if not shown:
        return "none" if not before else "no more"
    rows = f"{before + 1}–{before + shown}"
    if not isinstance(change_list.paginator, InfinitePaginator):
        return f"{rows} of {change_list.result_count}"
    return f"{rows}, and more" if shown == size else f"{rows} of {before + shown}"
