"""A ring buffer of exchanges, and one printed line for each. Secrets are masked before anything is kept."""

import json
import re
import sys
from collections import deque
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any, TextIO

from cpo_simulator.clock import now
from cpo_simulator.settings.config import Config
from cpo_simulator.wire.shapes import Json

_LONGEST = 20_000
_TOKEN = re.compile(r"(?i)\btoken\s+(\S+)")
_QUERY_SECRET = re.compile(r"(?i)([?&](?:token|access_token|key)=)[^&\s]+")


def masked(secret: str) -> str:
    """Only the last four characters of a secret: ``****cdef``; nothing at all of a short one."""
    return f"****{secret[-4:]}" if len(secret) > 8 else "****"


def masked_header(value: str) -> str:
    """An Authorization header without its secret."""
    return _TOKEN.sub(lambda match: f"Token {masked(match[1])}", value) if _TOKEN.search(value) else masked(value)


def masked_body(body: Json) -> Json:
    """A copy in which every ``token`` that is a string (credentials) is masked."""
    if isinstance(body, dict):
        return {
            name: masked(value) if name == "token" and isinstance(value, str) else masked_body(value)
            for name, value in body.items()
        }
    return [masked_body(item) for item in body] if isinstance(body, list) else body


@dataclass
class Exchange:
    """One request and its answer; ``direction`` is ``in`` (the eMSP called us) or ``out``."""

    direction: str
    method: str
    url: str
    http: int | None = None
    status_code: int | None = None
    ms: int = 0
    request: Json = None
    response: Json = None
    error: str = ""
    authorization: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    at: str = ""
    id: int = 0


class Exchanges:
    """Keeps the newest exchanges and prints each when it is over."""

    def __init__(self, config: Config, out: TextIO | None = None) -> None:
        self._kept: deque[Exchange] = deque(maxlen=max(1, config.exchanges))
        self._numbers = count(1)
        self._config = config
        self._out = out or sys.stdout

    def add(self, exchange: Exchange) -> None:
        """Mask, keep and print."""
        exchange.id = next(self._numbers)
        exchange.at = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        exchange.url = _QUERY_SECRET.sub(r"\1****", exchange.url)
        exchange.authorization = masked_header(exchange.authorization) if exchange.authorization else ""
        exchange.request = _short(masked_body(exchange.request))
        exchange.response = _short(masked_body(exchange.response))
        self._kept.append(exchange)
        if not self._config.quiet:
            self.say(self._line(exchange))

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest exchanges first, as plain data."""
        return [asdict(one) for one in list(self._kept)[::-1][:limit]]

    def note(self, text: str) -> None:
        """Print a remark that is no exchange."""
        if not self._config.quiet:
            moment = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self.say(json.dumps({"at": moment, "note": text}) if self._config.json_log else f"{moment[11:23]}  {text}")

    def say(self, line: str) -> None:
        """Write a line; a reader that went away is no reason to stop."""
        try:
            self._out.write(line + "\n")
            self._out.flush()
        except (BrokenPipeError, ValueError):
            return

    def _line(self, exchange: Exchange) -> str:
        if self._config.json_log:
            return json.dumps(asdict(exchange), ensure_ascii=False)
        arrow = "<-" if exchange.direction == "in" else "->"
        http = str(exchange.http) if exchange.http else "---"
        code = str(exchange.status_code) if exchange.status_code else "-"
        error = f"  {exchange.error}" if exchange.error else ""
        times = f"{http:>3} {code:>4} {exchange.ms:>5} ms"
        line = f"{exchange.at[11:23]}  {arrow} {exchange.method:<6} {times}  {exchange.url}{error}"
        failed = not exchange.http or exchange.http >= 400 or (exchange.status_code or 1000) >= 2000
        return f"\x1b[31m{line}\x1b[0m" if failed and self._config.color else line


def _short(body: Json) -> Json:
    """Bodies longer than 20,000 characters are kept as their beginning."""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return body if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
