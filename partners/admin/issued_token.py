"""Tokens that partners call us with: which one is used, and revoking it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from partners import tokens
from partners.admin.kit.actions import DANGER, PageAction, Refused
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import NEUTRAL, SUCCESS, WARNING, ago, code, partner_link, state_badge
from partners.models import IssuedToken

State = IssuedToken.State


def revoke(_request: HttpRequest, token: IssuedToken, _data: dict[str, Any]) -> str:
    if not tokens.revoke(token):
        raise Refused("This token was revoked already.")
    return f"The token …{token.last4} is revoked. Requests with it are answered with HTTP 401 from now on."


@admin.register(IssuedToken)
class IssuedTokenAdmin(ReadOnlyAdmin):
    """Only the last four characters are known: the rest is a digest."""

    list_display = ("ends_in", "shown_partner", "shown_state", "purpose", "last_used", "created_at")
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
    )
    search_fields = ("last4__exact", "partner__name")
    search_help_text = "Last four characters, or partner"
    list_select_related = ("partner",)
    fields = ("ends_in", "shown_partner", "purpose", "created_at", "activated_at", "last_used_at", "revoked_at")
    readonly_fields = fields
    empty_title = "No token was issued yet"
    empty_text = "Tokens come into being with a handshake, or with “Issue Token B” on a partner's page."
    page_actions = (
        PageAction(
            "revoke",
            "Revoke token",
            "partners.onboard_partner",
            "Whoever uses this token is answered with HTTP 401 from now on. If it is their only active token, the "
            "connection stands still until a new handshake. This cannot be undone.",
            revoke,
            icon="block",
            tone=DANGER,
            possible=lambda token: token.state != State.REVOKED,
        ),
    )

    def standing(self, row: IssuedToken) -> Standing:
        if row.state == State.REVOKED:
            return Standing("Revoked", "Requests with it are answered with HTTP 401.", NEUTRAL, since=row.revoked_at)
        used = "in use" if row.last_used_at else "not used yet"
        if row.state == State.PENDING:
            text = "Waiting for the CPO: it was sent to them and nothing came back with it yet."
            return Standing("Pending", text, WARNING, since=row.created_at)
        return Standing("Active", f"{row.partner.name} can call us with it; {used}.", SUCCESS, since=row.activated_at)

    @admin.display(description="token")
    def ends_in(self, row: IssuedToken) -> SafeString | str:
        return code(f"…{row.last4}")

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: IssuedToken) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: IssuedToken) -> SafeString:
        return state_badge(row)

    @admin.display(description="last used", ordering="last_used_at")
    def last_used(self, row: IssuedToken) -> SafeString | str:
        return ago(row.last_used_at) if row.last_used_at else "never"
