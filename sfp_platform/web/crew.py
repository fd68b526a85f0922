"""Threads that work on requests: a fixed number, however many requests wait."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Crew:
    """So many threads, started with the first job. Jobs are taken in the order in which they came."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.started = False

    async def work(self, job: Callable[[], T]) -> T:
        """Have a thread do `job`, and return what it returned or raise what it raised.

        Half the price of `loop.run_in_executor`, on the way of every push.
        """
        if not self.started:
            self._start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self.jobs.put(lambda: _do(job, loop, done))
        return await done

    def _start(self) -> None:
        self.started = True
        for number in range(self.size):
            threading.Thread(target=self._serve, name=f"web-{number}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self.jobs.get()()


def _do(job: Callable[[], T], loop: asyncio.AbstractEventLoop, done: "asyncio.Future[T]") -> None:
    try:
        outcome = job()
    except BaseException as error:  # noqa: BLE001  (it belongs to whoever asked; this thread goes on)
        failure = error
        loop.call_soon_threadsafe(lambda: None if done.cancelled() else done.set_exception(failure))
    else:
        loop.call_soon_threadsafe(lambda: None if done.cancelled() else done.set_result(outcome))
