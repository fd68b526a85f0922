"""Holds the socket that clients connect to, and processes that accept from it (`sfp_platform.web.worker`).

Each process is a Python of its own, so that SIGHUP brings in new code: a new one is started, and when it is ready an
old one is let go, one after the other. Meanwhile, and while a process that died is replaced, connections wait in the
socket's queue and not one is refused. Under systemd the socket is the unit's (`sfp-web.socket`), and outlives this
program too: they wait while it is restarted.

Whoever is told to leave finishes what it took; what is not gone after `LEAVE_SECONDS` is killed. This program imports
nothing but Python's own, and is told of everything by signals that are blocked and waited for: none gets lost, however
early it comes.
"""

import argparse
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BACKLOG = 2048
"""Connections that may wait to be accepted."""
LEAVE_SECONDS = 25.0
"""How long processes may take to finish what they took."""
FIRST_SYSTEMD_SOCKET = 3
PAUSE_SECONDS = (0.5, 10.0)
"""How long it is waited before a process is replaced that died: first, and at most."""
STOP, RENEW = frozenset((signal.SIGTERM, signal.SIGINT)), signal.SIGHUP
SIGNALS = frozenset((*STOP, RENEW, signal.SIGCHLD))
LOOK_SECONDS = 0.1
"""How often it is looked whether a process is ready, while one is started."""


class CannotStart(Exception):
    """A process ended before it was ready, and there is none of before that could go on."""


class Process:
    """One that accepts connections. It says when it is ready, and leaves when this program is gone."""

    def __init__(self, listening: socket.socket) -> None:
        self.line, theirs = socket.socketpair()
        with theirs:
            given = (listening.fileno(), theirs.fileno())
            command = [sys.executable, "-m", "sfp_platform.web.worker", *map(str, given)]
            self.popen = subprocess.Popen(command, cwd=ROOT, pass_fds=given, preexec_fn=_hear_signals)
        self.is_ready = False

    def look(self) -> bool:
        """Whether it is ready."""
        if not self.is_ready and select.select([self.line], [], [], 0)[0]:
            with suppress(OSError):
                self.is_ready = bool(self.line.recv(1))
        return self.is_ready

    def has_ended(self) -> bool:
        return self.popen.poll() is not None

    def leave(self) -> None:
        self.popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


def _hear_signals() -> None:
    """In the new process, before it becomes the worker: a signal that came since it began is heard now, and ends it."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


class Supervisor:
    """Keeps `count` processes."""

    def __init__(self, listening: socket.socket, count: int) -> None:
        self.listening, self.count = listening, count
        self.serving = list[Process]()
        self.leaving = list[tuple[Process, float]]()
        self.coming: Process | None = None
        self.to_renew = list[Process]()
        self.pause, self.starts_at = PAUSE_SECONDS[0], 0.0

    def run(self) -> None:
        """Until it is told to stop. Raises `CannotStart`."""
        self.serving = [Process(self.listening) for _ in range(self.count)]
        try:
            while (told := self._next_signal()) not in STOP:
                if told == RENEW:
                    say(f"renewing {self.count} processes, one after the other")
                    self.to_renew = list(self.serving)
                self._replace_who_ended()
                self._renew()
                self._see_off()
            say("stopping")
        finally:
            self._stop()

    def _next_signal(self) -> int | None:
        """The next signal; None when there was none, but something to look after."""
        told = signal.sigtimedwait(SIGNALS, LOOK_SECONDS) if self._is_busy() else signal.sigwaitinfo(SIGNALS)
        return told and told.si_signo

    def _is_busy(self) -> bool:
        settled = len(self.serving) == self.count and all(one.look() for one in self.serving)
        return not settled or bool(self.to_renew or self.coming or self.leaving)

    def _replace_who_ended(self) -> None:
        for one in [one for one in self.serving if one.has_ended()]:
            if not one.look() and not self._has_served():
                raise CannotStart
            say(f"process {one.popen.pid} ended with {one.popen.returncode}, and is replaced in {self.pause:g} s")
            self.serving.remove(one)
            self.starts_at, self.pause = time.monotonic() + self.pause, min(self.pause * 2, PAUSE_SECONDS[1])
        if all(one.look() for one in self.serving) and len(self.serving) == self.count:
            self.pause = PAUSE_SECONDS[0]
        if len(self.serving) < self.count and time.monotonic() >= self.starts_at:
            self.serving.append(Process(self.listening))

    def _has_served(self) -> bool:
        """Whether any process was ever ready: then what ends one now is not how it was set up."""
        return any(one.look() for one in self.serving) or self.starts_at > 0

    def _renew(self) -> None:
        """Start a new one, let an old one go for it, and so on. One that does not get ready ends the renewal."""
        if self.coming is None:
            self.to_renew = [one for one in self.to_renew if one in self.serving]
            self.coming = Process(self.listening) if self.to_renew else None
        elif self.coming.has_ended():
            say(f"the new process ended with {self.coming.popen.returncode}: the old ones go on")
            self.coming, self.to_renew = None, []
        elif self.coming.look():
            self.serving.append(self.coming)
            self.coming = None
            for old in [one for one in self.to_renew[:1] if one in self.serving]:
                self.serving.remove(old)
                self._let_go(old)
            self.to_renew = self.to_renew[1:]

    def _let_go(self, one: Process) -> None:
        one.leave()
        self.leaving.append((one, time.monotonic() + LEAVE_SECONDS))

    def _see_off(self) -> None:
        """Those that were told to leave: gone, or killed when they take too long."""
        for one, until in list(self.leaving):
            if not one.has_ended() and time.monotonic() > until:
                say(f"process {one.popen.pid} did not leave, and is killed")
                one.kill()
            if one.has_ended():
                self.leaving.remove((one, until))

    def _stop(self) -> None:
        """Let all go, and be gone when they are."""
        for one in [*self.serving, *([self.coming] if self.coming else [])]:
            self._let_go(one)
        while self.leaving:
            signal.sigtimedwait(SIGNALS, LOOK_SECONDS)
            self._see_off()


def listen(host: str, port: int) -> socket.socket:
    """The socket that systemd gives, or one of our own."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        listening = socket.socket(fileno=FIRST_SYSTEMD_SOCKET)
    else:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # Connections have it from the socket that they came to: an answer does not wait for the acknowledgement of another.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def say(text: str) -> None:
    sys.stderr.write(f"web: {text}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop; 1 if it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m sfp_platform.web.serve", description=__doc__, allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; not used with systemd's socket")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1, help="processes that accept connections")
    given = parser.parse_args(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    with listen(given.host, given.port) as listening:
        say(f"listening at {listening.getsockname()[:2]}, {given.workers} processes")
        try:
            Supervisor(listening, max(1, given.workers)).run()
        except CannotStart:
            say("a process ended before it was ready")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
