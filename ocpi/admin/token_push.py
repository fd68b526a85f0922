"""Token pushes: what each partner knows of our tokens, what it should know, and what is in the way."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, F, QuerySet, When
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RadioFilter, RelatedDropdownFilter

from ocpi.calls import tokens as pushes
from ocpi.models import Message, Token, TokenPush
from partners.admin.kit.actions import PRIMARY, PageAction
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    SUCCESS,
    anchor,
    at,
    badge,
    json_block,
    link,
    partner_link,
    url_of,
)


def push_now(_request: HttpRequest, row: TokenPush, _data: dict[str, Any]) -> str:
    """Due at once, but for one that is in a worker's hands."""
    now = timezone.now()
    moment = Case(When(held=True, next_check_at__gt=now, then=F("next_check_at")), default=now)
    TokenPush.objects.filter(pk=row.pk).update(next_check_at=moment, pushed=None, pushed_raw=None)
    pushes.hand_out(row.partner)
    return f"{row.partner.name} is told now. What it answers appears on this page."


class StateFilter(RadioFilter):
    """Where the push stands."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failing", "Failing"), ("due", "Waiting to be sent"), ("there", "There")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TokenPush]) -> QuerySet[TokenPush]:
        if self.value() == "failing":
            return queryset.exclude(error="")
        if self.value() == "due":
            return queryset.filter(next_check_at__isnull=False)
        return queryset.filter(pushed__gte=F("wanted")) if self.value() == "there" else queryset


@admin.register(TokenPush)
class TokenPushAdmin(HugeMixin, ReadOnlyAdmin):
    """One row per token and partner. Tokens of single sessions are only pushed where a partner asks for it."""

    list_display = ("shown_token", "shown_partner", "shown_state", "shown_wanted", "shown_pushed", "tries", "error")
    list_filter = (StateFilter, ("partner", RelatedDropdownFilter))
    list_select_related = ("partner", "token")
    quick_filters = (("All", ""), ("Failing", "state=failing"), ("Waiting", "state=due"))
    search_fields = ("token__uid",)
    search_help_text = "Token UID"
    fieldsets = (
        ("Token", {"fields": (("token_link", "shown_partner"), "version")}),
        ("Wanted and there", {"fields": (("wanted", "pushed", "pushed_at"), "shown_raw")}),
        ("Sending", {"fields": (("tries", "next_check_at", "created_at"), "error", "exchange")}),
    )
    readonly_fields = ("token_link", "shown_partner", "shown_raw", "exchange")
    empty_title = "No token pushes yet"
    empty_text = (
        "Long-lived tokens are pushed to every connected partner that has a tokens module; there is none yet. To have "
        "the tokens of single sessions pushed too, set “Push ad hoc tokens” in the partner's policy."
    )
    page_actions = (
        PageAction(
            "push",
            "Push again",
            "ocpi.push_token",
            "The partner is told the whole token as it is now (PUT), also where we believe that it has it.",
            push_now,
            icon="upload",
            tone=lambda row: PRIMARY if row.error else "default",
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TokenPush], search_term: str
    ) -> tuple[QuerySet[TokenPush], bool]:
        """By what has an index."""
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        tokens = Token.objects.annotate(key=Lower("uid")).filter(key=term).values_list("pk", flat=True)
        return queryset.filter(token__in=list(tokens)), False

    def refresh(self, row: TokenPush) -> int:
        return 3 if row.held else 0

    def standing(self, row: TokenPush) -> Standing:
        who = row.partner.name
        if row.error:
            text = f"{who} does not have the newest state of it. {row.error}"
            advice = "Look at the exchange. When the cause is gone, push again."
            return Standing("Failing", text, DANGER, advice, next_at=row.next_check_at, next_text="the next try")
        if row.next_check_at:
            return Standing("Waiting", f"{who} is about to be told.", INFO, next_at=row.next_check_at, next_text="sent")
        return Standing("There", f"{who} has the newest state of it. Nobody has to act.", SUCCESS, since=row.pushed_at)

    @admin.display(description="token")
    def shown_token(self, row: TokenPush) -> str:
        return row.token.uid

    @admin.display(description="token")
    def token_link(self, row: TokenPush) -> SafeString | str:
        return link(row.token)

    @admin.display(description="partner")
    def shown_partner(self, row: TokenPush) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state")
    def shown_state(self, row: TokenPush) -> SafeString:
        if row.error:
            return badge("failing", DANGER)
        return badge("waiting", INFO) if row.next_check_at else badge("there", SUCCESS)

    @admin.display(description="wanted")
    def shown_wanted(self, row: TokenPush) -> SafeString | str:
        return at(row.wanted)

    @admin.display(description="it has")
    def shown_pushed(self, row: TokenPush) -> SafeString | str:
        return at(row.pushed) if row.pushed else "nothing yet"

    @admin.display(description="as the partner took it")
    def shown_raw(self, row: TokenPush) -> SafeString | str:
        return json_block(row.pushed_raw, "Token", is_open=True)

    @admin.display(description="last exchange")
    def exchange(self, row: TokenPush) -> SafeString | str:
        return anchor(url_of(Message, row.message_id), f"Message {row.message_id}") if row.message_id else "none yet"
