"""Why a call failed, in plain words: what happened, and what to do about it (guide 8)."""

import re
from typing import Any

from django.conf import settings
from django.utils.text import capfirst

# Rule 5: only these prove that the other side never read the request.
COULD_NOT_ARRIVE = frozenset(
    [
        *("dns", "refused", "unreachable", "tls", "connect_timeout"),
        *("insecure", "bad_url", "not_offered", "no_token", "suspended", "busy"),
    ]
)

_ADVICE = {
    "dns": "Check the host name in the URL for a typing error, and that its DNS record is public.",
    "refused": "Ask whether their OCPI server is running, and whether the port in the URL is right.",
    "unreachable": "Ask whether their OCPI server is on the internet, and check the host in the URL.",
    "tls": "Their certificate must be valid, complete with its intermediate certificates, and issued for "
    "this host name; TLS 1.2 or higher is required.",
    "connect_timeout": "Confirm that the URL is publicly reachable (test with curl from an external network) "
    "and that our outbound IP addresses are on their firewall's allowlist{ips}.",
    "read_timeout": "Ask them to look for the request in their logs: it may have been carried out.",
    "connection_lost": "Ask them to look for the request in their logs and in their proxy's: it may have "
    "been carried out.",
    "redirect": "Ask for the final URL and use that one.",
    "not_json": "The URL is probably wrong, or a firewall (WAF) or proxy answers in place of their OCPI "
    "server. Confirm the URL, and that our outbound IP addresses are on their allowlist{ips}.",
    "no_envelope": "Every OCPI answer has the form {{data, status_code, status_message, timestamp}} "
    "(OCPI 2.2.1 §4.1.7). Ask them to correct it, or confirm the URL: it may lead to another API.",
    "ocpi_error": "Ask them to look up the request in their logs; the message log has both bodies.",
    "too_large": "Ask them to send smaller pages (X-Limit).",
    "insecure": "Ask for a public https:// URL: plain HTTP and private addresses are not used in production.",
    "bad_url": "Ask for the complete URL, such as https://cpo.example/ocpi/cpo/versions.",
    "not_offered": "Ask them to offer the module in their version details, then read the details again.",
    "no_token": "Run the handshake with this partner first.",
    "suspended": "Resume the connection when both sides agree.",
    "busy": "Nothing to do: it is tried again. If it stays so, ask them why their server is this slow.",
}
_HTTP_ADVICE = {
    400: "They could not read our request. Ask them to look it up; the message log has both bodies.",
    401: "Token mismatch: wrong authorization token. Verify the tokens exchanged; each side must use the one "
    "that it was given last.",
    403: "Our IP is not allowlisted on their side: ask them to add our outbound IP addresses to their "
    "firewall or WAF{ips}.",
    404: "The URL is wrong, or they do not know the object. Confirm the URL with them.",
    405: "They do not allow this method on this URL. Ask them which state they see the connection in.",
    429: "They limit how often we may call. Ask them to raise the limit.",
}
TOO_MANY_REQUESTS = 429
SERVER_REFUSES = "their OCPI server itself refuses our token"
TOKEN_WORDS = re.compile(r"token|credential|api.?key|authenticat|authoriz(?:ation|ed)", re.IGNORECASE)
_HTTP_SERVER = "Their server failed. Ask them to look up the request in their logs."
_HTTP_TEXT = {
    401: "they do not accept our token (HTTP 401)",
    403: "they refuse us entry (HTTP 403)",
    404: "they have nothing at this URL (HTTP 404)",
    405: "they do not allow this method (HTTP 405)",
    429: "they say that we call too often (HTTP 429)",
}


def sentence(text: str) -> str:
    """Text as a sentence: capital first, one full stop."""
    return f"{capfirst(text.strip().rstrip('.'))}." if text.strip(" .") else ""


class CallFailed(Exception):
    """A call without a usable answer.

    Args:
        kind: dns, refused, unreachable, tls, connect_timeout (nothing was sent); read_timeout,
            connection_lost; http_error (status 300 or above), redirect, not_json, no_envelope, ocpi_error
            (status code 2xxx and above), too_large; insecure, bad_url, not_offered, no_token,
            suspended, busy (not tried).
        text: what happened, one sentence without a full stop.
        advice: what to do about it.
        data: `data` of the envelope, if there was one: some refusals come with an object.
        about_token: they do not accept our token, whatever HTTP status they say that with.
        ask_again_in: seconds, where they turn us away because we call too often (RFC 6585 §4).

    `might_have_arrived` is False only where the other side cannot have acted on the request (rule 5).
    """

    def __init__(
        self,
        kind: str,
        text: str,
        *,
        advice: str = "",
        http_status: int | None = None,
        status_code: int | None = None,
        message_id: int | None = None,
        data: Any = None,
        about_token: bool = False,
        ask_again_in: int | None = None,
    ) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.about_token = about_token
        self.advice = advice or advice_for(kind, self.meant_status(http_status))
        self.http_status = http_status
        self.status_code = status_code
        self.message_id = message_id
        self.data = data
        self.ask_again_in = ask_again_in

    def meant_status(self, http_status: int | None) -> int | None:
        """The HTTP status by which to choose advice: a 403 of their OCPI server's means what 401 says."""
        return 401 if self.about_token else http_status

    @property
    def sentence(self) -> str:
        """What happened, as a sentence."""
        return sentence(self.text)

    @property
    def in_full(self) -> str:
        """What happened and what to do about it: sentences."""
        return f"{self.sentence} {self.advice}".strip()

    @property
    def might_have_arrived(self) -> bool:
        return self.kind not in COULD_NOT_ARRIVE and self.http_status != TOO_MANY_REQUESTS


def advice_for(kind: str, http_status: int | None = None) -> str:
    """What to do about a failure of this kind."""
    template = _ADVICE.get(kind, "")
    if kind == "http_error" and http_status is not None:
        template = _HTTP_ADVICE.get(http_status, _HTTP_SERVER if http_status >= 500 else _HTTP_ADVICE[400])
    addresses = ", ".join(settings.OCPI_OUTBOUND_IPS)
    return template.format(ips=f" ({addresses})" if addresses else "")


def names_token(said: str) -> bool:
    """Whether a refusal speaks of who calls, and not from where."""
    return TOKEN_WORDS.search(said) is not None


def http_text(status: int, status_code: int | None, said: str, by_application: bool = False) -> str:
    """What an HTTP error says: `their server failed (HTTP 500), status code 3000: database is down`.

    `by_application`: the answer is JSON, so that it is no firewall's.
    """
    fallback = "their server failed" if status >= 500 else "they refused the request"
    text = _HTTP_TEXT.get(status) or f"{fallback} (HTTP {status})"
    if status == 403 and (by_application or names_token(said)):
        text = f"{SERVER_REFUSES} (HTTP 403)"
    if status_code is not None:
        text += f", OCPI status code {status_code}"
    return f"{text}: {said}" if said else text
