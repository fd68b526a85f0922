"""What every page of ours has: a state, whom we wait for, what to press; no deletion; lists without needless counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin import ShowFacets
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.views import ChangeList

from partners.admin.kit.actions import ActionsMixin
from partners.admin.kit.exporting import ExportMixin
from partners.admin.kit.saving import SavedFilterMixin, saved_filters
from partners.admin.kit.seen import SeenMixin
from partners.admin.kit.showing import NEUTRAL


@dataclass(frozen=True)
class Standing:
    """The first thing that a page says.

    Attributes:
        label: the state, in a word or two.
        text: what it means, and whom we are waiting for.
        advice: what to do about it.
        since: when the state began.
        next_at: when something happens by itself, and `next_text` what.
    """

    label: str
    text: str
    tone: str = NEUTRAL
    advice: str = ""
    since: datetime | None = None
    next_at: datetime | None = None
    next_text: str = ""


class SupportChangeList(ChangeList):
    """A list that does not offer to show everything while it shows everything."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.model_admin.complete(list(self.result_list))
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class SupportAdmin(SeenMixin, ExportMixin, SavedFilterMixin, ActionsMixin, ModelAdmin):
    """A page with a standing and buttons; a list with its usual questions as links (`quick_filters`)."""

    change_form_outer_before_template = "admin/support/standing.html"
    empty_value_display = "-"
    list_before_template = "admin/support/quick_filters.html"
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    actions: Any = None
    compressed_fields = True
    warn_unsaved_form = True
    empty_title = "Nothing here yet"
    empty_text = ""
    quick_filters: tuple[tuple[str, str], ...] = ()
    # What a range filter asks about. While it does, rows come in this order: one index finds and sorts them.
    moment = ""

    def get_ordering(self, request: HttpRequest) -> Any:
        if self.moment and any(name.startswith(f"{self.moment}_") and request.GET[name] for name in request.GET):
            return (f"-{self.moment}",)
        return super().get_ordering(request)

    def complete(self, rows: list[Any]) -> None:
        """Add to rows that are shown what no column of theirs has, for all of them at once."""

    def standing(self, row: Any) -> Standing | None:
        """What the page says first; None where there is nothing to say."""
        return None

    def refresh(self, row: Any) -> int:
        """Seconds between two looks while the page is open; 0 where nothing moves."""
        return 0

    def panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the page's own template needs besides."""
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Model | None = None,
    ) -> HttpResponse:
        context["show_save_and_add_another"] = False
        if obj is not None:
            context |= {
                "standing": self.standing(obj),
                "buttons": self.buttons(request, obj),
                "refresh": self.refresh(obj),
                **self.panels(request, obj),
            }
        response: HttpResponse = super().render_change_form(request, context, add, change, form_url, obj)
        return response

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            "empty_title": self.empty_title,
            "empty_text": self.empty_text,
            "saved_filters": saved_filters(request, self.model),
            "query_now": request.GET.urlencode(),
            "quick_filters": [
                {"title": title, "query": query, "active": request.GET.urlencode() == query}
                for title, query in self.quick_filters
            ],
        }
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        return response

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[SupportChangeList]:
        return SupportChangeList

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(SupportAdmin):
    """What mirrors a partner's data, or what the platform wrote down: to be read, never edited."""

    change_form_template = "admin/support/read_only.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Rows of another model on a page, to be read."""

    tab = True
    extra = 0
    max_num = 0
    can_delete = False
    hide_title = True
    per_page = 20

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
