"""Migrations are append-only: `sfp_platform/migrations.lock` holds the SHA-256 of every migration file of ours.

python scripts/migrations_lock.py           refuses files that were edited, removed or not yet added
python scripts/migrations_lock.py --add     adds new ones; the others must be as they were
python scripts/migrations_lock.py --remake  begins anew, when migrations were regenerated: never after a release

A fold (`0001_as_of_0009`, made by `fold_migrations.py`) gives way to a later one of its app: a database that was made
by it has recorded the migrations that it replaced, and those are never removed.
"""

import hashlib
import re
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = "sfp_platform/migrations.lock"
FOLD = re.compile(r"(?P<folder>.*/migrations)/0001_as_of_(?P<number>\d{4})\.py")


def found(root: Path) -> dict[str, str]:
    """Path of each migration, below the root, and its SHA-256."""
    files = sorted(path for path in root.glob("*/migrations/*.py") if path.name != "__init__.py")
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def locked(root: Path) -> dict[str, str]:
    """The same, as the lock has it: a line is `sha256  path`."""
    lines = (root / LOCK).read_text().splitlines()
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def faults(root: Path, *, adding: bool) -> list[str]:
    """What is wrong, a line each. With `adding`, new files are right."""
    here, known = found(root), locked(root)
    edited = [path for path in known if path in here and here[path] != known[path]]
    removed = [path for path in known if path not in here and not folded_further(path, here)]
    new = [] if adding else [path for path in here if path not in known]
    return [
        *(f"{path} was edited. Databases have run it: undo that, and write a new migration." for path in edited),
        *(f"{path} is gone. Databases have run it: bring it back." for path in removed),
        *(f"{path} is new: python scripts/migrations_lock.py --add" for path in new),
    ]


def folded_further(path: str, here: Iterable[str]) -> bool:
    """Whether it is a fold, and a later one of the same app is there."""
    found = FOLD.fullmatch(path)
    later = (FOLD.fullmatch(other) for other in here)
    return found is not None and any(
        other and other["folder"] == found["folder"] and other["number"] > found["number"] for other in later
    )


def write(root: Path) -> None:
    """Write the lock as the files are now."""
    (root / LOCK).write_text("".join(f"{digest}  {path}\n" for path, digest in found(root).items()))


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Do what the options say; 1 where something is wrong, told on stderr."""
    if arguments not in ([], ["--add"], ["--remake"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    if arguments != ["--remake"] and (wrong := faults(root, adding=arguments == ["--add"])):
        sys.stderr.write("".join(f"{line}\n" for line in wrong))
        return 1
    if arguments:
        write(root)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
