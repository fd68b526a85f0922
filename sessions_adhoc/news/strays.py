"""A Session with the token of an ad-hoc session that has sent no START_SESSION: nobody asked for it (rules 7, 12).

There is no attempt that it could belong to. What remembers it are its incident and its STOP_SESSION, both named after
the OCPI session: it is told once, stopped once, and stays an orphan when a START_SESSION goes out later.
"""

from uuid import UUID

from ocpi.models import Command, OcpiSession
from ocpi.receivers import SessionNews
from partners import incidents
from partners.ground.numbers import plain
from partners.models import Incident
from sessions_adhoc import symptoms, timeline
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.news import stopping


def name_of(session: OcpiSession) -> str:
    """The incident's key and the command's reference."""
    return f"stray:{session.pk}"


def is_known(session: OcpiSession) -> bool:
    """Whether it was there before any START_SESSION of its ad-hoc session."""
    return Incident.objects.filter(partner_id=session.partner_id, key=name_of(session)).exists()


def stop_of(session: OcpiSession) -> Command | None:
    """The last STOP_SESSION that it was sent, if it was."""
    sent = Command.objects.filter(partner_id=session.partner_id, reference=name_of(session))
    return sent.order_by("-created_at").first()


def meet(session_id: UUID, news: SessionNews) -> None:
    """Tell staff of it, and ask the CPO to stop it: each once. The Session's row is locked."""
    session = news.session
    if not is_known(session):
        owner = AdHocSession.objects.select_related("partner").get(pk=session_id)
        text = (
            f"Session {session.ocpi_id} is {session.status} with {plain(session.kwh)} kWh."
            f" No START_SESSION had been sent (the session is {owner.state.replace('_', ' ')})."
        )
        timeline.write(owner, TimelineEvent.Kind.SESSION, f"{news.source} {text}", message_id=news.message_id)
        incidents.open_incident(owner.partner_id, symptoms.stray(owner, name_of(session), text, news.message_id))
    if stopping.is_to_be_stopped(session, stop_of(session)):
        stopping.send(session, name_of(session))
