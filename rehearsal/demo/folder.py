"""Where a demonstration runs: a folder that no other one uses, and the usual ports where they are free."""

import fcntl
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from rehearsal.stage.environment import Stage
from rehearsal.stage.ports import free_port

WEB_PORT = 8000
CPO_PORT = 8100
MOST_DEMOS = 20


def take(var_dir: Path, stack: ExitStack, own: Mapping[str, str], port: int = WEB_PORT) -> tuple[Stage, int]:
    """Take a folder that no running demonstration uses, empty it, and choose the ports; return the CPO's beside it.

    `own`: variables of this demonstration; `port`: the wanted one of the web server. The folder stays taken until
    `stack` closes; the lock is inherited by nobody and dies with this process.
    """
    for number in range(1, MOST_DEMOS + 1):
        folder = var_dir / ("demo" if number == 1 else f"demo-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context((var_dir / f".{folder.name}.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        shutil.rmtree(folder)
        folder.mkdir()
        web_port = free_port(_usual(port, stack))
        cpo_port = free_port(_usual(CPO_PORT, stack), frozenset({web_port}))
        return Stage.build(folder, {"LOG_LEVEL": "INFO", **own}, web_port=web_port), cpo_port
    raise OSError(f"{MOST_DEMOS} demonstrations are running already")


def _usual(port: int, stack: ExitStack) -> int:
    """The usual port, or 0 for any, where another demonstration on this machine is about to use it.

    It listens there only after a while: until then the port looks free to everybody.
    """
    lock = stack.enter_context((Path(tempfile.gettempdir()) / f"sfp-demo-{port}.lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    return port
