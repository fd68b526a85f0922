"""How they answer, whatever is asked: the cases that sum up what was noted with every exchange."""

from collections.abc import Callable

from onboarding.connection_check.case import WARNING, Case, Finding, not_applicable, passed
from onboarding.connection_check.noting import MOST_PROOFS
from onboarding.connection_check.scene import Scene

THEME = "How their server answers"


def _sum_up(topic: str, fine: str, nothing: str) -> Callable[[Scene], Finding]:
    """A look that sums up what was noted of a topic."""

    def look(scene: Scene) -> Finding:
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
        _sum_up("envelope", "{count} answers, each with status_code, timestamp and JSON.", NO_ANSWER),
        needs=("versions",),
    ),
    Case(
        "message_ids",
        THEME,
        "Message ids in answers",
        "message_ids",
        "Copy X-Request-ID and X-Correlation-ID of each request into its answer: with them both sides find an exchange "
        "in their logs.",
        _sum_up("ids", "{count} answers repeat both ids.", "This version has no message ids."),
        needs=("versions",),
    ),
    Case(
        "routing_headers",
        THEME,
        "Routing headers in answers",
        "routing",
        "Answer on functional modules with OCPI-from-country-code, OCPI-from-party-id, OCPI-to-country-code and "
        "OCPI-to-party-id: those of the request, from and to exchanged.",
        _sum_up("routing", "{count} answers carry them.", "No answer of this version was to carry them."),
        needs=("versions",),
    ),
    Case(
        "redirects",
        THEME,
        "Redirects",
        "endpoints",
        "Put the final URLs into your versions and version details. We follow redirects on the same host for GET; a "
        "POST that is redirected may get lost.",
        _sum_up("redirects", "{count} calls, none was redirected.", NO_ANSWER),
        needs=("reach",),
    ),
)
