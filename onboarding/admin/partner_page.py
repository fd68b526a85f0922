"""Partners: who they are, whether they are connected, and what to do next."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from ocpi.models import Message
from onboarding.admin.partner import inlines
from onboarding.admin.partner.actions import ACTIONS
from onboarding.admin.partner.columns import PartnerColumns
from onboarding.admin.partner.documents import ACTIONS as DOCUMENTS
from onboarding.admin.partner.form import (
    IDENTITY,
    LEARNT,
    ON_REQUEST,
    ON_REQUEST_SECTION,
    PROTOCOL,
    TO_LOOK_AT,
    PartnerForm,
    add,
)
from onboarding.admin.partner.live_actions import LIVE_ACTIONS
from onboarding.admin.partner.off_boarding_actions import ENDING_ACTIONS
from onboarding.admin.partner.stage import UNDER_WAY, StageFilter, with_stage
from onboarding.admin.partner.stage_actions import OVERRULE, STAGE_ACTIONS
from onboarding.admin.partner.standing import standing_of
from onboarding.admin.partner.test_actions import TEST_ACTIONS
from onboarding.admin.partner.turn import TurnFilter
from onboarding.admin.partner_import import ImportMixin
from onboarding.admin.ticket_actions import OF_PARTNER
from onboarding.admin.workspace import views
from onboarding.admin.workspace.next_step import tab_url
from onboarding.admin.workspace.page import Page
from onboarding.guide import Stage
from onboarding.whose_turn import Whose, moves_of
from partners import tokens
from partners.admin.kit.actions import PageAction
from partners.admin.kit.pages import Standing, SupportAdmin
from partners.admin.kit.showing import list_url
from partners.models import Incident, Partner, ReceivedToken

Connection = Partner.Connection
REGISTRATION = ReceivedToken.Purpose.REGISTRATION


@admin.register(Partner)
class PartnerAdmin(PartnerColumns, ImportMixin, SupportAdmin):
    """The CPOs that we are, or want to be, connected to."""

    form = PartnerForm
    change_form_template = "admin/partners/partner/change_form.html"
    list_before_template = "admin/partners/partner/list_tools.html"
    # The workspace says where it stands; the form is one of its tabs.
    change_form_outer_before_template = ""
    page_actions = (
        *STAGE_ACTIONS,
        *LIVE_ACTIONS,
        OVERRULE,
        *TEST_ACTIONS,
        *ACTIONS,
        *DOCUMENTS,
        *ENDING_ACTIONS,
        *OF_PARTNER,
    )
    in_place = frozenset(action.name for action in (OVERRULE, *TEST_ACTIONS, *OF_PARTNER))
    """Actions whose buttons stand beside what they are about."""
    list_display = (
        "name",
        "party",
        "stage",
        "turn",
        "ocpi",
        "connection_state",
        "environment",
        "last_message",
        "open_incidents",
    )
    list_filter = (
        StageFilter,
        TurnFilter,
        ("connection", ChoicesDropdownFilter),
        ("environment", ChoicesDropdownFilter),
        ("agreed_version", ChoicesDropdownFilter),
    )
    quick_filters = (
        ("All", ""),
        ("Our turn", f"turn={Whose.OURS}"),
        ("Onboarding", f"stage={UNDER_WAY}"),
        ("Live", f"stage={Stage.LIVE}"),
        ("Suspended", f"connection__exact={Connection.SUSPENDED}"),
    )
    search_fields = ("name", "code", "party_id", "roles__party_id", "contacts__email")
    search_help_text = "Name, code, party ID or contact"
    ordering = ("name",)
    empty_title = "No partner yet"
    empty_text = "Add the first CPO with what it sent you: versions URL, Token A, party ID and technical contact."
    readonly_fields = (
        "our_versions_url",
        "version",
        "connected_at",
        "token_encoding",
        "hub_party_id",
        "stored_token_a",
    )
    inlines = (
        inlines.ContactInline,
        inlines.NetworkInline,
        inlines.RoleInline,
        inlines.PolicyInline,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        newest = Message.objects.filter(partner=OuterRef("pk")).order_by("-id").values("at")[:1]
        rows: QuerySet[Partner] = super().get_queryset(request)
        return with_stage(rows).annotate(
            newest_message_at=Subquery(newest),
            incidents_open=Count("incidents", filter=Q(incidents__closed_at=None), distinct=True),
        )

    def complete(self, rows: list[Any]) -> None:
        moves = moves_of(rows)
        for row in rows:
            row.move = moves[row.pk]

    def get_fieldsets(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return (IDENTITY, TO_LOOK_AT, LEARNT)
        return (IDENTITY, PROTOCOL, ON_REQUEST_SECTION, *((LEARNT,) if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Partner | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "code") if obj else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        return self.inlines if obj else self.inlines[:2]

    def save_model(self, request: HttpRequest, obj: Partner, form: PartnerForm, change: bool) -> None:
        """Store the partner; a Token A goes through the service that encrypts it."""
        token_a = form.cleaned_data["token_a"]
        obj.enabled_versions = form.enabled_versions()
        if not change:
            add(obj, token_a)
            return
        super().save_model(request, obj, form, change)
        if token_a:
            tokens.store_received(obj, token_a, REGISTRATION)

    def construct_change_message(
        self, request: HttpRequest, form: PartnerForm, formsets: Any, add: bool = False
    ) -> list[dict[str, Any]] | str:
        """The usual history line, with the reason for switching a version on or off."""
        reason = form.cleaned_data.get("reason", "").strip()
        if reason and not add:
            state = "on" if form.cleaned_data["on_request"] else "off"
            return f"OCPI {ON_REQUEST} switched {state}: {reason}"
        message: list[dict[str, Any]] = super().construct_change_message(request, form, formsets, add)
        return message

    def response_post_save_add(self, request: HttpRequest, obj: Partner) -> HttpResponse:
        """A new one is shown with what is to do next."""
        return HttpResponseRedirect(tab_url(obj, "overview"))

    def response_post_save_change(self, request: HttpRequest, obj: Partner) -> HttpResponse:
        """Saving stays on the partner."""
        return HttpResponseRedirect(tab_url(obj, "overview"))

    def get_urls(self) -> list[URLPattern]:
        return [*views.urls(self), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The workspace. The form is one of its tabs, and what it is sent to."""
        tab = views.tab_of(request)
        if request.method != "GET" or tab == views.FORM_TAB:
            back = {"tabs": [(key, title, f"?tab={key}", key == views.FORM_TAB) for key, title in views.TABS]}
            form: HttpResponse = super().change_view(request, object_id, form_url, {**(extra_context or {}), **back})
            return form
        partner = self.get_object(request, unquote(object_id))
        if partner is None:
            gone: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return gone
        if not self.has_view_permission(request, partner):
            raise PermissionDenied
        return views.show(Page(self, request, partner), tab)

    def buttons(self, request: HttpRequest, row: Partner) -> list[dict[str, Any]]:
        return [one for one in super().buttons(request, row) if one["action"].name not in self.in_place]

    def run_action(self, request: HttpRequest, action: PageAction, row: Any, form: Form) -> HttpResponse:
        row.pressed = action.name
        return super().run_action(request, action, row, form)

    def back_to(self, row: Any) -> HttpResponse:
        """The tab that the button is on."""
        name = getattr(row, "pressed", "")
        tab = (
            "tests"
            if name in ("judge", "pass-seen")
            else next((key for key, on in views.ON_TAB.items() if name in on), "overview")
        )
        return HttpResponseRedirect(tab_url(row, tab))

    def standing(self, row: Partner) -> Standing:
        return standing_of(row)

    def panels(self, request: HttpRequest, row: Partner) -> dict[str, Any]:
        return {
            "shortcuts": [
                (incidents_in_words(row), list_url(Incident, partner__id__exact=row.pk, state="open")),
                ("Messages", list_url(Message, partner__id__exact=row.pk)),
            ]
        }


def incidents_in_words(row: Any) -> str:
    count = row.incidents_open
    return f"{count} open incident{'s'[: count != 1]}" if count else "No open incidents"
