"""What tests of the lifecycle look at, in one line each."""

from billing.models import PaymentAuthorization, SimulatedCharge
from partners.models import Incident
from sessions_adhoc.models import AdHocSession, TimelineEvent


def state(session: AdHocSession) -> tuple[str, str]:
    """(state, reason) now."""
    return AdHocSession.objects.values_list("state", "reason").get(pk=session.pk)


def states(session: AdHocSession) -> list[str]:
    """The states entered, in order."""
    events = TimelineEvent.objects.filter(session=session, kind="state")
    return list(events.values_list("state_to", flat=True))


def money(session: AdHocSession) -> tuple[str, int]:
    """(state, captured) by our books."""
    return PaymentAuthorization.objects.values_list("state", "captured_amount").get(pk=session.authorization_id)


def gateway(session: AdHocSession) -> tuple[str, int]:
    """(status, captured) by the gateway's own books."""
    return SimulatedCharge.objects.values_list("status", "captured_amount").get(reference=str(session.pk))


def open_incidents() -> list[str]:
    return list(Incident.objects.filter(closed_at=None).order_by("pk").values_list("symptom", flat=True))
