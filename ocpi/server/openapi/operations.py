"""What is told of one method of one endpoint; `catalogue` tells it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ocpi.versions import Version

Kind = str | Callable[[Version], str]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one endpoint.

    takes, gives: kinds of the objects in the request and in `data`; None where there is none.
    many           `data` is a list, in pages where `paged`.
    partial        the body is a PATCH; optional: it may be left out.
    creates        HTTP 201 for what is new, and what its Location header says, if it has one.
    query          query parameters by name: (description, example).
    refusals       HTTP status codes beyond those that any endpoint of its shape can answer.
    """

    summary: str
    text: str = ""
    takes: Kind | None = None
    gives: Kind | None = None
    many: bool = False
    paged: bool = False
    partial: bool = False
    optional: bool = False
    creates: bool = False
    location: str = ""
    query: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    refusals: Mapping[int, str] = field(default_factory=dict)


def kind_for(kind: Kind, version: Version) -> str:
    """Return the kind of object that the version has here."""
    return kind if isinstance(kind, str) else kind(version)


def mirroring(kind: str, name: str, put: str = "", patch: str = "") -> dict[str, Operation]:
    """GET, PUT and PATCH of an object that you own and we keep a copy of."""
    return {
        "GET": Operation(
            summary=f"Read our copy of {name}",
            text="What you sent last, with later changes merged in. Use it to check that both sides agree.",
            gives=kind,
        ),
        "PUT": Operation(
            summary=f"Send {name}",
            text="The whole object: what you leave out is gone. Sending the same again does no harm; an object with an "
            "older `last_updated` than ours is acknowledged and changes nothing. " + put,
            takes=kind,
            creates=True,
        ),
        "PATCH": Operation(
            summary=f"Change {name}",
            text="Only the fields that change. Where we do not have the object the answer is HTTP 404: PUT it then. "
            + patch,
            takes=kind,
            partial=True,
        ),
    }
