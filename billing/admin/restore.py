"""What people must decide after the database was put back to an earlier moment."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from billing.models import RestoreFinding
from billing.restoring import findings
from partners.admin.kit.actions import PageAction, Refused
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import NEUTRAL, WARNING, ago, badge, in_our_zone, link, partner_link


def decide(request: HttpRequest, row: RestoreFinding, data: dict[str, Any]) -> str:
    try:
        findings.decide(row.pk, request.user.get_username(), data["reason"])
    except findings.AlreadyDecided as refused:
        raise Refused(str(refused)) from refused
    return f"Decided: {data['reason'].strip()}"


def is_open(row: RestoreFinding) -> bool:
    return row.decided_at is None


@admin.register(RestoreFinding)
class RestoreFindingAdmin(ReadOnlyAdmin):
    """Newest first. Nothing is done here: the note says what was decided elsewhere."""

    list_display = ("shown_kind", "shown_text", "shown_partner", "shown_payment", "shown_state", "found")
    list_filter = (
        ("restore", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("partner", RelatedDropdownFilter),
    )
    quick_filters = (("All", ""), ("To decide", "decided_at__isnull=1"))
    list_select_related = ("partner", "authorization", "restore")
    search_fields = ("text",)
    search_help_text = "What was found"
    readonly_fields = ("shown_text", "advice", "restore", "shown_partner", "shown_payment", "decided_by", "note")
    fields = readonly_fields
    empty_title = "No restore has left anything to decide"
    empty_text = "Rows appear when `manage.py reconcile` was run after the database was put back to an earlier moment."
    page_actions = (
        PageAction(
            "decide",
            "Decided",
            "billing.move_money",
            "It is settled, here or at the gateway or the CPO; the note says how.",
            decide,
            icon="task_alt",
            form=ReasonForm,
            possible=is_open,
        ),
    )

    def standing(self, row: RestoreFinding) -> Standing:
        if row.decided_at is None:
            return Standing("To decide", in_our_zone(row.text), WARNING, row.advice, since=row.created_at)
        return Standing("Decided", f"By {row.decided_by}: {row.note}", NEUTRAL, since=row.decided_at)

    @admin.display(description="about", ordering="kind")
    def shown_kind(self, row: RestoreFinding) -> str:
        return row.get_kind_display()

    @admin.display(description="found")
    def shown_text(self, row: RestoreFinding) -> str:
        return in_our_zone(row.text)

    @admin.display(description="partner")
    def shown_partner(self, row: RestoreFinding) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="payment")
    def shown_payment(self, row: RestoreFinding) -> SafeString | str:
        return link(row.authorization, row.authorization.reference[:8]) if row.authorization else "-"

    @admin.display(description="state", ordering="decided_at")
    def shown_state(self, row: RestoreFinding) -> SafeString:
        return badge("Decided", NEUTRAL) if row.decided_at else badge("To decide", WARNING)

    @admin.display(description="since", ordering="created_at")
    def found(self, row: RestoreFinding) -> SafeString | str:
        return ago(row.created_at)
