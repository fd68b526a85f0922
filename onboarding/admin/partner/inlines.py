"""What belongs to a partner, as tabs of its page."""

from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from partners.admin.kit.pages import ReadOnlyInline
from partners.admin.kit.showing import link
from partners.models import AllowedNetwork, Contact, PartnerRole, Policy

ALLOWLIST = "partners.change_allowlist"


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

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(ALLOWLIST)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(ALLOWLIST)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(ALLOWLIST)


class RoleInline(TabularInline):
    """The parties that they speak for. The handshake replaces them with what their credentials say.

    What staff enter here is approved; what credentials name is decided on at its own page.
    """

    model = PartnerRole
    fields = ("role", "country_code", "party_id", "business_name", "website", "state", "source")
    readonly_fields = ("state", "source")
    show_change_link = True
    tab = True
    extra = 0
    hide_title = True


class PolicyInline(ReadOnlyInline):
    """What was agreed beyond OCPI; edited on pages of their own."""

    model = Policy
    fields = readonly_fields = ("scope", "start_strategy", "session_timeout", "auto_retry", "updated_at")

    def scope(self, row: Policy) -> SafeString | str:
        return link(row)
