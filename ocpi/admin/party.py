"""Whose a party is: what waits for approval, and what each partner may speak for."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from ocpi.sync.clients import approve_role
from partners import parties
from partners.admin.kit.actions import DANGER, DEFAULT, PRIMARY, PageAction, Refused
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import DANGER as RED
from partners.admin.kit.showing import SUCCESS, WARNING, ago, badge, code, partner_link
from partners.models import PartnerRole, PartyOwner

State = PartnerRole.State
TONES = {State.PENDING: WARNING, State.APPROVED: SUCCESS, State.REFUSED: RED}
MAY_DECIDE = "partners.approve_party"
HUB = "The connection may then tell us of any party that nobody else has, and bring its objects."


def approve(_request: HttpRequest, role: PartnerRole, _data: dict[str, Any]) -> str:
    try:
        approve_role(role)
    except parties.PartyTaken as error:
        raise Refused(" ".join(error.messages)) from error
    return f"{role} is approved. What was refused of it so far is being read again."


def refuse(_request: HttpRequest, role: PartnerRole, data: dict[str, Any]) -> str:
    parties.refuse(role)
    return f"{role} is refused: {str(data['reason']).strip()}"


def free(_request: HttpRequest, owner: PartyOwner, data: dict[str, Any]) -> str:
    pair = (owner.country_code, owner.party_id)
    if not parties.free(owner.partner, pair):
        raise Refused(f"{owner.partner.name} still speaks for it: refuse its roles first.")
    return f"{parties.name_pairs([pair])} is free: {str(data['reason']).strip()}"


@admin.register(PartnerRole)
class PartnerRoleAdmin(ReadOnlyAdmin):
    """The parties and roles that partners name; those that wait come first."""

    list_display = ("shown_party", "role", "business_name", "shown_partner", "environment", "shown_state", "since")
    list_filter = (("state", ChoicesDropdownFilter), ("partner", RelatedDropdownFilter))
    list_select_related = ("partner",)
    search_fields = ("party_id", "business_name", "partner__name")
    search_help_text = "Party ID, name or partner"
    quick_filters = (("Waiting for approval", "state__exact=pending"), ("All", ""))
    fields = (("shown_party", "role"), "shown_partner", ("business_name", "website"), "source", "since")
    readonly_fields = ("shown_party", "shown_partner", "since")
    empty_title = "No parties"
    empty_text = "What a partner's credentials name beyond what was agreed waits here until somebody approves it."
    page_actions = (
        PageAction(
            "approve",
            "Approve",
            MAY_DECIDE,
            "Objects of this party may come over this connection from now on. Has the partner said in writing that it "
            f"operates it? For a hub: {HUB[0].lower()}{HUB[1:]}",
            approve,
            icon="check",
            tone=PRIMARY,
            possible=lambda role: role.state != State.APPROVED,
        ),
        PageAction(
            "refuse",
            "Refuse",
            MAY_DECIDE,
            "Nothing of this role is accepted. The party is free for another partner. What is stored of it stays.",
            refuse,
            icon="block",
            tone=lambda role: DANGER if role.state == State.APPROVED else DEFAULT,
            form=ReasonForm,
            possible=lambda role: role.state != State.REFUSED,
        ),
    )

    def standing(self, row: PartnerRole) -> Standing:
        if row.state == State.PENDING:
            text = f"{row.partner.name} names it in its credentials. It grants nothing until somebody approves it."
            advice = "Ask the partner whether it operates this party, or look it up in the register of IDs."
            return Standing("Waits for approval", text, WARNING, advice, since=row.created_at)
        if row.state == State.REFUSED:
            return Standing("Refused", "Nothing of it is accepted, and its party is free for others.", RED)
        return Standing("Approved", f"{row.partner.name} speaks for it.", SUCCESS, since=row.created_at)

    @admin.display(description="party", ordering="party_id")
    def shown_party(self, row: PartnerRole) -> SafeString | str:
        return code(parties.name_pairs([row.party]))

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: PartnerRole) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="environment")
    def environment(self, row: PartnerRole) -> str:
        return str(row.partner.get_environment_display())

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: PartnerRole) -> SafeString:
        return badge(row.get_state_display(), TONES[State(row.state)])

    @admin.display(description="named since", ordering="created_at")
    def since(self, row: PartnerRole) -> SafeString | str:
        return ago(row.created_at)


@admin.register(PartyOwner)
class PartyOwnerAdmin(ReadOnlyAdmin):
    """Which partner each party belongs to."""

    list_display = ("shown_party", "environment", "shown_partner", "source", "approved", "since")
    list_filter = (("environment", ChoicesDropdownFilter), ("partner", RelatedDropdownFilter))
    list_select_related = ("partner",)
    search_fields = ("party_id", "partner__name")
    search_help_text = "Party ID or partner"
    fields = (("shown_party", "environment"), "shown_partner", ("source", "approved"), "since")
    readonly_fields = ("shown_party", "shown_partner", "since")
    empty_title = "No parties"
    empty_text = "Each partner brings its own."
    page_actions = (
        PageAction(
            "free",
            "Free this party",
            MAY_DECIDE,
            "It belongs to nobody then, and the next partner that names it can have it. Drivers who type its EVSE IDs "
            "are led to whoever published them first.",
            free,
            icon="lock_open",
            tone=DANGER,
            form=ReasonForm,
            possible=lambda owner: (owner.country_code, owner.party_id) not in parties.own_of(owner.partner),
        ),
    )

    def standing(self, row: PartyOwner) -> Standing:
        if row.approved:
            text = f"It is {row.partner.name}'s: no other partner can have it in {row.environment}."
            return Standing("Taken", text, SUCCESS, since=row.created_at)
        text = f"{row.partner.name} names it, and nobody has approved that yet."
        return Standing("Named", text, WARNING, "Decide on its roles (Parties' roles).", since=row.created_at)

    @admin.display(description="party", ordering="party_id")
    def shown_party(self, row: PartyOwner) -> SafeString | str:
        return code(parties.name_pairs([(row.country_code, row.party_id)]))

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: PartyOwner) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="since", ordering="created_at")
    def since(self, row: PartyOwner) -> SafeString | str:
        return ago(row.created_at)
