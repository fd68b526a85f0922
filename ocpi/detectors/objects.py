"""Pushes that we refused: they arrive, and what is in them cannot be taken (guide 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocpi.detectors.grouping import Group, findings
from ocpi.detectors.traffic import INBOUND, Failures, traffic
from ocpi.models import Message
from partners.incidents.detecting import Detector, Finding, Key, Window
from partners.incidents.reporting import Report
from partners.models import Incident

REFUSED = "refused-pushes"
AT_THE_DOOR = frozenset({401, 403})  # have detectors of their own


@dataclass(frozen=True)
class Words:
    """What a refused push of one module means. `least`: from how many in the window on it is told."""

    symptom: str
    cause: str
    resolution: str
    least: int = 3


OTHERS = Words(
    "Requests refused by SFP",
    "The objects do not follow the specification.",
    "Correct the faults that are listed with the exchanges.",
)
BY_MODULE = {
    "locations": Words(
        "Locations not visible in SFP system",
        "Locations not pushed or push failing: we refused what they pushed.",
        "Check your outbound request logs. Confirm the SFP Locations endpoint URL is correct.",
    ),
    "sessions": Words(
        "Sessions not updating in real time",
        "Session PATCH not implemented: we refused what they pushed.",
        "You must send PATCH /sessions updates during an active charging session.",
    ),
    "cdrs": Words(
        "CDRs not received by SFP",
        "CDR not sent, or sent to wrong endpoint: we refused what they sent.",
        "Verify the CDRs endpoint URL. CDR must be sent as POST immediately after session ends.",
        least=1,
    ),
    "credentials": Words(
        "Handshake times out",
        "Wrong Versions URL or Token A: we could not accept their Credentials.",
        "Confirm the URL is publicly reachable (test with curl from external network) and the Token A matches exactly.",
        least=1,
    ),
    "": Words(
        "Requests sent to the wrong endpoint",
        "The URLs called do not exist at SFP.",
        "Read the version details again and use the endpoint URLs in it.",
    ),
}


def refused(window: Window) -> list[Finding]:
    """Pushes with faults, by module."""
    pushes = [one for one in window.share(traffic).failures if _is_refused_push(one)]
    found = findings(pushes, lambda one: f"{REFUSED}:{one.module}", _tell)
    return [one for one in found if one.times >= _words(one.report.key).least]


def _is_refused_push(one: Failures) -> bool:
    if one.direction != INBOUND or one.reads or one.http_status is None:
        return False
    return one.http_status < 500 and one.http_status not in AT_THE_DOOR


def _named(message: Message | None) -> str:
    """The object that was refused, as its URL names it."""
    name = message.url.rstrip("/").rpartition("/")[2] if message is not None and message.method != "POST" else ""
    return f" {name}" if name else ""


def _words(key: str) -> Words:
    return BY_MODULE.get(key.partition(":")[2], OTHERS)


def _tell(key: str, group: Group) -> Report:
    words, module = _words(key), key.partition(":")[2]
    first = group.newest
    faults = "; ".join(
        f"{fault.get('path', '')} {fault.get('message', '')}".strip() for fault in (first.faults[:3] if first else [])
    )
    told = f" The newest was refused because: {faults}." if faults else ""
    return Report(
        key=key,
        symptom=words.symptom,
        cause=words.cause + told,
        resolution=words.resolution,
        place=f"{module or 'unknown URL'}{_named(first)}",
        to_do="Send them the faults with the exchange. When it was our fault, mend it and press Replay there.",
        evidence=group.evidence(),
        letter=f"We could not accept your requests to our {module or 'OCPI'} endpoint ({group.span}).{told} "
        f"{words.resolution}",
    )


def accepted_since(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """A later push to the same module was accepted."""
    seen, over = window.share(traffic), {}
    for row in rows:
        module = row.key.partition(":")[2]
        newest = seen.newest_good(INBOUND, module).get(row.partner_id)
        if newest is not None and newest > row.last_seen_at:
            over[row.partner_id, row.key] = "A later push was accepted."
    return over


DETECTORS = (Detector(REFUSED, refused, accepted_since),)
