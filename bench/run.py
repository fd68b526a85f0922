"""`make bench`: `python -m bench.run [ingest] [engine] [pull]`, all of them when none is named.

Each part takes less than three minutes, on PostgreSQL and Redis, in databases of its own. The figures are ratios
between what was measured in the same run.
"""

import subprocess
import sys

from bench.figures import machine, say

PARTS = ("ingest", "pull", "engine")


def main(arguments: list[str]) -> int:
    """Run each part in a process of its own: Django is set up once per database."""
    unknown = sorted(set(arguments) - set(PARTS))
    if unknown:
        say(f"There is no part {', '.join(unknown)}. There are: {', '.join(PARTS)}.")
        return 2
    say(f"Machine: {machine()}")
    codes = []
    for part in [part for part in PARTS if part in arguments] or PARTS:
        say(f"\n--- {part}")
        codes.append(subprocess.run([sys.executable, "-m", f"bench.{part}"], check=False).returncode)  # noqa: S603
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
