"""How partners do: days as they were measured, and the month that they add up to, on paper too."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter

from onboarding.documents.scorecard import write_scorecard
from onboarding.models import ScoreDay
from onboarding.scorecard import card_of, cards_of
from partners.admin.kit.pages import ReadOnlyAdmin
from partners.admin.kit.showing import partner_link


@admin.register(ScoreDay)
class ScoreDayAdmin(ReadOnlyAdmin):
    """One row per partner and day; its page is the month's scorecard."""

    list_display = ("day", "shown_partner", "availability", "latency", "late", "shown_cdrs", "refused", "claims")
    list_filter = (("partner", RelatedDropdownFilter),)
    list_select_related = ("partner",)
    search_fields = ("partner__name", "partner__code")
    search_help_text = "Partner"
    ordering = ("-day", "partner__name")
    empty_title = "Nothing was measured yet"
    empty_text = "Each day of a connected partner is measured two days later, so that its CDRs had time to come."
    change_form_template = "admin/onboarding/scoreday/page.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.pdf)
        return [path("<int:pk>/pdf/", view, name="onboarding_scoreday_pdf"), *super().get_urls()]

    def pdf(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The month of the row as PDF."""
        row = self.get_object(request, str(pk))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        card = card_of(row.partner, row.day)
        if card is None:
            raise Http404
        written = write_scorecard(row.partner, card)
        response = HttpResponse(written.content, content_type="application/pdf")
        response.headers["Content-Disposition"] = f'inline; filename="{written.name}"'
        return response

    def panels(self, request: HttpRequest, row: ScoreDay) -> dict[str, Any]:
        card = card_of(row.partner, row.day)
        newest = self._newest(row)
        months = [(one.month, newest[one.month]) for one in cards_of(row.partner)]
        pdf = reverse("admin:onboarding_scoreday_pdf", args=[row.pk])
        return {"card": card, "months": months, "shown_month": row.day.replace(day=1), "pdf": pdf}

    def _newest(self, row: ScoreDay) -> dict[date, str]:
        """The page of each month, by its first day: that of its newest day. One query."""
        days = ScoreDay.objects.filter(partner=row.partner).order_by("day").values_list("day", "pk")
        return {day.replace(day=1): reverse("admin:onboarding_scoreday_change", args=[pk]) for day, pk in days}

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: ScoreDay) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="calls, failed")
    def availability(self, row: ScoreDay) -> str:
        return f"{row.calls:,}, {row.calls_failed:,}"

    @admin.display(description="answers in")
    def latency(self, row: ScoreDay) -> str:
        return f"{round(row.answered_ms / row.answered):,} ms" if row.answered else "-"

    @admin.display(description="samples, late")
    def late(self, row: ScoreDay) -> str:
        return f"{row.samples:,}, {row.gaps:,}"

    @admin.display(description="charges, CDRs")
    def shown_cdrs(self, row: ScoreDay) -> str:
        return f"{row.charges:,}, {row.cdrs:,}"

    @admin.display(description="refused")
    def refused(self, row: ScoreDay) -> str:
        return f"{row.pushes_refused + row.refused_in_lists:,}"
