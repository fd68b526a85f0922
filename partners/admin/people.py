"""The people who work here: accounts, groups, second factors."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from partners.admin.kit.actions import DANGER, PRIMARY, PageAction, Refused
from partners.admin.kit.pages import Standing, SupportAdmin
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import NEUTRAL, SUCCESS, WARNING, ago, badge, lines, list_url
from partners.models import AuthenticatorApp, HistoryEntry
from partners.people import lockout, rights, second_factor

# Their pages would show keys.
for model in (TOTPDevice, StaticDevice, User, Group):
    admin.site.unregister(model)

MANAGE = "auth.change_user"


def reset_second_factor(request: HttpRequest, user: User, _data: dict[str, Any]) -> str:
    if user.is_superuser and not request.user.is_superuser:
        raise Refused("Only a superuser may do this to a superuser.")
    if not second_factor.reset(user):
        raise Refused(f"{user} has no second factor.")
    return f"The second factor of {user} is taken away. They set up a new one when they log in next."


def unlock(_request: HttpRequest, user: User, _data: dict[str, Any]) -> str:
    if not lockout.unlock(user.get_username()):
        raise Refused("Nothing is locked any more.")
    return f"{user} can log in again at once."


@admin.register(User)
class UserAdmin(DjangoUserAdmin, SupportAdmin):  # type: ignore[misc]
    """People who work here. They are switched off, not deleted: the history names them."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "full_name", "in_groups", "shown_factor", "shown_active", "shown_login")
    list_filter = ("is_active", "is_superuser", "groups")
    filter_horizontal = ()
    fieldsets = (
        ("Who", {"fields": ("username", "password", ("first_name", "last_name"), "email")}),
        ("What they may do", {"fields": ("groups", "is_active", "is_staff", "is_superuser")}),
        ("When", {"fields": (("last_login", "date_joined"),)}),
    )
    readonly_fields = ("last_login", "date_joined")
    actions = None
    search_help_text = "User name, name or e-mail"
    page_actions = (
        PageAction(
            "unlock",
            "Unlock",
            MANAGE,
            "They can try to log in again at once, from every address.",
            unlock,
            icon="lock_open",
            tone=PRIMARY,
            possible=lambda user: lockout.locked_until(user.get_username()) is not None,
        ),
        PageAction(
            "reset-second-factor",
            "Reset second factor",
            MANAGE,
            "Their app and recovery codes stop working, and their sessions need a new second factor. For a lost phone. "
            "Make sure first that it is really them who ask, and say how.",
            reset_second_factor,
            icon="phonelink_erase",
            tone=DANGER,
            form=ReasonForm,
            possible=second_factor.has_app,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        app = AuthenticatorApp.objects.filter(user=OuterRef("pk"), confirmed=True)
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.annotate(has_second_factor=Exists(app)).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody can make themselves a superuser."""
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A superuser's password and rights are changed by superusers."""
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return bool(super().has_change_permission(request, obj)) and not above

    def standing(self, row: User) -> Standing:
        if not row.is_active:
            return Standing("Switched off", "They cannot log in. What they did stays in the history.", NEUTRAL)
        if until := lockout.locked_until(row.get_username()):
            text = "Too many wrong passwords. They can try again by themselves when the time is over."
            return Standing("Locked out", text, WARNING, "Unlock them if it was they.", None, until, "the lock ends")
        if not second_factor.has_app(row):
            return Standing("No second factor", "A password alone opens this account.", WARNING)
        left = second_factor.recovery_codes_left(row)
        return Standing("Active", f"Second factor set up; {left} recovery codes left.", SUCCESS)

    def panels(self, request: HttpRequest, row: User) -> dict[str, Any]:
        did = list_url(HistoryEntry, actor__id__exact=row.pk)
        return {"shortcuts": [("What they did", did)]}

    @admin.display(description="name", ordering="last_name")
    def full_name(self, row: User) -> str:
        return row.get_full_name() or "-"

    @admin.display(description="groups")
    def in_groups(self, row: User) -> str:
        if row.is_superuser:
            return "superuser"
        return ", ".join(group.name for group in row.groups.all()) or "none"

    @admin.display(description="second factor")
    def shown_factor(self, row: Any) -> SafeString:
        return badge("set up", SUCCESS) if row.has_second_factor else badge("none", WARNING)

    @admin.display(description="active", ordering="is_active")
    def shown_active(self, row: User) -> str:
        return "yes" if row.is_active else "switched off"

    @admin.display(description="last login", ordering="last_login")
    def shown_login(self, row: User) -> SafeString | str:
        return ago(row.last_login) if row.last_login else "never"


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, SupportAdmin):  # type: ignore[misc]
    """What a kind of staff may do. The platform's own groups follow the program; others may be added."""

    list_display = ("name", "purpose")
    filter_horizontal = ()  # Django's own widget for it cannot be read by everybody

    def get_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        return ("name", "beyond_looking") if is_own(obj) else ("name", "permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        return ("beyond_looking",) if is_own(obj) else ()

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and not is_own(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(DjangoGroupAdmin.has_delete_permission(self, request, obj)) and not is_own(obj)

    def standing(self, row: Group) -> Standing | None:
        if not is_own(row):
            return None
        return Standing(
            "Made by the platform", rights.GROUPS[row.name].purpose, NEUTRAL, "Add a group for other needs."
        )

    @admin.display(description="besides looking")
    def beyond_looking(self, row: Group) -> SafeString | str:
        """What it may do, without the long list of what everybody may look at."""
        beyond = row.permissions.exclude(codename__startswith="view_").select_related("content_type")
        return lines(f"{one.content_type.app_label}: {one.name}" for one in beyond)

    @admin.display(description="purpose")
    def purpose(self, row: Group) -> str:
        return rights.GROUPS[row.name].purpose if is_own(row) else "-"


def is_own(group: Group | None) -> bool:
    return group is not None and group.name in rights.GROUPS
