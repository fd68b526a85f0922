"""`make bench`: `python -m rehearsal.bench.run [ingest] [engine] [pull]`, all if none is named; or `pages [options]`.

Each of the three takes less than three minutes, on PostgreSQL and Redis, in databases of its own. Their figures are
ratios between what was measured in the same run. `pages` and `growth` fill a database with millions of rows first,
`settling` waits for the ends of 300 charges: they run only when they are named; options behind `pages` go to it.
"""

import subprocess
import sys
from itertools import takewhile

from rehearsal.bench.figures import machine, say

PARTS = ("ingest", "pull", "engine")
LONG = ("pages", "growth", "settling")


def main(arguments: list[str]) -> int:
    """Run each part in a process of its own: Django is set up once per database."""
    named = list(takewhile(lambda argument: not argument.startswith("-"), arguments))
    options = arguments[len(named) :]
    unknown = sorted(set(named) - {*PARTS, *LONG})
    if unknown or (options and named[-1:] != ["pages"]):
        say(f"There is no part {', '.join(unknown or options)}. There are: {', '.join((*PARTS, *LONG))}.")
        return 2
    say(f"Machine: {machine()}")
    codes = []
    for part in [part for part in (*PARTS, *LONG) if part in named] or PARTS:
        say(f"\n--- {part}")
        codes.append(subprocess.run(command(part, *options), check=False).returncode)
    return max(codes)


def command(part: str, *options: str) -> list[str]:
    """The command line of a part; the options are for the long ones."""
    return [sys.executable, "-m", f"rehearsal.bench.{part}", *(options if part in LONG else ())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
