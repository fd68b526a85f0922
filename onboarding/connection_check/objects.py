"""Every object of a list, validated as the version wants it, with its faults by path."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ocpi.hubs import parties_of
from ocpi.versions import Invalid, Lenience
from onboarding.connection_check import listing
from onboarding.connection_check.case import (
    FAILED,
    MOST_DETAILS,
    PASSED,
    WARNING,
    Case,
    Finding,
    message_ids,
    not_applicable,
)
from onboarding.connection_check.look import Look
from onboarding.connection_check.scene import KINDS, Scene

THEME = "Objects"
MOST_PAGES = 5
MOST_OF_ONE_OBJECT = 10


@dataclass
class Tally:
    """What was found in the objects of a list."""

    count: int = 0
    faulty: int = 0
    details: list[dict[str, str]] = field(default_factory=list)
    leniences: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Lenience] = field(default_factory=dict)
    ids: set[tuple[str, ...]] = field(default_factory=set)

    def fault(self, name: str, faults: list[tuple[str, str]]) -> None:
        """An object that cannot be used."""
        self.faulty += 1
        for path, text in faults[:MOST_OF_ONE_OBJECT]:
            if len(self.details) < MOST_DETAILS:
                self.details.append({"object": name, "path": path, "text": text})

    def overlook(self, leniences: tuple[Lenience, ...]) -> None:
        """An object that had to be read with lenience; each kind counts once per object."""
        for one in {one.kind: one for one in leniences}.values():
            self.leniences[one.kind] += 1
            self.examples.setdefault(one.kind, one)


def objects(scene: Scene, module: str) -> Finding:
    tally, looks = Tally(), list[Look]()
    parties = parties_of(scene.partner)
    for look in listing.pages(scene, module, MOST_PAGES):
        looks.append(look)
        if look.items is None:
            return Finding(FAILED, look.why or "A page has no list in data.", messages=message_ids([look]))
        for item in look.items:
            _take(scene, module, item, parties, tally)
    if not tally.count:
        return not_applicable("The list is empty: there is nothing to look at yet.", *looks)
    left = listing.left_of(looks[-1], tally.count)
    unseen = f" {left} more were not looked at: {len(looks)} pages are." if left else ""
    return _judge(tally, looks, unseen)


def _take(scene: Scene, module: str, item: Any, parties: set[tuple[str, str]], tally: Tally) -> None:
    tally.count += 1
    name = str(item.get("id", "")) if isinstance(item, dict) else ""
    faults: list[tuple[str, str]] = []
    owner = scene.partner.country_code, scene.partner.party_id
    try:
        parsed = scene.version.parse(KINDS[module], item, owner=owner)
    except Invalid as error:
        faults = [(fault.path, fault.message) for fault in error.faults]
    else:
        tally.overlook(parsed.leniences)
        if scene.version.objects_name_owner:
            owner = parsed.obj.country_code.upper(), parsed.obj.party_id.upper()
            if owner not in parties:
                faults.append(("party_id", f"{'*'.join(owner)} is none of the parties in your Credentials"))
        if (*owner, name.lower()) in tally.ids:
            faults.append(("id", "comes more than once in the list"))
        tally.ids.add((*owner, name.lower()))
    if faults:
        tally.fault(name or f"object {tally.count}", faults)


def _judge(tally: Tally, looks: list[Look], unseen: str) -> Finding:
    details = list(tally.details)
    for kind, count in tally.leniences.most_common():
        example = tally.examples[kind]
        text = f"{example.detail} (in {count} object{'s'[: count != 1]})"
        details.append({"object": "", "path": example.path, "text": text})
    looked = f"{tally.count} object{'s'[: tally.count != 1]} looked at."
    if tally.faulty:
        verdict, seen = FAILED, f"{tally.faulty} of {tally.count} objects cannot be used."
    elif tally.leniences:
        verdict, seen = WARNING, f"{looked} All can be used, but they depart from the specification."
    else:
        verdict, seen = PASSED, f"{looked} All are right."
    return Finding(verdict, seen + unseen, details=tuple(details), messages=message_ids(looks))


def case_of(module: str, title: str) -> Case:
    """The case of one list."""
    return Case(
        f"{module}.objects",
        THEME,
        f"{title}: every object",
        f"{module}_object",
        "Correct the objects as listed, by path. What cannot be read is not shown to drivers, or not billed.",
        partial(objects, module=module),
        needs=(f"{module}.list",),
    )
