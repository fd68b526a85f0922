"""OCPI's versions as agreed with partners: which there are, which on request, what a CPO has to offer (guide 1.1, 4).

What a version looks like on the wire is `ocpi.versions`, which reads the numbers here. Imports no Django.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class AgreedVersion:
    """A version that can be agreed on. `on_request`: only where staff switched it on for the partner."""

    number: str
    note: str = ""
    on_request: bool = False

    @property
    def label(self) -> str:
        """As people choose it: `2.2.1 (recommended)`."""
        return f"{self.number} ({self.note})" if self.note else self.number


@dataclass(frozen=True)
class NeededModule:
    """A module that a CPO has to offer, or may (`required`), and the side it stands on: SENDER or RECEIVER."""

    identifier: str
    side: str
    required: bool = True


# Oldest first.
OCPI_VERSIONS = (
    AgreedVersion("2.1.1"),
    AgreedVersion("2.2"),
    AgreedVersion("2.2.1", "recommended"),
    AgreedVersion("2.3.0", "on request", on_request=True),
)
RECOMMENDED = "2.2.1"
CHOICES = [(one.number, one.label) for one in OCPI_VERSIONS]
ON_REQUEST = frozenset(one.number for one in OCPI_VERSIONS if one.on_request)
NEEDED_MODULES = (
    NeededModule("locations", "SENDER"),
    NeededModule("sessions", "SENDER"),
    NeededModule("cdrs", "SENDER"),
    NeededModule("tokens", "RECEIVER"),
    NeededModule("commands", "RECEIVER"),
    NeededModule("tariffs", "SENDER", required=False),
)
