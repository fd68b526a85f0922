"""Where people are told of incidents, and what became of each message. URLs and secrets are never shown again."""

import base64
import secrets as randomness
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminPasswordWidget

from onboarding.alerts.sending import NotTold, post
from onboarding.models import Alert, AlertChannel
from partners.admin.kit.actions import PageAction, Refused
from partners.admin.kit.pages import ReadOnlyAdmin, Standing, SupportAdmin
from partners.admin.kit.revealing import REVEAL, reveal
from partners.admin.kit.showing import DANGER, NEUTRAL, SUCCESS, ago, at, badge, link, url_of
from partners.ground import secrets, signing

MANAGE = "onboarding.change_alertchannel"
SECRET_BYTES = 32
Kind = AlertChannel.Kind
TONES = {Alert.State.SENT: SUCCESS, Alert.State.GIVEN_UP: DANGER}


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A URL is entered and not shown: it is a secret of the chat."""

    new_url = forms.URLField(
        label="URL",
        required=False,
        max_length=2000,
        assume_scheme="https",
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
        help_text="Of a webhook or a chat. It is kept encrypted and not shown. Empty: as it is.",
    )

    class Meta:
        model = AlertChannel
        fields = ["name", "kind", "mail_to", "least_severity", "quiet_from", "quiet_until", "active"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        kind, url = cleaned.get("kind"), cleaned.get("new_url") or ""
        if kind == Kind.MAIL and not cleaned.get("mail_to"):
            self.add_error("mail_to", "Say to whom.")
        if kind in (Kind.WEBHOOK, Kind.CHAT) and not url and not self.instance.url:
            self.add_error("new_url", "Say where.")
        if url and urlsplit(url).scheme != "https" and not settings.OCPI_ALLOW_INSECURE_PARTNERS:
            self.add_error("new_url", "It begins with https://.")
        if bool(cleaned.get("quiet_from")) != bool(cleaned.get("quiet_until")):
            raise ValidationError("Quiet hours have a beginning and an end.")
        return cleaned


def test(_request: HttpRequest, row: AlertChannel, _data: dict[str, Any]) -> str:
    said = {"text": "A test from Smart Fuel Pass."} if row.kind == Kind.CHAT else {"type": "test"}
    try:
        post(row, said, f"test_{randomness.token_hex(8)}")
    except NotTold as refused:
        raise Refused(f"It was not taken: {refused}.") from refused
    return f"{row.host} took it."


def new_secret(request: HttpRequest, row: AlertChannel, _data: dict[str, Any]) -> HttpResponse:
    text = signing.PREFIX + base64.b64encode(randomness.token_bytes(SECRET_BYTES)).decode()
    AlertChannel.objects.filter(pk=row.pk).update(secret=secrets.encrypt(text))
    return reveal(
        request,
        title=f"Secret of {row}",
        secret=text,
        explanation="Enter it where the webhook is received: it proves that a message is ours (Standard Webhooks).",
        back=url_of(AlertChannel, row.pk),
    )


@admin.register(AlertChannel)
class AlertChannelAdmin(SupportAdmin):
    """Where people are told."""

    form = ChannelForm
    list_display = ("name", "shown_kind", "where", "least_severity", "quiet_from", "quiet_until", "active", "last")
    ordering = ("name",)
    empty_title = "Nobody is told besides by mail"
    empty_text = "Add where your people are: a mailbox, a signed webhook, or a chat that takes Slack's messages."
    fields = ("name", "kind", "mail_to", "new_url", "least_severity", "quiet_from", "quiet_until", "active")
    page_actions = (
        PageAction(
            "test",
            "Send a test",
            MANAGE,
            "They are sent a message that says that it is a test.",
            test,
            icon="send",
            possible=lambda row: row.kind != Kind.MAIL,
        ),
        PageAction(
            "new-secret",
            "New secret",
            REVEAL,
            "Messages are signed with a new secret at once. It is shown once, on the next page.",
            new_secret,
            icon="key",
            possible=lambda row: row.kind == Kind.WEBHOOK,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: AlertChannel | None = None) -> tuple[str, ...]:
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return self.fields if may else tuple(name for name in self.fields if name != "new_url")

    def save_model(self, request: HttpRequest, obj: AlertChannel, form: Any, change: bool) -> None:
        if url := form.cleaned_data["new_url"]:
            obj.url, obj.host = secrets.encrypt(url), urlsplit(url).hostname or ""
        super().save_model(request, obj, form, change)

    def standing(self, row: AlertChannel) -> Standing | None:
        if not row.active:
            return Standing("Off", "Nothing is sent there.", NEUTRAL)
        if row.kind == Kind.WEBHOOK and not row.secret:
            return Standing("Not signed", "It has no secret yet, so nothing can be sent.", DANGER, "Press New secret.")
        newest = row.alerts.first()
        if newest and newest.error and newest.state != Alert.State.WITHDRAWN:
            return Standing("Failing", newest.error, DANGER, "Send a test when it is mended.", newest.written_at)
        return Standing("On", "Incidents are told there.", SUCCESS)

    @admin.display(description="kind", ordering="kind")
    def shown_kind(self, row: AlertChannel) -> str:
        return row.get_kind_display()

    @admin.display(description="where")
    def where(self, row: AlertChannel) -> str:
        return row.mail_to if row.kind == Kind.MAIL else row.host

    @admin.display(description="last told")
    def last(self, row: Any) -> Any:
        return ago(row.last_sent_at)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(last_sent_at=Max("alerts__sent_at"))


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What was told, and what was not."""

    list_display = ("shown_state", "channel", "shown_incident", "written", "sent", "tries", "error")
    list_select_related = ("channel", "incident")
    list_filter = ("state", "channel")
    quick_filters = (("All", ""), ("Given up", f"state__exact={Alert.State.GIVEN_UP}"))
    search_fields = ("incident__symptom", "channel__name")
    search_help_text = "Symptom or channel"
    ordering = ("-written_at",)
    empty_title = "Nothing was told yet"
    empty_text = "When an incident opens, each channel that wants to know it has a row here."
    fields = ("shown_state", "channel", "shown_incident", "written", "sent", "tries", "error")
    readonly_fields = fields

    def standing(self, row: Alert) -> Standing:
        label, tone = row.get_state_display(), TONES.get(Alert.State(row.state), NEUTRAL)
        if row.state == Alert.State.GIVEN_UP:
            return Standing(label, row.error, tone, "Mend the channel, then send a test there.", since=row.written_at)
        if row.state == Alert.State.WITHDRAWN:
            return Standing(label, "It was over before it was told.", tone, since=row.written_at)
        if row.state == Alert.State.SENT:
            return Standing(label, "The channel took it.", tone, since=row.sent_at)
        text = f"The last try was not taken: {row.error}" if row.error else "It is told when the channel may hear it."
        return Standing(label, text, tone, since=row.written_at, next_at=row.next_check_at, next_text="it is told")

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: Alert) -> Any:
        return badge(row.get_state_display(), TONES.get(Alert.State(row.state), NEUTRAL))

    @admin.display(description="incident")
    def shown_incident(self, row: Alert) -> Any:
        return link(row.incident)

    @admin.display(description="written", ordering="written_at")
    def written(self, row: Alert) -> Any:
        return at(row.written_at)

    @admin.display(description="sent", ordering="sent_at")
    def sent(self, row: Alert) -> Any:
        return at(row.sent_at)
