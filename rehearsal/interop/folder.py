"""A folder that leaves nothing behind, for a command that runs again in it."""

import os
import tempfile
from pathlib import Path

from rehearsal.stage.again import run_again_on
from rehearsal.stage.environment import Stage


def run_again_in_a_folder() -> int:
    """Run this command again with settings that point into a fresh folder; return its exit code."""
    with tempfile.TemporaryDirectory(prefix="sfp-interop-") as folder:
        return run_again_on(Stage.build(Path(folder), {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "ERROR")}))
