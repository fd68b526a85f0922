"""Partners from a sheet: choose it, read what would happen, press once more."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from onboarding.intake import importing
from partners import history
from partners.models import Partner


class SheetForm(forms.Form):
    """The file, or on the second step its text as it was tried."""

    file = forms.FileField(required=False, label="CSV file")
    text = forms.CharField(required=False, max_length=importing.MOST_CHARACTERS, strip=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data.get("file")
        if given is not None:
            if given.size > 4 * importing.MOST_CHARACTERS:
                raise forms.ValidationError("The file is too large.")
            try:
                self.cleaned_data["text"] = given.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise forms.ValidationError("Save the sheet as CSV in UTF-8.") from None
        if not self.cleaned_data.get("text"):
            raise forms.ValidationError("Choose a file.")
        return self.cleaned_data


class ImportMixin:
    """The partners' ModelAdmin, with a page for a sheet."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_sheet)
        theirs: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [path("import/", view, name="partners_partner_import"), *theirs]

    def import_sheet(self, request: HttpRequest) -> HttpResponse:
        """GET asks for the sheet; POST tries it, or with `go` stores it."""
        if not request.user.has_perm("partners.add_partner"):
            raise PermissionDenied
        context: dict[str, Any] = {"form": SheetForm(), "columns": importing.COLUMNS, "needed": importing.NEEDED}
        status = 200
        if request.method == "POST":
            form = SheetForm(request.POST, request.FILES)
            context["form"] = form
            try:
                if form.is_valid():
                    text = form.cleaned_data["text"]
                    if "go" in request.POST:
                        rows = self._bring_in(request, text)
                        if not any(row.faults for row in rows):
                            return HttpResponseRedirect(reverse("admin:partners_partner_changelist"))
                    else:
                        rows = importing.try_out(text)
                    faulty = sum(bool(row.faults) for row in rows)
                    context |= {"rows": rows, "faulty": faulty, "text": text, "form": SheetForm()}
                status = 200 if form.is_valid() else 422
            except importing.SheetError as error:
                context["problem"], status = str(error), 422
        page = {**self.admin_site.each_context(request), "title": "Import partners", "opts": Partner._meta, **context}
        return TemplateResponse(request, "admin/partners/partner/import.html", page, status=status)

    def _bring_in(self, request: HttpRequest, text: str) -> list[importing.Row]:
        with history.because("From a sheet"):
            rows = importing.bring_in(text)
        if not any(row.faults for row in rows):
            messages.success(request, f"{len(rows)} partner{'s'[: len(rows) != 1]} added.")
        return rows
