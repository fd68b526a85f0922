"""JSON with what is wrong in it marked at its place."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from partners.admin.kit.showing import DANGER, WARNING, json_text

INDENT = "  "
# Beyond this a body is shown without marks: nobody reads it line by line.
MOST_LINES = 5000


@dataclass(frozen=True)
class Note:
    """Something to say about the value at `path`, which is written as in faults: `evses[0].status`."""

    path: str
    text: str
    tone: str


def notes_of(faults: Iterable[Any], leniences: Iterable[Any]) -> list[Note]:
    """What the message log knows about a body."""
    found = [Note(str(fault.get("path", "")), str(fault.get("message", "")), DANGER) for fault in faults]
    said = (f"{item.get('kind', '')}: {item.get('detail', '')}" for item in leniences)
    paths = (str(item.get("path", "")) for item in leniences)
    return found + [Note(path, text, WARNING) for path, text in zip(paths, said, strict=True)]


def marked_json(text: str, notes: Iterable[Note]) -> SafeString | str:
    """The body with indents and marks. What is missing is marked at the object that lacks it; other text stays."""
    notes = [note for note in notes if note.path]
    if not text or not notes:
        return json_text(text) if text else ""
    try:
        lines = list(_lines(json.loads(text), "", 0, "", ""))
    except (ValueError, RecursionError):
        return text
    if len(lines) > MOST_LINES:
        return json_text(text)
    places = {path for path, _, _ in lines}
    at: dict[str, list[Note]] = {}
    for note in notes:
        at.setdefault(_nearest(note.path, places), []).append(note)
    told: set[str] = set()
    return format_html_join("\n", "{}", ((_line(line, _fresh(path, at, told)),) for path, _, line in lines))


def _fresh(path: str, at: dict[str, list[Note]], told: set[str]) -> list[Note]:
    """The notes of a path, once: at its first line."""
    if path in told:
        return []
    told.add(path)
    return at.get(path, [])


def _line(text: str, notes: list[Note]) -> SafeString:
    if not notes:
        return format_html("{}", text)
    said = "; ".join(f"{note.path.rpartition('.')[2]} {note.text}" for note in notes)
    tone = DANGER if any(note.tone == DANGER for note in notes) else WARNING
    return format_html(
        '<mark class="sfp-mark sfp-mark-{}">{}<span class="sfp-mark-note">{}</span></mark>', tone, text, said
    )


def _nearest(path: str, places: set[str]) -> str:
    """The path itself, or the innermost object around it that is there."""
    while path and path not in places:
        dot, bracket = path.rfind("."), path.rfind("[")
        path = path[: max(dot, bracket)] if max(dot, bracket) > 0 else ""
    return path


def _lines(value: Any, path: str, depth: int, before: str, after: str) -> Iterator[tuple[str, int, str]]:
    """(path, depth, line) of each line, as `json.dumps` with indents would write it."""
    pad = INDENT * depth
    if isinstance(value, dict) and value:
        yield path, depth, f"{pad}{before}{{"
        last = len(value) - 1
        for number, (key, item) in enumerate(value.items()):
            inner = f"{path}.{key}" if path else key
            yield from _lines(item, inner, depth + 1, f"{_text(key)}: ", "," if number < last else "")
        yield path, depth, f"{pad}}}{after}"
    elif isinstance(value, list) and value:
        yield path, depth, f"{pad}{before}["
        last = len(value) - 1
        for number, item in enumerate(value):
            yield from _lines(item, f"{path}[{number}]", depth + 1, "", "," if number < last else "")
        yield path, depth, f"{pad}]{after}"
    else:
        yield path, depth, f"{pad}{before}{_text(value)}{after}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
