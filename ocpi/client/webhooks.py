"""Events that are sent to machines of others: signed by us, and answered by an HTTP status."""

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from ocpi.client import transport
from ocpi.client.diagnosis import FAILURES, diagnosis
from partners.ground import signing

TIMEOUTS = (3.0, 10.0)
"""Seconds: to connect, and to be answered."""
LONGEST_ANSWER = 300


@dataclass(frozen=True)
class Answered:
    """What came of it. `status`: HTTP, 0 where no answer came; `text`: how the answer begins, or why there is none."""

    status: int
    text: str

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300


def tell(url: str, secrets: tuple[str, ...], identifier: str, body: bytes) -> Answered:
    """POST an event, signed with each of the secrets (Standard Webhooks). Redirects to other hosts are not followed,
    and private addresses are not called in production (`transport`)."""
    try:
        headers = signing.sign(secrets, identifier, timezone.now(), body) | {"Content-Type": "application/json"}
    except ValueError as error:
        return Answered(0, str(error))
    with transport.Progress(sum(TIMEOUTS)) as progress:
        try:
            _check_scheme(url)
            reply = transport.fetch("POST", url, headers, body, progress, TIMEOUTS)
        except FAILURES as error:
            return Answered(0, diagnosis(error, progress, TIMEOUTS)[1][:LONGEST_ANSWER])
    return Answered(reply.status, printable(reply.body))


def _check_scheme(url: str) -> None:
    if settings.PRODUCTION and not url.lower().startswith("https:"):
        raise transport.UrlError("it is not https")


def printable(body: bytes) -> str:
    """How an answer begins, as one line that can be shown: no control characters, nothing that breaks a database."""
    text = body[: 4 * LONGEST_ANSWER].decode("utf-8", "replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:LONGEST_ANSWER]
