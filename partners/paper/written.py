"""What every document is made of."""

from dataclasses import dataclass

DONE, OPEN = "☑", "☐"

Cell = str | tuple[str, str]
"""Text, or (text, tone)."""


@dataclass(frozen=True)
class Written:
    """A finished document."""

    name: str
    content: bytes
