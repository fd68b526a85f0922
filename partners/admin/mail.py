"""Mails that we send: whether they went out, and sending one again."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from partners import outbox
from partners.admin.kit.actions import PageAction, Refused
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    NEUTRAL,
    SUCCESS,
    WARNING,
    ago,
    anchor,
    badge,
    code,
    partner_link,
    url_of,
)
from partners.models import Document, Incident, Mail

State = Mail.State
TONES = {
    State.WAITING: INFO,
    State.SENDING: INFO,
    State.SENT: SUCCESS,
    State.GIVEN_UP: DANGER,
    State.WITHDRAWN: NEUTRAL,
}


def send_again(_request: HttpRequest, mail: Mail, _data: dict[str, Any]) -> str:
    if not outbox.send_again(mail.pk):
        raise Refused("A worker is sending it at this moment. Reload the page to see what came of it.")
    return f"It is sent to {mail.addresses()} within seconds. Reload this page to see what came of it."


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """The outbox."""

    list_display = ("subject", "shown_to", "shown_partner", "shown_state", "tries", "written")
    list_filter = (("state", ChoicesDropdownFilter), ("partner", RelatedDropdownFilter))
    search_fields = ("subject", "to", "message_id", "partner__name")
    search_help_text = "Subject, address, Message-ID or partner"
    list_select_related = ("partner",)
    quick_filters = (("All", ""), ("Given up", "state__exact=given_up"), ("Waiting", "state__exact=waiting"))
    fieldsets = (
        ("Mail", {"fields": ("shown_to", "shown_reply_to", "subject", "shown_body", "attachment")}),
        ("On its way", {"fields": ("tries", "error", "next_check_at", "sent_at", "shown_message_id")}),
        ("About", {"fields": ("shown_partner", "shown_incident", "written_at", "asked_by")}),
    )
    readonly_fields = (
        "shown_body",
        "shown_to",
        "shown_reply_to",
        "attachment",
        "shown_message_id",
        "shown_partner",
        "shown_incident",
    )
    empty_title = "No mail was written yet"
    empty_text = "Incidents, windows that are agreed, data sheets and what CPOs do on their pages are mailed."
    page_actions = (
        PageAction(
            "send-again",
            "Send again",
            "partners.send_mail",
            lambda mail: f"It is sent once more to {mail.addresses()}, also if it arrived already.",
            send_again,
            icon="forward_to_inbox",
            possible=lambda mail: mail.state != State.WITHDRAWN and not outbox.is_held(mail),
        ),
    )

    def standing(self, row: Mail) -> Standing:
        if row.state == State.SENT:
            return Standing("Sent", "The mail server took it.", SUCCESS, since=row.sent_at)
        if row.state == State.GIVEN_UP:
            text = f"The mail server did not take it in {row.tries} tries: {row.error}"
            return Standing("Given up", text, DANGER, "Check the mail server and the address, then press Send again.")
        if row.state == State.WITHDRAWN:
            return Standing("Withdrawn", "What it told of was over before it went out.", NEUTRAL)
        if row.error:
            text = f"The last try failed: {row.error} It is tried again by itself."
            return Standing("Waiting", text, WARNING, since=row.written_at)
        return Standing(row.get_state_display(), "A worker sends it within seconds.", INFO, since=row.written_at)

    @admin.display(description="to", ordering="to")
    def shown_to(self, row: Mail) -> str:
        return row.addresses()

    @admin.display(description="reply to")
    def shown_reply_to(self, row: Mail) -> str:
        return ", ".join(row.reply_to) or "-"

    @admin.display(description="Message-ID")
    def shown_message_id(self, row: Mail) -> SafeString | str:
        return code(row.message_id)

    @admin.display(description="attachment")
    def attachment(self, row: Mail) -> SafeString | str:
        return anchor(url_of(Document, row.document_id), str(row.document)) if row.document else "-"

    @admin.display(description="incident")
    def shown_incident(self, row: Mail) -> SafeString | str:
        return anchor(url_of(Incident, row.incident_id), str(row.incident)) if row.incident else "-"

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: Mail) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: Mail) -> SafeString:
        return badge(row.get_state_display(), TONES[State(row.state)])

    @admin.display(description="written", ordering="written_at")
    def written(self, row: Mail) -> SafeString | str:
        return ago(row.written_at)

    @admin.display(description="body")
    def shown_body(self, row: Mail) -> SafeString:
        """With its lines, as who gets it sees it."""
        return format_html('<div style="white-space: pre-line">{}</div>', row.body)
