"""When a module is pulled next by itself, from where on, and what its refused objects have in common."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Max
from django.utils.html import format_html

from ocpi.models import SyncRun
from ocpi.sync.schedule import INTERVALS, OVERLAP
from partners.admin.kit.showing import at, duration
from partners.models import Partner

NUMBER = re.compile(r"\[\d+\]")


def schedule(run: SyncRun) -> dict[str, object]:
    """Names and values. One query."""
    rows = SyncRun.objects.filter(partner_id=run.partner_id, module=run.module).order_by()
    last = dict(rows.values_list("full").annotate(Max("created_at")))
    good = rows.filter(state=SyncRun.State.SUCCEEDED).aggregate(newest=Max("created_at"))["newest"]
    found: dict[str, object] = {}
    connected = run.partner.connection == Partner.Connection.CONNECTED
    for interval in INTERVALS:
        if interval.module != run.module:
            continue
        kind = "Everything" if interval.full else "What changed"
        since = max((moment for full, moment in last.items() if full or not interval.full), default=None)
        often = f"every {duration(interval.every.total_seconds())}"
        found[kind] = (
            format_html("{}, next about {}", often, at(since + interval.every))
            if since and connected
            else f"{often}, paused"
        )
    found["Changes are read from"] = at(good - OVERLAP) if good else "the beginning: none succeeded yet"
    return found


def faults_by_path(faults: Iterable[Any]) -> list[tuple[str, str, int]]:
    """(path without positions, what is wrong, how many objects), the most frequent first."""
    counted: Counter[tuple[str, str]] = Counter()
    for item in faults:
        said = {
            (NUMBER.sub("[]", str(fault.get("path", ""))), str(fault.get("message", "")))
            for fault in item.get("faults", ())
        }
        counted.update(said)
    return [(path, message, count) for (path, message), count in counted.most_common(50)]
