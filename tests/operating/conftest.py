"""A platform of which everything gave a sign of life a moment ago."""

from collections.abc import Callable, Iterator

import pytest
from django.db.models.functions import Now

from sfp_platform.broker.pulse import What, sign
from sfp_platform.health.verdict import watch


@pytest.fixture(autouse=True)
def look_anew() -> Iterator[None]:
    watch.forget()
    yield
    watch.forget()


@pytest.fixture
def all_alive(db: None) -> None:
    from sfp_platform import tasks

    sign(What.BEAT, "host-1")
    sign(What.WORKER, "engine@host-1", serves="engine")
    sign(What.WORKER, "calls@host-1", serves="push,sync,mail")
    for pulse in (tasks.pulse, tasks.push_pulse, tasks.sync_pulse, tasks.mail_pulse):
        pulse()


@pytest.fixture
def silent() -> Callable[..., None]:
    """`silent("beat", seconds=30)`: nothing of this kind (and name) gave a sign for so long."""
    from datetime import timedelta

    from sfp_platform.models import Heartbeat

    def let(what: str, *names: str, seconds: float = 26) -> None:
        rows = Heartbeat.objects.filter(what=what)
        (rows.filter(name__in=names) if names else rows).update(seen_at=Now() - timedelta(seconds=seconds))

    return let
