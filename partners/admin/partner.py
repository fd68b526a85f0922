"""Partners: who they are, whether they are connected, and what to do next."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from ocpi.models import Message
from ocpi.routing import versions_url
from partners import services, tokens
from partners.admin import partner_inlines as inlines
from partners.admin.pages import Standing, SupportAdmin
from partners.admin.partner_actions import ACTIONS
from partners.admin.partner_form import PartnerForm
from partners.admin.partner_standing import standing_of
from partners.admin.showing import DANGER, TONES, ago, anchor, badge, code, list_url
from partners.models import Incident, Partner, ReceivedToken

Connection = Partner.Connection
REGISTRATION = ReceivedToken.Purpose.REGISTRATION


IDENTITY = ("Identity", {"fields": (("name", "code"), ("country_code", "party_id"), "environment")})
PROTOCOL = ("How we connect", {"fields": ("versions_url", "agreed_version", "token_a")})
ON_REQUEST = ("Versions on request", {"fields": ("on_request", "reason")})
LEARNT = (
    "What the handshake settled",
    {
        "fields": (
            "our_versions_url",
            ("version", "connected_at"),
            ("token_encoding", "hub_party_id"),
            "stored_token_a",
        )
    },
)
# Without the fields that only exist on the form.
TO_LOOK_AT = ("How we connect", {"fields": ("versions_url", "agreed_version", "enabled_versions")})


@admin.register(Partner)
class PartnerAdmin(SupportAdmin):
    """The CPOs that we are, or want to be, connected to."""

    form = PartnerForm
    page_actions = ACTIONS
    list_display = ("name", "party", "ocpi", "connection_state", "environment", "last_message", "open_incidents")
    list_filter = (
        ("connection", ChoicesDropdownFilter),
        ("environment", ChoicesDropdownFilter),
        ("agreed_version", ChoicesDropdownFilter),
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
        inlines.IssuedTokenInline,
        inlines.ReceivedTokenInline,
        inlines.EndpointInline,
        inlines.HandshakeInline,
        inlines.SyncInline,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        newest = Message.objects.filter(partner=OuterRef("pk")).order_by("-id").values("at")[:1]
        rows: QuerySet[Partner] = super().get_queryset(request)
        return rows.annotate(
            newest_message_at=Subquery(newest),
            incidents_open=Count("incidents", filter=Q(incidents__closed_at=None), distinct=True),
        )

    def get_fieldsets(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return (IDENTITY, TO_LOOK_AT, LEARNT)
        return (IDENTITY, PROTOCOL, ON_REQUEST, *((LEARNT,) if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Partner | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "code") if obj else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        return self.inlines if obj else self.inlines[:2]

    def save_model(self, request: HttpRequest, obj: Partner, form: PartnerForm, change: bool) -> None:
        """Store the partner; a Token A goes through the service that encrypts it."""
        token_a = form.cleaned_data["token_a"]
        obj.enabled_versions = form.enabled_versions()
        if not change:
            _add(obj, token_a)
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
            return f"OCPI 2.3.0 switched {state}: {reason}"
        message: list[dict[str, Any]] = super().construct_change_message(request, form, formsets, add)
        return message

    def standing(self, row: Partner) -> Standing:
        return standing_of(row)

    def panels(self, request: HttpRequest, row: Partner) -> dict[str, Any]:
        return {
            "shortcuts": [
                (incidents_in_words(row), list_url(Incident, partner__id__exact=row.pk, state="open")),
                ("Messages", list_url(Message, partner__id__exact=row.pk)),
            ]
        }

    # --- columns and fields

    @admin.display(description="party", ordering="party_id")
    def party(self, row: Partner) -> SafeString | str:
        return code(f"{row.country_code}*{row.party_id}")

    @admin.display(description="OCPI", ordering="agreed_version")
    def ocpi(self, row: Partner) -> str:
        return row.version or f"{row.agreed_version} (agreed)"

    @admin.display(description="connection", ordering="connection")
    def connection_state(self, row: Partner) -> SafeString:
        return badge(row.get_connection_display(), TONES[row.connection])

    @admin.display(description="last message", ordering="newest_message_at")
    def last_message(self, row: Any) -> SafeString | str:
        return ago(row.newest_message_at)

    @admin.display(description="open incidents", ordering="incidents_open")
    def open_incidents(self, row: Any) -> SafeString | str:
        if not row.incidents_open:
            return "none"
        return anchor(list_url(Incident, partner__id__exact=row.pk, state="open"), badge(row.incidents_open, DANGER))

    @admin.display(description="our versions URL")
    def our_versions_url(self, row: Partner) -> SafeString | str:
        return code(versions_url(row))

    @admin.display(description="Token A")
    def stored_token_a(self, row: Partner) -> str:
        stored = tokens.received(row.pk, REGISTRATION)
        return f"stored, ends in {stored.last4}" if stored else "none stored"


def incidents_in_words(row: Any) -> str:
    count = row.incidents_open
    return f"{count} open incident{'s'[: count != 1]}" if count else "No open incidents"


def _add(obj: Partner, token_a: str) -> None:
    made = services.add_partner(
        services.PartnerDetails(
            code=obj.code,
            name=obj.name,
            country_code=obj.country_code,
            party_id=obj.party_id,
            versions_url=obj.versions_url,
            agreed_version=obj.agreed_version,
            environment=obj.environment,
            token_a=token_a,
            enabled_versions=obj.enabled_versions,
        )
    )
    obj.pk = made.pk
    obj._state.adding = False
    obj.refresh_from_db()
