"""Keeping the list at Cloudflare in step with the partners' networks.

Level-triggered: every step compares the list with the networks as they are now, so a lost answer, a crash or a change
in between is made good by the next step. Only entries whose comment begins with our mark are ever removed.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from onboarding.allowlist.remote import Item, RemoteFailed, RemoteList
from onboarding.guide import Stage
from onboarding.models import AllowlistMirror, Onboarding
from partners.agreed.networks import normal, write_network
from partners.ground.deadlines import claim_due, growing_pause
from partners.models import AllowedNetwork

log = structlog.get_logger(__name__)
State = AllowlistMirror.State

MARK = "sfp:"
LEASE = timedelta(minutes=2)
EVERY = timedelta(hours=1)
POLL = timedelta(seconds=3)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=15)
# Custom lists take IPv4 from /8 and IPv6 from /12 on.
WIDEST = {4: 8, 6: 12}
LONGEST_COMMENT = 500


@dataclass(frozen=True)
class Drift:
    """How the list there and our networks differ, each by the network as Cloudflare writes it.

    Args:
        missing: ours, not there: network to the partners' codes.
        surplus: marked as ours there, and not ours (any more).
        strangers: put there by others; they are left alone.
        unlistable: ours, and wider than a list may hold.
    """

    missing: dict[str, str]
    surplus: list[Item]
    strangers: list[Item]
    unlistable: dict[str, str]


def is_configured() -> bool:
    """Whether there is a list to keep in step."""
    return bool(settings.CLOUDFLARE_API_TOKEN and settings.CLOUDFLARE_ACCOUNT_ID and settings.CLOUDFLARE_LIST_ID)


def request() -> bool:
    """Have the list compared soon; False where none is configured. While a step is under way, another follows it."""
    if not is_configured():
        return False
    now = timezone.now()
    mirror, created = AllowlistMirror.objects.get_or_create(
        list_id=settings.CLOUDFLARE_LIST_ID, defaults={"next_check_at": now}
    )
    if not created:
        waits = When(state__in=[State.IN_STEP, State.FAILED], then=Value(now, output_field=DateTimeField()))
        AllowlistMirror.objects.filter(pk=mirror.pk).update(
            again=True, next_check_at=Case(waits, default=F("next_check_at"))
        )
    return True


def advance_due(now: datetime) -> int:
    """Take the next step with the configured list, if it is due; return how many steps were taken."""
    if not is_configured():
        return 0
    AllowlistMirror.objects.get_or_create(list_id=settings.CLOUDFLARE_LIST_ID, defaults={"next_check_at": now})
    mine = Q(list_id=settings.CLOUDFLARE_LIST_ID)
    claimed = claim_due(AllowlistMirror, now=now, lease=LEASE, limit=1, where=mine)
    for pk in claimed:
        _Step(pk, now).take()
    return len(claimed)


class _Step:
    """One claimed step. It writes under its lease only: who lost the lease changes nothing."""

    def __init__(self, pk: int, now: datetime) -> None:
        self.pk, self.now, self.until = pk, now, now + LEASE

    def take(self) -> None:
        AllowlistMirror.objects.filter(pk=self.pk).update(again=False)
        mirror = AllowlistMirror.objects.get(pk=self.pk)
        try:
            with RemoteList() as remote:
                self._go_on(mirror, remote)
        except RemoteFailed as failure:
            log.warning("allowlist_not_in_step", error=str(failure))
            wait = growing_pause(mirror.tries + 1, FIRST_WAIT, LONGEST_WAIT)
            self._write(wait, state=State.FAILED, error=str(failure), tries=mirror.tries + 1)

    def _go_on(self, mirror: AllowlistMirror, remote: RemoteList) -> None:
        if mirror.operation_id:
            operation = remote.operation(mirror.operation_id)
            if not operation.over:
                self._write(POLL)
                return
            self._write(LEASE, operation_id="")
            if operation.error:
                raise RemoteFailed(f"Cloudflare could not carry out the last change: {operation.error}")
        drift = compare(remote.items(), wanted_networks())
        self._write(LEASE, compared_at=self.now, **_drift_columns(drift))
        if drift.missing:
            self._sent(remote.add((network, _comment(codes)) for network, codes in drift.missing.items()))
        elif drift.surplus:
            self._sent(remote.remove(item.id for item in drift.surplus))
        else:
            self._write(EVERY, state=State.IN_STEP, in_step_at=self.now, tries=0, error="", again_soon=True)

    def _sent(self, operation_id: str) -> None:
        self._write(POLL, state=State.SENDING, operation_id=operation_id, error="")

    def _write(self, wait: timedelta, *, again_soon: bool = False, **values: Any) -> None:
        """Write, and set the deadline; where another step was asked for meanwhile, it follows at once."""
        until = self.now + wait
        deadline: Any = until
        if again_soon:
            deadline = Case(
                When(again=True, then=Value(self.now, output_field=DateTimeField())),
                default=Value(until, output_field=DateTimeField()),
            )
        AllowlistMirror.objects.filter(pk=self.pk, next_check_at=self.until).update(next_check_at=deadline, **values)
        self.until = until


def wanted_networks() -> dict[str, str]:
    """The networks of all partners that may call, as Cloudflare writes them, with the partners' codes. One statement.

    Of an off-boarded partner they are kept here, and opened nowhere.
    """
    codes: dict[str, set[str]] = {}
    about = Onboarding.objects.filter(Q(partner=OuterRef("partner")) | Q(production=OuterRef("partner")))
    ended = Exists(about.filter(stage=Stage.OFF_BOARDED)) & ~Exists(about.exclude(stage=Stage.OFF_BOARDED))
    rows = AllowedNetwork.objects.exclude(ended).values_list("network", "partner__code")
    for network, code in rows.order_by("partner__code"):
        codes.setdefault(write_network(normal(network)), set()).add(code)
    return {network: ",".join(sorted(names)) for network, names in sorted(codes.items())}


def compare(items: Iterable[Item], ours: dict[str, str]) -> Drift:
    """Tell what is missing, too much, foreign, or cannot be listed."""
    there = {_normalise(item.network): item for item in items}
    unlistable = {network: codes for network, codes in ours.items() if not _listable(network)}
    missing = {network: codes for network, codes in ours.items() if network not in there and network not in unlistable}
    others = [item for network, item in there.items() if network not in ours]
    return Drift(
        missing=missing,
        surplus=[item for item in others if item.comment.startswith(MARK)],
        strangers=[item for item in others if not item.comment.startswith(MARK)],
        unlistable=unlistable,
    )


def _normalise(text: str) -> str:
    try:
        return write_network(normal(text))
    except ValueError:
        return text


def _listable(network: str) -> bool:
    parsed = ipaddress.ip_network(network)
    return parsed.prefixlen >= WIDEST[parsed.version]


def _comment(codes: str) -> str:
    return f"{MARK}{codes}"[:LONGEST_COMMENT]


def _drift_columns(drift: Drift) -> dict[str, Any]:
    def rows(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
        return [{"network": network, "note": note} for network, note in pairs]

    return {
        "missing": rows(drift.missing.items()),
        "surplus": rows((item.network, item.comment) for item in drift.surplus),
        "strangers": rows((item.network, item.comment) for item in drift.strangers),
        "unlistable": rows(drift.unlistable.items()),
    }
