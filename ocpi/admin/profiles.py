"""Charging profiles and preferences: what we asked of a running session, and what the charger will do."""

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from ocpi.admin import statuses
from ocpi.admin.outgoing import FILTERS, SENDING, OutgoingAdmin
from ocpi.models import ProfileRequest
from partners.admin.kit.showing import json_block, link


@admin.register(ProfileRequest)
class ProfileRequestAdmin(OutgoingAdmin):
    """Response and result are two things: the response says that it will be tried, the result what came of it."""

    list_display = ("kind", "shown_state", "shown_response", "shown_result", "session", "shown_partner", "created")
    list_filter = (*FILTERS, ("kind", ChoicesDropdownFilter))
    list_select_related = ("partner", "session")
    search_fields = ("session__ocpi_key__exact",)
    search_help_text = "OCPI session ID, in small letters"
    fieldsets = (
        ("Request", {"fields": (("kind", "shown_partner"), "shown_session", "shown_request")}),
        ("Answer", {"fields": (("shown_response", "shown_result", "timeout"), "failure", "active")}),
        SENDING,
    )
    readonly_fields = (*OutgoingAdmin.readonly_fields, "shown_result", "shown_session", "active")
    empty_title = "No charging profiles yet"
    empty_text = "They are asked for a running session, where the partner has the module chargingprofiles."

    @admin.display(description="result")
    def shown_result(self, row: ProfileRequest) -> SafeString | str:
        return statuses.answer_badge(row.result)

    @admin.display(description="OCPI session")
    def shown_session(self, row: ProfileRequest) -> SafeString | str:
        return link(row.session)

    @admin.display(description="active profile, as told last")
    def active(self, row: ProfileRequest) -> SafeString | str:
        try:
            return json_block(row.session.active_profile.raw, "Active charging profile")
        except ObjectDoesNotExist:
            return "none told"
