"""A partner whose server hangs holds half of a worker at most; the others' drivers do not notice."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connections

from ocpi.client import CallFailed, functional, gate
from ocpi.models import Message
from partners.models import Partner
from tests.ocpi.cpo import ScriptedCpo, connected_partner, envelope

SLOTS = 8


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_worker_slots", None)
    gate.share_slots(SLOTS)


@pytest.fixture
def hanging() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.mark.parametrize(("slots_of_worker", "most"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (100, 8)])
def test_half_of_a_workers_slots(monkeypatch: pytest.MonkeyPatch, slots_of_worker: int, most: int) -> None:
    monkeypatch.setattr(gate, "_worker_slots", slots_of_worker)
    assert gate.most_at_once() == most


def start(partner: Partner, outcomes: list[str]) -> None:
    try:
        functional(partner, "POST", "commands", "RECEIVER", "START_SESSION", body={})
        outcomes.append("answered")
    except CallFailed as failure:
        outcomes.append(failure.kind)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_eight_calls_at_the_same_moment(hanging: ScriptedCpo, slots: None) -> None:
    """As many as there are workers, all before any was answered; then another partner's START."""
    hanging.on("/commands/START_SESSION", envelope({"result": "ACCEPTED", "timeout": 30}, delay=4.0))
    partner, outcomes = connected_partner(hanging.url), list[str]()
    threads = [threading.Thread(target=start, args=(partner, outcomes)) for _ in range(SLOTS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while len(outcomes) < SLOTS // 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert set(outcomes) == {"busy"}, outcomes
    free = sum(1 for thread in threads if not thread.is_alive())
    for thread in threads:
        thread.join(30)
    assert free >= SLOTS // 2
    assert len(hanging.seen) <= SLOTS // 2
    assert Message.objects.filter(direction="out").count() == len(hanging.seen), "a refused call leaves no row"
