"""Whose turn it is, in the list of partners: a column and a filter."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from onboarding.whose_turn import Move, Whose, moves_of
from partners.admin.kit.showing import INFO, NEUTRAL, WARNING, badge, duration
from partners.models import Partner

WORDS = {Whose.OURS: ("Ours", WARNING), Whose.CPO: ("The CPO's", INFO), Whose.NOBODY: ("Nobody's", NEUTRAL)}


def turn_cell(move: Move) -> SafeString:
    """Who has to move, and for how long; what is missing stands in its title."""
    words = badge(*WORDS[move.whose])
    if move.since is None:
        return words
    lasts = duration((timezone.now() - move.since).total_seconds())
    return format_html(
        '<span title="{}">{} <span class="sfp-quiet sfp-nowrap">for {}</span></span>', move.text, words, lasts
    )


class TurnFilter(DropdownFilter):
    """Partners with whom it is one side's turn."""

    title = "whose turn"
    parameter_name = "turn"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(whose.value, WORDS[whose][0]) for whose in Whose]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if wanted not in set(Whose):
            return queryset
        moves = moves_of(list(Partner.objects.order_by("pk")))
        return queryset.filter(pk__in=[pk for pk, move in moves.items() if move.whose == wanted])
