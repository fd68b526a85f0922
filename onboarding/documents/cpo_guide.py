"""The guide for CPOs, made of what the platform itself goes by: it cannot say otherwise than the checks do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from django.utils.text import capfirst

from ocpi.versions import VERSIONS
from onboarding.connection_check.catalogue import CASES
from onboarding.connection_check.sections import section
from onboarding.guide import BOTH, ORDER, STAGE, TESTS, Side
from onboarding.guide.checklist import ITEMS
from partners.agreed.policies import DEFAULTS
from partners.ground.ocpi_versions import NEEDED_MODULES, OCPI_VERSIONS, RECOMMENDED
from partners.ground.persons import advice_to_you, to_you
from sessions_adhoc.symptoms import SYMPTOMS

WHOSE = {BOTH: "both", frozenset({Side.CPO}): "you"}
MINUTE, HOUR = 60, 3600
TIMES = (
    ("session_timeout", "A Session of yours must be there after an accepted START_SESSION, ACTIVE"),
    ("energy_timeout", "The first energy must be reported after that"),
    ("connector_timeout", "The driver may take this long to plug in where we wait for PREPARING"),
    ("meter_interval", "kWh and kW are expected at least this often while it charges"),
    ("silence_timeout", "Without any news we end the charge after this"),
    ("stop_timeout", "A STOP_SESSION must have ended the charge after this"),
    ("cdr_timeout", "We ask for a CDR that did not come with GET after this"),
    ("cdr_deadline", "Without a CDR a person decides about the money after this"),
    ("retry_window", "A start that failed is tried again within this"),
)
"""Columns of a policy that a CPO notices, and what they mean to it."""


@dataclass(frozen=True)
class Section:
    """A chapter: words, then a table where it has one."""

    title: str
    text: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()

    @property
    def entries(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """(first cell, (column, cell) of the others that say something) of each row."""
        named = [(row[0], list(zip(self.columns[1:], row[1:], strict=True))) for row in self.rows]
        return [(first, [one for one in cells if one[1] not in ("", "-")]) for first, cells in named]


def chapters() -> list[Section]:
    """All of it, in order."""
    told = (_to_reader(one) for one in (_versions(), _modules(), _stages(), _tests(), _times(), *_cases(), _symptoms()))
    versions, modules, *others = told
    return [versions, modules, _before(), *others]


def _to_reader(chapter: Section) -> Section:
    """The chapter as it is said to the CPO; the checklist is written so already."""
    rows = [[advice_to_you(cell) for cell in row] for row in chapter.rows]
    return replace(chapter, title=advice_to_you(chapter.title), text=advice_to_you(chapter.text), rows=rows)


def _versions() -> Section:
    rows = [[one.number, one.note or "-"] for one in OCPI_VERSIONS]
    return Section(
        "Versions of OCPI", f"We recommend {RECOMMENDED}. Choose the newest that you support.", ("Version", ""), rows
    )


def _modules() -> Section:
    rows = [
        [capfirst(one.identifier), f"you as {capfirst(one.side.lower())}", "needed" if one.required else "optional"]
        for one in NEEDED_MODULES
    ]
    return Section("Modules", "What your version details have to list.", ("Module", "Side", ""), rows)


def _before() -> Section:
    rows = [[item.group.value, item.title, item.hint] for item in ITEMS]
    return Section("What to have ready", "The checklist of your page.", ("Part", "Item", "What is meant"), rows)


def _stages() -> Section:
    stages = [STAGE[key] for key in ORDER if STAGE[key].number]
    rows = [
        [
            f"{one.number} {one.title}",
            WHOSE.get(one.owners, "Smart Fuel Pass"),
            one.duration or "-",
            advice_to_you(one.guidance),
        ]
        for one in stages
    ]
    return Section("Stages", "How an integration goes.", ("Stage", "Who", "Takes", "What happens"), rows)


def _tests() -> Section:
    rows = [
        [one.title, one.text, "both" if Side.CPO in one.validators else "Smart Fuel Pass", one.looks_for]
        for one in TESTS
    ]
    text = "Seven tests before going live. The platform sees by itself when one happened."
    return Section("Functional tests", text, ("Test", "What it shows", "Who passes it", "What we look for"), rows)


def _times() -> Section:
    rows = [[words, _duration(DEFAULTS[name])] for name, words in TIMES]
    text = "How long the platform waits, unless something else was agreed with you."
    return Section("Times", text, ("What", "How long"), rows)


def _duration(seconds: int) -> str:
    if seconds >= HOUR and seconds % HOUR == 0:
        return f"{seconds // HOUR} h"
    return f"{seconds // MINUTE} min" if seconds >= MINUTE and seconds % MINUTE == 0 else f"{seconds} s"


def _cases() -> Iterator[Section]:
    version = VERSIONS[RECOMMENDED]
    for theme, cases in groupby(CASES, key=lambda case: case.theme):
        rows = [[case.title, section(version, case.section) or "-", advice_to_you(case.change)] for case in cases]
        yield Section(f"Connection check: {theme}", "", ("Case", "Where it is written", "What to do if it fails"), rows)


def _symptoms() -> Section:
    rows = [
        [str(name), to_you(words.cause), advice_to_you(words.resolution)]
        for name, words in SYMPTOMS.items()
        if not words.ours
    ]
    text = "What we tell you by mail when it happens, and what it usually means."
    return Section("When something goes wrong", text, ("Symptom", "Likely cause", "What to do"), rows)


HEAD = """# For CPOs: connecting to Smart Fuel Pass

This page is made by `manage.py cpo_guide` from what the platform itself goes by: its checks, times and words. It is on
each CPO's own page too.
"""


def as_markdown() -> str:
    """The page in the documents."""
    parts = [HEAD]
    for one in chapters():
        parts.append(f"## {one.title}\n")
        if one.text:
            parts.append(f"{one.text}\n")
        lines = [f"| {' | '.join(one.columns)} |", f"|{'---|' * len(one.columns)}"]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in one.rows]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;") or "-"
