"""Telling channels: whatever is due, tried again with growing pauses for a day, then given up and seen in the queue.

A worker that dies while it tells leaves the row to its lease: the message goes out again under the same id.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from ocpi.client import transport
from ocpi.client.diagnosis import FAILURES, diagnosis
from onboarding.models import Alert, AlertChannel
from partners import outbox
from partners.ground import secrets, signing
from partners.ground.deadlines import claim_due
from partners.models import Incident
from partners.outbox import Letter

LEASE = timedelta(minutes=2)
TIMEOUTS = (3.0, 5.0)
BATCH = 20
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
Kind, State = AlertChannel.Kind, Alert.State


class NotTold(Exception):
    """The channel did not take it; the text says why, without its URL."""


def send_due(now: datetime) -> int:
    """Tell what is due; return how many were told."""
    return sum(_send(pk, now) for pk in claim_due(Alert, now=now, lease=LEASE, limit=BATCH))


def _send(pk: Any, now: datetime) -> bool:
    alert = Alert.objects.select_related("channel", "incident__partner").get(pk=pk)
    mine = Alert.objects.filter(pk=pk, next_check_at=now + LEASE)
    if alert.incident.closed_at and not alert.tries:
        mine.update(state=State.WITHDRAWN, next_check_at=None, error="The incident was closed before.")
        return False
    if not mine.update(tries=alert.tries + 1):
        return False
    try:
        _tell_and_note(alert, mine)
    except NotTold as refused:
        last = alert.tries >= len(PAUSES)
        again: dict[str, Any] = {"state": State.GIVEN_UP, "next_check_at": None}
        if not last:
            again = {"next_check_at": now + PAUSES[alert.tries]}
        mine.update(**again, error=str(refused)[:300])
        return False
    return True


def _tell_and_note(alert: Alert, mine: Any) -> None:
    """A mail is a row of the outbox, written with the note that it is told; all else is noted after it was taken."""
    told = {"state": State.SENT, "next_check_at": None, "error": ""}
    if alert.channel.kind == Kind.MAIL:
        with transaction.atomic():
            if mine.update(**told, sent_at=timezone.now()):
                outbox.write(alert.incident.partner, _letter(alert.channel, alert.incident))
        return
    post(alert.channel, content(alert.channel, alert.incident), str(alert.pk))
    mine.update(**told, sent_at=timezone.now())


def content(channel: AlertChannel, incident: Incident) -> dict[str, Any]:
    """What is posted: a text for a chat, else the incident (`incident.opened`)."""
    if channel.kind == Kind.CHAT:
        return {"text": _text(incident)}
    partner = incident.partner
    return {
        "type": "incident.opened",
        "timestamp": timezone.now().isoformat(),
        "data": {
            "incident": incident.pk,
            "severity": incident.get_severity_display().lower(),
            "partner": partner.label,
            "party": f"{partner.country_code}*{partner.party_id}",
            "symptom": incident.name_for_staff,
            "place": incident.place,
            "cause": incident.cause_for_staff,
            "to_do": incident.for_staff,
            "url": page_of(incident),
        },
    }


def page_of(incident: Incident) -> str:
    return f"{settings.PUBLIC_BASE_URL.rstrip('/')}{reverse('admin:partners_incident_change', args=[incident.pk])}"


def _text(incident: Incident) -> str:
    """Slack takes <, > and & for its own: they are written as it wants them."""
    place = f": {incident.place}" if incident.place else ""
    lines = (
        f"{incident.get_severity_display()}: {incident.partner.label}: {incident}{place}",
        incident.cause_for_staff,
        f"What we do: {incident.for_staff}",
        page_of(incident),
    )
    return "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _letter(channel: AlertChannel, incident: Incident) -> Letter:
    place = f": {incident.place}" if incident.place else ""
    return Letter(
        subject=f"[{incident.get_severity_display()}] {incident.partner.label}: {incident}{place}",
        body="\n\n".join((incident.cause_for_staff, f"What we do: {incident.for_staff}", page_of(incident))),
        to=[channel.mail_to],
    )


def post(channel: AlertChannel, said: dict[str, Any], identifier: str) -> None:
    """POST it to a webhook or chat; only an answer of HTTP 2xx counts. Raises NotTold."""
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        url = secrets.decrypt(channel.url)
        headers = {"Content-Type": "application/json"}
        if channel.kind == Kind.WEBHOOK:
            headers |= signing.sign([secrets.decrypt(channel.secret)], identifier, timezone.now(), body)
    except (secrets.UnreadableSecret, ValueError):
        raise NotTold("its URL or its secret cannot be read: enter them again") from None
    with transport.Progress(sum(TIMEOUTS)) as progress:
        try:
            reply = transport.fetch("POST", url, headers, body, progress, TIMEOUTS)
        except FAILURES as error:
            raise NotTold(diagnosis(error, progress, TIMEOUTS)[1].replace(url, channel.host)) from None
    if not 200 <= reply.status < 300:
        raise NotTold(f"{channel.host} answered HTTP {reply.status}")
