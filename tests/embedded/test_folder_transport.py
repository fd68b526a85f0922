"""The folder as broker: messages arrive whole and once, whoever else looks into the folder meanwhile."""

import multiprocessing
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from kombu.transport.virtual import BrokerState

from sfp_platform.broker import folder_transport
from sfp_platform.configuration.embedded import folder_broker
from tests.support.processes import PATIENCE

ENGINE = Queue("engine", Exchange("engine"), routing_key="engine")
MESSAGES = 500


@pytest.fixture
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Connections to a new folder; what this process knows of bindings in another one is put aside."""
    monkeypatch.setattr(folder_transport.Transport, "global_state", BrokerState())
    url, options = folder_broker(tmp_path)
    return lambda: Connection(url, transport_options=options)


def publish(connection: Connection, number: int) -> None:
    connection.Producer().publish({"n": number}, exchange=ENGINE.exchange, routing_key="engine", declare=[ENGINE])


def publish_all(connect: Callable[[], Connection]) -> None:
    with connect() as connection:
        for number in range(MESSAGES):
            publish(connection, number)
            time.sleep(0.001)


def test_no_message_is_read_before_it_is_complete(connect: Any) -> None:
    """One process writes while this one looks without a pause: the worker that comes at the wrong moment."""
    writer = multiprocessing.get_context("fork").Process(target=publish_all, args=(connect,))
    writer.start()
    found: list[int] = []
    with connect() as connection, connection.channel() as channel:
        deadline = time.monotonic() + PATIENCE
        while len(found) < MESSAGES and time.monotonic() < deadline:
            message = channel.basic_get("engine", no_ack=True)
            found.extend([message.payload["n"]] if message else [])
    writer.join()
    assert found == list(range(MESSAGES))


def test_messages_leave_in_the_order_in_which_they_came(connect: Any) -> None:
    with connect() as connection, connection.channel() as channel:
        for number in range(5):
            publish(connection, number)
        assert [channel.basic_get("engine").payload["n"] for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(Empty):
            channel._get("engine")


def test_nothing_is_left_behind(connect: Any, tmp_path: Path) -> None:
    with connect() as connection, connection.channel() as channel:
        publish(connection, 1)
        channel.basic_get("engine", no_ack=True)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"engine.exchange"}


def test_a_queue_that_binds_first_keeps_its_binding(connect: Any) -> None:
    """Two programs that start together bind their queues to one exchange; both get its messages."""
    exchange = Exchange("shared", type="fanout")
    queues = [Queue(f"q{number}", exchange) for number in range(8)]

    def declare(queue: Queue) -> None:
        with connect() as connection, connection.channel() as channel:
            queue(channel).declare()

    threads = [threading.Thread(target=declare, args=(queue,)) for queue in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect() as connection, connection.channel() as channel:
        assert {entry.queue for entry in channel.get_table("shared")} == {queue.name for queue in queues}
