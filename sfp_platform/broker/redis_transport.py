"""Kombu's Redis transport, made to outlive its Redis.

When Redis goes away, Celery takes the connection apart while messages are still to be acknowledged or put back. Kombu
5.7 then looks for the address in what was thrown away: an AttributeError, where everybody is prepared for connection
errors only, and the worker ends. One blip of Redis, no worker left. Here the same is a connection error.
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """A channel knows when its connection is gone."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("the connection of this channel was closed")
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]
        return params


class Transport(redis.Transport):
    """The usual one, with our channel."""

    Channel = Channel
