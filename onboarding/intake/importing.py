"""Partners from a sheet: read, tried without storing anything, then stored all or none."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from onboarding.intake.checks import CHECKS
from partners.ground.ocpi_versions import RECOMMENDED
from partners.models import Partner
from partners.services import ContactDetails, PartnerDetails, add_partner

COLUMNS = (
    *("code", "name", "country_code", "party_id", "versions_url", "agreed_version", "environment"),
    *("contact_name", "contact_email", "contact_phone", "networks"),
)
NEEDED = ("code", "name", "country_code", "party_id", "versions_url")
MOST_ROWS, MOST_CHARACTERS = 500, 500_000
CHECKED = tuple(name for name in COLUMNS if name in CHECKS)


class SheetError(Exception):
    """The sheet as a whole cannot be read; the text says why."""


@dataclass(frozen=True)
class Row:
    """One row of the sheet: `faults` are sentences; none where it can be stored."""

    line: int
    values: dict[str, str]
    faults: tuple[str, ...] = ()


class _Undone(Exception):
    """Only tried: nothing of it stays."""


def try_out(text: str) -> list[Row]:
    """Each row with what is wrong with it, as if those before it had been stored. Nothing is stored.

    Raises:
        SheetError
    """
    return _walk(text, keep=False)


def bring_in(text: str) -> list[Row]:
    """Store all rows; none where one has a fault. Raises `SheetError`."""
    return _walk(text, keep=True)


def _walk(text: str, *, keep: bool) -> list[Row]:
    rows: list[Row] = []
    try:
        with transaction.atomic():
            rows = [_store(line, values) for line, values in read(text)]
            if not keep or any(row.faults for row in rows):
                raise _Undone
    except _Undone:
        pass
    return rows


def read(text: str) -> list[tuple[int, dict[str, str]]]:
    """(line, values by column) of each row that is not empty. The first row names the columns.

    Raises:
        SheetError: no row, an unknown or missing column, too much, or a secret in it.
    """
    text = text.lstrip("\ufeff").replace("\x00", "")
    if len(text) > MOST_CHARACTERS:
        raise SheetError(f"The sheet is too long: at most {MOST_CHARACTERS:,} characters.")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SheetError(f"This is no CSV: {error}.") from error
    names = [name.strip().lower().replace(" ", "_") for name in lines[0]] if lines else []
    _check_names(names)
    found = [(number, dict(zip(names, map(_cell, cells), strict=False))) for number, cells in enumerate(lines[1:], 2)]
    rows = [(number, values) for number, values in found if any(values.values())]
    if not rows:
        raise SheetError("There is no row below the names of the columns.")
    if len(rows) > MOST_ROWS:
        raise SheetError(f"{len(rows)} rows are too many at once: at most {MOST_ROWS}.")
    return rows


def _cell(text: str) -> str:
    """What our own CSV guards with an apostrophe comes back without it."""
    text = text.strip()
    return text[1:] if text[:2] in ("'=", "'+", "'-", "'@") else text


def _check_names(names: Sequence[str]) -> None:
    if any("token" in name for name in names):
        raise SheetError("A token is a secret and belongs into no sheet: the CPO enters Token A on its page.")
    if unknown := [name for name in names if name and name not in COLUMNS]:
        raise SheetError(f"Unknown columns: {', '.join(unknown[:10])}. Known are: {', '.join(COLUMNS)}.")
    if missing := [name for name in NEEDED if name not in names]:
        raise SheetError(f"Columns are missing: {', '.join(missing)}.")
    if len(set(names)) != len(names):
        raise SheetError("A column is there twice.")


def _store(line: int, values: dict[str, str]) -> Row:
    faults: list[str] = []
    clean = dict(values)
    for name in CHECKED:
        if values.get(name):
            try:
                clean[name] = CHECKS[name](values[name])
            except ValidationError as error:
                faults += [f"{name}: {' '.join(error.messages)}"]
    if not faults:
        try:
            with transaction.atomic():
                add_partner(_details(clean))
        except ValidationError as error:
            faults = [f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()]
    return Row(line, values, tuple(faults))


def _details(values: dict[str, str]) -> PartnerDetails:
    contact = ContactDetails(*(values.get(f"contact_{name}", "") for name in ("name", "email", "phone")))
    return PartnerDetails(
        code=values["code"],
        name=values["name"],
        country_code=values["country_code"],
        party_id=values["party_id"],
        versions_url=values["versions_url"],
        agreed_version=values.get("agreed_version") or RECOMMENDED,
        environment=(values.get("environment") or Partner.Environment.TEST).lower(),
        contacts=[contact] if contact.name or contact.email else [],
        networks=values.get("networks") or (),
    )
