"""How a document is begun."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partners.paper.sheet import Sheet


def begin(title: str, subtitle: str) -> "Sheet":
    """Return the first page of a document, with its title on it."""
    from partners.paper.sheet import Sheet  # a fifth of the start of every process, were it imported above

    return Sheet(title, subtitle)
