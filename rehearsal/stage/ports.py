"""Ports on this machine's own address."""

import socket

LOOPBACK = "127.0.0.1"


def free_port(wanted: int = 0, taken: frozenset[int] = frozenset()) -> int:
    """Return `wanted` if nobody listens there, else any free port. Raises OSError where there is none."""
    for port in (wanted, *[0] * (len(taken) + 1)):
        found = None if port in taken else _bind(port)
        if found is not None and found not in taken:
            return found
    raise OSError("there is no free port on this machine")


def _bind(port: int) -> int | None:
    """The port that can be listened on: this one, or any for 0."""
    with socket.socket() as probe:
        # A port that a server has just left is free; of the others the system knows best.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(port != 0))
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
