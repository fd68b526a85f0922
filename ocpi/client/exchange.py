"""One exchange: headers out, envelope in, both in the message log (OCPI 2.2.1 §4.1)."""

import base64
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import requests
from django.conf import settings
from requests.structures import CaseInsensitiveDict

from ocpi.client import gate, reading, transport
from ocpi.client.diagnosis import FAILURES, diagnosis
from ocpi.client.error_words import words_of
from ocpi.client.failures import TOO_MANY_REQUESTS, CallFailed, http_text, names_token
from ocpi.log import quirks
from ocpi.log.message_log import OUTBOUND, Exchange, Outcome, Record, open_message
from ocpi.versions.results import Lenience
from partners.ground import tracing
from partners.models import Partner

if TYPE_CHECKING:
    from ocpi.versions import Version

RAW, BASE64 = Partner.TokenEncoding.RAW.value, Partner.TokenEncoding.BASE64.value
# OCPI 2.2.1 §4.1.1: configuration modules carry no routing headers.
CONFIGURATION_MODULES = frozenset({"versions", "credentials", "hubclientinfo"})
LONGEST_QUOTE = 300
UNPROCESSABLE = 422
_NOT_JSON = {True: "they answered with a web page (HTML) instead of JSON", False: "their answer is not JSON"}


@dataclass(frozen=True)
class Call:
    """A request to a partner.

    Args:
        version: None while none is agreed: the headers are then those of 2.2 and later, which 2.1.1 ignores.
        token: as text; never shown.
        body: JSON-ready, or None.
        kind: of the object in the body, where every optional field of it may be written out.
        to: (country_code, party_id) for the routing headers, if it is not the partner's own party.
        connect_timeout, read_timeout: seconds, instead of the settings'. Their sum is the deadline of it all.
        gated: it takes its turn among the calls to this partner (`ocpi.client.gate`).
        learn_encoding: on HTTP 401 try the token in its other spelling, and remember what was accepted.
    """

    partner: Partner
    method: str
    url: str
    token: str = field(repr=False)
    module: str = ""
    version: "Version | None" = None
    params: Mapping[str, Any] | None = None
    body: Any = None
    kind: str = ""
    to: tuple[str, str] | None = None
    connect_timeout: float | None = None
    read_timeout: float | None = None
    learn_encoding: bool = False
    gated: bool = False

    @property
    def timeouts(self) -> tuple[float, float]:
        """(connect, read) in seconds."""
        return (
            self.connect_timeout or settings.OCPI_CONNECT_TIMEOUT,
            self.read_timeout or settings.OCPI_READ_TIMEOUT,
        )


@dataclass(frozen=True)
class Reply:
    """An answer with HTTP 2xx and status code 1xxx. `duration` is in seconds, `url` the one that answered at last."""

    http_status: int
    status_code: int
    status_message: str
    data: Any
    headers: CaseInsensitiveDict[str]
    message_id: int | None
    duration: float
    url: str = ""


def call(request: Call) -> Reply:
    """Make the call and return its answer.

    Raises:
        CallFailed: there is no usable answer. The exchange is in the message log all the same.
    """
    if request.partner.writes_nulls:
        return _call_in_their_spelling(_write_out(request))
    try:
        return _call_in_their_spelling(request)
    except CallFailed as refused:
        full = _write_out(request)
        if refused.http_status != UNPROCESSABLE or full.body == request.body:
            raise
    # Their reader refused it before anybody acted on it: asking once more does nothing twice.
    reply = _call_in_their_spelling(full)
    Partner.objects.filter(pk=request.partner.pk).update(writes_nulls=True)
    request.partner.writes_nulls = True
    return reply


def _write_out(request: Call) -> Call:
    """The same request with every optional field in its body."""
    if request.version is None or not request.kind or not isinstance(request.body, dict):
        return request
    return replace(request, body=request.version.with_nulls(request.kind, request.body))


def _call_in_their_spelling(request: Call) -> Reply:
    """Make the call with the token in the spelling that the partner takes."""
    encoding = request.partner.token_encoding or _usual_encoding(request.version)
    if not request.learn_encoding:
        return _exchange(request, encoding)
    try:
        reply = _exchange(request, encoding)
    except CallFailed as refused:
        if not refused.about_token:
            raise
        # Many 2.1.1 and 2.2 peers do not follow the text on base64 (OCPI 2.2.1 §4.1.1): trial and error.
        encoding = RAW if encoding == BASE64 else BASE64
        reply = _exchange(request, encoding)
        if encoding != _usual_encoding(request.version):
            _note(request, (_other_spelling(encoding),), reply.message_id, logged=False)
    _remember(request.partner, encoding)
    return reply


def _other_spelling(encoding: str) -> Lenience:
    words = "as it is instead of in base64" if encoding == RAW else "in base64 instead of as it is"
    return Lenience("token_encoding", "", f"they take their token only {words}")


def _note(request: Call, leniences: tuple[Lenience, ...], message_id: int | None, *, logged: bool) -> None:
    version = request.version.number if request.version else ""
    quirks.note(request.partner, version, request.module, leniences, message_id, logged=logged)


def _usual_encoding(version: "Version | None") -> str:
    return BASE64 if version is None or version.encodes_token else RAW


def _remember(partner: Partner, encoding: str) -> None:
    if partner.token_encoding != encoding:
        partner.token_encoding = encoding
        Partner.objects.filter(pk=partner.pk).update(token_encoding=encoding)


def _exchange(request: Call, encoding: str) -> Reply:
    headers = _headers(request, encoding)
    body = None if request.body is None else json.dumps(request.body, ensure_ascii=False).encode()
    request = replace(request, url=_full_url(request))
    record = open_message(
        Exchange(
            OUTBOUND,
            request.method,
            request.url,
            headers,
            body or b"",
            partner=request.partner,
            version=request.version.number if request.version else "",
            module=request.module,
        )
    )
    if request.gated:
        gate.admit(request.partner, record.id)
    started = time.monotonic()
    raw = _fetch(request, headers, body, record)
    duration = time.monotonic() - started
    envelope, problem = _envelope(raw.body)
    leniences = _overlook(raw.status, envelope, problem)
    try:
        reply = _understand(request, raw, envelope, problem, record.id, duration)
    except CallFailed as failure:
        _finish(record, raw, failure.status_code, failure.text, leniences)
        raise
    else:
        _finish(record, raw, reply.status_code, "", leniences)
        reading.measure(request.partner, raw.headers, envelope, record.id)
    finally:
        _note(request, leniences, record.id, logged=True)
    return reply


def _full_url(request: Call) -> str:
    if not request.params:
        return request.url
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(request.url, dict(request.params))
    except (requests.RequestException, UnicodeError):
        return request.url  # refused, in words, when it is called
    return prepared.url or request.url


def _headers(request: Call, encoding: str) -> dict[str, str]:
    token = base64.b64encode(request.token.encode()).decode() if encoding == BASE64 else request.token
    headers = {"Authorization": f"Token {token}"}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    version = request.version
    if version is None or version.correlation_headers:
        headers |= {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": tracing.current() or tracing.new()}
    if version and version.routing_headers and request.module not in CONFIGURATION_MODULES:
        country_code, party_id = request.to or (request.partner.country_code, request.partner.party_id)
        headers |= {
            "OCPI-to-country-code": country_code,
            "OCPI-to-party-id": party_id,
            "OCPI-from-country-code": settings.OCPI_COUNTRY_CODE,
            "OCPI-from-party-id": settings.OCPI_PARTY_ID,
        }
    return headers


def _fetch(request: Call, headers: dict[str, str], body: bytes | None, record: Record) -> transport.RawReply:
    timeouts = request.timeouts
    with transport.Progress(sum(timeouts)) as progress:
        try:
            return transport.fetch(request.method, request.url, headers, body, progress, timeouts)
        except FAILURES as error:
            kind, text = diagnosis(error, progress, timeouts)
            record.finish(Outcome(error=text))
            raise CallFailed(kind, text, message_id=record.id) from error
        except BaseException as error:
            record.finish(Outcome(error=f"{type(error).__name__} on our side"))
            raise


def _understand(
    request: Call,
    raw: transport.RawReply,
    envelope: dict[str, Any] | None,
    problem: str,
    message_id: int | None,
    duration: float,
) -> Reply:
    code, message = _status(envelope)
    data = envelope.get("data") if envelope else None
    if not 200 <= raw.status < 300:
        said = words_of(raw.body, _secrets_of(request))
        by_application = not problem
        text = http_text(raw.status, code, said, by_application)
        raise CallFailed(
            "http_error",
            text,
            http_status=raw.status,
            status_code=code,
            message_id=message_id,
            data=data,
            ask_again_in=reading.wait_of(raw.headers) if raw.status == TOO_MANY_REQUESTS else None,
            about_token=raw.status == 401 or (raw.status == 403 and (by_application or names_token(said))),
        )
    if envelope is None or code is None:
        kind = "not_json" if problem else "no_envelope"
        text = problem or "their answer is JSON, but no OCPI envelope with a status_code"
        raise CallFailed(kind, text, http_status=raw.status, message_id=message_id)
    if not 1000 <= code < 2000:
        said = words_of(raw.body, _secrets_of(request))
        text = f"they answered with OCPI status code {code}" + (f": {said}" if said else "")
        raise CallFailed("ocpi_error", text, http_status=raw.status, status_code=code, message_id=message_id, data=data)
    return Reply(raw.status, code, message, data, raw.headers, message_id, duration, raw.url)


def _secrets_of(request: Call) -> list[str]:
    """What the request carried and no error may repeat."""
    given = request.body.get("token") if isinstance(request.body, dict) else None
    encoded = base64.b64encode(request.token.encode()).decode()
    return [request.token, encoded, *([given] if isinstance(given, str) else [])]


def _overlook(http_status: int, envelope: dict[str, Any] | None, problem: str) -> tuple[Lenience, ...]:
    """What is wrong with the envelope and is read nevertheless. A web page is no answer of their OCPI server."""
    code, _ = _status(envelope)
    if http_status >= 400 and not problem and code is None:
        return (Lenience("no_envelope", "", f"the error (HTTP {http_status}) is no OCPI envelope"),)
    if envelope is not None and code is not None and isinstance(envelope.get("status_code"), str):
        return (Lenience("number_as_string", "", "status_code is text"),)
    return ()


def _envelope(body: bytes) -> tuple[dict[str, Any] | None, str]:
    """(envelope or None, why the body is not JSON at all)."""
    if not body.strip():
        return None, "their answer is empty"
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        start = body[:500].lstrip().lower()
        page = start.startswith(b"<!doctype html") or b"<html" in start
        return None, _NOT_JSON[page]
    return (found if isinstance(found, dict) else None), ""


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _status(envelope: dict[str, Any] | None) -> tuple[int | None, str]:
    """(status_code, status_message); a code in quotes is read too."""
    if envelope is None:
        return None, ""
    code = envelope.get("status_code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 6:
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool):
        code = None
    message = envelope.get("status_message")
    return code, message[:LONGEST_QUOTE] if isinstance(message, str) else ""


def _finish(
    record: Record, raw: transport.RawReply, status_code: int | None, error: str, leniences: tuple[Lenience, ...]
) -> None:
    record.finish(Outcome(raw.status, status_code, raw.headers, raw.body, leniences=leniences, error=error))
