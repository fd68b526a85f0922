"""What a fault of the server is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from cpo_simulator.server.call import Call, Reply

Proceed = Callable[[Call], Awaitable[Reply]]
Spoiled = Reply | web.Response


@dataclass(frozen=True)
class Fault:
    """``hits`` says which requests are spoiled, ``spoil`` how; it may ask the server to proceed."""

    name: str
    summary: str
    hits: Callable[[Call], bool]
    spoil: Callable[[Call, Proceed], Awaitable[Spoiled]]
