"""Charges of our cards and apps: what each came to, what is odd about it, and whether the back office has it."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter

from billing.pricing import money
from ocpi.models import Token
from partners.admin.kit.actions import DANGER as DANGEROUS
from partners.admin.kit.actions import PRIMARY, PageAction, Refused
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    NEUTRAL,
    SUCCESS,
    WARNING,
    ago,
    anchor,
    at,
    badge,
    code,
    in_our_zone,
    json_text,
    link,
    list_url,
    nowrap,
    partner_link,
)
from sessions_adhoc.contracts import handing
from sessions_adhoc.models import ContractRecord, WebhookDelivery

State = ContractRecord.State
DECIDE = "sessions_adhoc.decide_contract"
TONES = {
    State.OPEN: INFO,
    State.DUE: INFO,
    State.HELD: DANGER,
    State.HANDED: SUCCESS,
    State.REFUSED: NEUTRAL,
}


class AcknowledgedFilter(DropdownFilter):
    """Whether the back office said that it has it."""

    title = "acknowledged"
    parameter_name = "acknowledged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not yet"), ("yes", "Acknowledged")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ContractRecord]) -> QuerySet[ContractRecord]:
        if self.value() == "no":
            return queryset.filter(state=State.HANDED, acknowledged_at=None)
        return queryset.exclude(acknowledged_at=None) if self.value() == "yes" else queryset


def release(request: HttpRequest, row: ContractRecord, data: dict[str, Any]) -> str:
    try:
        number = handing.release(row.pk, request.user, str(data["reason"])).number
    except handing.NotPossible as error:
        raise Refused(str(error)) from error
    return f"It was handed over as number {number}."


def refuse(request: HttpRequest, row: ContractRecord, data: dict[str, Any]) -> str:
    try:
        handing.refuse(row.pk, request.user, str(data["reason"]))
    except handing.NotPossible as error:
        raise Refused(str(error)) from error
    return "It is not handed over. What the CPO asks for it is between it and us."


def check_again(_request: HttpRequest, row: ContractRecord, _data: dict[str, Any]) -> str:
    try:
        handing.check_again(row.pk)
    except handing.NotPossible as error:
        raise Refused(str(error)) from error
    return "It is looked at within seconds. Reload this page to see what came of it."


def is_held(row: ContractRecord) -> bool:
    return row.state == State.HELD


@admin.register(ContractRecord)
class ContractRecordAdmin(HugeMixin, ReadOnlyAdmin):
    """Newest first."""

    change_form_template = "admin/sessions_adhoc/contractrecord/page.html"
    list_display = ("what", "contract_id", "shown_token", "shown_partner", "kwh", "shown_pays", "shown_state", "came")
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        AcknowledgedFilter,
    )
    list_select_related = ("partner", "cdr", "ocpi_session", "token")
    quick_filters = (
        ("All", ""),
        ("Held for staff", "state__exact=held"),
        ("Not acknowledged", "acknowledged=no"),
    )
    search_fields = ("contract_id", "number")
    search_help_text = "Contract ID or token UID, in whole; or the number"
    empty_title = "No charges of contracts yet"
    empty_text = "They come with the Sessions and CDRs that CPOs send of our cards and apps."
    page_actions = (
        PageAction(
            "again",
            "Check again",
            DECIDE,
            "Its token, its Session and the tariff are looked at as they are now.",
            check_again,
            icon="refresh",
            tone=PRIMARY,
            possible=is_held,
        ),
        PageAction(
            "release",
            "Hand over",
            DECIDE,
            "The back office is handed it as it is, with what is odd about it and your reason. This cannot be undone.",
            release,
            icon="outbox",
            form=ReasonForm,
            possible=is_held,
        ),
        PageAction(
            "refuse",
            "Do not hand over",
            DECIDE,
            "The back office never learns of it. This cannot be undone.",
            refuse,
            icon="block",
            tone=DANGEROUS,
            form=ReasonForm,
            possible=is_held,
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ContractRecord], search_term: str
    ) -> tuple[QuerySet[ContractRecord], bool]:
        """By what has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(contract_id=term) | Q(token__in=list(Token.objects.filter(uid=term).values_list("pk", flat=True)))
        if term.isdecimal() and len(term) < 18:
            found |= Q(number=int(term))
        return queryset.filter(found), False

    def standing(self, row: ContractRecord) -> Standing:
        if row.state == State.HELD:
            text = "Nothing of it was handed over. " + " ".join(doubt["text"] for doubt in doubts_of(row))
            return Standing("Held for staff", text, DANGER, "Check again, hand it over, or refuse it.")
        if row.state == State.REFUSED:
            return Standing("Not handed over", row.note or "It was taken back before.", NEUTRAL)
        if row.state == State.OPEN:
            return Standing("Charging", "It is handed over when the CPO calls the Session over.", INFO)
        if row.state == State.DUE:
            text = "It waits for the Session that it belongs to, or for the CDR that it takes back."
            return Standing("Waiting", text, INFO, next_at=row.next_check_at, next_text="it is looked at")
        if row.acknowledged_at:
            text = f"The back office has it as number {row.number}."
            return Standing("Acknowledged", text, SUCCESS, since=row.acknowledged_at)
        text = f"As number {row.number}. The back office has not acknowledged it."
        return Standing("Handed over", text, WARNING if row.doubts else SUCCESS, since=row.handed_at)

    def panels(self, request: HttpRequest, row: ContractRecord) -> dict[str, Any]:
        about = f"contract:{row.contract_id.upper()}"
        return {
            "facts": {
                "Kind": row.get_kind_display(),
                "Number": row.number,
                "Contract": code(row.contract_id),
                "Token": link(row.token) if row.token else "none of ours",
                "Partner": partner_link(row),
                "OCPI session": link(row.ocpi_session) if row.ocpi_session else "",
                "CDR": link(row.cdr) if row.cdr else "",
                "Started through the API": link(row.session) if row.session else "",
                "Came": at(row.created_at),
                "Handed over": at(row.handed_at),
                "Acknowledged": at(row.acknowledged_at),
                "Decided by": str(row.decided_by) if row.decided_by else "",
                "Reason": row.note,
                "Events": anchor(list_url(WebhookDelivery, q=about), "of this contract"),
            },
            "amounts": [
                ("Asked by the CDR", _money(row, row.asked)),
                ("By the CPO's tariff", _money(row, row.price)),
                ("What we owe", _money(row, row.pays)),
                ("Claim", _money(row, row.claim)),
                ("By our own price plan", _money(row, row.offered)),
            ],
            "doubts": doubts_of(row),
            "body": json_text(row.body) if row.body else "",
        }

    @admin.display(description="charge")
    def what(self, row: ContractRecord) -> SafeString:
        return nowrap(row)

    @admin.display(description="token")
    def shown_token(self, row: ContractRecord) -> SafeString | str:
        return code(row.token.uid) if row.token else "-"

    @admin.display(description="partner")
    def shown_partner(self, row: ContractRecord) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="energy")
    def kwh(self, row: ContractRecord) -> SafeString:
        kwh = row.cdr.total_energy if row.cdr else row.ocpi_session.kwh if row.ocpi_session else 0
        return nowrap(f"{kwh:.2f} kWh")

    @admin.display(description="we owe")
    def shown_pays(self, row: ContractRecord) -> str:
        return _money(row, row.pays)

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: ContractRecord) -> SafeString:
        acknowledged = row.state == State.HANDED and row.acknowledged_at
        label = "Acknowledged" if acknowledged else row.get_state_display()
        return badge(label, TONES[State(row.state)])

    @admin.display(description="came", ordering="-id")
    def came(self, row: ContractRecord) -> SafeString | str:
        return ago(row.created_at)


def doubts_of(row: ContractRecord) -> list[dict[str, str]]:
    """What is odd about it, as sentences in the zone of the page."""
    return [{**doubt, "text": capfirst(in_our_zone(doubt["text"]))} for doubt in row.doubts]


def _money(row: ContractRecord, amount: Any) -> str:
    return "-" if amount is None else money(amount, row.currency)
