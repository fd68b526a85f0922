"""START_SESSIONs that the CPO refuses, or that its charger does not carry out: one incident per cause (guide 8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from ocpi.models import Command
from partners.ground.persons import advice_to_you
from partners.incidents.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Evidence, Report
from partners.models import Incident
from sessions_adhoc.decide.session_facts import (
    DOUBTFUL_RESPONSES,
    DOUBTFUL_RESULTS,
    REFUSING_RESPONSES,
    REFUSING_RESULTS,
)
from sessions_adhoc.decide.start import START_ERROR
from sessions_adhoc.decide.stop import MAX_SENDS
from sessions_adhoc.models import ChargingAttempt, TimelineEvent

STARTS = "start-errors"
UNREACHABLE, UNREADABLE, UNSENT, TURNED_AWAY = "UNREACHABLE", "UNREADABLE", "UNSENT", "TURNED_AWAY"
LONGEST_START = timedelta(minutes=10)  # from a command to the result that refuses it


class Seen(StrEnum):
    """What said that a START_SESSION came to nothing: an accusation goes no further than that (rule 39)."""

    RESPONSE = "response"  # their server, at once
    RESULT = "result"  # their charger, after their server had accepted
    NO_ANSWER = "no-answer"


@dataclass(frozen=True)
class Words:
    """What it means and what to do. `of_the_partner`: said by the server, whichever charger is meant."""

    cause: str
    advice: str
    of_the_partner: bool = False
    to_do: str = ""


CODE = "Return the correct CommandResponse code. Verify the EVSE ID matches your Location data."
REMOTELY = "Support START_SESSION, or tell us which chargers cannot be started remotely."
STATUS = "Push the status of the EVSE when it changes, so that no driver starts there."
NO_RESERVATION = "START_SESSION of ours names no reservation: start the charger without one."
TIMED_OUT = "Check that the charger is online, and that it waits for the cable as long as your server does."
WORDS = {
    (Seen.RESPONSE, "REJECTED"): Words(
        "EVSE not available or command rejected: their server said no. Often it does not know the EVSE or the token.",
        CODE,
    ),
    (Seen.RESPONSE, "NOT_SUPPORTED"): Words("Their server does not support START_SESSION.", REMOTELY, True),
    (Seen.RESPONSE, "UNKNOWN_SESSION"): Words(
        "Their server answered START_SESSION as if it named a Session.",
        "Answer START_SESSION with ACCEPTED or REJECTED.",
        True,
    ),
    (Seen.RESPONSE, "TIMEOUT"): Words("Their server got no answer from the charger in time.", TIMED_OUT),
    (Seen.RESULT, "REJECTED"): Words(
        "EVSE not available or command rejected: their server accepted START_SESSION, and the charger said no.",
        "Look at the charger's own log of that moment: your server accepted the start, and the charger rejected it.",
    ),
    (Seen.RESULT, "NOT_SUPPORTED"): Words(
        "Their server accepted START_SESSION, and the charger cannot be started remotely.", REMOTELY
    ),
    (Seen.RESULT, "EVSE_OCCUPIED"): Words("EVSE not available: it is in use.", STATUS),
    (Seen.RESULT, "EVSE_INOPERATIVE"): Words(
        "EVSE not available: it is out of order, although its status let the driver start.", STATUS
    ),
    (Seen.RESULT, "UNKNOWN_RESERVATION"): Words("The charger looked for a reservation.", NO_RESERVATION),
    (Seen.RESULT, "CANCELED_RESERVATION"): Words("The charger named a cancelled reservation.", NO_RESERVATION),
    (Seen.RESULT, "FAILED"): Words(
        "The charger tried and failed.",
        "Look at the charger's own log of that moment: it was asked to start and did not.",
    ),
    (Seen.RESULT, "TIMEOUT"): Words("Their server got no answer from the charger in time.", TIMED_OUT),
    (Seen.NO_ANSWER, UNREACHABLE): Words(
        "Their server could not be reached for START_SESSION.",
        "Check that the commands endpoint which your version details name can be reached from our addresses.",
        True,
    ),
    (Seen.NO_ANSWER, UNREADABLE): Words(
        "Their answer to START_SESSION did not come or cannot be read: nobody knows whether the charger starts.",
        "Answer START_SESSION at once, with HTTP 200 and a CommandResponse. What the charger makes of it follows as "
        "the CommandResult.",
        True,
    ),
    (Seen.NO_ANSWER, TURNED_AWAY): Words(
        "Their server turned START_SESSION away, because we call it too often (HTTP 429).",
        "Raise the limit of your server for our calls: at each START_SESSION a driver waits at the charger.",
        True,
    ),
    (Seen.NO_ANSWER, UNSENT): Words(
        "START_SESSION could not be sent.",
        "Look at the reason: whether the connection has a commands endpoint, and what its version can say.",
        True,
        "It is ours: see the reason. If their commands endpoint is missing, start a new handshake.",
    ),
}

NO_ANSWERS = {
    UNREACHABLE: "did not reach your server",
    UNREADABLE: "got no answer that we can read",
    TURNED_AWAY: "was turned away by your server",
    UNSENT: "was not sent",
}

_WENT_WRONG = (
    Q(state=Command.State.ANSWERED, response__in=REFUSING_RESPONSES | DOUBTFUL_RESPONSES)
    | Q(result__in=REFUSING_RESULTS | DOUBTFUL_RESULTS)
    | Q(state=Command.State.UNANSWERED)
    | Q(state=Command.State.UNDELIVERED, tries__gte=MAX_SENDS)
)


@dataclass(frozen=True)
class Refusal:
    """One START_SESSION that came to nothing, by what was seen of it; `text` as it was said."""

    command: Command
    seen: Seen
    code: str
    text: str

    @property
    def words(self) -> Words:
        return WORDS[self.seen, self.code]

    @property
    def evse(self) -> str:
        """`LOC-1/EVSE-1`, as the command named it."""
        return place_of(self.command)

    @property
    def key(self) -> str:
        """What it counts as the same as."""
        place = "" if self.words.of_the_partner else f":{self.evse}"
        return f"{STARTS}:{self.seen}-{self.code}{place}"[:200]

    @property
    def at(self) -> datetime:
        """When it was known."""
        known = self.command.result_at if self.seen is Seen.RESULT else self.command.answered_at
        return known or self.command.sent_at or self.command.created_at

    @property
    def told(self) -> str:
        """What they said, or what we saw instead of an answer, as a sentence; or ""."""
        if not self.text:
            return ""
        if self.quotes:
            return f" Their server said: {self.detail}."
        return f" What we saw: {self.text}{'' if self.text.endswith('.') else '.'}"

    @property
    def quotes(self) -> bool:
        """Whether the text is the server's own: ours tells of an answer that is an error, or of none."""
        return self.seen is not Seen.NO_ANSWER and not self.text.startswith(("they ", "their "))

    @property
    def detail(self) -> str:
        return f"“{self.text}”" if self.quotes else self.text

    @property
    def outcome(self) -> str:
        """What became of it, after "START_SESSION"."""
        if self.seen is Seen.NO_ANSWER:
            return NO_ANSWERS[self.code]
        return f"was answered with {self.code}" if self.seen is Seen.RESPONSE else f"got the result {self.code}"

    def evidence(self) -> Evidence:
        """The command in a line, with its exchange and its ad-hoc session."""
        told = f": {self.detail}" if self.text else ""
        item = evidence(
            f"{moment(self.at)}: START_SESSION at {self.evse or 'an unknown place'}: {self.code}{told}",
            self.command.message_id,
        )
        return {**item, "session": self.command.reference}


def place_of(command: Command) -> str:
    """`LOC-1/EVSE-1`, as a command names it."""
    return "/".join(str(command.request[name]) for name in ("location_id", "evse_uid") if command.request.get(name))


def nobody_plugged_in(commands: Iterable[Command]) -> set[Any]:
    """The ids of those START_SESSIONs that a driver let run out: TIMEOUT, and the connector AVAILABLE throughout.

    That is nobody's fault whom one could write to (rule 39). One statement.
    """
    waited = [command.pk for command in commands if "TIMEOUT" in (command.result, command.response)]
    if not waited:
        return set()
    moved = TimelineEvent.objects.filter(
        session=OuterRef("session"), kind=TimelineEvent.Kind.CONNECTOR, at__gte=OuterRef("created_at")
    )
    attempts = ChargingAttempt.objects.filter(command__in=waited, session__evse__status="AVAILABLE")
    return set(attempts.exclude(Exists(moved)).values_list("command_id", flat=True))


def refusal_of(command: Command, *, given_up: bool = False) -> Refusal | None:
    """What went wrong with a START_SESSION; None where nothing did (yet). `given_up`: it is not sent again."""
    if command.state == Command.State.ANSWERED and command.response in REFUSING_RESPONSES:
        return Refusal(command, Seen.RESPONSE, command.response, command.response_text)
    if command.result in REFUSING_RESULTS | DOUBTFUL_RESULTS:
        return Refusal(command, Seen.RESULT, command.result, command.result_text)
    if command.state == Command.State.ANSWERED and command.response in DOUBTFUL_RESPONSES:
        return Refusal(command, Seen.RESPONSE, command.response, command.response_text)
    if command.state == Command.State.UNANSWERED:
        return Refusal(command, Seen.NO_ANSWER, UNREADABLE, command.failure)
    if command.state == Command.State.UNDELIVERED and (given_up or command.tries >= MAX_SENDS):
        return Refusal(command, Seen.NO_ANSWER, _why_undelivered(command), command.failure)
    return None


def _why_undelivered(command: Command) -> str:
    if command.turned_away:
        return TURNED_AWAY
    return UNREACHABLE if command.message_id else UNSENT


def report(refusals: Sequence[Refusal], reference: str = "") -> Report:
    """The incident for refusals of one key, oldest first."""
    newest = refusals[-1]
    words = newest.words
    where = f" at {newest.evse}" if not words.of_the_partner else ""
    return Report(
        key=newest.key,
        symptom=START_ERROR,
        cause=f"{words.cause}{newest.told}",
        resolution=words.advice,
        place=newest.evse if not words.of_the_partner else "all chargers",
        to_do=words.to_do or "Open the exchange: it has their answer. Send it to them with the text for the CPO.",
        reference=reference,
        detector=STARTS,
        evidence=[one.evidence() for one in refusals],
        letter=f"START_SESSION{where} {newest.outcome} (last on {moment(newest.at)}).{advice_to_you(newest.told)} "
        f"{words.advice}",
        tell_cpo=newest.code != UNSENT,
    )


def refused_starts(window: Window) -> list[Finding]:
    """All of the window, by cause, but those of connection checks. Three statements, one over the newest commands."""
    rows = Command.objects.filter(
        _WENT_WRONG, kind=Command.Kind.START_SESSION, created_at__gte=window.since - LONGEST_START
    )
    bundles: dict[Key, list[Refusal]] = {}
    # One that a charge came of in the end was no refusal, whatever was said meanwhile.
    rows = rows.exclude(attempt__energy_at__isnull=False)
    commands = list(rows.filter(is_test=False).order_by("created_at"))
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
    """A later START led to a charge: at the same EVSE, where the incident is about one. There the same START will do,
    late. One statement."""
    commands = Command.objects.filter(
        Q(attempt__energy_at__isnull=False),
        partner__in={row.partner_id for row in rows},
        kind=Command.Kind.START_SESSION,
        created_at__gt=min(row.last_seen_at for row in rows) - LONGEST_START,
    )
    over = {}
    for command in commands.annotate(energy_at=F("attempt__energy_at")):
        place = place_of(command)
        for row in rows:
            about = row.key.split(":", 2)[2] if row.key.count(":") > 1 else ""
            if row.partner_id != command.partner_id or about not in ("", place):
                continue
            if command.created_at > row.last_seen_at:
                over[row.partner_id, row.key] = "A later START_SESSION led to a charge."
            elif about and command.energy_at > row.last_seen_at:
                over.setdefault((row.partner_id, row.key), "That START_SESSION led to a charge, late.")
    return over


DETECTORS = (Detector(STARTS, refused_starts, started_again, quiet=False),)
