"""A full platform: as many partners, EVSEs, messages and sessions as the pages are to bear, made by set-based SQL.

Import it after Django is set up. Rows are numbered: what belongs to number 1 is the busiest of its kind.
"""

import hashlib
import time
from uuid import UUID

from django.db import connection
from django.db.models import Model, UUIDField

from billing.models import PaymentAuthorization
from ocpi.models import Command
from rehearsal.bench.crowd import charging, history, network, people, traffic
from rehearsal.bench.crowd.filling import Sizes, Span, catch_up
from rehearsal.bench.figures import say
from sessions_adhoc.models import AdHocSession

__all__ = ["Sizes", "busiest", "grow"]

PARTS = (people.fill_partners, network.fill_network, charging.fill_charging, traffic.fill_traffic, history.fill_history)


def grow(before: Sizes | None, sizes: Sizes) -> None:
    """Add what is missing between the two sizes, each table in one transaction, and let PostgreSQL look at it."""
    began = time.monotonic()
    span = Span(before, sizes)
    with connection.cursor() as cursor:
        # The rows come from each other by joins; looking up each key again would take most of the time.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        for part in PARTS:
            part(span)
        catch_up()
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")
    say(f"{sizes} made in {time.monotonic() - began:.0f} s")


# By what their ids are made of, where those are no numbers.
NAMED: dict[type[Model], str] = {AdHocSession: "session", PaymentAuthorization: "payment", Command: "command"}


def busiest(model: type[Model]) -> Model | None:
    """The row that others hang on most, or any; None where there is none."""
    rows = model._default_manager.order_by("pk")
    if isinstance(model._meta.pk, UUIDField) and model in NAMED:
        digest = hashlib.md5(f"{NAMED[model]}1".encode(), usedforsecurity=False)
        rows = rows.filter(pk=UUID(digest.hexdigest()))
    return rows.first()
