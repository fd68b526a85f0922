"""A new version comes in as `docs/operations.md` says: web is reloaded, workers and beat are restarted in turn."""

import signal
import threading
import time
from collections.abc import Callable

from rehearsal.bench.figures import offspring
from rehearsal.bench.torture.targets import Targets

LEAVES_WITHIN = 60.0
ONE_BY_ONE = ("worker-engine", "worker-calls", "beat")


class RollingRestart:
    """Goes on beside the drivers. What does not end or begin in time is held against the platform."""

    def __init__(self, targets: Targets, say: Callable[[str], None]) -> None:
        self.targets, self.say = targets, say
        self.thread = threading.Thread(target=self._run, name="rolling", daemon=True)

    def begin(self) -> None:
        self.thread.start()

    def _run(self) -> None:
        try:
            self._reload_web()
            for name in ONE_BY_ONE:
                self._restart(name)
        except Exception as error:  # noqa: BLE001  (whatever it is, the run has to tell)
            self.targets.fallen.append(f"rolling restart: {error}")

    def _reload_web(self) -> None:
        supervisor, began = self.targets.running.running["web"].popen, time.monotonic()
        before = set(offspring(supervisor.pid)[1:])
        supervisor.send_signal(signal.SIGHUP)
        while len(now := set(offspring(supervisor.pid)[1:])) < len(before) or now & before:
            if time.monotonic() > began + LEAVES_WITHIN:
                raise TimeoutError(f"web still has {now & before}")
            time.sleep(0.2)
        self.say(f"web reloaded in {time.monotonic() - began:.1f} s")

    def _restart(self, name: str) -> None:
        began, running = time.monotonic(), self.targets.running
        self.targets.down.add(name)
        running.running[name].popen.terminate()
        running.running[name].popen.wait(LEAVES_WITHIN)
        took = time.monotonic() - began
        running.restart(name)
        self.targets.down.discard(name)
        self.say(f"{name} left in {took:.1f} s and was started again")
