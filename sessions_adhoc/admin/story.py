"""The story of an ad-hoc session: timeline and meter readings merged into one list, oldest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from ocpi.models import Message
from partners.admin.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, url_of
from sessions_adhoc.admin.words import TONES
from sessions_adhoc.models import Sample, TimelineEvent
from sessions_adhoc.states import State

Kind = TimelineEvent.Kind
KIND_TONES = {Kind.STAFF: WARNING, Kind.DRIVER: INFO, Kind.PAYMENT: SUCCESS, Kind.COMMAND: INFO}


@dataclass(frozen=True)
class Line:
    """One line of the story."""

    at: datetime
    kind: str
    text: str
    tone: str = NEUTRAL
    states: str = ""
    actor: str = ""
    message_url: str = ""
    until: datetime | None = None


def story(events: Iterable[TimelineEvent], samples: Sequence[Sample]) -> list[Line]:
    """Merge both. Readings that follow each other without anything in between become one line."""
    told: list[tuple[datetime, Line | Sample]] = [(event.at, _line(event)) for event in events]
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


def _line(event: TimelineEvent) -> Line:
    states = ""
    tone = KIND_TONES.get(Kind(event.kind), NEUTRAL)
    if event.state_to:
        states = f"{State(event.state_from).label} → {State(event.state_to).label}" if event.state_from else ""
        tone = TONES[State(event.state_to)]
    return Line(
        event.at,
        event.get_kind_display(),
        event.text,
        tone,
        states,
        event.actor,
        url_of(Message, event.message_id) if event.message_id else "",
    )


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
        message_url=url_of(Message, last.message_id) if last.message_id else "",
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
