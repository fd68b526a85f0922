"""Incidents about endpoints. No CPO is told: they are opened with the partner whose charge the event tells of."""

from ocpi.client.webhooks import Answered
from partners.incidents.reporting import Report, close_everywhere, open_incident
from sessions_adhoc.models import WebhookDelivery
from sessions_adhoc.webhooks.endpoints import incident_key

PAUSED = "A webhook is paused"
NOT_TAKEN = "A client does not take an event"
OF_WEBHOOK = "webhook"
"""The keys of these incidents begin with it."""


def paused(row: WebhookDelivery, answer: Answered) -> None:
    """An endpoint was paused with this event."""
    _open(
        row,
        answer,
        incident_key(row.endpoint_id),
        PAUSED,
        f"{row.endpoint} takes nothing any more. Events are kept and wait.",
        "Tell whoever operates it. Press Turn on on the webhook's page: what waits goes out, in order.",
    )


def given_up(row: WebhookDelivery, answer: Answered) -> None:
    """An event was not taken in three days although others are."""
    _open(
        row,
        answer,
        key_of(row),
        NOT_TAKEN,
        f"{row.endpoint} does not take {row.kind} ({row.message_id}). Later events of {row.subject} wait behind it.",
        "Press Send again on the delivery's page once they can take it, or Leave out, and those behind it go out.",
    )


def is_over(row: WebhookDelivery) -> None:
    """An event was taken, or left out: what was told of it is answered."""
    close_everywhere(key_of(row), "It was taken, or left out.")


def key_of(row: WebhookDelivery) -> str:
    return f"webhook-event:{row.pk}"


def _open(row: WebhookDelivery, answer: Answered, key: str, symptom: str, cause: str, resolution: str) -> None:
    if row.partner_id is None:
        return
    text = f"{row.kind} ({row.message_id}): {f'HTTP {answer.status}, ' if answer.status else ''}{answer.text}"
    report = Report(
        key=key,
        symptom=symptom,
        cause=cause,
        resolution=resolution,
        evidence=[{"text": text}],
        tell_cpo=False,
    )
    open_incident(row.partner_id, report)
