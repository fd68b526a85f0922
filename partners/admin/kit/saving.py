"""Filters of a list that somebody uses again: saved under a name, each person's own."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse

from partners.models import SavedFilter

MOST, LONGEST_NUMBER = 20, 19
NOT_KEPT = ("p", "e", "all", "_changelist_filters")
"""Parts of an address that are no filter: the page, an error, everything at once."""


class SaveForm(forms.Form):
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=2000, required=False)


@dataclass(frozen=True)
class Shown:
    """A saved filter above its list."""

    pk: int
    name: str
    query: str
    active: bool


class SavedFilterMixin:
    """A ModelAdmin whose list keeps the filters of each person."""

    model: type[Model]
    opts: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        theirs: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [
            path("filters/save/", self.admin_site.admin_view(self.save_filter), name=f"{name}_save_filter"),
            path("filters/forget/", self.admin_site.admin_view(self.forget_filter), name=f"{name}_forget"),
            *theirs,
        ]

    def save_filter(self, request: HttpRequest) -> HttpResponse:
        """Keep the filters of the address under a name; the same name again is the newer one."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._may_look(request)
        form = SaveForm(request.POST)
        query = kept(form.data.get("query", ""))
        if not form.is_valid() or not query:
            messages.error(request, "Choose filters and a name of at most 60 characters, then save.")
            return self._back(query)
        with transaction.atomic():
            own = SavedFilter.objects.filter(user_id=_own(request), model=self.opts.label_lower)
            name = form.cleaned_data["name"].replace("\x00", "")
            if own.exclude(name=name).count() >= MOST:
                messages.error(request, f"{MOST} filters of a list are the most: forget one first.")
                return self._back(query)
            own.update_or_create(
                name=name,
                defaults={"query": query},
                create_defaults={"user_id": _own(request), "model": self.opts.label_lower, "query": query},
            )
        return self._back(query)

    def forget_filter(self, request: HttpRequest) -> HttpResponse:
        """Forget one's own; anybody else's stays."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._may_look(request)
        chosen = request.POST.get("pk", "")
        pk = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < LONGEST_NUMBER else 0
        SavedFilter.objects.filter(pk=pk, user_id=_own(request), model=self.opts.label_lower).delete()
        return self._back("")

    def _may_look(self, request: HttpRequest) -> None:
        page: Any = self
        if not page.has_view_permission(request):
            raise PermissionDenied

    def _back(self, query: str) -> HttpResponseRedirect:
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return HttpResponseRedirect(f"{address}?{query}" if query else address)


def _own(request: HttpRequest) -> int:
    """Who asks; nobody's filters are number 0's."""
    return request.user.pk or 0


def kept(query: str) -> str:
    """The filters of an address, in order, without what is none."""
    given = QueryDict(query.replace("\x00", "")[:2000], mutable=True)
    for name in NOT_KEPT:
        given.pop(name, None)
    return given.urlencode()


def saved_filters(request: HttpRequest, model: type[Model]) -> list[Shown]:
    """Those of the person, by name. One query."""
    own = SavedFilter.objects.filter(user_id=_own(request), model=model._meta.label_lower)
    now = kept(request.GET.urlencode())
    return [Shown(one.pk, one.name, one.query, one.query == now) for one in own]
