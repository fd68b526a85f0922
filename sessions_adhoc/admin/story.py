"""The story of an ad-hoc session in one list, oldest first: driver, engine, OCPI messages, meter, money, staff."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from billing.admin.payment_words import describe_event
from billing.models import PaymentEvent
from ocpi.models import Message
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, in_our_zone, url_of
from sessions_adhoc.admin.state_words import TONES
from sessions_adhoc.models import Sample, TimelineEvent
from sessions_adhoc.states import State

Kind = TimelineEvent.Kind
# Whose doing a line is: the chips above the list choose among them.
SOURCES = {
    **dict.fromkeys((Kind.STATE, Kind.NOTE), "engine"),
    **dict.fromkeys((Kind.COMMAND, Kind.SESSION, Kind.CONNECTOR, Kind.CDR, Kind.PULL), "ocpi"),
    Kind.DRIVER: "driver",
    Kind.STAFF: "staff",
    Kind.PAYMENT: "money",
}
KIND_TONES = {Kind.STAFF: WARNING, Kind.DRIVER: INFO, Kind.PAYMENT: SUCCESS, Kind.COMMAND: INFO}


@dataclass(frozen=True)
class Line:
    """One line of the story."""

    at: datetime
    kind: str
    text: str
    tone: str = NEUTRAL
    source: str = "engine"
    states: str = ""
    actor: str = ""
    message_id: int | None = None
    until: datetime | None = None
    message: str = ""

    @property
    def message_url(self) -> str:
        return url_of(Message, self.message_id) if self.message_id else ""


def story(
    events: Iterable[TimelineEvent],
    samples: Sequence[Sample],
    payments: Iterable[PaymentEvent] = (),
    currency: str = "",
) -> list[Line]:
    """Merge all. Readings that follow each other without anything in between become one line."""
    told: list[tuple[datetime, Line | Sample]] = [(event.at, _line(event)) for event in events]
    told += [(event.at, _payment(event, currency)) for event in payments if event.action != PaymentEvent.Action.OPENED]
    told += [(sample.received_at, sample) for sample in samples]
    told.sort(key=lambda item: item[0])
    lines: list[Line] = []
    for is_sample, group in groupby(told, key=lambda item: isinstance(item[1], Sample)):
        items = [item for _, item in group]
        if is_sample:
            lines.append(_readings([item for item in items if isinstance(item, Sample)]))
        else:
            lines += [item for item in items if isinstance(item, Line)]
    return lines


def _states(before: State, after: State) -> str:
    """From which state to which; another attempt stays in the state that it was in."""
    return f"{before.label} → {after.label}" if before != after else f"{after.label} again"


def _line(event: TimelineEvent) -> Line:
    states = ""
    tone = KIND_TONES.get(Kind(event.kind), NEUTRAL)
    if event.kind == Kind.STATE and event.state_to:
        states = _states(State(event.state_from), State(event.state_to)) if event.state_from else ""
        tone = TONES[State(event.state_to)]
    return Line(
        event.at,
        event.get_kind_display(),
        in_our_zone(event.text, event.at),
        tone,
        SOURCES[Kind(event.kind)],
        states,
        event.actor,
        event.message_id,
    )


def _payment(event: PaymentEvent, currency: str) -> Line:
    """A step of the gateway: what was wanted, what it said."""
    return Line(event.at, "Gateway", describe_event(event, currency), source="money")


def with_messages(lines: list[Line]) -> list[Line]:
    """Each line that names a message says which it was: `PUT sessions, HTTP 200, 12 ms`. One query."""
    ids = {line.message_id for line in lines if line.message_id}
    fields = ("method", "module", "http_status", "duration_ms")
    found = {pk: rest for pk, *rest in Message.objects.filter(pk__in=ids).values_list("pk", *fields)}
    return [replace(line, message=_exchange(*found.get(line.message_id, ()))) for line in lines]


def _exchange(method: str = "", module: str = "", http_status: int | None = None, took: int | None = None) -> str:
    if not method:
        return "message"
    parts = [f"{method} {module}", f"HTTP {http_status}" if http_status else "no answer"]
    return ", ".join([*parts, f"{took} ms"] if took is not None else parts)


def _readings(samples: Sequence[Sample]) -> Line:
    counted = [sample for sample in samples if not sample.ignored]
    ignored = len(samples) - len(counted)
    parts = []
    if counted:
        noun = "reading" if len(counted) == 1 else "readings"
        parts.append(f"{len(counted)} meter {noun}: {_range(counted)}")
    if ignored:
        parts.append(
            f"{ignored} ignored ({', '.join(sorted({sample.ignored for sample in samples if sample.ignored}))})"
        )
    last = samples[-1]
    return Line(
        samples[0].received_at,
        "Meter",
        "; ".join(parts),
        SUCCESS if counted else DANGER,
        "ocpi",
        message_id=last.message_id,
        until=last.received_at if len(samples) > 1 else None,
    )


def _range(samples: Sequence[Sample]) -> str:
    kwh = [sample.kwh for sample in samples if sample.kwh is not None]
    kw = [sample.kw for sample in samples if sample.kw is not None]
    parts = []
    if kwh:
        parts.append(f"{kwh[0]:.2f} kWh" if kwh[0] == kwh[-1] else f"{kwh[0]:.2f} to {kwh[-1]:.2f} kWh")
    if kw:
        parts.append(f"up to {max(kw):.1f} kW")
    return ", ".join(parts) or "no kWh, no kW"
