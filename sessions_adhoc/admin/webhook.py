"""Where clients of the driver's API are told of their sessions, and what is done about an address that fails."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from partners import history
from partners.admin.kit.actions import DANGER as DANGEROUS
from partners.admin.kit.actions import PRIMARY, PageAction, Refused
from partners.admin.kit.fields import MomentField
from partners.admin.kit.pages import Standing, SupportAdmin
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.revealing import REVEAL, reveal
from partners.admin.kit.showing import DANGER, NEUTRAL, SUCCESS, WARNING, ago, anchor, at, badge, list_url, url_of
from sessions_adhoc.models import WebhookDelivery, WebhookEndpoint
from sessions_adhoc.webhooks import delivering, endpoints

State = WebhookEndpoint.State
OPERATE = "sessions_adhoc.operate_webhook"
TONES = {State.ON: SUCCESS, State.PAUSED: DANGER, State.OFF: NEUTRAL}
TOLD = "The secret that events are signed with. Give it to the client: it checks the webhook-signature header with it."


class SinceForm(forms.Form):
    """From when on."""

    since = MomentField(label="Written since", required=True, help_text="Events before it are not sent again.")


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new endpoint."""

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            endpoints.check_address(url)
        except endpoints.NoSuchAddress as error:
            raise forms.ValidationError(str(error)) from error
        return url

    def clean(self) -> dict[str, Any] | None:
        client = self.cleaned_data.get("client")
        if client and WebhookEndpoint.objects.filter(client=client).count() >= endpoints.MOST_PER_CLIENT:
            raise forms.ValidationError(f"A client has at most {endpoints.MOST_PER_CLIENT} webhooks.")
        return super().clean()


def test(_request: HttpRequest, row: WebhookEndpoint, _data: dict[str, Any]) -> HttpResponse | str:
    made = endpoints.send_test(row)
    return f"A test event, {made.message_id}, is sent within seconds. Look at Deliveries for what was answered."


def turn_on(_request: HttpRequest, row: WebhookEndpoint, _data: dict[str, Any]) -> str:
    if not endpoints.turn_on(row.pk):
        raise Refused("It is on already.")
    return "It is on. What waited goes out, in order."


def turn_off(_request: HttpRequest, row: WebhookEndpoint, data: dict[str, Any]) -> str:
    if not endpoints.turn_off(row.pk, str(data["reason"])):
        raise Refused("It is off already.")
    return "It is off. Events are kept, and go out when it is turned on."


def send_since(_request: HttpRequest, row: WebhookEndpoint, data: dict[str, Any]) -> str:
    since: datetime = data["since"]
    return f"{delivering.send_all_again(row.pk, since)} events are sent again, in order, each with its webhook-id."


def rotate(request: HttpRequest, row: WebhookEndpoint, _data: dict[str, Any]) -> HttpResponse:
    return shown(request, row, endpoints.rotate(row.pk), "The new secret. For 24 hours events are signed with both.")


def forget(_request: HttpRequest, row: WebhookEndpoint, _data: dict[str, Any]) -> str:
    if not endpoints.forget_old_secret(row.pk):
        raise Refused("There is no older secret.")
    return "Events are signed with the newest secret alone from now on."


def shown(request: HttpRequest, row: WebhookEndpoint, secret: str, text: str) -> HttpResponse:
    back = url_of(WebhookEndpoint, row.pk)
    return reveal(request, title=f"Secret of {row.client}", secret=secret, explanation=f"{text} {TOLD}", back=back)


def signs_with_two(row: WebhookEndpoint) -> bool:
    return row.old_secret is not None and row.old_until is not None and row.old_until > timezone.now()


@admin.register(WebhookEndpoint)
class WebhookAdmin(SupportAdmin):
    """Addresses, and how they do."""

    list_display = ("url", "client", "shown_state", "taken", "failures")
    list_filter = (("client", RelatedDropdownFilter), ("state", ChoicesDropdownFilter))
    list_select_related = ("client",)
    search_fields = ("url", "client__name")
    search_help_text = "URL or client"
    quick_filters = (("All", ""), ("Paused", "state__exact=paused"))
    form = EndpointForm
    fields: tuple[str, ...] = ("client", "url")
    readonly_fields = (
        *("shown_deliveries", "failures", "failing_since", "retry_at"),
        *("last_taken_at", "old_until", "created_at"),
    )
    empty_title = "No webhooks yet"
    empty_text = "Add the address at which a client wants to be told of its sessions."
    page_actions = (
        PageAction("test", "Send a test event", OPERATE, "A signed event of type webhook.test is sent.", test, "send"),
        PageAction(
            "on",
            "Turn on",
            OPERATE,
            "What waits is sent, in order.",
            turn_on,
            icon="play_arrow",
            tone=PRIMARY,
            possible=lambda row: row.state != State.ON,
        ),
        PageAction(
            "since",
            "Send events again",
            OPERATE,
            "All that was written since then is sent once more, in order and with the same ids.",
            send_since,
            icon="replay",
            form=SinceForm,
        ),
        PageAction(
            "off",
            "Turn off",
            OPERATE,
            "Nothing is sent. Events are kept for 30 days, and go out when it is turned on.",
            turn_off,
            icon="pause",
            form=ReasonForm,
            possible=lambda row: row.state != State.OFF,
        ),
        PageAction(
            "rotate",
            "Replace the secret",
            REVEAL,
            "A new secret is shown, once. For 24 hours events are signed with both.",
            rotate,
            icon="key",
        ),
        PageAction(
            "forget",
            "Forget the old secret",
            REVEAL,
            "Events are signed with the newest secret alone. A client that has the older one refuses them.",
            forget,
            icon="key_off",
            tone=DANGEROUS,
            possible=signs_with_two,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return (*self.fields, *self.readonly_fields) if obj else self.fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        return WebhookEndpoint.objects.select_related("client")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A new secret is revealed, once."""
        return bool(super().has_add_permission(request)) and request.user.has_perm(REVEAL)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        """Make it through the service; the secret's text goes to the next page and nowhere else."""
        made, secret = endpoints.create(obj.client, obj.url)
        obj.pk = made.pk
        obj.refresh_from_db()
        request.new_secret = secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        history.note(obj, "Secret revealed", "Shown once, when it was made.", user=request.user)
        return shown(request, obj, request.new_secret, "Shown once.")  # type: ignore[attr-defined]

    def standing(self, row: WebhookEndpoint) -> Standing:
        if row.state == State.PAUSED:
            advice = "Tell whoever operates it, then press Turn on: what waits goes out, in order."
            return Standing("Paused by itself", row.why, DANGER, advice, since=row.state_since)
        if row.state == State.OFF:
            return Standing("Turned off", f"{row.why} Events are kept.", NEUTRAL, since=row.state_since)
        if row.client.revoked_at:
            return Standing("Client revoked", "Its key was revoked: nothing is sent to it.", NEUTRAL)
        if row.failures:
            text = (
                f"The last {row.failures} deliveries were not taken. They are tried again by themselves for three days."
            )
            return Standing(
                "Failing", text, WARNING, since=row.failing_since, next_at=row.retry_at, next_text="one is tried again"
            )
        return Standing("On", "Events are sent within seconds.", SUCCESS, since=row.state_since)

    @admin.display(description="deliveries")
    def shown_deliveries(self, row: WebhookEndpoint) -> SafeString:
        return anchor(list_url(WebhookDelivery, endpoint__id__exact=row.pk), "what was sent, and answered")

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: WebhookEndpoint) -> SafeString:
        if row.client.revoked_at:
            return badge("Client revoked")
        failing = row.state == State.ON and row.failures
        return badge("Failing", WARNING) if failing else badge(row.get_state_display(), TONES[State(row.state)])

    @admin.display(description="last taken", ordering="last_taken_at")
    def taken(self, row: WebhookEndpoint) -> SafeString | str:
        return ago(row.last_taken_at)

    @admin.display(description="since")
    def since(self, row: WebhookEndpoint) -> SafeString | str:
        return at(row.state_since)
