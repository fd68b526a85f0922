"""Whether our own endpoint for a partner answers, called the way the partner will call it (guide 7.2)."""

import requests

from ocpi.routing import ENDPOINT_CHECK, versions_url
from onboarding.stages.moving import note_endpoint
from partners.models import Partner

TIMEOUTS = (3.0, 5.0)
"""Seconds, to connect and to read: somebody looks at a page meanwhile."""
REFUSED = range(2000, 3000)


def check(partner: Partner) -> tuple[bool, str]:
    """Call the partner's versions URL without a token, and keep the answer; return (whether it is right, in words).

    Right is HTTP 401 with an OCPI status: DNS, proxy, certificate and this platform work, and it refuses strangers.
    """
    answers, text = _call(versions_url(partner))
    note_endpoint(partner, answers=answers, text=text)
    return answers, text


def _call(url: str) -> tuple[bool, str]:
    try:
        reply = requests.get(url, timeout=TIMEOUTS, allow_redirects=False, headers={"X-Request-ID": ENDPOINT_CHECK})
    except requests.exceptions.SSLError:
        return False, "its certificate is not valid for this host name"
    except requests.Timeout:
        return False, "nothing answered in time"
    except requests.ConnectionError:
        return False, "there is no connection to it; check DNS and proxy"
    except requests.RequestException:
        return False, "the address cannot be called"
    if reply.status_code == requests.codes.unauthorized and _ocpi_status(reply) in REFUSED:
        return True, "answers, and asks for a token"
    return False, f"something else answers there: HTTP {reply.status_code}"


def _ocpi_status(reply: requests.Response) -> int:
    try:
        body = reply.json()
    except ValueError:
        return 0
    status = body.get("status_code") if isinstance(body, dict) else None
    return status if isinstance(status, int) else 0
