"""Two people at one form: whoever saves second is told what has changed since it was opened, and nothing is lost."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Field, Model
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

SEEN = "_seen"
DIGITS = 12
CHANGED = (
    "Somebody, or something, has changed this since you opened it: {}. Nothing of yours is saved yet. Open this page "
    "once more beside this one to see what it is now, then save again if yours is to stay."
)
CLOSED = "This cannot be changed any more: {}. Open the page anew: it says why."


def marks_of(row: Model, names: Iterable[str]) -> dict[str, str]:
    """A short mark for the value of each of these fields; what is no field of the row has none."""
    return {name: _mark(value) for name, value in model_to_dict(row, fields=list(names)).items()}


def _mark(value: Any) -> str:
    text = repr(sorted(one.pk for one in value)) if isinstance(value, list) and _is_of_rows(value) else repr(value)
    return salted_hmac("a-form-as-it-was-seen", text).hexdigest()[:DIGITS]


def _is_of_rows(value: list[Any]) -> bool:
    return all(isinstance(one, Model) for one in value)


def as_text(marks: dict[str, str]) -> str:
    """As the form brings them back: `name:mark,name:mark`."""
    return ",".join(f"{name}:{mark}" for name, mark in marks.items())


def in_text(text: str) -> dict[str, str]:
    return dict(pair.split(":", 1) for pair in text.split(",") if ":" in pair)


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that knows what its row was when it was opened."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        fields = {field.name for field in self.instance._meta.get_fields()}
        if seen := {name: mark for name, mark in in_text(self.data.get(SEEN, "")).items() if name in fields}:
            for words, names in self._problems(seen):
                if names:
                    self.add_error(None, words.format(", ".join(sorted(map(self._called, names)))))
        return cleaned

    def _problems(self, seen: dict[str, str]) -> list[tuple[str, list[str]]]:
        """What is said of which fields. The row stays locked until it is saved."""
        rows = type(self.instance)._base_manager.all()
        if connection.in_atomic_block:
            rows = rows.select_for_update(no_key=True)
        row = rows.get(pk=self.instance.pk)
        now = marks_of(row, seen)
        changed = [name for name, mark in seen.items() if now.get(name, mark) != mark]
        closed = [name for name in seen if name not in self.fields and self._would_change(row, name)]
        return [(CHANGED, changed), (CLOSED, closed)]

    def _would_change(self, row: Model, name: str) -> bool:
        """Whether a value was entered that the form does not take any more."""
        field = row._meta.get_field(name)
        if name not in self.data or not isinstance(field, Field) or (entry := field.formfield()) is None:
            return False
        try:
            return bool(entry.clean(self.data[name]) != field.value_from_object(row))
        except ValidationError:
            return True

    def _called(self, name: str) -> str:
        label = self.fields[name].label if name in self.fields else None
        return str(label or getattr(self.instance._meta.get_field(name), "verbose_name", name)).lower()


class SeenMixin:
    """A ModelAdmin whose forms are not saved over what somebody else has saved meanwhile."""

    change_form_before_template = "admin/support/seen.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        parent: Any = super()
        form = parent.get_form(request, obj, change=change, **kwargs)
        return type(form)(form.__name__, (SeenForm, form), {}) if change else form

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            # What was posted, and could not be saved, is in `obj` by now.
            row = type(obj)._base_manager.get(pk=obj.pk) if request.method == "POST" else obj
            context["seen"] = as_text(marks_of(row, context["adminform"].form.fields))
        parent: Any = super()
        answer: HttpResponse = parent.render_change_form(request, context, add, change, form_url, obj)
        return answer
