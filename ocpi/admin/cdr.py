"""CDRs: what the CPO asks for a session."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, RangeDateTimeFilter, RelatedDropdownFilter

from billing.pricing import money
from ocpi.admin.mirrored import MirroredAdmin
from ocpi.models import Cdr, OcpiSession
from partners.admin.pages import Standing
from partners.admin.showing import DANGER, INFO, NEUTRAL, SUCCESS, ago, badge, link
from sessions_adhoc.models import AdHocSession


def total(cdr: Cdr) -> str:
    """The gross total as people read it."""
    try:
        return money(cdr.total_gross, cdr.currency)
    except ValueError:
        return f"{cdr.total_gross} {cdr.currency}"


@admin.register(Cdr)
class CdrAdmin(MirroredAdmin):
    """Immutable. Whether one is billed is on the page of the ad-hoc session."""

    list_display = ("ocpi_id", "shown_kind", "shown_total", "total_energy", "session_id", "shown_partner", "ended")
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ("credit", BooleanRadioFilter),
        ("conflicting", BooleanRadioFilter),
        ("end_at", RangeDateTimeFilter),
    )
    search_fields = ("ocpi_id", "session_id", "token_uid", "authorization_reference", "evse_uid", "location_id")
    search_help_text = "CDR ID, session ID, token UID, authorization reference or EVSE"
    empty_title = "No CDRs yet"
    empty_text = "A CPO posts one after each session."
    fieldsets = (
        (
            "CDR",
            {"fields": ("ocpi_id", ("shown_partner", "party"), ("shown_total", "total_net"), "total_energy", "end_at")},
        ),
        ("Whose it is", {"fields": ("ad_hoc_session", "ocpi_session", "token_uid", "authorization_reference")}),
        ("Credit", {"fields": (("credit", "credit_reference_id"), "conflicting")}),
        ("As received", {"fields": ("shown_raw", "shown_messages", "created_at")}),
    )
    readonly_fields = (
        "shown_partner",
        "party",
        "shown_total",
        "ad_hoc_session",
        "ocpi_session",
        "shown_raw",
        "shown_messages",
    )

    def standing(self, row: Cdr) -> Standing:
        if row.conflicting:
            advice = "Ask the CPO which one is right. A correction must be a credit CDR and a new one."
            return Standing("Conflicting", "The same ID came again with another content; ours counts.", DANGER, advice)
        if row.credit:
            named = row.credit_reference_id or "none: the CPO must name it"
            return Standing("Credit", f"It takes back the CDR {named}.", INFO)
        return Standing("CDR", f"{total(row)} for {row.total_energy.normalize():f} kWh.", SUCCESS)

    @admin.display(description="kind")
    def shown_kind(self, row: Cdr) -> SafeString:
        if row.conflicting:
            return badge("conflicting", DANGER)
        return badge("credit", INFO) if row.credit else badge("CDR", NEUTRAL)

    @admin.display(description="total, VAT included", ordering="total_gross")
    def shown_total(self, row: Cdr) -> str:
        return total(row)

    @admin.display(description="ended", ordering="end_at")
    def ended(self, row: Cdr) -> SafeString | str:
        return ago(row.end_at)

    @admin.display(description="ad-hoc session")
    def ad_hoc_session(self, row: Cdr) -> SafeString | str:
        sessions = AdHocSession.objects.select_related("evse")
        return link(sessions.filter(partner_id=row.partner_id, token__uid__iexact=row.token_uid).first())

    @admin.display(description="OCPI session")
    def ocpi_session(self, row: Cdr) -> SafeString | str:
        found = OcpiSession.objects.filter(partner_id=row.partner_id, ocpi_key=row.session_key).first()
        return link(found) if found else f"{row.session_id or 'none named'} (not known here)"
