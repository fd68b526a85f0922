#!/usr/bin/env python
"""What drivers read, in each language: `locale/*/LC_MESSAGES/django.po`, which people write, and `.mo`, which is read.

    .venv/bin/python scripts/catalogues.py           # take up new texts, drop old ones, compile
    .venv/bin/python scripts/catalogues.py --check   # fail where something is missing or not compiled

Pure Python (Babel): no gettext tools are needed.
"""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ("cs", "de", "hu", "pl", "sk")
"""All but English, which the code has."""

KEYWORDS = {"gettext": None, "gettext_noop": None, "ngettext": (1, 2)}
HEADER = "# What drivers read. The texts are the code's; see scripts/catalogues.py."
ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)
"""So that the same texts are the same file."""

CALL = re.compile(r"""gettext\(u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\)""")
"""What Django makes of a text in a template, among the rest of it."""

APPS = ("partners", "billing", "sessions_adhoc")


def texts() -> Catalog:
    """All texts for drivers in code and templates, each with the files that have it."""
    found = Catalog(header_comment=HEADER)
    for path, messages in _sources():
        for _line, text, _comments, _context in messages:
            name = str(path.relative_to(ROOT))
            found.add(text if isinstance(text, str) else tuple(text), locations=[(name, 0)])
    return found


def _sources() -> Iterator[tuple[Path, Any]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield path, extract("python", BytesIO(path.read_bytes()), KEYWORDS)
    from django.utils.translation.template import templatize

    for path in sorted((ROOT / "templates" / "driver").rglob("*.html")):
        calls = CALL.findall(templatize(path.read_text(), origin=str(path)))
        yield path, extract("python", BytesIO("\n".join(calls).encode()), KEYWORDS)


def po_of(locale: str) -> Path:
    return ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"


def kept(locale: str) -> Catalog:
    """What people have written in a language so far."""
    path = po_of(locale)
    return read_po(BytesIO(path.read_bytes()), locale) if path.exists() else Catalog(locale)


def brought_up(locale: str, current: Catalog) -> Catalog:
    """The catalogue of a language with exactly the texts that there are now; a new one is empty until it is written."""
    before, after = kept(locale), Catalog(locale, header_comment=HEADER, fuzzy=False)
    for message in current:
        if not message.id:
            continue
        known = before.get(message.id)
        locations = sorted(set(message.locations))
        added = after.add(message.id, known.string if known else None, locations, known.flags if known else ())
        added.flags.discard("python-format")  # a guess about "90 % of": our placeholders are {names}
    return after


def po_text(catalogue: Catalog) -> bytes:
    """The catalogue as it is kept, without what changes by itself: dates and line numbers."""
    out = BytesIO()
    write_po(out, catalogue, width=120, sort_output=True, include_lineno=False, omit_header=True)
    header = f'{HEADER}\nmsgid ""\nmsgstr ""\n"Language: {catalogue.locale}\\n"\n'
    header += f'"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    return header.encode() + out.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """The same as gettext reads it."""
    out, slim = BytesIO(), Catalog(catalogue.locale, fuzzy=False, creation_date=ALWAYS, revision_date=ALWAYS)
    for message in catalogue:
        if message.id and is_written(message):
            slim.add(message.id, message.string)
    write_mo(out, slim)
    return out.getvalue()


def is_written(message: Message) -> bool:
    forms = (message.string,) if isinstance(message.string, str | None) else tuple(message.string)
    return bool(forms) and all(forms) and not message.fuzzy


def main() -> int:
    check, current, faults = "--check" in sys.argv, texts(), []
    for locale in LOCALES:
        catalogue = brought_up(locale, current)
        missing = [message.id for message in catalogue if message.id and not is_written(message)]
        faults += [f"{locale}: {text!r} is not translated" for text in missing]
        for path, content in (
            (po_of(locale), po_text(catalogue)),
            (po_of(locale).with_suffix(".mo"), mo_bytes(catalogue)),
        ):
            if check and (not path.exists() or path.read_bytes() != content):
                faults.append(f"{path.relative_to(ROOT)} is not up to date: run scripts/catalogues.py")
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
