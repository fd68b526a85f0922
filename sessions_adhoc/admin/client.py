"""Keys of API clients: shown once, revoked at once."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from partners import history
from partners.admin.kit.actions import DANGER, PageAction, Refused
from partners.admin.kit.pages import Standing, SupportAdmin
from partners.admin.kit.revealing import REVEAL, reveal
from partners.admin.kit.showing import NEUTRAL, SUCCESS, badge, code, url_of
from sessions_adhoc.driver.clients import create_client_key, revoke_client_key
from sessions_adhoc.models import ClientKey


def revoke(_request: HttpRequest, client: ClientKey, _data: dict[str, Any]) -> str:
    if not revoke_client_key(client):
        raise Refused("This key was revoked already.")
    return f"The key of {client.name} is revoked. Requests with it are answered with HTTP 401 from now on."


@admin.register(ClientKey)
class ClientKeyAdmin(SupportAdmin):
    """Apps, web pages and terminals that use the driver's API."""

    list_display = ("name", "ends_in", "shown_state", "is_test", "brings_holds", "is_back_office", "created_at")
    list_filter = ("is_test", "brings_holds", "is_back_office")
    search_fields = ("name", "last4__exact")
    search_help_text = "Name or last four characters"
    rights = ("is_test", "brings_holds", "is_back_office")
    fields: tuple[str, ...] = ("name", *rights, "ends_in", "created_at", "revoked_at")
    readonly_fields = ("ends_in", "created_at", "revoked_at")
    empty_title = "No client keys yet"
    empty_text = "Add one for each app, web page or terminal that starts sessions through the API."
    page_actions = (
        PageAction(
            "revoke",
            "Revoke key",
            "sessions_adhoc.change_clientkey",
            "The client is answered with HTTP 401 from now on. Sessions that it started go on. This cannot be undone.",
            revoke,
            icon="block",
            tone=DANGER,
            possible=lambda client: client.revoked_at is None,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.fields if obj else ("name", *self.rights)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A new key is revealed, once."""
        return bool(super().has_add_permission(request)) and request.user.has_perm(REVEAL)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ClientKey, form: Any, change: bool) -> None:
        """Make the key through the service; its text goes to the next page and nowhere else."""
        made, key = create_client_key(obj.name, **{right: getattr(obj, right) for right in self.rights})
        obj.pk = made.pk
        obj.refresh_from_db()
        request.new_key = key  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ClientKey, post_url_continue: str | None = None) -> HttpResponse:
        history.note(obj, "Key revealed", "Shown once, when it was made.", user=request.user)
        return reveal(
            request,
            title=f"Key of {obj.name}",
            secret=request.new_key,  # type: ignore[attr-defined]
            explanation="Give it to the client: it goes into the Authorization header of the driver's API.",
            back=url_of(ClientKey, obj.pk),
        )

    def standing(self, row: ClientKey) -> Standing:
        if row.revoked_at:
            return Standing("Revoked", "Requests with it are answered with HTTP 401.", NEUTRAL, since=row.revoked_at)
        return Standing("Active", f"{row.name} can start sessions with it.", SUCCESS, since=row.created_at)

    @admin.display(description="key")
    def ends_in(self, row: ClientKey) -> SafeString | str:
        return code(f"…{row.last4}")

    @admin.display(description="state", ordering="revoked_at")
    def shown_state(self, row: ClientKey) -> SafeString:
        return badge("Revoked") if row.revoked_at else badge("Active", SUCCESS)
