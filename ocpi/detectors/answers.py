"""Whether exchanges succeed: their server is silent, fails too often, or ours does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.conf import settings

from ocpi.detectors.grouping import Group, findings, went_well_since
from ocpi.detectors.refused import they_let_us_in
from ocpi.detectors.traffic import INBOUND, OUTBOUND, Failures, Traffic, traffic
from partners.ground.persons import to_you
from partners.incidents.detecting import Detector, Finding, Key, Window
from partners.incidents.reporting import Report
from partners.models import Incident

SILENT, THEIR_ERRORS, OUR_ERRORS = "no-answer", "their-errors", "our-errors"
LEAST_SILENT_CALLS = 5
LEAST_CALLS = 20  # a rate of fewer says nothing
LEAST_ALL_FAILED = 5  # but that every one of a few failed does


def no_answers(window: Window) -> list[Finding]:
    """Several calls without any answer, and none with one since."""
    silent = window.share(traffic).failed(OUTBOUND, None)
    return findings(silent, lambda _: SILENT, _tell_silent, least=LEAST_SILENT_CALLS)


def _tell_silent(key: str, group: Group) -> Report:
    why = group.newest.error if group.newest is not None else "no answer"
    return Report(
        key=key,
        symptom="SFP cannot reach your endpoints",
        cause=f"No answer to our requests: {why}.",
        resolution="Confirm that the URL is publicly reachable (test with curl from an external network), and that "
        "our outbound IP addresses are in the allowlist of the CPO's firewall.",
        place=group.host,
        to_do="Call their technical contact: nobody can start there. It closes with the next answer.",
        severity=Incident.Severity.URGENT,
        evidence=group.evidence(),
        letter=f"Our requests to your endpoints got no answer ({group.span}): {to_you(why)}. Please confirm that the "
        "URL is publicly reachable (test with curl from an external network) and that your OCPI server is running.",
    )


def answered_again(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """Any answer will do, a refusal too."""
    seen = window.share(traffic)
    newest = seen.newest_good(OUTBOUND)
    for one in seen.failures:
        if one.direction == OUTBOUND and one.http_status is not None and one.partner_id is not None:
            newest[one.partner_id] = max(one.newest_at, newest.get(one.partner_id, one.newest_at))
    return went_well_since(rows, newest, "Their server answers again.")


def their_errors(window: Window) -> list[Finding]:
    """Their server answers, and too many of its answers are failures of its own (HTTP 5xx, status code 3xxx)."""
    seen = window.share(traffic)
    broken = [one for one in seen.failures if one.direction == OUTBOUND and _their_fault(one)]
    found = findings(broken, lambda _: THEIR_ERRORS, _tell_their_errors)
    totals, unwell = seen.totals(OUTBOUND), _unwell(seen)
    shares = {one.partner_id: one.times / totals[one.partner_id] for one in found if totals.get(one.partner_id)}
    return [
        _with_share(one, shares[one.partner_id], totals[one.partner_id])
        for one in found
        if _too_many(one.times, unwell[one.partner_id], totals.get(one.partner_id, 0))
    ]


def _unwell(seen: Traffic) -> Counter[int]:
    """How many calls their server failed at or left without an answer, by partner."""
    counts: Counter[int] = Counter()
    for one in seen.failures:
        if one.direction == OUTBOUND and one.partner_id is not None and (one.http_status is None or _their_fault(one)):
            counts[one.partner_id] += one.times
    return counts


def _too_many(failed: int, unwell: int, total: int) -> bool:
    """Of many calls a share; of a few all."""
    if total >= LEAST_CALLS:
        return bool(failed / total >= settings.DETECT_ERROR_RATE)
    return unwell == total >= LEAST_ALL_FAILED


def _their_fault(one: Failures) -> bool:
    return (one.http_status or 0) >= 500 or (one.ocpi_status or 0) >= 3000


def _tell_their_errors(key: str, group: Group) -> Report:
    return Report(
        key=key,
        symptom="Your server fails to answer our requests",
        cause="The CPO's server answers with HTTP 5xx or OCPI status code 3xxx.",
        resolution="Look the requests up in the logs of that server; our message log has both sides of each.",
        place=group.host,
        to_do="Send their technical contact the exchanges. It closes when most calls go through again.",
        evidence=group.evidence(),
        letter=f"Your server answered our requests with errors of its own ({group.span}). Please look into your "
        "logs; on request we send you both sides of each exchange.",
    )


def _with_share(one: Finding, share: float, total: int) -> Finding:
    text = f"{share:.0%} of our {total} requests failed this way."
    report = replace(one.report, cause=f"{one.report.cause} {text}", letter=f"{one.report.letter} {text}")
    return replace(one, report=report)


def few_errors(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """Calls go through again: some good ones since the last failure."""
    return {
        **they_let_us_in(window, [row for row in rows if _calm(window, row)]),
    }


def _calm(window: Window, row: Incident) -> bool:
    seen = window.share(traffic)
    broken = sum(
        one.times
        for one in seen.failures
        if one.partner_id == row.partner_id and one.direction == OUTBOUND and _their_fault(one)
    )
    return bool(broken < settings.DETECT_ERROR_RATE * max(seen.totals(OUTBOUND).get(row.partner_id, 0), 1))


def our_errors(window: Window) -> list[Finding]:
    """We answered HTTP 500: a fault of ours, for our own people."""
    broken = [
        one for one in window.share(traffic).failures if one.direction == INBOUND and (one.http_status or 0) >= 500
    ]
    return findings(broken, lambda one: f"{OUR_ERRORS}:{one.module or 'any'}", _tell_our_errors)


def _tell_our_errors(key: str, group: Group) -> Report:
    why = group.newest.error if group.newest is not None and group.newest.error else "see the exchange"
    return Report(
        key=key,
        symptom="We failed to answer a request",
        cause=f"A fault of this platform, not of the CPO: {why}.",
        resolution="Tell the developers, with the exchange. The CPO may send it again; it changed nothing.",
        place=key.partition(":")[2],
        to_do="Tell the developers, with the exchange. When it is mended, press Replay on the exchange.",
        severity=Incident.Severity.URGENT,
        evidence=group.evidence(),
        tell_cpo=False,
        letter=f"Our server failed to process requests of yours ({group.span}). The fault is ours and we are at work "
        "on it; please send them again later.",
    )


DETECTORS = (
    Detector(SILENT, no_answers, answered_again),
    Detector(THEIR_ERRORS, their_errors, few_errors),
    Detector(OUR_ERRORS, our_errors),
)
