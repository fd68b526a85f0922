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
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from partners import history
from partners.admin.kit.showing import list_url
from partners.history import Result
from partners.models import HistoryEntry, Partner

PRIMARY, DEFAULT, DANGER = "primary", "default", "danger"


class Refused(Exception):
    """What was asked for is not possible now."""


@dataclass(frozen=True)
class PageAction:
    """One button.

    Attributes:
        permission: as `app.codename`; without it there is no button, and the address answers 403.
        question: what will happen, in the confirmation; it may depend on the object.
        run: does it, given (request, object, cleaned data); returns what to tell staff, or a page to show. Raises
            Refused.
        tone: PRIMARY for what to press next; it may depend on the object.
        possible: whether the button makes sense for the object now.
        asks: whether it is confirmed first: what cannot be undone, reaches the CPO or needs to be told something.
    """

    name: str
    label: str
    permission: str
    question: str | Callable[[Any], str]
    run: Callable[[HttpRequest, Any, dict[str, Any]], HttpResponse | str]
    icon: str = ""
    tone: str | Callable[[Any], str] = DEFAULT
    form: type[forms.Form] | None = None
    possible: Callable[[Any], bool] = lambda _: True
    asks: bool = True

    def question_for(self, row: Any) -> str:
        """What the confirmation says for this object."""
        return self.question(row) if callable(self.question) else self.question

    def tone_for(self, row: Any) -> str:
        """How the button looks on this object's page."""
        return self.tone(row) if callable(self.tone) else self.tone

    def new_form(self, data: Any = None) -> forms.Form:
        """The form of the confirmation; an empty one where nothing is asked."""
        return (self.form or forms.Form)(data, auto_id=f"do-{self.name}-%s", label_suffix="")


def reason_in(data: dict[str, Any]) -> str:
    """What was entered as the reason, where one was asked for."""
    return str(data.get("reason") or "").strip()


def history_url(row: Model) -> str:
    """The history's list, with what was changed and done about `row`; of a partner, about all that belongs to it."""
    if isinstance(row, Partner):
        return list_url(HistoryEntry, partner__id__exact=row.pk)
    content_type = ContentType.objects.get_for_model(row)
    return list_url(HistoryEntry, content_type__id__exact=content_type.pk, object_pk__exact=str(row.pk))


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
        theirs: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return own + theirs

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
        return {
            "action": action,
            "question": action.question_for(row),
            "form": form,
            "url": self.action_url(action, row),
            "tone": action.tone_for(row),
            "asks": action.asks,
        }

    def action_url(self, action: PageAction, row: Any) -> str:
        return reverse(f"admin:{self.action_url_name(action)}", args=[row.pk])

    def act(self, request: HttpRequest, object_id: str, action: PageAction) -> HttpResponse:
        """Do it, if it may be done and can be; the history has a line of it whatever becomes of it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        allowed = request.user.has_perm(action.permission)
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if row is None:
            raise Http404 if allowed else PermissionDenied
        if not allowed:
            self.refuse(request, action, row, "They may not do this.")
            raise PermissionDenied
        if not action.possible(row):
            text = f"“{action.label}” is not possible any more: the state has changed."
            self.refuse(request, action, row, text)
            messages.warning(request, text)
            return self.back_to(row)
        form = action.new_form(request.POST)
        return (
            self.run_action(request, action, row, form)
            if form.is_valid()
            else self.ask_again(request, action, row, form)
        )

    def run_action(self, request: HttpRequest, action: PageAction, row: Any, form: forms.Form) -> HttpResponse:
        """Write down who does it, do it, and write down how it ended."""
        reason = reason_in(form.cleaned_data)
        line = history.begin(request.user, row, action.label, reason)
        try:
            with history.because(reason):
                outcome = action.run(request, row, form.cleaned_data)
        except Refused as refused:
            history.finish(line, Result.REFUSED, str(refused))
            messages.error(request, str(refused))
            return self.back_to(row)
        except Exception as error:
            history.finish(line, Result.FAILED, type(error).__name__)
            raise
        said = "" if isinstance(outcome, HttpResponse) else outcome
        history.finish(line, Result.DONE, said)
        if isinstance(outcome, HttpResponse):
            return outcome
        messages.success(request, said)
        return self.back_to(row)

    def refuse(self, request: HttpRequest, action: PageAction, row: Any, why: str) -> None:
        """A line about what somebody tried."""
        line = history.begin(request.user, row, action.label, str(request.POST.get("reason", "")))
        history.finish(line, Result.REFUSED, why)

    # Django's own log of the admin stays empty: one history, and it has the values too.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The new row is in the history already."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The changed fields are in the history already; what is said about them in words is added."""
        if isinstance(message, str) and message:
            history.note(obj, "Changed", message, user=request.user)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """The removed rows are in the history already."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The history, of this object only."""
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if row is None:
            raise Http404
        return HttpResponseRedirect(history_url(row))

    def back_to(self, row: Any) -> HttpResponse:
        """The page that the button is on."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[row.pk]))

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
