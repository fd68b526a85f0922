"""How many requests somebody may make: counted per minute, refused with the seconds until the next one.

    if (wait := limiting.hit(STRANGERS, address)):
        ... 429, Retry-After: wait

Counters are Redis's where there is one, so that all web processes count together, else this process's own; a Redis
that is away costs a limit its sharpness and nobody a request. Who is over a limit is remembered here until the minute
is over: from then on a refusal costs neither a database nor Redis anything.
"""

import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings

if TYPE_CHECKING:
    import redis

log = structlog.get_logger(__name__)
PERIOD = 60
MOST_KEYS = 50_000
SENTINEL_PORT = 26379
REDIS_SECONDS = 0.25
AWAY_SECONDS = 10.0


@dataclass(frozen=True)
class Limit:
    """What is counted, the setting that says how many a minute (0: no limit), whether all processes count together."""

    name: str
    setting: str
    shared: bool = True

    @property
    def most(self) -> int:
        return int(getattr(settings, self.setting))


STRANGERS = Limit("strangers", "LIMIT_STRANGERS")
PARTNERS = Limit("partners", "LIMIT_PARTNERS", shared=False)
DRIVERS = Limit("drivers", "LIMIT_DRIVERS")
CLIENTS = Limit("clients", "LIMIT_CLIENTS")

_lock = threading.Lock()
_counts: dict[tuple[str, str, int], int] = {}
_over: dict[tuple[str, str], float] = {}
_away_until = 0.0


def hit(limit: Limit, key: str, on_flood: Callable[[], Any] | None = None) -> int:
    """Count one; return 0, or in how many seconds the next is welcome. `on_flood` is called once per key and minute."""
    if not limit.most:
        return 0
    if wait := wait_for(limit, key):
        return wait
    minute, left = _minute()
    if _count(limit, key, minute) <= limit.most:
        return 0
    with _lock:
        news = (limit.name, key) not in _over
        _over[limit.name, key] = time.time() + left
    if news:
        log.warning("too_many_requests", limit=limit.name, by=key, most=limit.most)
        if on_flood is not None:
            on_flood()
    return left


def wait_for(limit: Limit, key: str) -> int:
    """In how many seconds whoever is over the limit may come again; 0 for everybody else. Counts nothing."""
    until = _over.get((limit.name, key))
    if until is None:
        return 0
    if (left := until - time.time()) > 0:
        return ceil(left)
    _over.pop((limit.name, key), None)
    return 0


def place_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that an IPv6 customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def forget() -> None:
    """Begin anew, in this process."""
    with _lock:
        _counts.clear()
        _over.clear()


def _minute() -> tuple[int, int]:
    """(number of this minute, seconds until the next one)."""
    now = time.time()
    return int(now // PERIOD), PERIOD - int(now % PERIOD)


def _count(limit: Limit, key: str, minute: int) -> int:
    global _away_until
    if limit.shared and settings.REDIS_URL and time.monotonic() > _away_until:
        from redis import RedisError

        try:
            return _count_in_redis(f"{settings.REDIS_KEY_PREFIX}limit:{limit.name}:{key}:{minute}")
        except RedisError as error:
            _away_until = time.monotonic() + AWAY_SECONDS
            log.warning("limits_count_alone", error=str(error))
    return _count_here((limit.name, key, minute))


def _count_in_redis(name: str) -> int:
    with _server().pipeline(transaction=False) as pipeline:
        pipeline.incr(name)
        pipeline.expire(name, 2 * PERIOD)
        return int(pipeline.execute()[0])


@cache
def _server() -> "redis.Redis":
    from redis import Redis, Sentinel
    from redis.connection import parse_url

    patience: dict[str, Any] = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    if not settings.REDIS_SENTINEL_MASTER:
        return Redis.from_url(settings.REDIS_URL, **patience)
    read: Any = parse_url
    asked = [read(url.replace("sentinel://", "redis://", 1)) for url in settings.REDIS_URL.split(";")]
    login = {name: value for name, value in asked[0].items() if name in ("username", "password", "db")}
    sentinels = [(one["host"], one.get("port", SENTINEL_PORT)) for one in asked]
    asking: Any = Sentinel
    master: Redis = asking(sentinels, **patience).master_for(settings.REDIS_SENTINEL_MASTER, **patience, **login)
    return master


def _count_here(key: tuple[str, str, int]) -> int:
    with _lock:
        if len(_counts) >= MOST_KEYS:
            for old in [one for one in _counts if one[2] != key[2]] or list(_counts):
                del _counts[old]
        _counts[key] = _counts.get(key, 0) + 1
        return _counts[key]
