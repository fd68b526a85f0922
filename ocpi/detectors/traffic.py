"""What the message log says of the last minutes, in two statements for all partners together.

Both read the window by its index on `at`: what they cost grows with the traffic of these minutes, not with the log.
What is called wrongly on purpose, to see how that is answered, is left out: it says nothing of the connection.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, Value, When

from ocpi.models import Command, Message
from ocpi.routing import ENDPOINT_CHECK, ON_PURPOSE
from partners.incidents.detecting import Window

INBOUND, OUTBOUND = Message.Direction.INBOUND.value, Message.Direction.OUTBOUND.value
ENDED = Q(duration_ms__isnull=False)
OWN_CHECK = Q(direction=INBOUND, request_id=ENDPOINT_CHECK, http_status=401)
LONGEST_TEST = timedelta(days=1)
"""A command is sent soon after it was made, or never."""
FAILED = Q(http_status=None) | Q(http_status__gte=400) | Q(ocpi_status__gte=2000) | ~Q(error="")


@dataclass(frozen=True)
class Failures:
    """Exchanges that failed alike: same partner, direction, module, kind of request, answer and source.

    `partner_id` is None where nobody knows who called; `entrance_id` is then whose host it was, if anybody's.
    """

    partner_id: int | None
    entrance_id: int | None
    direction: str
    module: str
    reads: bool
    http_status: int | None
    ocpi_status: int | None
    source: str
    times: int
    fresh: int
    first_at: datetime
    newest_at: datetime
    first_id: int
    newest_id: int


@dataclass(frozen=True)
class Successes:
    """The exchanges of one partner, direction, module and kind of request: all, and the newest that went well."""

    partner_id: int
    direction: str
    module: str
    reads: bool
    total: int
    good: int
    newest_at: datetime | None
    newest_id: int | None


@dataclass(frozen=True)
class Traffic:
    """Both, to be asked."""

    failures: list[Failures]
    successes: list[Successes]

    def failed(self, direction: str, *statuses: int | None) -> Iterator[Failures]:
        """The failures of known partners with one of these HTTP statuses."""
        for one in self.failures:
            if one.direction == direction and one.http_status in statuses and one.partner_id is not None:
                yield one

    def newest_good(self, direction: str, module: str | None = None) -> dict[int, datetime]:
        """When an exchange last went well, by partner; with `module`: a push to it."""
        newest: dict[int, datetime] = {}
        for one in self.successes:
            fits = one.direction == direction and (module is None or (one.module == module and not one.reads))
            if fits and one.newest_at is not None:
                newest[one.partner_id] = max(one.newest_at, newest.get(one.partner_id, one.newest_at))
        return newest

    def totals(self, direction: str) -> dict[int, int]:
        """How many exchanges there were, by partner."""
        counts: dict[int, int] = {}
        for one in self.successes:
            if one.direction == direction:
                counts[one.partner_id] = counts.get(one.partner_id, 0) + one.total
        return counts


def traffic(window: Window) -> Traffic:
    """Read the window. Exchanges that are still under way are left to the next run."""
    rows = (
        Message.objects.filter(ENDED, at__gte=window.since)
        .exclude(module=ON_PURPOSE)
        .exclude(OWN_CHECK)
        .exclude(pk__in=_of_tests(window))
        .annotate(reads=Case(When(method="GET", then=Value(True)), default=Value(False)))
        .order_by()
    )
    return Traffic(list(_failures(rows, window)), list(_successes(rows)))


def _of_tests(window: Window) -> QuerySet[Command, Any]:
    """The exchanges in which the commands of connection checks were sent."""
    tests = Command.objects.filter(is_test=True, created_at__gte=window.since - LONGEST_TEST, message_id__isnull=False)
    return tests.order_by().values("message_id")


def _failures(rows: Any, window: Window) -> Iterator[Failures]:
    grouped = rows.filter(FAILED).values(
        "partner_id",
        "entrance_id",
        "direction",
        "module",
        "reads",
        "http_status",
        "ocpi_status",
        source=F("source_address"),
    )
    counted = grouped.annotate(
        times=Count("pk"),
        fresh=Count("pk", filter=Q(at__gt=window.before)),
        first_at=Min("at"),
        newest_at=Max("at"),
        first_id=Min("pk"),
        newest_id=Max("pk"),
    )
    return (Failures(**row) for row in counted)


def _successes(rows: Any) -> Iterator[Successes]:
    grouped = rows.exclude(partner=None).values("partner_id", "direction", "module", "reads")
    counted = grouped.annotate(
        total=Count("pk"),
        good=Count("pk", filter=~FAILED),
        newest_at=Max("at", filter=~FAILED),
        newest_id=Max("pk", filter=~FAILED),
    )
    return (Successes(**row) for row in counted)


def messages(ids: set[int]) -> dict[int, Message]:
    """The exchanges themselves, for evidence, without their bodies. No statement where none are wanted."""
    if not ids:
        return {}
    return Message.objects.defer("request_body", "response_body").in_bulk(ids)


def in_one_line(message: Message) -> str:
    """An exchange in one line: `PUT /ocpi/emsp/2.2.1/sessions/SK/ION/1 answered HTTP 403`."""
    answer = f"HTTP {message.http_status}" if message.http_status else message.error or "nothing"
    code = message.ocpi_status if message.ocpi_status and message.ocpi_status >= 2000 else None
    return f"{message.method} {message.url} answered {answer}" + (f", status code {code}" if code else "")
