"""Payouts of gateways, and their lines that found no payment of ours."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from billing.admin.amounts import amount
from billing.models import Payout, PayoutLine
from billing.payouts.importing import match_again
from partners.admin.kit.actions import PageAction
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import NEUTRAL, SUCCESS, WARNING, ago, anchor, badge, link, list_url, nowrap

Match = PayoutLine.Match
OPEN = (Match.UNMATCHED, Match.DIFFERS)
TONES = {Match.MATCHED: SUCCESS, Match.NONE: NEUTRAL, Match.UNMATCHED: WARNING, Match.DIFFERS: WARNING}


def open_lines(row: Payout) -> int:
    return row.lines.filter(match__in=OPEN).count()


def look_again(_request: HttpRequest, row: Payout, _data: dict[str, Any]) -> str:
    left = match_again(row)
    if not left:
        return "All lines agree."
    return "1 line still does not agree." if left == 1 else f"{left} lines still do not agree."


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    """Imported by `manage.py payout`. What a line says is the gateway's; what it is matched with is ours."""

    list_display = ("reference", "gateway", "shown_amount", "shown_lines", "imported")
    list_filter = ("gateway",)
    search_fields = ("reference",)
    search_help_text = "The gateway's name of the payout"
    readonly_fields = ("reference", "gateway", "shown_amount", "shown_lines", "imported", "imported_by")
    fields = readonly_fields
    empty_title = "No payout yet"
    empty_text = "Download the gateway's list of a payout as CSV and import it: manage.py payout FILE --gateway stripe."
    page_actions = (
        PageAction(
            "match",
            "Match again",
            "billing.settle_outstanding",
            "Looks once more for the payments of the lines that do not agree. No money moves.",
            look_again,
            icon="rule",
            possible=lambda row: bool(open_lines(row)),
        ),
    )

    def standing(self, row: Payout) -> Standing:
        left = open_lines(row)
        if left:
            advice = "Look at each: at the gateway, and at the payment that it names."
            lines = "1 line has" if left == 1 else f"{left} lines have"
            return Standing("Does not agree", f"{lines} no payment of ours, or another sum.", WARNING, advice)
        return Standing("Agrees", "Each line has its payment, and the sums are the same.", SUCCESS)

    @admin.display(description="amount")
    def shown_amount(self, row: Payout) -> SafeString:
        return nowrap(amount(row.amount, row.currency))

    @admin.display(description="lines")
    def shown_lines(self, row: Payout) -> SafeString:
        return anchor(list_url(PayoutLine, payout__id__exact=row.pk), "Show the lines")

    @admin.display(description="imported")
    def imported(self, row: Payout) -> SafeString | str:
        return ago(row.imported_at)


@admin.register(PayoutLine)
class PayoutLineAdmin(ReadOnlyAdmin):
    """Every line; those that do not agree are what finance looks at."""

    list_display = ("reference", "kind", "shown_match", "shown_gross", "shown_fee", "shown_payment", "shown_payout")
    list_filter = (("match", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter), "payout")
    quick_filters = (
        ("All", ""),
        ("Does not agree", "match__in=unmatched%2Cdiffers"),
        ("No payment of ours", "match__exact=unmatched"),
        ("Amount differs", "match__exact=differs"),
    )
    list_select_related = ("payout", "authorization")
    search_fields = ("reference", "about")
    search_help_text = "The gateway's name of the line or the payment"
    ordering = ("-id",)
    readonly_fields = (*list_display, "about")
    fields = readonly_fields
    empty_title = "No lines"
    empty_text = "They come with the payouts."

    @admin.display(description="match")
    def shown_match(self, row: PayoutLine) -> SafeString:
        return badge(row.get_match_display(), TONES[Match(row.match)])

    @admin.display(description="gross")
    def shown_gross(self, row: PayoutLine) -> SafeString:
        return nowrap(amount(row.gross, row.currency))

    @admin.display(description="fee")
    def shown_fee(self, row: PayoutLine) -> SafeString:
        return nowrap(amount(row.fee, row.currency))

    @admin.display(description="payment")
    def shown_payment(self, row: PayoutLine) -> SafeString | str:
        return link(row.authorization, row.authorization.reference[:8]) if row.authorization else row.about or "-"

    @admin.display(description="payout")
    def shown_payout(self, row: PayoutLine) -> SafeString | str:
        return link(row.payout)
