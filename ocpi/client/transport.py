"""The way out: HTTP with every guard that a call to a partner's machine needs.

- TLS 1.2 or higher, verified. Plain HTTP only with OCPI_ALLOW_INSECURE_PARTNERS.
- The address that is connected to is checked, not only the name: a public name may lead to a private address.
- One deadline for the whole exchange: a server that sends a byte now and then does not hold a worker.
- Bodies are capped, redirects stay on host, scheme and port, cookies and the environment's proxies are not used.
- A connection serves one request. A kept one may be closed by the other side at the moment we write to it,
  and then nobody could say whether a START_SESSION arrived.
"""

import socket
import ssl
import threading
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import certifi
import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

from ocpi.client.addresses import AddressError, permitted_addresses

LARGEST_BODY = 32 * 1024 * 1024
CHUNK = 64 * 1024
MOST_REDIRECTS = 3
USUAL_PORTS = {"http": 80, "https": 443}


class UrlError(Exception):
    """The URL cannot be called at all."""


class RedirectError(Exception):
    """The answer sends us where we do not follow."""


class BodySizeError(Exception):
    """The answer is larger than `LARGEST_BODY`."""


@dataclass(frozen=True)
class RawReply:
    """What came back: the last URL asked, and the body as bytes."""

    url: str
    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes


class Progress:
    """How far one exchange got, and its deadline: a timer that cuts the connection, whatever it is doing.

    `dialled` turns True with the TCP connection, `connected` once the request may be written (for https: after
    the TLS handshake).
    """

    def __init__(self, seconds: float) -> None:
        self.dialled = False
        self.connected = False
        self.overdue = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> "Progress":
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        self._release()

    def watch(self, sock: socket.socket) -> None:
        """Cut this connection at the deadline. A duplicate is kept: TLS takes the original away."""
        self._release()
        self.dialled = True
        with self._lock:
            if not self.overdue:
                self._socket = sock.dup()
                return
        sock.close()
        raise TimeoutError("the deadline passed while connecting")

    def _release(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _expire(self) -> None:
        with self._lock:
            self.overdue = True
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # the connection ended by itself


_progress: ContextVar[Progress | None] = ContextVar("ocpi_exchange", default=None)


class _Guarded:
    """Mixed into urllib3's connections: connects to a checked address, tells the exchange how far it got."""

    _dns_host: str
    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        failure: Exception | None = None
        try:
            addresses = permitted_addresses(name, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from error  # type: ignore[arg-type]
        try:
            for address in addresses:
                self._dns_host = address
                try:
                    sock: socket.socket = super()._new_conn()  # type: ignore[misc]
                except (NewConnectionError, ConnectTimeoutError) as error:
                    failure = error
                    continue
                if progress := _progress.get():
                    progress.watch(sock)
                return sock
        finally:
            self._dns_host = name
        raise failure or NewConnectionError(self, "the name has no address")  # type: ignore[arg-type]

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        if progress := _progress.get():
            progress.connected = True


class _PlainConnection(_Guarded, HTTPConnection):
    pass


class _TlsConnection(_Guarded, HTTPSConnection):
    pass


class _Unpooled:
    """Mixed into urllib3's pools: a connection comes back closed, also where the server would keep it open."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.close()
        super()._put_conn(conn)  # type: ignore[misc]


class _PlainPool(_Unpooled, HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(_Unpooled, HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


@cache
def tls_context() -> ssl.SSLContext:
    """Made once: loading the authorities costs more than the call."""
    context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
    context.load_verify_locations(certifi.where())
    return context


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verified always, against the authorities that `tls_context` holds already."""
        conn.cert_reqs = "CERT_REQUIRED"


@cache
def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", _Adapter())
    session.mount("http://", _Adapter())
    session.headers.update({"User-Agent": "SmartFuelPass-OCPI", "Accept": "application/json", "Connection": "close"})
    return session


def check_url(url: str) -> None:
    """Refuse what is no http(s) URL with a host, and plain http where it is not allowed.

    Raises:
        UrlError, AddressError
    """
    try:
        parts = urlsplit(url)
        scheme, host, _ = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError as error:
        raise UrlError(f"{url!r} is not a URL") from error
    if scheme not in ("http", "https") or not host or parts.username is not None:
        raise UrlError(f"{url!r} is not a complete http(s) URL")
    if scheme == "http" and not settings.OCPI_ALLOW_INSECURE_PARTNERS:
        raise AddressError(f"{url} is plain HTTP, without TLS")


def fetch(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes | None,
    progress: Progress,
    timeouts: tuple[float, float],
) -> RawReply:
    """Send one request and read the whole answer, following redirects that stay on host, scheme and port.

    Raises:
        the exceptions above, and those of `requests`
    """
    token = _progress.set(progress)
    try:
        for _ in range(MOST_REDIRECTS + 1):
            check_url(url)
            answer = _session().request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=timeouts,
                stream=True,
                allow_redirects=False,
            )
            with closing(answer) as response:
                location = response.headers.get("Location", "")
                if not (300 <= response.status_code < 400 and location):
                    body = _body(response)
                    if progress.overdue:  # cut off by us, an answer may look complete
                        raise TimeoutError("the deadline passed while reading")
                    return RawReply(url, response.status_code, response.headers, body)
                url = _follow_redirect(method, url, response.status_code, location)
        raise RedirectError(f"they redirect more than {MOST_REDIRECTS} times, last to {url}")
    finally:
        _progress.reset(token)


def _follow_redirect(method: str, url: str, status: int, location: str) -> str:
    """Where to go next. A POST is repeated only where the server says so (307, 308): it must stay a POST."""
    target = urljoin(url, location)
    old, new = urlsplit(url), urlsplit(target)
    if new.hostname != old.hostname:
        raise RedirectError(f"they redirect to another host: {target}")
    if _origin(new) != _origin(old):
        raise RedirectError(f"they redirect to another port or scheme of their host: {target}")
    if method != "GET" and status not in (307, 308):
        raise RedirectError(f"they redirect a {method} (HTTP {status}) to {target}")
    return target


def _origin(parts: SplitResult) -> tuple[str, int | None]:
    """Scheme and port: behind another port of a host stands another program, which our token is none of."""
    scheme = parts.scheme.lower()
    return scheme, parts.port or USUAL_PORTS.get(scheme)


def _body(response: requests.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(CHUNK):
        size += len(part)
        if size > LARGEST_BODY:
            raise BodySizeError(f"their answer is larger than {LARGEST_BODY // (1024 * 1024)} MB")
        parts.append(part)
    return b"".join(parts)
