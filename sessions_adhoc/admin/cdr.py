"""CDRs: what the CPO asks for a session."""

from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower, Upper
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, RangeDateTimeFilter, RelatedDropdownFilter

from billing.pricing import money
from ocpi.admin.mirrored import MirroredAdmin, kilowatt_hours
from ocpi.admin.objects import evse_link
from ocpi.models import Cdr, OcpiSession, Token
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    NEUTRAL,
    SUCCESS,
    WARNING,
    ago,
    at,
    badge,
    code,
    link,
    nowrap,
    url_of,
)
from sessions_adhoc.admin.cdr_check import Check, check
from sessions_adhoc.admin.cdr_periods import periods_of
from sessions_adhoc.models import AdHocSession


def total(cdr: Cdr) -> str:
    """The total as people read it: gross, or said to be without taxes where the CDR states none."""
    told, words = (cdr.total_net, " without taxes") if cdr.total_gross is None else (cdr.total_gross, "")
    try:
        return f"{money(told, cdr.currency)}{words}" if told is not None else "-"
    except ValueError:
        return cdr.total_told


def session_of(cdr: Cdr) -> AdHocSession | None:
    """The ad-hoc session whose token it names."""
    keys = Token.objects.annotate(key=Lower("uid"), contract=Lower("contract_id"))
    uid = cdr.token_uid.lower()
    tokens = list(keys.filter(Q(key=uid) | Q(contract=uid)).values_list("pk", flat=True)[:5])
    return AdHocSession.objects.select_related("evse").filter(partner_id=cdr.partner_id, token__in=tokens).first()


@admin.register(Cdr)
class CdrAdmin(HugeMixin, MirroredAdmin):
    """Immutable. Whether one is billed is on the page of the ad-hoc session."""

    list_display = ("ocpi_id", "shown_kind", "shown_total", "energy", "session_id", "shown_partner", "ended")
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ("credit", BooleanRadioFilter),
        ("conflicting", BooleanRadioFilter),
        ("end_at", RangeDateTimeFilter),
    )
    moment = "end_at"
    quick_filters = (("All", ""), ("Conflicting", "conflicting__exact=1"), ("Credits", "credit__exact=1"))
    change_form_template = "admin/ocpi/cdr/page.html"
    search_fields = ("ocpi_key",)
    search_help_text = "Beginning of the CDR or session ID; token UID or authorization reference"
    empty_title = "No CDRs yet"
    empty_text = "A CPO posts one after each session."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Cdr], search_term: str
    ) -> tuple[QuerySet[Cdr], bool]:
        """By what has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(ocpi_key__startswith=term.lower()) | Q(session_key__startswith=term.lower())
        found |= Q(token_key=term.upper()) | Q(authorization_reference=term)
        return queryset.annotate(token_key=Upper("token_uid")).filter(found), False

    def panels(self, request: HttpRequest, row: Cdr) -> dict[str, Any]:
        session, checked = session_of(row), check(row)
        return {
            "check": checked,
            "standing": self.judge(row, checked),
            "shortcuts": [(f"Ad-hoc session {session}", url_of(AdHocSession, session.pk))] if session else [],
            "periods": periods_of(row),
            "facts": {
                "CDR ID": code(row.ocpi_id),
                "Partner": self.shown_partner(row),
                "Party": self.party(row),
                "Energy": self.energy(row),
                "Began": at(row.start_at),
                "Ended": at(row.end_at),
                "Ad-hoc session": link(session) if session else "none of ours",
                "OCPI session": self.ocpi_session(row),
                "Token UID": code(row.token_uid),
                "Authorization reference": code(row.authorization_reference),
                "EVSE": evse_link(row.partner_id, row.location_id, row.evse_uid),
                "Takes back": row.credit_reference_id,
                "Received": at(row.created_at),
                "Traffic": self.shown_messages(row),
            },
            "raw": self.shown_raw(row),
        }

    def standing(self, row: Cdr) -> Standing:
        if row.conflicting:
            advice = "Ask the CPO which one is right. A correction must be a credit CDR and a new one."
            return Standing("Conflicting", "The same ID came again with another content; ours counts.", DANGER, advice)
        if row.credit:
            named = row.credit_reference_id or "none: the CPO must name it"
            return Standing("Credit", f"It takes back the CDR {named}.", INFO)
        return Standing("CDR", f"{total(row)} for {kilowatt_hours(row.total_energy)}.", SUCCESS)

    def judge(self, row: Cdr, checked: Check) -> Standing:
        """The standing, and whether its total is what we make of it."""
        standing = self.standing(row)
        if not checked.differs or standing.tone == DANGER:
            return standing
        advice = (
            "Ask the CPO how it comes to this total. The driver pays the smaller of it and of the price shown, at most "
            "what was reserved."
        )
        text = f"{standing.text} That is not what we make of it."
        return replace(standing, label="Differs", text=text, tone=WARNING, advice=advice)

    @admin.display(description="kind")
    def shown_kind(self, row: Cdr) -> SafeString:
        if row.conflicting:
            return badge("conflicting", DANGER)
        return badge("credit", INFO) if row.credit else badge("CDR", NEUTRAL)

    @admin.display(description="total, VAT included")
    def shown_total(self, row: Cdr) -> str:
        return total(row)

    @admin.display(description="ended")
    def ended(self, row: Cdr) -> SafeString | str:
        return ago(row.end_at)

    @admin.display(description="energy")
    def energy(self, row: Cdr) -> SafeString:
        return nowrap(kilowatt_hours(row.total_energy))

    @admin.display(description="OCPI session")
    def ocpi_session(self, row: Cdr) -> SafeString | str:
        found = OcpiSession.objects.filter(partner_id=row.partner_id, ocpi_key=row.session_key).first()
        return link(found) if found else f"{row.session_id or 'none named'} (not known here)"
