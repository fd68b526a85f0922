"""What a driver's link says of the charger's display, and that this browser came with a valid one."""

from django.http import HttpRequest, HttpResponse

from ocpi.models import Evse
from sessions_adhoc.driver.displays import scanning
from sessions_adhoc.driver.displays.scanning import Scan

COOKIE = "sfp_scanned"


def scan_of(request: HttpRequest) -> Scan:
    """The code in the link, and the proof of an earlier one."""
    asked = request.GET
    return Scan(asked.get("totp", "")[:255], asked.get("v", "")[:20], request.COOKIES.get(COOKIE, ""))


def keep(request: HttpRequest, response: HttpResponse, evse: Evse) -> None:
    """Let this browser go on at this charger for a while without another scan."""
    response.set_cookie(
        COOKIE,
        scanning.prove(evse),
        max_age=scanning.PROOF_LIFE,
        path="/c/",
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
