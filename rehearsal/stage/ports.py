"""Ports on this machine's own address."""

import socket

LOOPBACK = "127.0.0.1"


def free_port(wanted: int = 0, taken: frozenset[int] = frozenset()) -> int:
    """Return `wanted` if nobody listens there, else any free port. Raises OSError where there is none."""
    for port in (wanted, 0):
        if port in taken:
            continue
        with socket.socket() as probe:
            # A port that a server has just left is free; of the others the system knows best.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(port != 0))
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("there is no free port on this machine")
