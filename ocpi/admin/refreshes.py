"""Objects that are read anew: their copy may lack something, because a PATCH overtook another message."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter, RelatedDropdownFilter

from ocpi.admin.objects import object_links
from ocpi.models import Message, Refresh, SyncRun
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    WARNING,
    ago,
    anchor,
    at,
    badge,
    code,
    countdown,
    list_url,
    partner_link,
)
from partners.models import Partner

# As messages name them.
KINDS = {"locations": "location", "sessions": "session", "tariffs": "tariff"}
MODULES = (*KINDS, "bookings", "booking_locations")


class StateFilter(RadioFilter):
    """Where it stands."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("given-up", "Given up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Refresh]) -> QuerySet[Refresh]:
        if self.value() in ("waiting", "given-up"):
            return queryset.filter(next_check_at__isnull=self.value() == "given-up")
        return queryset


class ModuleFilter(DropdownFilter):
    """One kind of object."""

    title = "module"
    parameter_name = "module"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.replace("_", " ")) for name in MODULES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Refresh]) -> QuerySet[Refresh]:
        return queryset.filter(module=self.value()) if self.value() in MODULES else queryset


@admin.register(Refresh)
class RefreshAdmin(HugeMixin, ReadOnlyAdmin):
    """A row is gone once its object was read."""

    change_form_template = "admin/ocpi/refresh/page.html"
    list_display = ("ocpi_id", "module", "shown_state", "shown_partner", "tries", "next_try", "asked", "error")
    list_filter = (StateFilter, ("partner", RelatedDropdownFilter), ModuleFilter)
    quick_filters = (("All", ""), ("Waiting", "state=waiting"), ("Given up", "state=given-up"))
    list_select_related = ("partner",)
    search_fields = ("ocpi_key__startswith",)
    search_help_text = "Beginning of the object's ID"
    empty_title = "No object waits to be read anew"
    empty_text = "When a PATCH comes out of order, the object is marked here, and we ask the CPO for all of it."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Refresh], search_term: str
    ) -> tuple[QuerySet[Refresh], bool]:
        """As ids are compared: in small letters."""
        return queryset.filter(ocpi_key__startswith=search_term.strip().lower()), False

    def refresh(self, row: Refresh) -> int:
        return 3 if row.held else 0

    def standing(self, row: Refresh) -> Standing:
        name = row.partner.name
        if row.next_check_at is None:
            text = f"{row.error} We do not ask {name} again by ourselves. Our copy may lack something."
            advice = "Look at the exchanges, tell the CPO; then pull this module on the partner's page, Connection tab."
            return Standing("Given up", text, DANGER, advice, since=row.created_at)
        if row.partner.connection != Partner.Connection.CONNECTED:
            text = f"{name} is not connected: it is read anew once it is."
            return Standing("Paused", text, WARNING, "Look at the partner.", since=row.created_at)
        if row.held:
            return Standing("Under way", f"Waiting for {name}'s answer.", INFO, since=row.created_at)
        told = f"The last try failed: {row.error}" if row.error else "A PATCH of it came out of order."
        text = f"{told} Until it is read anew our copy may lack something. Nobody has to act."
        tone = WARNING if row.error else INFO
        return Standing(
            "Waiting", text, tone, since=row.created_at, next_at=row.next_check_at, next_text=f"we ask {name} for it"
        )

    def panels(self, request: HttpRequest, row: Refresh) -> dict[str, Any]:
        kind = KINDS.get(row.module)
        name = f"{kind}:{row.country_code}*{row.party_id}/{row.ocpi_id}"
        asked: dict[str, Any] = {"partner__id__exact": row.partner_id, "module": row.module}
        return {
            "facts": {
                "Object": object_links(row.partner_id, [name])[0] if kind else code(row.ocpi_id),
                "Partner": self.shown_partner(row),
                "Party": code(f"{row.country_code}*{row.party_id}"),
                "Module": row.module,
                "Our copy is of": at(row.since),
                "Marked": at(row.created_at),
                "Tries": row.tries,
                "Last error": row.error,
                "Messages": anchor(
                    list_url(Message, q=row.ocpi_id, partner__id__exact=row.partner_id), "Messages that name it"
                ),
                "Exchanges": anchor(
                    list_url(Message, direction__exact="out", **asked), f"GET {row.module} in the message log"
                ),
                "Syncs": anchor(list_url(SyncRun, **asked), f"Syncs of {row.module}"),
            }
        }

    @admin.display(description="state")
    def shown_state(self, row: Refresh) -> SafeString:
        if row.next_check_at is None:
            return badge("given up", DANGER)
        if row.held:
            return badge("under way", INFO)
        return badge("waiting", WARNING if row.error else INFO)

    @admin.display(description="partner")
    def shown_partner(self, row: Refresh) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="next try")
    def next_try(self, row: Refresh) -> SafeString | str:
        return countdown(row.next_check_at)

    @admin.display(description="marked")
    def asked(self, row: Refresh) -> SafeString | str:
        return ago(row.created_at)
