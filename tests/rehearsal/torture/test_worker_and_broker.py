"""What a worker needs to outlive its broker, and the sweep a busy queue."""

from types import SimpleNamespace
from typing import Any

import pytest
from kombu import Connection
from kombu.transport import redis

from sfp_platform.broker import redis_transport
from sfp_platform.celery import app


def closed(kind: Any) -> Any:
    """A channel whose connection was taken apart, with something still to be acknowledged."""
    channel = kind.__new__(kind)
    channel.connection = SimpleNamespace(client=None)
    channel._closing = True
    return channel


def test_kombu_itself_raises_what_ends_the_worker() -> None:
    """When this fails, our transport is no longer needed."""
    with pytest.raises(AttributeError):
        closed(redis.Channel)._connparams()


def test_a_closed_channel_raises_what_celery_is_prepared_for() -> None:
    with pytest.raises(redis_transport.Transport.connection_errors):
        closed(redis_transport.Channel)._connparams()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0"])
def test_the_usual_urls_lead_to_it(url: str) -> None:
    with Connection(url) as connection:
        assert connection.get_transport_cls() is redis_transport.Transport


@pytest.mark.parametrize("name", sorted(app.conf.beat_schedule))
def test_a_tick_survives_a_queue_that_is_behind(name: str) -> None:
    """A sweep that is dropped whenever the queue is a second behind finds nothing just when it is needed."""
    assert app.conf.beat_schedule[name]["options"]["expires"] >= 10
