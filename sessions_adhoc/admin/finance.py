"""Finance: a month of the books by partner, what waits for a decision about money, and how old holds are."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from billing.admin.amounts import amount
from billing.admin.ledger import LedgerTransactionAdmin
from billing.books.months import Month, figures_of, holds_by_age, month_of
from billing.books.statement import csv_of, rows_of, write_statement
from billing.models import FinanceMonth, OutstandingAmount, PaymentAuthorization, PayoutLine
from partners.admin.kit.showing import anchor, list_url, url_of
from partners.models import Partner
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

VIEW = "billing.view_financemonth"


@admin.register(FinanceMonth)
class FinanceMonthAdmin(LedgerTransactionAdmin):
    """The list is the month; a row of it is a transaction, as in the ledger."""

    def get_urls(self) -> list[URLPattern]:
        def page(view: Callable[..., HttpResponseBase]) -> Any:
            return self.admin_site.admin_view(view)

        own = [
            path("<int:partner_id>/<str:month>.csv", page(self.as_csv), name="billing_financemonth_csv"),
            path("<int:partner_id>/<str:month>.pdf", page(self.as_pdf), name="billing_financemonth_pdf"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The month of `?month=2026-11`, this month by default."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        month = month_of(request.GET.get("month", ""))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Month | {month}",
            "month": month,
            "figures": [_shown(one, month) for one in figures_of(month)],
            "waiting": waiting(),
            "holds": [(age, count, amount(sum_, currency)) for age, currency, count, sum_ in holds_by_age(_now())],
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/billing/financemonth/month.html", context)

    def as_csv(self, request: HttpRequest, partner_id: int, month: str) -> StreamingHttpResponse:
        partner, found = self._asked(request, partner_id, month)
        named = {"Content-Disposition": f'attachment; filename="statement-{partner.code}-{found}.csv"'}
        return StreamingHttpResponse(csv_of(found, partner), content_type="text/csv; charset=utf-8", headers=named)

    def as_pdf(self, request: HttpRequest, partner_id: int, month: str) -> HttpResponse:
        partner, found = self._asked(request, partner_id, month)
        written = write_statement(found, partner)
        named = {"Content-Disposition": f'inline; filename="{written.name}"'}
        return HttpResponse(written.content, content_type="application/pdf", headers=named)

    def _asked(self, request: HttpRequest, partner_id: int, month: str) -> tuple[Partner, Month]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        partner = Partner.objects.filter(pk=partner_id).first()
        if partner is None:
            raise Http404
        return partner, month_of(month)


def _now() -> Any:
    return timezone.now()


def _shown(one: Any, month: Month) -> dict[str, Any]:
    args = [one.partner.pk, str(month)]
    return {
        "partner": anchor(url_of(Partner, one.partner.pk), one.partner.label),
        "sums": [words for _name, words in rows_of(one)],
        "csv": reverse("admin:billing_financemonth_csv", args=args),
        "pdf": reverse("admin:billing_financemonth_pdf", args=args),
    }


def waiting() -> list[tuple[str, int, str, str]]:
    """(what, how many, where, what to do): what waits for a decision about money. Counts over selective indexes."""
    outstanding = OutstandingAmount.objects.filter(state=OutstandingAmount.State.OPEN)
    kinds = OutstandingAmount.Kind
    return [
        (
            "Held: the session is escalated",
            AdHocSession.objects.filter(state=State.ESCALATED).count(),
            list_url(AdHocSession, queue="escalated"),
            "Check again, capture or release, on the session's page.",
        ),
        (
            "Short: more is owed than was reserved",
            outstanding.filter(kind=kinds.RECEIVABLE).count(),
            list_url(OutstandingAmount, state__exact="open", kind__exact="receivable"),
            "Settle it or write it off.",
        ),
        (
            "Contested: a CDR asks beyond the price shown",
            outstanding.filter(kind=kinds.CLAIM).count(),
            list_url(OutstandingAmount, state__exact="open", kind__exact="claim"),
            "Agree with the CPO, then settle it or write it off.",
        ),
        (
            "Disputed at the driver's bank",
            PaymentAuthorization.objects.filter(dispute="open").count(),
            list_url(PaymentAuthorization, dispute__exact="open"),
            "Answer at the gateway; the receipt and what the meter signed are the evidence.",
        ),
        (
            "Payout lines without a payment, or with another sum",
            PayoutLine.objects.filter(match__in=["unmatched", "differs"]).count(),
            list_url(PayoutLine, match__in="unmatched,differs"),
            "Look at the gateway's page of the payment.",
        ),
    ]
