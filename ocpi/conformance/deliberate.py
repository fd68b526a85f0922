"""What connection checks do on purpose: nobody is to be alarmed by it, the check's own report tells what came of it."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from ocpi.models import Command, ConformanceRun


def commands_since(since: datetime) -> set[UUID]:
    """The commands of test charges that are under way, or ended since then. One statement."""
    live = Q(next_check_at__isnull=False)
    runs = ConformanceRun.objects.filter(live | Q(ended_at__gte=since), armed=True)
    notes = runs.order_by().values_list("notes", flat=True)
    return {UUID(pk) for one in notes for pk in one.get("commands", {}).values()}


def exchanges_of(commands: set[UUID]) -> set[int]:
    """The exchanges in which these commands were sent. No statement where there are none."""
    if not commands:
        return set()
    sent = Command.objects.filter(pk__in=commands, message_id__isnull=False)
    return {pk for pk in sent.values_list("message_id", flat=True) if pk is not None}
