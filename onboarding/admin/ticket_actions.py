"""What staff can do about who looks after a partner or an incident: take it, give it to somebody, put it off, note."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from onboarding import guide
from onboarding.partner_facts import facts_of
from onboarding.stages import moving
from partners.admin.kit.actions import PageAction, Refused
from partners.admin.kit.fields import MomentField
from partners.admin.kit.showing import clock_time
from partners.models import Incident, Partner, Ticket
from partners.work import notes, tickets

WORK = "partners.work_queue"
Row = Partner | Incident


def ticket_of(row: Row) -> Ticket:
    """The ticket about a partner or an incident, made where there is none yet."""
    partner_id = row.partner_id if isinstance(row, Incident) else row.pk
    return tickets.ticket_of(tickets.key_of(row), partner_id)


def state_of(row: Row) -> str:
    """What it needs now, as the queue says it."""
    if isinstance(row, Incident):
        return Incident.Severity(row.severity).label
    if row.connection == Partner.Connection.SUSPENDED:
        return "suspended"
    turn = guide.our_turn(facts_of(moving.of(row)))
    return turn.key if turn else ""


class GiveForm(forms.Form):
    """To whom."""

    user = forms.ModelChoiceField(
        label="To whom", queryset=get_user_model().objects.none(), required=False, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["user"]
        chosen.queryset = get_user_model().objects.filter(is_staff=True, is_active=True).order_by("username")
        chosen.empty_label = "Nobody"


class PutOffForm(forms.Form):
    """Until when, and why."""

    until = MomentField(label="Until", required=True, help_text="At most 30 days ahead.")
    why = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget, help_text="What is being waited for.")


class NoteForm(forms.Form):
    """What to remember."""

    text = forms.CharField(
        label="Note",
        max_length=notes.LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="@name calls a colleague. Ids of sessions, EVSEs, incidents (#12), messages (message 12) are linked.",
    )


def taken(ticket: Ticket, user: Any) -> str:
    """Make it one's own work; return what is told."""
    tickets.give(ticket, user)
    return "It is yours."


def acknowledged(ticket: Ticket, user: Any, state: str) -> str:
    """Somebody has seen what it needs now; return what is told."""
    tickets.acknowledge(ticket, user, state)
    return "Acknowledged: it is yours, and for a day in nobody else's queue."


def given(ticket: Ticket, user: Any) -> str:
    """Make it the work of somebody, or of nobody; return what is told."""
    tickets.give(ticket, user)
    return f"It is the work of {user}." if user else "It is nobody's work now."


def take(request: HttpRequest, row: Row, _data: dict[str, Any]) -> str:
    return taken(ticket_of(row), request.user)


def acknowledge(request: HttpRequest, row: Row, _data: dict[str, Any]) -> str:
    return acknowledged(ticket_of(row), request.user, state_of(row))


def give(_request: HttpRequest, row: Row, data: dict[str, Any]) -> str:
    return given(ticket_of(row), data["user"])


def put_off(_request: HttpRequest, row: Row, data: dict[str, Any]) -> str:
    until: datetime = data["until"]
    try:
        tickets.put_off(ticket_of(row), until, state_of(row), data["why"])
    except ValueError as error:
        raise Refused(str(error)) from error
    return f"Put off until {clock_time(until)}. If it needs something else before, it comes back by itself."


def note(request: HttpRequest, row: Row, data: dict[str, Any]) -> str:
    called = notes.write(ticket_of(row), request.user, data["text"]).mentions.all()
    names = ", ".join(user.get_username() for user in called)
    return f"Noted; {names} will find it among their work." if names else "Noted."


def is_open(row: Row) -> bool:
    return not isinstance(row, Incident) or row.closed_at is None


TAKE = PageAction(
    "take", "Take it", WORK, "It becomes your work.", take, icon="front_hand", possible=is_open, asks=False
)
ACKNOWLEDGE = PageAction(
    "acknowledge",
    "Acknowledge",
    WORK,
    "You have seen it and work on it: for a day it is in nobody else's queue.",
    acknowledge,
    icon="done",
    possible=is_open,
    asks=False,
)
GIVE = PageAction(
    "give",
    "Give to",
    WORK,
    "It becomes the work of whom you choose.",
    give,
    icon="person",
    form=GiveForm,
    possible=is_open,
)
PUT_OFF = PageAction(
    "put-off",
    "Put off",
    WORK,
    "Until then it is not in the queue, unless it needs something else before.",
    put_off,
    icon="snooze",
    form=PutOffForm,
    possible=is_open,
)
NOTE = PageAction("note", "Write a note", WORK, "It stays here, with your name.", note, icon="edit_note", form=NoteForm)
OF_PARTNER = (TAKE, GIVE, PUT_OFF, NOTE)
OF_INCIDENT = (ACKNOWLEDGE, GIVE, PUT_OFF, NOTE)
