"""From failed exchanges to findings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from ocpi.detectors.traffic import Failures, in_one_line, messages
from ocpi.models import Message
from partners.incidents.detecting import Finding, evidence, moment
from partners.incidents.reporting import Evidence, Report
from partners.models import Incident, Partner

MOST_FAULTS = 3


@dataclass(frozen=True)
class Group:
    """The failures of one cause, with the first and the newest exchange."""

    partner: Partner
    times: int
    fresh: int
    first_at: datetime
    newest_at: datetime
    first: Message | None
    newest: Message | None

    @property
    def span(self) -> str:
        """`3 times between 22 Nov 2026, 10:01:07 UTC and 22 Nov 2026, 10:09:30 UTC`."""
        if self.times == 1:
            return f"once, on {moment(self.first_at)}"
        if moment(self.first_at) == moment(self.newest_at):
            return f"{self.times} times on {moment(self.first_at)}"
        return f"{self.times} times between {moment(self.first_at)} and {moment(self.newest_at)}"

    @property
    def host(self) -> str:
        """The server that we called; of a call to us, nothing."""
        return urlsplit(self.newest.url).netloc if self.newest is not None else ""

    def evidence(self) -> list[Evidence]:
        """The first and the newest exchange, with the faults that were found in them."""
        items: list[Evidence] = []
        for message in dict.fromkeys((self.first, self.newest)):
            if message is not None:
                items.append(evidence(f"{moment(message.at)}: {in_one_line(message)}{_faults(message)}", message.pk))
        return items


def _faults(message: Message) -> str:
    texts = [f"{fault.get('path', '')} {fault.get('message', '')}".strip() for fault in message.faults[:MOST_FAULTS]]
    return f" ({'; '.join(texts)})" if texts else ""


Tell = Callable[[str, Group], Report]


def partners_of(failures: Iterable[Failures]) -> dict[int, Partner]:
    """The partners concerned that have traffic at all: a suspended one is refused on purpose."""
    ids = {one.partner_id for one in failures if one.partner_id is not None}
    rows = Partner.objects.filter(pk__in=ids).exclude(connection=Partner.Connection.SUSPENDED) if ids else []
    return {row.pk: row for row in rows}


def findings(
    failures: Iterable[Failures], key: Callable[[Failures], str], tell: Tell, *, least: int = 1
) -> list[Finding]:
    """One finding per partner and key that failed at least so often; `tell(key, group)` puts it into words.

    Two statements: the partners and the exchanges shown.
    """
    bundles: dict[tuple[int, str], list[Failures]] = {}
    for one in failures:
        if one.partner_id is not None:
            bundles.setdefault((one.partner_id, key(one)), []).append(one)
    bundles = {name: ones for name, ones in bundles.items() if sum(one.times for one in ones) >= least}
    partners = partners_of(one for ones in bundles.values() for one in ones)
    bundles = {name: ones for name, ones in bundles.items() if name[0] in partners}
    shown = messages({pk for ones in bundles.values() for pk in (_first(ones).first_id, _newest(ones).newest_id)})
    found = []
    for (partner_id, name), ones in bundles.items():
        group = Group(
            partner=partners[partner_id],
            times=sum(one.times for one in ones),
            fresh=sum(one.fresh for one in ones),
            first_at=_first(ones).first_at,
            newest_at=_newest(ones).newest_at,
            first=shown.get(_first(ones).first_id),
            newest=shown.get(_newest(ones).newest_id),
        )
        found.append(Finding(partner_id, tell(name, group), group.first_at, group.newest_at, group.times, group.fresh))
    return found


def _first(ones: list[Failures]) -> Failures:
    return min(ones, key=lambda one: one.first_at)


def _newest(ones: list[Failures]) -> Failures:
    return max(ones, key=lambda one: one.newest_at)


def went_well_since(
    rows: Iterable[Incident], newest_good: dict[int, datetime], reason: str
) -> dict[tuple[int, str], str]:
    """The incidents after whose last sign an exchange went well."""
    return {
        (row.partner_id, row.key): reason
        for row in rows
        if (at := newest_good.get(row.partner_id)) is not None and at > row.last_seen_at
    }
