"""Who scans the code again finds the way back to the session that runs."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import TERMINAL

COOKIE = "sfp_charging"
SALT = "drivers-running-session"
DAYS = 2


def remember(request: HttpRequest, response: HttpResponse, session: AdHocSession) -> None:
    """Keep the newest session of this browser in a cookie that only these pages see."""
    response.set_signed_cookie(
        COOKIE,
        str(session.pk),
        salt=SALT,
        max_age=DAYS * 86_400,
        path="/c/",
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def running_session(request: HttpRequest) -> AdHocSession | None:
    """The session that this browser started last, while it runs."""
    identifier = request.get_signed_cookie(COOKIE, default=None, salt=SALT, max_age=DAYS * 86_400)
    if not identifier:
        return None
    live = AdHocSession.objects.select_related("evse").exclude(state__in=TERMINAL)
    return live.filter(pk=UUID(identifier)).first()
