"""Who may call from where, and the copy of it at Cloudflare."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from onboarding import allowlist
from onboarding.models import AllowlistMirror
from partners.admin.kit.actions import PRIMARY, PageAction, Refused
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import DANGER, INFO, SUCCESS, WARNING, ago, anchor, badge, code, list_url, partner_link
from partners.models import AllowedNetwork

State = AllowlistMirror.State
TONES = {State.IN_STEP: SUCCESS, State.FAILED: DANGER, State.SENDING: INFO, State.DUE: INFO}


@admin.register(AllowedNetwork)
class AllowedNetworkAdmin(ReadOnlyAdmin):
    """All networks of all partners: whose is an address?"""

    list_display = ("network", "shown_partner", "note", "added")
    list_select_related = ("partner",)
    search_fields = ("network", "note", "partner__name", "partner__code")
    search_help_text = "Address, note or partner"
    fields = ("network", "shown_partner", "note", "created_at")
    readonly_fields = ("shown_partner",)
    empty_title = "No networks"
    empty_text = "Without networks a partner may call from anywhere. Enter them on the partner's page."

    def standing(self, row: AllowedNetwork) -> Standing:
        text = f"{row.partner.name} may call us from {row.network}. Others with its token are answered with HTTP 403."
        return Standing("Allowed", text, SUCCESS, "Change it on the partner's page.", since=row.created_at)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: AllowedNetwork) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="added", ordering="created_at")
    def added(self, row: AllowedNetwork) -> SafeString | str:
        return ago(row.created_at)


def synchronize(_request: HttpRequest, _mirror: AllowlistMirror, _data: dict[str, Any]) -> str:
    if not allowlist.request():
        raise Refused("No list is configured: set CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_LIST_ID.")
    return "The list will be compared within seconds. Reload this page to see what came of it."


@admin.register(AllowlistMirror)
class AllowlistMirrorAdmin(ReadOnlyAdmin):
    """One row: the configured list."""

    list_display = ("list_id", "shown_state", "drift", "compared", "in_step")
    empty_title = "No list at Cloudflare"
    empty_text = (
        "Set CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_LIST_ID, and the list of this name is kept in "
        "step with the partners' networks. Without it we still refuse other addresses ourselves."
    )
    fieldsets = (
        ("Drift", {"fields": ("shown_missing", "shown_surplus", "shown_unlistable", "shown_strangers")}),
        ("Where it stands", {"fields": ("list_id", ("compared", "in_step"), "shown_ours")}),
    )
    readonly_fields = (
        "shown_missing",
        "shown_surplus",
        "shown_unlistable",
        "shown_strangers",
        "shown_ours",
        "compared",
        "in_step",
    )
    page_actions = (
        PageAction(
            "synchronize",
            "Synchronize now",
            "partners.change_allowlist",
            "The list at Cloudflare is compared with our networks now. Missing ones are added, those that carry our "
            "mark and are not ours any more are removed. Entries of others stay.",
            synchronize,
            icon="sync",
            tone=PRIMARY,
        ),
    )

    def standing(self, row: AllowlistMirror) -> Standing:
        tone = TONES.get(State(row.state), INFO)
        if row.state == State.FAILED:
            advice = "It is tried again by itself. If it stays so, check the API token and its rights on lists."
            text = f"Waiting for Cloudflare. {row.error}"
            return Standing("Failed", text, tone, advice, next_at=row.next_check_at, next_text="the next try")
        if row.state == State.IN_STEP:
            text = "The list at Cloudflare has all of our networks. Nobody has to do anything."
            if row.unlistable:
                text = "The list has all of our networks that it can have. Some are too wide: ask for smaller ranges."
                tone = WARNING
            return Standing(
                "In step", text, tone, since=row.in_step_at, next_at=row.next_check_at, next_text="compared again"
            )
        text = "Cloudflare is working on a change." if row.state == State.SENDING else "It is about to be compared."
        return Standing(str(row.get_state_display()), text, tone, next_at=row.next_check_at, next_text="the next look")

    def refresh(self, row: AllowlistMirror) -> int:
        return 3 if row.state in (State.DUE, State.SENDING) else 0

    @admin.display(description="state")
    def shown_state(self, row: AllowlistMirror) -> SafeString:
        return badge(row.get_state_display(), TONES.get(State(row.state), INFO))

    @admin.display(description="drift")
    def drift(self, row: AllowlistMirror) -> str:
        return f"{len(row.missing)} missing, {len(row.surplus)} too many, {len(row.unlistable)} too wide"

    @admin.display(description="compared")
    def compared(self, row: AllowlistMirror) -> SafeString | str:
        return ago(row.compared_at)

    @admin.display(description="in step")
    def in_step(self, row: AllowlistMirror) -> SafeString | str:
        return ago(row.in_step_at)

    @admin.display(description="ours, not there")
    def shown_missing(self, row: AllowlistMirror) -> SafeString | str:
        return _networks(row.missing, "None: everything of ours is there.")

    @admin.display(description="there with our mark, not ours any more")
    def shown_surplus(self, row: AllowlistMirror) -> SafeString | str:
        return _networks(row.surplus, "None.")

    @admin.display(description="too wide for a list")
    def shown_unlistable(self, row: AllowlistMirror) -> SafeString | str:
        return _networks(row.unlistable, "None.")

    @admin.display(description="put there by others, left alone")
    def shown_strangers(self, row: AllowlistMirror) -> SafeString | str:
        return _networks(row.strangers, "None.")

    @admin.display(description="our networks")
    def shown_ours(self, row: AllowlistMirror) -> SafeString | str:
        return anchor(list_url(AllowedNetwork), "All networks of all partners")


def _networks(rows: list[dict[str, str]], none: str) -> SafeString | str:
    """Networks with whose they are."""
    if not rows:
        return none
    pairs = ((code(one["network"]), one["note"] or "no comment") for one in rows)
    return format_html("<div>{}</div>", format_html_join("", "<div>{} {}</div>", pairs))
