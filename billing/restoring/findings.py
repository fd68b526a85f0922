"""The list of what people must decide: each thing once, however often it is found."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from billing.models import PaymentAuthorization, Restore, RestoreFinding
from partners.models import Partner

Kind = RestoreFinding.Kind
A_MINUTE = timedelta(minutes=1)


class AlreadyDecided(Exception):
    """Somebody was first; the text says so."""


@dataclass(frozen=True)
class Finding:
    """What no machine can know. `key`: what it is about; `advice`: what to decide, and where."""

    key: str
    kind: str
    text: str
    advice: str
    partner: Partner | None = None
    payment: PaymentAuthorization | None = None


def keep(restore: Restore, found: Finding) -> RestoreFinding:
    """Put it on the list. What was decided stays decided."""
    row, _created = RestoreFinding.objects.get_or_create(
        restore=restore,
        key=found.key[:100],
        defaults={
            "kind": found.kind,
            "text": found.text,
            "advice": found.advice,
            "partner": found.partner,
            "authorization": found.payment,
        },
    )
    return row


def decide(finding_id: int, actor: str, note: str) -> None:
    """Take it off the list, with what was decided. Raises AlreadyDecided."""
    with transaction.atomic():
        row = RestoreFinding.objects.select_for_update().get(pk=finding_id)
        if row.decided_at is not None:
            raise AlreadyDecided(f"{row.decided_by} has decided this already: {row.note}")
        row.decided_at, row.decided_by, row.note = timezone.now(), actor, note.strip()
        row.save(update_fields=["decided_at", "decided_by", "note"])


def begin(since: datetime) -> Restore:
    """The restore to this moment, begun now or before: the same one for the same moment.

    From here on receipts have numbers that none was ever given before it (`billing.receipts.issuing.suffix_in`).
    """
    now = timezone.now()
    with transaction.atomic():
        newest = Restore.objects.select_for_update().order_by("-at").first()
        row, created = Restore.objects.get_or_create(since=since, defaults={"at": now})
        if created and newest is not None and f"{newest.at:%Y%m%d%H%M}" >= f"{now:%Y%m%d%H%M}":
            # Two within a minute: the second has a series of its own, too.
            row.at = newest.at + A_MINUTE
            row.save(update_fields=["at"])
    return row
