"""EVSE IDs and the partner that published each first: where drivers who type one are led if nobody owns its party."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter

from ocpi.charger_codes import party_of
from ocpi.client.failures import sentence
from ocpi.models import Evse, PublishedEvseId
from ocpi.store import public_ids
from partners import parties
from partners.admin.kit.actions import DANGER, PageAction
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import SUCCESS, WARNING, ago, code, partner_link
from partners.models import Partner

MOST = 20


def free(_request: HttpRequest, row: PublishedEvseId, data: dict[str, Any]) -> str:
    heir = public_ids.free(row)
    now = f"it leads to {heir.label} now" if heir else "it leads nowhere until somebody publishes it"
    return f"{row.key} is free, and {now}: {str(data['reason']).strip()}"


@admin.register(PublishedEvseId)
class PublishedEvseIdAdmin(ReadOnlyAdmin):
    """EVSE IDs in production."""

    list_display = ("shown_key", "shown_partner", "since")
    list_filter = (("partner", RelatedDropdownFilter),)
    list_select_related = ("partner",)
    search_fields = ("^key",)
    search_help_text = "Beginning of the EVSE ID, without separators: SKIONE1"
    fields = ("shown_key", "shown_partner", "publishers", "since")
    readonly_fields = ("shown_key", "shown_partner", "publishers", "since")
    empty_title = "No EVSE IDs yet"
    empty_text = "They come with the locations of partners in production."
    page_actions = (
        PageAction(
            "free",
            "Free this EVSE ID",
            "partners.approve_party",
            "The partner that published it first gives it up, and the next that publishes it has it. QR codes lead "
            "where they led. Has the charger changed hands?",
            free,
            icon="lock_open",
            tone=DANGER,
            form=ReasonForm,
        ),
    )

    def standing(self, row: PublishedEvseId) -> Standing:
        owner = parties.owner_of(Partner.Environment.PRODUCTION, *party_of(row.key))
        if owner and owner != row.partner_id:
            name = Partner.objects.get(pk=owner).label
            text = f"It begins with a party of {name}: drivers who type it are led there, whoever published it first."
            return Standing("Another's", text, WARNING, "Ask both partners whose charger it is.", since=row.created_at)
        text = sentence(f"Drivers who type it are led to {row.partner.name}")
        return Standing("In use", text, SUCCESS, since=row.created_at)

    @admin.display(description="EVSE ID", ordering="key")
    def shown_key(self, row: PublishedEvseId) -> SafeString | str:
        return code(row.key)

    @admin.display(description="first published by", ordering="partner__name")
    def shown_partner(self, row: PublishedEvseId) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="published now by")
    def publishers(self, row: PublishedEvseId) -> SafeString | str:
        rows = Evse.objects.filter(evse_id_key=row.key).select_related("partner")[:MOST]
        texts = [f"{evse.partner.label}: {evse.evse_id} (UID {evse.uid}, {evse.status})" for evse in rows]
        return "; ".join(texts) or "nobody"

    @admin.display(description="first published", ordering="created_at")
    def since(self, row: PublishedEvseId) -> SafeString | str:
        return ago(row.created_at)
