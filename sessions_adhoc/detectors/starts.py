"""START_SESSIONs that the CPO refuses, or that its charger does not carry out: one incident per cause (guide 8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from ocpi.detectors.traffic import deliberate
from ocpi.models import Command
from partners.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Evidence, Report
from partners.models import Incident
from sessions_adhoc.decide.facts import DOUBTFUL_RESULTS, REFUSING_RESPONSES, REFUSING_RESULTS
from sessions_adhoc.decide.start import START_ERROR
from sessions_adhoc.decide.stop import MAX_SENDS
from sessions_adhoc.models import ChargingAttempt, TimelineEvent

STARTS = "start-errors"
UNREACHABLE, UNREADABLE = "UNREACHABLE", "UNREADABLE"
LONGEST_START = timedelta(minutes=10)  # from a command to the result that refuses it
CODE = "Return the correct CommandResponse code. Verify the EVSE ID matches your Location data."
STATUS = "Push the status of the EVSE when it changes, so that no driver starts there."
ADVICE = {
    "NOT_SUPPORTED": "Support START_SESSION, or tell us which chargers cannot be started remotely.",
    "UNKNOWN_SESSION": "Answer START_SESSION with ACCEPTED or REJECTED.",
    "EVSE_OCCUPIED": STATUS,
    "EVSE_INOPERATIVE": STATUS,
    "FAILED": "Look at the charger's own log of that moment: it was asked to start and did not.",
    "TIMEOUT": "Check that the charger is online, and that it waits for the cable as long as your server does.",
}
CAUSES = {
    "REJECTED": "EVSE not available or command rejected: their server or the charger said no. Often it does not know "
    "the EVSE or the token.",
    "NOT_SUPPORTED": "Their server or the charger does not support START_SESSION.",
    "UNKNOWN_SESSION": "Their server answered START_SESSION as if it named a Session.",
    "EVSE_OCCUPIED": "EVSE not available: it is in use.",
    "EVSE_INOPERATIVE": "EVSE not available: it is out of order, although its status let the driver start.",
    "FAILED": "The charger tried and failed.",
    "TIMEOUT": "Their server got no answer from the charger in time.",
    UNREACHABLE: "Their server could not be reached for START_SESSION.",
    UNREADABLE: "Their answer to START_SESSION cannot be read: nobody knows whether the charger starts.",
}
OF_THE_PARTNER = frozenset({UNREACHABLE, UNREADABLE, "NOT_SUPPORTED", "UNKNOWN_SESSION"})
"""Said by the server, whichever charger is meant; the others are told per EVSE."""

_WENT_WRONG = (
    Q(state=Command.State.ANSWERED, response__in=REFUSING_RESPONSES)
    | Q(result__in=REFUSING_RESULTS | DOUBTFUL_RESULTS)
    | Q(state=Command.State.UNANSWERED)
    | Q(state=Command.State.UNDELIVERED, tries__gte=MAX_SENDS)
)


@dataclass(frozen=True)
class Refusal:
    """One START_SESSION that came to nothing."""

    command: Command
    code: str
    text: str

    @property
    def evse(self) -> str:
        """`LOC-1/EVSE-1`, as the command named it."""
        request = self.command.request
        return "/".join(str(request[name]) for name in ("location_id", "evse_uid") if request.get(name))

    @property
    def key(self) -> str:
        """What it counts as the same as."""
        place = "" if self.code in OF_THE_PARTNER else f":{self.evse}"
        return f"{STARTS}:{self.code}{place}"[:200]

    @property
    def at(self) -> datetime:
        """When it was known."""
        known = self.command.result_at if self.code == self.command.result else self.command.answered_at
        return known or self.command.sent_at or self.command.created_at

    def evidence(self) -> Evidence:
        """The command in a line, with its exchange and its ad-hoc session."""
        told = f": {self.text}" if self.text else ""
        item = evidence(
            f"{moment(self.at)}: START_SESSION at {self.evse or 'an unknown place'}: {self.code}{told}",
            self.command.message_id,
        )
        return {**item, "session": self.command.reference}


def nobody_plugged_in(commands: Iterable[Command]) -> set[Any]:
    """The ids of those START_SESSIONs that a driver let run out: TIMEOUT, and the connector AVAILABLE throughout.

    That is nobody's fault whom one could write to (rule 39). One statement.
    """
    waited = [command.pk for command in commands if command.result == "TIMEOUT"]
    if not waited:
        return set()
    moved = TimelineEvent.objects.filter(
        session=OuterRef("session"), kind=TimelineEvent.Kind.CONNECTOR, at__gte=OuterRef("created_at")
    )
    attempts = ChargingAttempt.objects.filter(command__in=waited, session__evse__status="AVAILABLE")
    return set(attempts.exclude(Exists(moved)).values_list("command_id", flat=True))


def refusal_of(command: Command) -> Refusal | None:
    """What went wrong with a START_SESSION; None where nothing did (yet)."""
    if command.result in REFUSING_RESULTS | DOUBTFUL_RESULTS:
        return Refusal(command, command.result, command.result_text)
    if command.state == Command.State.ANSWERED and command.response in REFUSING_RESPONSES:
        return Refusal(command, command.response, command.response_text)
    if command.state == Command.State.UNANSWERED:
        return Refusal(command, UNREADABLE, command.failure)
    if command.state == Command.State.UNDELIVERED and command.tries >= MAX_SENDS:
        return Refusal(command, UNREACHABLE, command.failure)
    return None


def report(refusals: Sequence[Refusal], reference: str = "") -> Report:
    """The incident for refusals of one key, oldest first."""
    newest = refusals[-1]
    said = f" They say: “{newest.text}”." if newest.text else ""
    advice = ADVICE.get(newest.code, CODE)
    where = f" at {newest.evse}" if newest.code not in OF_THE_PARTNER else ""
    return Report(
        key=newest.key,
        symptom=START_ERROR,
        cause=f"{CAUSES.get(newest.code, 'EVSE not available or command rejected.')}{said}",
        resolution=advice,
        reference=reference,
        detector=STARTS,
        evidence=[one.evidence() for one in refusals],
        letter=f"START_SESSION{where} failed with {newest.code} (last on {moment(newest.at)}).{said} {advice}",
    )


def refused_starts(window: Window) -> list[Finding]:
    """All of the window, by cause, but those of connection checks. Three statements, one over the newest commands."""
    rows = Command.objects.filter(
        _WENT_WRONG, kind=Command.Kind.START_SESSION, created_at__gte=window.since - LONGEST_START
    )
    bundles: dict[Key, list[Refusal]] = {}
    commands = list(rows.exclude(pk__in=window.shared(deliberate)).order_by("created_at"))
    of_the_driver = nobody_plugged_in(commands)
    for command in commands:
        refusal = refusal_of(command)
        if refusal is not None and refusal.at >= window.since and command.pk not in of_the_driver:
            bundles.setdefault((command.partner_id, refusal.key), []).append(refusal)
    return [
        Finding(
            partner_id,
            report(ones),
            min(one.at for one in ones),
            max(one.at for one in ones),
            len(ones),
            sum(one.at > window.before for one in ones),
        )
        for (partner_id, _), ones in bundles.items()
    ]


def started_again(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """A later START led to a charge: at the same EVSE, where the incident is about one. One statement."""
    commands = Command.objects.filter(
        Q(attempt__energy_at__isnull=False),
        partner__in={row.partner_id for row in rows},
        kind=Command.Kind.START_SESSION,
        created_at__gt=min(row.last_seen_at for row in rows),
    )
    over = {}
    for command in commands.annotate(energy_at=F("attempt__energy_at")):
        place = Refusal(command, "", "").evse
        for row in rows:
            about = row.key.split(":", 2)[2] if row.key.count(":") > 1 else ""
            mine = row.partner_id == command.partner_id and command.created_at > row.last_seen_at
            if mine and about in ("", place):
                over[row.partner_id, row.key] = "A later START_SESSION led to a charge."
    return over


DETECTORS = (Detector(STARTS, refused_starts, started_again, quiet=False),)
