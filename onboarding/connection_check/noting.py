"""What is noted of every exchange about how they answer: envelope, message ids, routing headers, redirects."""

from typing import Any
from urllib.parse import urlsplit

from ocpi.client.exchange import CONFIGURATION_MODULES, Call
from ocpi.versions import Version
from onboarding.connection_check.look import Look
from onboarding.connection_check.moments import read_moment

MOST_PROOFS = 5
JSON = "application/json"


def note_manners(notes: dict[str, Any], version: Version, look: Look, request: Call) -> None:
    """Note what is not as it should be about an answer.

    Into the run's `notes`: `answers` is {topic: how many were looked at}, `manners` {topic: {text: message ids}}.
    """
    if look.message is None or look.http is None:
        return
    seen = {
        "envelope": _envelope_problems(look),
        "ids": _missing_ids(version, look),
        "routing": _missing_routing(version, look, request),
        "redirects": _redirects(look),
    }
    for topic, texts in seen.items():
        if texts is None:
            continue
        answers = notes.setdefault("answers", {})
        answers[topic] = answers.get(topic, 0) + 1
        for text in texts:
            proofs = notes.setdefault("manners", {}).setdefault(topic, {}).setdefault(text, [])
            if len(proofs) < MOST_PROOFS:
                proofs.append(look.message_id)


def _envelope_problems(look: Look) -> list[str] | None:
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


def _missing_ids(version: Version, look: Look) -> list[str] | None:
    if not version.correlation_headers or not look.ok or look.message is None:
        return None
    sent = {"X-Request-ID": look.message.request_id, "X-Correlation-ID": look.message.correlation_id}
    lacking = [name for name, value in sent.items() if look.headers.get(name, "") != value]
    return [f"The answer does not repeat the {name} of our request." for name in lacking]


def _missing_routing(version: Version, look: Look, request: Call) -> list[str] | None:
    if not version.routing_headers or request.module in CONFIGURATION_MODULES or not look.ok:
        return None
    names = [f"OCPI-{way}-{part}" for way in ("from", "to") for part in ("country-code", "party-id")]
    missing = [name for name in names if not look.headers.get(name, "")]
    return [f"The answer lacks {', '.join(missing)}."] if missing else []


def _redirects(look: Look) -> list[str] | None:
    if look.failure is not None:
        return [look.failure.sentence] if look.failure.kind == "redirect" else None
    if look.reply is None or look.message is None:
        return None
    asked, answered = urlsplit(look.message.url), urlsplit(look.reply.url)
    if (asked.scheme, asked.netloc, asked.path) == (answered.scheme, answered.netloc, answered.path):
        return []
    return [f"{asked.path} redirects to {answered._replace(query='').geturl()}."]
