"""How they answer, whatever is asked: envelope, message ids, routing headers, redirects. Noted with every exchange."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ocpi.client.exchange import CONFIGURATION_MODULES, Call
from onboarding.connection_check.case import WARNING, Case, Finding, not_applicable, passed
from onboarding.connection_check.moments import read_moment

if TYPE_CHECKING:
    from onboarding.connection_check.scene import Look, Scene

THEME = "How their server answers"
MOST_PROOFS = 5
JSON = "application/json"


def note(scene: "Scene", look: "Look", request: Call) -> None:
    """Note what is not as it should be about an answer."""
    if look.message is None or look.http is None:
        return
    seen = {
        "envelope": _envelope_problems(look),
        "ids": _missing_ids(scene, look),
        "routing": _missing_routing(scene, look, request),
        "redirects": _redirects(look),
    }
    for topic, texts in seen.items():
        if texts is None:
            continue
        answers = scene.notes.setdefault("answers", {})
        answers[topic] = answers.get(topic, 0) + 1
        for text in texts:
            proofs = scene.notes.setdefault("manners", {}).setdefault(topic, {}).setdefault(text, [])
            if len(proofs) < MOST_PROOFS:
                proofs.append(look.message_id)


def _envelope_problems(look: "Look") -> list[str] | None:
    """None where nothing can be said: the answer is an error, or was too long to be kept."""
    body = look.envelope
    if not look.ok or body is None:
        return None
    found = []
    if type(body.get("status_code")) is not int:
        found.append("status_code is no number.")
    if not isinstance(body.get("status_message"), str | None):
        found.append("status_message is no text.")
    if "timestamp" not in body:
        found.append("timestamp is missing.")
    elif problem := read_moment(body["timestamp"])[1]:
        found.append(f"timestamp {problem}.")
    kind = look.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        found.append(f"Content-Type is {kind or 'missing'} instead of {JSON}.")
    return found


def _missing_ids(scene: "Scene", look: "Look") -> list[str] | None:
    if not scene.version.correlation_headers or not look.ok or look.message is None:
        return None
    sent = {"X-Request-ID": look.message.request_id, "X-Correlation-ID": look.message.correlation_id}
    lacking = [name for name, value in sent.items() if look.headers.get(name, "") != value]
    return [f"The answer does not repeat the {name} of our request." for name in lacking]


def _missing_routing(scene: "Scene", look: "Look", request: Call) -> list[str] | None:
    if not scene.version.routing_headers or request.module in CONFIGURATION_MODULES or not look.ok:
        return None
    names = [f"OCPI-{way}-{part}" for way in ("from", "to") for part in ("country-code", "party-id")]
    missing = [name for name in names if not look.headers.get(name, "")]
    return [f"The answer lacks {', '.join(missing)}."] if missing else []


def _redirects(look: "Look") -> list[str] | None:
    if look.failure is not None:
        return [look.failure.sentence] if look.failure.kind == "redirect" else None
    if look.reply is None or look.message is None:
        return None
    asked, answered = urlsplit(look.message.url), urlsplit(look.reply.url)
    if (asked.scheme, asked.netloc, asked.path) == (answered.scheme, answered.netloc, answered.path):
        return []
    return [f"{asked.path} redirects to {answered._replace(query='').geturl()}."]


def _summed_up(topic: str, fine: str, nothing: str) -> "Callable[[Scene], Finding]":
    """A look that sums up what was noted of a topic."""

    def look(scene: "Scene") -> Finding:
        found: dict[str, list[int]] = scene.notes.get("manners", {}).get(topic, {})
        count = scene.notes.get("answers", {}).get(topic, 0)
        if not count:
            return not_applicable(nothing)
        if not found:
            return passed(fine.format(count=count))
        proofs = tuple(dict.fromkeys(pk for pks in found.values() for pk in pks))
        return Finding(WARNING, " ".join(found), messages=proofs[:MOST_PROOFS])

    return look


NO_ANSWER = "There was no answer to look at."
CASES = (
    Case(
        "envelope",
        THEME,
        "The OCPI envelope",
        "envelope",
        "Wrap every answer as {data, status_code, status_message, timestamp}: status_code as a number, timestamp in "
        "UTC with a Z, and Content-Type application/json.",
        _summed_up("envelope", "{count} answers, each with status_code, timestamp and JSON.", NO_ANSWER),
        needs=("versions",),
    ),
    Case(
        "message_ids",
        THEME,
        "Message ids in answers",
        "message_ids",
        "Copy X-Request-ID and X-Correlation-ID of each request into its answer: with them both sides find an exchange "
        "in their logs.",
        _summed_up("ids", "{count} answers repeat both ids.", "This version has no message ids."),
        needs=("versions",),
    ),
    Case(
        "routing_headers",
        THEME,
        "Routing headers in answers",
        "routing",
        "Answer on functional modules with OCPI-from-country-code, OCPI-from-party-id, OCPI-to-country-code and "
        "OCPI-to-party-id: those of the request, from and to exchanged.",
        _summed_up("routing", "{count} answers carry them.", "No answer of this version was to carry them."),
        needs=("versions",),
    ),
    Case(
        "redirects",
        THEME,
        "Redirects",
        "endpoints",
        "Put the final URLs into your versions and version details. We follow redirects on the same host for GET; a "
        "POST that is redirected may get lost.",
        _summed_up("redirects", "{count} calls, none was redirected.", NO_ANSWER),
        needs=("reach",),
    ),
)
