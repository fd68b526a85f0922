"""The door of the CPO's page: which link it is, how often it is used, and headers that keep it private."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ocpi.server.authentication import source_address
from onboarding.models import LinkEvent, PartnerLink
from onboarding.portal import limits
from onboarding.portal.links import FoundLink, LinkState, find_link, note_opened, record
from onboarding.portal.telling import tell_support
from partners import history
from partners.ground.privacy import private
from partners.models import Partner

CLOSED = {
    LinkState.EXPIRED: (410, "This link has expired", "Links end by themselves. What you entered is kept."),
    LinkState.REVOKED: (410, "This link was withdrawn", "Perhaps you were sent a newer one. What you entered is kept."),
    LinkState.UNKNOWN: (404, "We do not know this link", "Perhaps a part of it was lost on the way: copy all of it."),
}


@dataclass(frozen=True)
class Visit:
    """Somebody in front of the page.

    Attributes:
        token: the link's, for the addresses on the page.
        address: where the request came from.
    """

    link: PartnerLink
    token: str
    address: str

    @property
    def partner(self) -> Partner:
        return self.link.partner

    @property
    def who(self) -> str:
        """In whose name it is recorded."""
        return f"{self.link.given_to} (link)"

    def record(self, kind: LinkEvent.Kind, text: str, *, tell: bool = False) -> None:
        """Write down what was done; `tell` says whether support is mailed about it."""
        with transaction.atomic():
            event = record(self.link, kind, text, self.address)
            if tell:
                tell_support(event)


View = Callable[..., HttpResponse]


def by_link(view: View) -> View:
    """Let `view(request, visit)` answer if the link is open; say plainly what is wrong with it if not."""

    @private
    @wraps(view)
    def wrapped(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        return _answer(view, request, token, **kwargs)

    return wrapped


def _answer(view: View, request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
    found = find_link(token)
    address = source_address(request)
    if found.link is None or found.state != LinkState.OPEN:
        return _answer_closed(request, found, address)
    if request.method == "POST" and limits.too_many_submissions(found.link):
        return busy(request)
    note_opened(found.link)
    visit = Visit(found.link, token, address)
    with history.because(by=visit.who):
        return view(request, visit, **kwargs)


def answer_closed(request: HttpRequest, token: str, address: str) -> HttpResponse:
    """The link ended while it was used."""
    return _answer_closed(request, find_link(token), address)


def _answer_closed(request: HttpRequest, found: FoundLink, address: str) -> HttpResponse:
    if limits.too_many_wrong_links(address):
        return busy(request)
    status, title, text = CLOSED[found.state]
    return message(request, status, title, text, "Ask us for a new link:")


def busy(request: HttpRequest) -> HttpResponse:
    """Too much at once."""
    response = message(request, 429, "Too many tries", "Wait ten minutes, then go on. Nothing was lost.", "Questions?")
    response.headers["Retry-After"] = "600"
    return response


def message(request: HttpRequest, status: int, title: str, text: str, ask: str) -> HttpResponse:
    context = {"title": title, "text": text, "ask": ask, "support_email": settings.SUPPORT_EMAIL}
    return render(request, "portal/message.html", context, status=status)
