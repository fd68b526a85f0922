"""The two buttons of a message: have it handled again, or send it again."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ocpi.calls import resending
from ocpi.models import Message
from ocpi.server import replay
from partners.admin.kit.actions import PageAction, Refused
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import url_of

PERMISSION = "ocpi.replay_message"


def handle_again(request: HttpRequest, message: Message, _data: dict[str, Any]) -> HttpResponse:
    try:
        new = replay.replay(message)
    except replay.CannotReplay as refused:
        raise Refused(str(refused)) from refused
    messages.success(request, f"Message {message.pk} was handled again. This is the new one, with our answer.")
    return HttpResponseRedirect(url_of(Message, new.pk))


def send_again(request: HttpRequest, message: Message, _data: dict[str, Any]) -> HttpResponse | str:
    try:
        number = resending.resend(message)
    except resending.CannotResend as refused:
        raise Refused(str(refused)) from refused
    if number is None:
        return "It was sent again. The exchange could not be written to the log."
    messages.success(request, f"Message {message.pk} was sent again. This is the new exchange, with their answer.")
    return HttpResponseRedirect(url_of(Message, number))


ACTIONS = (
    PageAction(
        "replay",
        "Replay",
        PERMISSION,
        "We handle this message once more, just as if the partner had sent it again now: what it says is stored, "
        "sessions may move, and an older state changes nothing. The partner is not involved.",
        handle_again,
        icon="replay",
        form=ReasonForm,
        possible=lambda message: not replay.why_not(message),
    ),
    PageAction(
        "resend",
        "Send again",
        PERMISSION,
        "We ask the partner the same once more, or tell it the token as it is now. Its answer is shown and not stored.",
        send_again,
        icon="send",
        form=ReasonForm,
        possible=lambda message: not resending.why_not(message),
    ),
)
