"""`python -m rehearsal.walkthrough.album`: the documents' pictures, made small, from those in var/screenshots/."""

import sys
from pathlib import Path

from PIL import Image

from rehearsal.stage.processes import ROOT

DOCUMENTS = ROOT / "docs" / "images"
PICTURES = {
    "dashboard": "dashboard",
    "stages": "stage-0",
    "cpo-page": "cpo-information-refused",
    "handshake": "handshake-missing-module",
    "connection-check": "connection-check",
    "test-run": "test-run-live",
    "tests": "tab-tests",
    "go-live": "stage-4-done",
    "incident": "incidents-one",
    "exchange": "messages-one",
    "session": "session-live",
}
"""Name in the documents, and the picture that it is made of."""
WIDEST, COLOURS, LARGEST = 1440, 128, 150_000


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures of a folder; return 1 when one is missing or stays too large."""
    given = sys.argv[1:] if arguments is None else arguments
    source = Path(given[0]) if given else ROOT / "var" / "screenshots"
    missing = [name for name in PICTURES.values() if not (source / f"{name}.png").exists()]
    if missing:
        sys.stdout.write(f"Missing in {source}: {', '.join(missing)}. Make them with `make screenshots`.\n")
        return 1
    sizes = {name: shrink(source / f"{picture}.png", DOCUMENTS / f"{name}.png") for name, picture in PICTURES.items()}
    for name, size in sizes.items():
        sys.stdout.write(f"{name:18} {size // 1000:4} kB\n")
    return int(max(sizes.values()) >= LARGEST)


def shrink(source: Path, target: Path) -> int:
    """Write `source` with few colours as `target`; return its size in bytes."""
    with Image.open(source) as picture:
        plain = picture.convert("RGB")
    if plain.width > WIDEST:
        plain = plain.resize((WIDEST, round(plain.height * WIDEST / plain.width)), Image.Resampling.LANCZOS)
    plain.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    return target.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
