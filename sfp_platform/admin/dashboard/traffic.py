"""Messages of the last 24 hours, from the sums per hour: how many, how many failed, how long answers took."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone

from ocpi.log.traffic import hour_of
from ocpi.models import Message, TrafficHour
from partners.models import Partner

HOURS = 24
WORST = 8
INBOUND, OUTBOUND = Message.Direction.INBOUND.value, Message.Direction.OUTBOUND.value
GREEN, RED, BLUE = "var(--color-primary-500)", "#ef4444", "#3b82f6"
LEGEND = {"align": "end", "labels": {"boxWidth": 8, "boxHeight": 8, "usePointStyle": True}}
PLAIN = {"animation": False, "responsive": True, "maintainAspectRatio": False}


@dataclass
class Sums:
    """What was exchanged with one partner. `answered` and `took_ms` are of our calls: how fast the partner is."""

    total: int = 0
    failed: int = 0
    answered: int = 0
    took_ms: int = 0

    def add(self, direction: str, total: int, failed: int, answered: int, took_ms: int) -> None:
        self.total += total
        self.failed += failed
        if direction == OUTBOUND:
            self.answered += answered
            self.took_ms += took_ms

    @property
    def error_rate(self) -> float:
        """Per cent."""
        return round(100 * self.failed / self.total, 1) if self.total else 0.0

    @property
    def latency(self) -> int | None:
        """Milliseconds that the partner takes to answer, on average."""
        return round(self.took_ms / self.answered) if self.answered else None


def _add_up(rows: QuerySet[TrafficHour], *by: str) -> QuerySet[TrafficHour, tuple[Any, ...]]:
    """(`by`..., total, failed, answered, milliseconds)."""
    return rows.values_list(*by).annotate(Sum("total"), Sum("failed"), Sum("answered"), Sum("duration_ms"))


@dataclass
class Traffic:
    """All of it. `names` are those of the partners in `by_partner`; None stands for strangers.

    `is_counted`: False in the first minute of a platform, in which there are messages and no sums yet.
    """

    inbound: int = 0
    is_counted: bool = True
    hours: dict[datetime, Sums] = field(default_factory=dict)
    by_partner: dict[int | None, Sums] = field(default_factory=lambda: defaultdict(Sums))
    names: dict[int | None, str] = field(default_factory=dict)

    @classmethod
    def of_last_day(cls, now: datetime) -> "Traffic":
        """Two queries, each adding up in the database; nothing of the message log is read, but where there are no sums
        whether it has anything."""
        first = hour_of(now) - timedelta(hours=HOURS - 1)
        found = cls(hours={first + timedelta(hours=number): Sums() for number in range(HOURS)})
        rows = TrafficHour.objects.filter(hour__gte=first).order_by()
        for hour, direction, *numbers in _add_up(rows, "hour", "direction"):
            found.hours.setdefault(hour, Sums()).add(direction, *numbers)
            found.inbound += numbers[0] if direction == INBOUND else 0
        of_partner = ("partner", "partner__name", "partner__environment", "direction")
        for partner, name, environment, direction, *numbers in _add_up(rows, *of_partner):
            found.names[partner] = Partner(name=name, environment=environment).label if partner else "Strangers"
            found.by_partner[partner].add(direction, *numbers)
        if not found.total:
            found.is_counted = not Message.objects.filter(at__gte=first).exists()
        return found

    @property
    def total(self) -> int:
        return sum(sums.total for sums in self.hours.values())

    @property
    def failed(self) -> int:
        return sum(sums.failed for sums in self.hours.values())

    @property
    def by_hour(self) -> dict[str, str]:
        """Messages per hour, failed ones in red, as Unfold's chart takes it."""
        hours = sorted(self.hours)
        sets = [
            ("Failed", RED, [self.hours[hour].failed for hour in hours]),
            ("Went well", GREEN, [self.hours[hour].total - self.hours[hour].failed for hour in hours]),
        ]
        axis = {"stacked": True, "border": {"width": 0}}
        options = {
            **PLAIN,
            "plugins": {"legend": LEGEND},
            "scales": {
                "x": {**axis, "grid": {"display": False}, "ticks": {"maxTicksLimit": 8, "maxRotation": 0}},
                "y": {**axis, "beginAtZero": True, "ticks": {"precision": 0, "maxTicksLimit": 5}},
            },
        }
        data = {
            "labels": [timezone.localtime(hour).strftime("%H:%M") for hour in hours],
            "datasets": [{"label": label, "backgroundColor": color, "data": values} for label, color, values in sets],
        }
        return {"data": json.dumps(data), "options": json.dumps(options)}

    @property
    def error_rates(self) -> dict[str, str]:
        """The partners with the highest share of failed messages."""
        worst = [(partner, sums.error_rate) for partner, sums in self.by_partner.items() if sums.failed]
        return self._bars(worst, "Failed, %", RED)

    @property
    def latencies(self) -> dict[str, str]:
        """The partners that take longest to answer us."""
        slow = [(partner, sums.latency) for partner, sums in self.by_partner.items() if sums.latency is not None]
        return self._bars(slow, "Mean answer, ms", BLUE)

    def _bars(self, values: list[Any], label: str, color: str) -> dict[str, str]:
        shown = sorted(values, key=lambda pair: -pair[1])[:WORST]
        if not shown:
            return {}
        options = {
            **PLAIN,
            "indexAxis": "y",
            "plugins": {"legend": {"display": False}},
            "scales": {
                "x": {"beginAtZero": True, "border": {"width": 0}, "title": {"display": True, "text": label}},
                "y": {"border": {"width": 0}, "grid": {"display": False}},
            },
        }
        bars = {"label": label, "backgroundColor": color, "maxBarThickness": 14, "data": [value for _, value in shown]}
        data = {"labels": [self.names[partner] for partner, _ in shown], "datasets": [bars]}
        return {"data": json.dumps(data), "options": json.dumps(options)}
