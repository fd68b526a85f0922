"""Writes `deploy/.env.example` from the README's table of settings, which is held to the code by a test.

python scripts/env_example.py            writes it
python scripts/env_example.py --check    says whether it is as it would be written
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "deploy" / ".env.example"
HEAD = """\
# Every setting there is, for EnvironmentFile= of systemd and env_file: of compose. Written by scripts/env_example.py.
# What has no # in front must be set in production; everything else shows its default. No quotes, no spaces around =.

"""
ALWAYS = {"ENVIRONMENT": "production", "EMAIL_URL": "", "ALLOWED_HOSTS": ".smartfuelpass.com"}
"""What the README's start has, beside what has no default."""


def rows() -> Iterator[tuple[list[str], list[str], str]]:
    """(names, their defaults, meaning) of each row of the table; without defaults for what must be given."""
    text = (ROOT / "README.md").read_text()
    table = text[text.index("### Settings") :]
    for names, default, meaning in re.findall(r"^\| (`[A-Z][^|]*) \| ?([^|]*) \| (.*) \|$", table, re.M):
        known = re.findall(r"`([A-Z_]+)`", names)
        must = default.startswith("-")
        yield known, [] if must else defaults_of(default, len(known)), plain(meaning)


def defaults_of(text: str, number: int) -> list[str]:
    """The defaults as they are written into the environment: as many as there are names; "" for what words describe."""
    quoted = re.findall(r"`([^`]*)`", text)
    if quoted:
        known = ["" if re.fullmatch(r"[A-Z]+_[A-Z_]+", value) else value for value in quoted]
        return known if len(known) == number else known[:1] + [""] * (number - 1)
    parts = [part.strip() for part in text.split(",")]
    values = [part if re.fullmatch(r"-?[0-9.]+|on|off", part) else "" for part in parts]
    return values if len(values) == number else [values[0]] * number


def plain(text: str) -> str:
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).replace("`", "")


def lines() -> Iterator[str]:
    for names, defaults, meaning in rows():
        yield from textwrap.wrap(meaning, 116, initial_indent="# ", subsequent_indent="# ")
        for name, default in zip_longest(names, defaults, fillvalue=""):
            given = not defaults or name in ALWAYS
            yield f"{name}={ALWAYS.get(name, '')}" if given else f"#{name}={default}"
        yield ""


def example() -> str:
    return HEAD + "\n".join(lines())


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return int(not TARGET.exists() or TARGET.read_text() != example())
    TARGET.write_text(example())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
