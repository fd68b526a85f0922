"""What a message costs beside the message: kept and acknowledged by one client of Redis, which is made anew with its
connections."""

import os
from collections.abc import Iterator
from contextlib import closing
from secrets import token_hex
from typing import Any

import pytest
import redis
from kombu import Connection
from kombu.simple import SimpleQueue

from sfp_platform.broker.redis_transport import Channel, Transport

MESSAGES = 5


@pytest.fixture
def queue() -> Iterator[SimpleQueue]:
    """One that nobody else knows, on the Redis that runs."""
    named = f"trial-{token_hex(4)}"
    with Connection(os.environ["REDIS_URL"], transport=Transport) as connection:
        simple = connection.SimpleQueue(named)
        with closing(simple):
            yield simple
            simple.queue.delete()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The clients that are made from now on."""
    clients: list[Any] = []
    init = redis.Redis.__init__

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        clients.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(redis.Redis, "__init__", counted)
    return clients


def consume(queue: SimpleQueue) -> list[Any]:
    """What was in it, each acknowledged."""
    taken = []
    for number in range(MESSAGES):
        queue.put({"number": number})
        message = queue.get(timeout=5)
        taken.append(message.payload["number"])
        message.ack()
    return taken


def test_one_client_keeps_and_acknowledges_all(queue: SimpleQueue, made: list[Any]) -> None:
    queue.put("the first message makes it")
    queue.get(timeout=5).ack()
    before = len(made)

    assert consume(queue) == list(range(MESSAGES))

    assert len(made) == before
    assert isinstance(queue.channel, Channel)
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as looking:
        kept = [tag for tag in looking.hvals("unacked") if queue.queue.name.encode() in tag]
    assert kept == []


def test_another_pool_of_connections_has_another_client(queue: SimpleQueue) -> None:
    assert consume(queue) == list(range(MESSAGES))
    channel: Any = queue.channel
    before = channel._create_client()

    channel._disconnect_pools()

    assert channel._create_client() is not before
    assert consume(queue) == list(range(MESSAGES))
