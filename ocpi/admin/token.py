"""Tokens: what CPOs know a driver by."""

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.paginator import InfinitePaginator

from ocpi.models import Token
from partners.admin.pages import ReadOnlyAdmin, Standing
from partners.admin.showing import NEUTRAL, SUCCESS, ago, badge, link


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """Each ad-hoc session has one of its own."""

    list_display = ("uid", "type", "shown_valid", "ad_hoc_session", "contract_id", "updated")
    list_filter = (("type", ChoicesDropdownFilter), ("valid", BooleanRadioFilter))
    list_select_related = ("ad_hoc_session__evse",)
    paginator = InfinitePaginator
    sortable_by = ()
    search_fields = ("uid", "contract_id")
    search_help_text = "UID or contract ID"
    ordering = ("-id",)
    fields = (
        "uid",
        "type",
        "ad_hoc_session",
        ("contract_id", "visual_number"),
        ("issuer", "whitelist", "language"),
        ("created_at", "last_updated"),
    )
    readonly_fields = ("ad_hoc_session",)
    empty_title = "No tokens yet"
    empty_text = "One is made with every ad-hoc session."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Token], search_term: str
    ) -> tuple[QuerySet[Token], bool]:
        """By what has an index: each ad-hoc session leaves a token behind."""
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        return queryset.annotate(key=Lower("uid"), contract=Lower("contract_id")).filter(
            Q(key=term) | Q(contract=term)
        ), False

    def standing(self, row: Token) -> Standing:
        if row.valid:
            return Standing("Valid", "A CPO may accept it.", SUCCESS)
        return Standing("Not valid", "A CPO must refuse it: its ad-hoc session is over.", NEUTRAL)

    @admin.display(description="valid", ordering="valid")
    def shown_valid(self, row: Token) -> SafeString:
        return badge("valid", SUCCESS) if row.valid else badge("not valid")

    @admin.display(description="ad-hoc session")
    def ad_hoc_session(self, row: Token) -> SafeString | str:
        try:
            return link(row.ad_hoc_session)
        except ObjectDoesNotExist:
            return "-"

    @admin.display(description="last updated", ordering="last_updated")
    def updated(self, row: Token) -> SafeString | str:
        return ago(row.last_updated)
