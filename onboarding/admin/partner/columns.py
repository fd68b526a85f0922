"""What the list of partners shows of each, and what its form shows besides the fields."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from ocpi.routing import versions_url
from onboarding.admin.partner.stage import stage_badge
from onboarding.admin.partner.turn import turn_cell
from partners import tokens
from partners.admin.kit.showing import DANGER, TONES, ago, anchor, badge, code, list_url, nowrap
from partners.models import Incident, Partner, ReceivedToken


class PartnerColumns:
    """A part of the ModelAdmin of partners."""

    @admin.display(description="party", ordering="party_id")
    def party(self, row: Partner) -> SafeString | str:
        return nowrap(code(f"{row.country_code}*{row.party_id}"))

    @admin.display(description="stage", ordering="stage_key")
    def stage(self, row: Partner) -> SafeString:
        return stage_badge(row)

    @admin.display(description="whose turn")
    def turn(self, row: Any) -> SafeString | str:
        return turn_cell(row.move)

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
        stored = tokens.received_token(row.pk, ReceivedToken.Purpose.REGISTRATION)
        return f"stored, ends in {stored.last4}" if stored else "none stored"
