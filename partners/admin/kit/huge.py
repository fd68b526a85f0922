"""Lists of tables with a million rows: never counted, and never sorted by what no index serves."""

from typing import Any

from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from partners.admin.kit.pages import SupportChangeList


class HugeChangeList(SupportChangeList):
    """What no header offers, an address made by hand (`?o=3`) does not get either."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        self.params.pop(ORDER_VAR, None)
        return list(super().get_ordering(request, queryset))


class HugeMixin:
    """In the order of one of the model's own indexes, page by page, and in no other."""

    paginator = InfinitePaginator
    sortable_by: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[HugeChangeList]:
        return HugeChangeList
