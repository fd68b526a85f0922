"""Buttons on a page: each a POST of its own, with a permission, a confirmation and a line in the history.

The confirmation is a dialog in the page, so the address of an action never answers GET and cannot be followed by
accident. A form that does not validate comes back as a page of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

PRIMARY, DEFAULT, DANGER = "primary", "default", "danger"


class Refused(Exception):
    """What was asked for is not possible now."""


@dataclass(frozen=True)
class PageAction:
    """One button.

    Attributes:
        permission: as `app.codename`; without it there is no button, and the address answers 403.
        question: what will happen, in the confirmation.
        run: does it, given (request, object, cleaned data); returns what to tell staff, or a page to show. Raises
            Refused.
        tone: PRIMARY for what to press next; it may depend on the object.
        possible: whether the button makes sense for the object now.
    """

    name: str
    label: str
    permission: str
    question: str
    run: Callable[[HttpRequest, Any, dict[str, Any]], HttpResponse | str]
    icon: str = ""
    tone: str | Callable[[Any], str] = DEFAULT
    form: type[forms.Form] | None = None
    possible: Callable[[Any], bool] = lambda _: True

    def tone_for(self, row: Any) -> str:
        """How the button looks on this object's page."""
        return self.tone(row) if callable(self.tone) else self.tone

    def new_form(self, data: Any = None) -> forms.Form:
        """The form of the confirmation; an empty one where nothing is asked."""
        return (self.form or forms.Form)(data, auto_id=f"do-{self.name}-%s", label_suffix="")


class ActionsMixin:
    """A ModelAdmin with `page_actions`."""

    page_actions: tuple[PageAction, ...] = ()
    model: type[Model]
    opts: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/do/{action.name}/",
                self.admin_site.admin_view(partial(self.act, action=action)),
                name=self.action_url_name(action),
            )
            for action in self.page_actions
        ]
        return own + super().get_urls()  # type: ignore[misc]

    def action_url_name(self, action: PageAction) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_do_{action.name}"

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """What may be pressed now, for the template."""
        return [
            self.button(action, row, action.new_form())
            for action in self.page_actions
            if request.user.has_perm(action.permission) and action.possible(row)
        ]

    def button(self, action: PageAction, row: Any, form: forms.Form) -> dict[str, Any]:
        return {"action": action, "form": form, "url": self.action_url(action, row), "tone": action.tone_for(row)}

    def action_url(self, action: PageAction, row: Any) -> str:
        return reverse(f"admin:{self.action_url_name(action)}", args=[row.pk])

    def act(self, request: HttpRequest, object_id: str, action: PageAction) -> HttpResponse:
        """Do it, if it may be done and can be."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(action.permission):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if row is None:
            raise Http404
        back = HttpResponseRedirect(
            reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        )
        if not action.possible(row):
            messages.warning(request, f"“{action.label}” is not possible any more: the state has changed.")
            return back
        form = action.new_form(request.POST)
        if not form.is_valid():
            return self.ask_again(request, action, row, form)
        try:
            outcome = action.run(request, row, form.cleaned_data)
        except Refused as refused:
            messages.error(request, str(refused))
            return back
        said = outcome if isinstance(outcome, str) else ""
        self.log_change(request, row, f"{action.label}. {said}".strip())  # type: ignore[attr-defined]
        if isinstance(outcome, HttpResponse):
            return outcome
        messages.success(request, outcome)
        return back

    def ask_again(self, request: HttpRequest, action: PageAction, row: Any, form: forms.Form) -> HttpResponse:
        """The confirmation as a page, with what is wrong."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": action.label,
            "original": row,
            "button": self.button(action, row, form),
        }
        return TemplateResponse(request, "admin/support/ask_again.html", context)
