"""Documents that are kept with partners: found, read, never changed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from onboarding.documents.archive import is_intact
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import DANGER, SUCCESS, anchor, at, clock_time, code, lines, partner_link
from partners.models import Document


def download(document: Document) -> HttpResponse:
    """A kept document, to be saved by the browser."""
    response = HttpResponse(bytes(document.content), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{document.name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    """What was handed out and archived."""

    # The name leads to the document itself, not to its row.
    list_display_links = ("shown_made_at",)
    list_display = ("shown_name", "shown_partner", "kind", "shown_made_at", "made_by", "kilobytes")
    list_filter = (("kind", ChoicesDropdownFilter), ("partner", RelatedDropdownFilter))
    search_fields = ("name", "partner__name", "partner__code", "sha256")
    search_help_text = "File name, partner or SHA-256"
    list_select_related = ("partner",)
    fields = ("shown_name", "shown_partner", "kind", "made_at", "made_by", "kilobytes", "sha256", "mails")
    readonly_fields = ("shown_name", "shown_partner", "kilobytes", "mails")
    empty_title = "No document yet"
    empty_text = "“Send the data sheet” and “Archive the dossier” on a partner's page make them."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        rows: Any = super().get_queryset(request)
        listed: QuerySet[Document] = rows.listed()
        return listed

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download)
        return [path("<int:pk>/download/", view, name="partners_document_download"), *super().get_urls()]

    def download(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The document itself, to those who may see it."""
        document = self.get_object(request, str(pk))
        if document is None or not self.has_view_permission(request, document):
            raise Http404
        return download(document)

    def standing(self, row: Document) -> Standing:
        if is_intact(row):
            return Standing(
                "Intact", "The content is what was archived: its SHA-256 is the one that was noted.", SUCCESS
            )
        text = "The content is not what was archived: its SHA-256 differs from the one that was noted."
        return Standing("Altered", text, DANGER, "Find out who changed the database, and restore it from a backup.")

    def panels(self, request: HttpRequest, row: Document) -> dict[str, Any]:
        return {"shortcuts": [("Download", reverse("admin:partners_document_download", args=[row.pk]))]}

    @admin.display(description="document", ordering="name")
    def shown_name(self, row: Document) -> SafeString:
        return anchor(reverse("admin:partners_document_download", args=[row.pk]), row.name)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: Document) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="made", ordering="made_at")
    def shown_made_at(self, row: Document) -> SafeString | str:
        return at(row.made_at)

    @admin.display(description="size", ordering="size")
    def kilobytes(self, row: Document) -> str:
        return f"{max(1, row.size // 1024)} kB"

    @admin.display(description="sent by e-mail")
    def mails(self, row: Document) -> SafeString | str:
        return lines(
            code(f"{mail.addresses()}: sent {clock_time(mail.sent_at)}")
            if mail.sent_at
            else code(f"{mail.addresses()}: not sent yet{f', {mail.error}' if mail.error else ''}")
            for mail in row.mails.all()
        )
