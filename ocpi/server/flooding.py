"""Too many requests: refused before they cost anything, and told of.

Who has no valid token is counted by address, and only its refused calls: a CPO's own server behind the same address
goes on with a right one. Who has a token is counted by it, before any database is asked.
"""

from django.http import HttpRequest

from ocpi.envelope import StatusCode
from ocpi.server.authentication import UNKNOWN, entrance_of, source_address
from ocpi.server.errors import Failure
from partners.ground import limiting, secrets
from partners.ground.limiting import PARTNERS, STRANGERS
from partners.incidents import Report, open_incident
from partners.models import Incident, Partner
from partners.tokens import Lookup

COUNTED = "sfp.counted"
"""In a request's META."""


def over_token_limit(request: HttpRequest) -> Failure | None:
    """Count a request, once, by its Authorization header; return the refusal, if it is one too many. No statement."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return None
    key = secrets.digest(header[:1024])[:32]
    if COUNTED in request.META:
        wait = limiting.wait_for(PARTNERS, key)
    else:
        wait = limiting.hit(PARTNERS, key)
        request.META[COUNTED] = True
    return _too_many(wait, "with this token") if wait else None


def over_strangers_limit(request: HttpRequest, lookup: Lookup | None) -> Failure | None:
    """The refusal of a request from an address with too many wrong ones, unless its own token is right.

    One statement, and only for such an address.
    """
    wait = limiting.wait_for(STRANGERS, limiting.place_of(source_address(request)))
    if not wait or (lookup is not None and lookup.alone() is not None):
        return None
    return _too_many(wait, "without a valid token from your address")


def count_stranger(request: HttpRequest) -> Failure | None:
    """Count a request whose token was wrong; return the refusal in place of HTTP 401, if it is one too many."""
    address = source_address(request)
    wait = limiting.hit(STRANGERS, limiting.place_of(address), lambda: _tell(entrance_of(request), address))
    return _too_many(wait, "without a valid token from your address") if wait else None


def _too_many(wait: int, whose: str) -> Failure:
    text = f"Too many requests {whose}. Please try again in {wait} seconds."
    return Failure(429, StatusCode.CLIENT_ERROR, text, headers={"Retry-After": str(wait)})


def _tell(partner: Partner | None, address: str) -> None:
    """Where a partner's own entrance was flooded, support hears of it; the partner did nothing."""
    if partner is None:
        return
    report = Report(
        key=f"flood:{address}",
        symptom=f"Flood of requests without a valid token at the host of {partner.name}",
        cause=f"More than {STRANGERS.most} requests a minute came from {address} with no token or a wrong one. "
        "Further ones are answered with HTTP 429 and are not kept.",
        resolution="If the address is the CPO's, its token is wrong: see the calls with a wrong token at this host. "
        "If not, have the address blocked in front of us.",
        place=address,
        to_do="If the address is the CPO's, its token is wrong: call them. If not, have it blocked in front of us.",
        severity=Incident.Severity.PROBLEM,
        evidence=[{"text": f"{address}: {UNKNOWN}"}],
        tell_cpo=False,
    )
    open_incident(partner.pk, report)
