"""What every document is made of, and how one is begun."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onboarding.documents.sheet import Sheet

DONE, OPEN = "☑", "☐"

Cell = str | tuple[str, str]
"""Text, or (text, tone)."""


@dataclass(frozen=True)
class Written:
    """A finished document."""

    name: str
    content: bytes


def begin(title: str, subtitle: str) -> "Sheet":
    """Return the first page of a document, with its title on it."""
    from onboarding.documents.sheet import Sheet  # a fifth of the start of every process, were it imported above

    return Sheet(title, subtitle)
