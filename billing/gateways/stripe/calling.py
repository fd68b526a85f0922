"""Calling Stripe: the one way out, and what each kind of failure means for a request that may have arrived.

The library retries nothing by itself: whether something may be asked again is decided by a lookup, by whoever drives
the payment. A method of the gateway may need several calls: together they have `CALL_SECONDS`.
"""

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache, wraps
from threading import local
from typing import Any, ParamSpec, TypeVar

import requests
import stripe
from django.conf import settings

from billing.gateways.base import GatewayUnreachable
from ocpi.client.diagnosis import causes_of, connecting_failure

CALL_SECONDS = 15.0
CONNECT_SECONDS = 4.0
READ_SECONDS = 10.0
LEAST_SECONDS = 0.5
NO_KEY = "STRIPE_SECRET_KEY is not set."
OTHER_KEY = "STRIPE_SECRET_KEY is a test key where real money is meant, or a live one where STAGING is on."
NOT_ACCEPTED = "Stripe does not accept our key for this: check STRIPE_SECRET_KEY and what the key may do."
KEY_IN_USE = frozenset({"idempotency_key_in_use", "lock_timeout"})

stripe.enable_telemetry = False
# Its debug lines have what is sent.
logging.getLogger("stripe").setLevel(logging.WARNING)

P = ParamSpec("P")
R = TypeVar("R")
_ends_at: ContextVar[float] = ContextVar("when this method of the gateway has to be done")
_calls: ContextVar[int] = ContextVar("calls made by this method of the gateway", default=0)


class HttpClient(stripe.HTTPClient):
    """HTTP as we want it: no redirects, no proxies of the environment, a deadline, a session per thread."""

    name = "requests"

    def __init__(self) -> None:
        super().__init__(async_fallback_client=None)
        self.own = local()

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_kwargs: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        left = _ends_at.get() - time.monotonic()
        if left < LEAST_SECONDS:
            raise GatewayUnreachable("Stripe took too long before.", might_have_arrived=_calls.get() > 0)
        _calls.set(_calls.get() + 1)
        try:
            answer = self._session().request(
                method,
                url,
                headers=dict(headers or {}),
                data=post_data,
                timeout=(min(CONNECT_SECONDS, left), min(READ_SECONDS, left)),
                allow_redirects=False,
            )
            return answer.content, answer.status_code, answer.headers
        except requests.RequestException as error:
            raise _unreachable(error) from error

    def _session(self) -> requests.Session:
        if not hasattr(self.own, "session"):
            self.own.session = requests.Session()
            self.own.session.trust_env = False
        session: requests.Session = self.own.session
        return session

    def close(self) -> None:
        """Connections end with their threads."""


def _unreachable(error: requests.RequestException) -> GatewayUnreachable:
    """A call without an answer. What was sent, before this call or in it, may have been done."""
    causes = list(causes_of(error))
    failure = connecting_failure(causes, (CONNECT_SECONDS, READ_SECONDS))
    if failure is None or (failure[0] == "tls" and not _is_certificate(causes)):
        return GatewayUnreachable("Stripe's answer did not come.", might_have_arrived=True)
    return GatewayUnreachable(f"Stripe: {failure[1]}.", might_have_arrived=_calls.get() > 1)


def _is_certificate(causes: list[BaseException]) -> bool:
    """A certificate is refused before anything is sent; any other TLS error may come later."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in causes)


@cache
def _client(key: str, base: str) -> stripe.StripeClient:
    addresses: Any = {"api": base} if base else None
    return stripe.StripeClient(key, base_addresses=addresses, max_network_retries=0, http_client=HttpClient())


def api() -> Any:
    """Stripe's API of version 1, with our key."""
    if not settings.STRIPE_SECRET_KEY:
        raise GatewayUnreachable(NO_KEY, might_have_arrived=False)
    if settings.PRODUCTION and is_test_key(settings.STRIPE_SECRET_KEY) != settings.STAGING:
        raise GatewayUnreachable(OTHER_KEY, might_have_arrived=False)
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE).v1


def is_test_key(key: str) -> bool:
    """Whether a secret or restricted key is one of those with which Stripe moves no money."""
    return key.startswith(("sk_test_", "rk_test_"))


class Refusal(Exception):
    """Stripe will not do it: `code` and the text are Stripe's. `declined`: the bank's word, not Stripe's."""

    def __init__(self, code: str, message: str, *, declined: bool) -> None:
        super().__init__(message)
        self.code, self.message, self.declined = code, message, declined


def within_time(method: Callable[P, R]) -> Callable[P, R]:
    """A method of the gateway: all its calls together end in `CALL_SECONDS`.

    A refusal that it does not expect, of a read for example, says nothing of the money: somebody has to look.
    """

    @wraps(method)
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        ends, made = _ends_at.set(time.monotonic() + CALL_SECONDS), _calls.set(0)
        try:
            return method(*args, **kwargs)
        except Refusal as refusal:
            text = f"Stripe refuses to answer ({refusal.code})."
            raise GatewayUnreachable(text, might_have_arrived=True) from None
        finally:
            _ends_at.reset(ends)
            _calls.reset(made)

    return timed


def call(function: Callable[..., Any], *args: Any, key: str = "") -> dict[str, Any]:
    """Call the library, and return what it answers as plain values; `key` is the idempotency key.

    Nothing of what the library raises, which has whole answers, goes on.

    Raises:
        Refusal, GatewayUnreachable
    """
    try:
        answer = function(*args, options={"idempotency_key": key}) if key else function(*args)
        plain: dict[str, Any] = answer.to_dict()
        return plain
    except stripe.StripeError as error:
        raise _meaning(error) from None


def _meaning(error: stripe.StripeError) -> Refusal | GatewayUnreachable:
    status, code = error.http_status or 0, error.code or ""
    if status == 409 or code in KEY_IN_USE:
        return GatewayUnreachable("Stripe is at this request already.", might_have_arrived=True)
    if isinstance(error, stripe.IdempotencyError):
        return GatewayUnreachable("Stripe knows this key from before.", might_have_arrived=True, key_is_spent=True)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return GatewayUnreachable(NOT_ACCEPTED, might_have_arrived=_calls.get() > 1)
    if isinstance(error, stripe.RateLimitError):
        return GatewayUnreachable("Stripe says that we ask too often.", might_have_arrived=True)
    if isinstance(error, stripe.CardError):
        decline = error.error.decline_code if error.error else ""
        return Refusal(decline or code or "declined", error.user_message or "", declined=True)
    if isinstance(error, stripe.InvalidRequestError):
        return Refusal(code or "invalid_request", error.user_message or "", declined=False)
    text = f"Stripe failed (HTTP {status})."
    return GatewayUnreachable(text, might_have_arrived=True, key_is_spent=status >= 500)
