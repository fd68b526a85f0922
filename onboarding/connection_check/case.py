"""What a case of the check is: data, and a function that looks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from onboarding.connection_check.look import Look
from onboarding.connection_check.scene import Scene
from onboarding.models import ConnectionCheckCase

Verdict = ConnectionCheckCase.Verdict
PASSED, WARNING, FAILED = Verdict.PASSED.value, Verdict.WARNING.value, Verdict.FAILED.value
NOT_APPLICABLE = Verdict.NOT_APPLICABLE.value
WORST = (FAILED, WARNING, PASSED, NOT_APPLICABLE)
MOST_DETAILS = 100


@dataclass(frozen=True)
class Finding:
    """What came of a case.

    Args:
        verdict: FAILED for what keeps a charge or its data from working, WARNING for what departs from the
            specification or the guide and is coped with.
        seen: in plain words, for the CPO too.
        change: what the CPO should change, where that is not what the case says in general.
        details: {object, path, text} of single findings.
        messages: ids of the exchanges in the message log.
    """

    verdict: str
    seen: str
    change: str = ""
    details: tuple[dict[str, str], ...] = ()
    messages: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wait:
    """Nothing can be said yet: look again after `seconds`. `text` tells staff what is waited for."""

    seconds: float
    text: str


@dataclass(frozen=True)
class Case:
    """One thing that is looked at.

    Args:
        section: topic of `sections`, or `guide §5.4`.
        change: what the CPO should change when it is not as it should be.
        needs: keys of cases without which this one says nothing.
        armed: only with a test charger.
        tidies: done also when the check was called off.
    """

    key: str
    theme: str
    title: str
    section: str
    change: str
    look: Callable[[Scene], Finding | Wait]
    needs: tuple[str, ...] = ()
    armed: bool = False
    tidies: bool = False


@dataclass
class Problems:
    """Findings that add up to one verdict: the worst of them."""

    looks: list[Look] = field(default_factory=list)
    _found: list[tuple[str, str]] = field(default_factory=list)

    def fail(self, text: str) -> None:
        """Something that does not work."""
        self._found.append((FAILED, text))

    def warn(self, text: str) -> None:
        """Something that is coped with."""
        self._found.append((WARNING, text))

    def __bool__(self) -> bool:
        return bool(self._found)

    def finding(self, otherwise: str, details: Iterable[dict[str, str]] = ()) -> Finding:
        """The sum; `otherwise` says what was seen where nothing is wrong."""
        found = sorted(self._found, key=lambda one: WORST.index(one[0]))
        verdict = found[0][0] if found else PASSED
        seen = " ".join(text for _, text in found) or otherwise
        return Finding(verdict, seen, details=tuple(details), messages=message_ids(self.looks))


def message_ids(looks: Iterable[Look]) -> tuple[int, ...]:
    """The exchanges of some looks, in order."""
    return tuple(dict.fromkeys(look.message_id for look in looks if look.message_id is not None))


def passed(seen: str, *looks: Look, **more: Any) -> Finding:
    return Finding(PASSED, seen, messages=message_ids(looks), **more)


def warned(seen: str, *looks: Look, **more: Any) -> Finding:
    return Finding(WARNING, seen, messages=message_ids(looks), **more)


def failed(seen: str, *looks: Look, **more: Any) -> Finding:
    return Finding(FAILED, seen, messages=message_ids(looks), **more)


def not_applicable(seen: str, *looks: Look) -> Finding:
    return Finding(NOT_APPLICABLE, seen, messages=message_ids(looks))
