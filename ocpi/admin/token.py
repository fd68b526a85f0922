"""Tokens: what CPOs know a driver by."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter

from ocpi.models import Cdr, Message, OcpiSession, Token, TokenPush
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import NEUTRAL, SUCCESS, ago, anchor, at, badge, code, link, list_url


@admin.register(Token)
class TokenAdmin(HugeMixin, ReadOnlyAdmin):
    """Each ad-hoc session has one of its own."""

    list_display = ("uid", "type", "shown_valid", "ad_hoc_session", "contract_id", "updated")
    list_filter = (("type", ChoicesDropdownFilter), ("valid", BooleanRadioFilter))
    list_select_related = ("ad_hoc_session__evse",)
    search_fields = ("uid", "contract_id")
    search_help_text = "UID or contract ID"
    ordering = ("-id",)
    change_form_template = "admin/ocpi/token/page.html"
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

    def panels(self, request: HttpRequest, row: Token) -> dict[str, Any]:
        return {
            "facts": {
                "UID": code(row.uid),
                "Type": row.get_type_display(),
                "Ad-hoc session": self.ad_hoc_session(row),
                "Contract ID": code(row.contract_id),
                "Visual number": row.visual_number,
                "Issuer": row.issuer,
                "Whitelist": row.whitelist,
                "Language": row.language,
                "Created": at(row.created_at),
                "Last updated": at(row.last_updated),
                "Traffic": anchor(list_url(Message, q=row.uid), "Messages that name it"),
                "OCPI sessions": anchor(list_url(OcpiSession, q=row.uid), "with this token"),
                "CDRs": anchor(list_url(Cdr, q=row.uid), "with this token"),
                "Pushes": anchor(list_url(TokenPush, q=row.uid), "to partners"),
            }
        }

    @admin.display(description="valid")
    def shown_valid(self, row: Token) -> SafeString:
        return badge("valid", SUCCESS) if row.valid else badge("not valid")

    @admin.display(description="ad-hoc session")
    def ad_hoc_session(self, row: Token) -> SafeString | str:
        try:
            return link(row.ad_hoc_session)
        except ObjectDoesNotExist:
            return "-"

    @admin.display(description="last updated")
    def updated(self, row: Token) -> SafeString | str:
        return ago(row.last_updated)
