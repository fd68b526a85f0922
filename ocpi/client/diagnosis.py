"""What broke a call, told from the exceptions of requests and urllib3 and from how far the exchange got."""

from collections.abc import Iterator

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from ocpi.client import transport
from ocpi.client.addresses import AddressError
from ocpi.log.masking import mask_urls

_OWN = {
    AddressError: "insecure",
    transport.UrlError: "bad_url",
    transport.RedirectError: "redirect",
    transport.BodySizeError: "too_large",
}
FAILURES = (*_OWN, requests.RequestException, HTTPError, OSError, UnicodeError)
_UNUSABLE_URL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    UnicodeError,
)


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything wrapped in it: requests and urllib3 each put the cause elsewhere."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        waiting += [item for item in inner if isinstance(item, BaseException)]


def diagnosis(error: Exception, progress: transport.Progress, timeouts: tuple[float, float]) -> tuple[str, str]:
    """(kind, text). What was connected may have been read by the other side, whatever broke afterwards."""
    if type(error) in _OWN:
        return _OWN[type(error)], mask_urls(str(error))
    causes = list(causes_of(error))
    timed_out = progress.overdue or any(
        isinstance(one, TimeoutError | ReadTimeoutError | requests.ReadTimeout) for one in causes
    )
    never_sent = None if progress.connected else connecting_failure(causes, timeouts)
    if never_sent:
        return never_sent
    if progress.dialled and not progress.connected:
        return "tls", f"no secure connection: {_tls_reason(causes)}"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "not_json", "their answer is compressed in a way that cannot be read"
    if timed_out:
        return "read_timeout", f"they did not answer within {sum(timeouts):g} seconds"
    return "connection_lost", "they closed the connection before their answer was complete"


def connecting_failure(causes: list[BaseException], timeouts: tuple[float, float]) -> tuple[str, str] | None:
    """(kind, text) of what went wrong before the request was written, or None."""
    if any(isinstance(one, _UNUSABLE_URL) for one in causes):
        return "bad_url", "the URL cannot be called"
    if any(isinstance(one, NameResolutionError) for one in causes):
        return "dns", "their host name cannot be resolved"
    if any(isinstance(one, requests.exceptions.SSLError) for one in causes):
        return "tls", f"no secure connection: {_tls_reason(causes)}"
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return "refused", "their server refuses the connection"
    if any(isinstance(one, ConnectTimeoutError | requests.ConnectTimeout) for one in causes):
        return "connect_timeout", f"no connection to their server within {timeouts[0]:g} seconds"
    if any(isinstance(one, NewConnectionError) for one in causes):
        return "unreachable", "there is no way to their server"
    return None


def _tls_reason(causes: list[BaseException]) -> str:
    for one in causes:
        if reason := getattr(one, "verify_message", None):
            return f"their certificate is not valid ({reason})"
    return "the TLS handshake failed"
