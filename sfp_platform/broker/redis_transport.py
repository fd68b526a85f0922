"""Kombu's Redis transports, made to outlive their Redis.

When Redis goes away, Celery takes the connection apart while messages are still to be acknowledged or put back. Kombu
5.7 then looks for the address in what was thrown away: an AttributeError, where everybody is prepared for connection
errors only, and the worker ends. One blip of Redis, no worker left. Here the same is a connection error.

With Sentinel there are moments without a master; those are connection errors, too.
"""

from typing import Any

from kombu.transport import redis
from redis.sentinel import MasterNotFoundError, SlaveNotFoundError


class Outliving:
    """A channel knows when its connection is gone."""

    connection: Any

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("the connection of this channel was closed")
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]
        return params


class Channel(Outliving, redis.Channel):
    """The usual one."""


class Transport(redis.Transport):
    """The usual one, with our channel."""

    Channel = Channel


class SentinelChannel(Outliving, redis.SentinelChannel):
    """One that asks the sentinels who is master."""


class SentinelTransport(redis.SentinelTransport):
    """`sentinel://host:26379;sentinel://other:26379`, with the master's name among the options."""

    Channel = SentinelChannel
    connection_errors = (*redis.Transport.connection_errors, MasterNotFoundError, SlaveNotFoundError)
