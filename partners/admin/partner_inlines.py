"""What belongs to a partner, as tabs of its page."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from ocpi.models import HandshakeRun, SyncRun
from partners.admin.pages import ReadOnlyInline, TabularInline
from partners.admin.showing import ago, at, code, link, state_badge
from partners.models import AllowedNetwork, Contact, IssuedToken, PartnerRole, Policy, ReceivedToken, RemoteEndpoint


class ContactInline(TabularInline):
    """Whom incidents are mailed to."""

    model = Contact
    tab = True
    extra = 0
    hide_title = True


class NetworkInline(TabularInline):
    """Where they may call from."""

    model = AllowedNetwork
    verbose_name_plural = "networks"
    tab = True
    extra = 0
    hide_title = True


class RoleInline(TabularInline):
    """The parties that they speak for. The handshake replaces them with what their credentials say."""

    model = PartnerRole
    tab = True
    extra = 0
    hide_title = True


class PolicyInline(ReadOnlyInline):
    """What was agreed beyond OCPI; edited on pages of their own."""

    model = Policy
    fields = readonly_fields = ("scope", "start_strategy", "session_timeout", "auto_retry", "updated_at")

    def scope(self, row: Policy) -> SafeString | str:
        return link(row)


class StateInline(ReadOnlyInline):
    """Rows with a state."""

    @admin.display(description="state")
    def shown_state(self, row: Any) -> SafeString:
        return state_badge(row)


class IssuedTokenInline(StateInline):
    """The tokens that they call us with."""

    model = IssuedToken
    verbose_name_plural = "our tokens"
    fields = readonly_fields = ("ends_in", "shown_state", "purpose", "last_used", "issued", "revoked_at")

    def ends_in(self, row: IssuedToken) -> SafeString | str:
        return link(row, f"…{row.last4}")

    def last_used(self, row: IssuedToken) -> SafeString | str:
        return ago(row.last_used_at) if row.last_used_at else "never"

    def issued(self, row: IssuedToken) -> SafeString | str:
        return at(row.created_at)


class ReceivedTokenInline(StateInline):
    """The tokens that we call them with."""

    model = ReceivedToken
    verbose_name_plural = "their tokens"
    fields = readonly_fields = ("ends_in", "shown_state", "purpose", "received", "revoked_at")

    def ends_in(self, row: ReceivedToken) -> SafeString | str:
        return code(f"…{row.last4}")

    def received(self, row: ReceivedToken) -> SafeString | str:
        return at(row.created_at)


class EndpointInline(ReadOnlyInline):
    """Where their modules are."""

    model = RemoteEndpoint
    verbose_name_plural = "endpoints"
    fields = readonly_fields = ("module", "role", "address", "version")

    @admin.display(description="URL")
    def address(self, row: RemoteEndpoint) -> SafeString | str:
        return code(row.url)


class HandshakeInline(StateInline):
    """Registrations with them."""

    model = HandshakeRun
    verbose_name_plural = "handshakes"
    per_page = 10
    fields = readonly_fields = ("run", "shown_state", "step", "window_starts_at", "ended_at", "cause")

    def run(self, row: HandshakeRun) -> SafeString | str:
        return link(row, f"Run {row.pk}")


class SyncInline(StateInline):
    """Pulls of their objects."""

    model = SyncRun
    verbose_name_plural = "syncs"
    per_page = 10
    fields = readonly_fields = ("run", "shown_state", "received", "stored", "refused", "ended_at", "error")

    def run(self, row: SyncRun) -> SafeString | str:
        return link(row, f"{row.module} {row.pk}")
