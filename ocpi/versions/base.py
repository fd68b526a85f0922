"""WireModel: the base of every OCPI object, and the plan that reading, patching and writing follow.

Attribute names are the same in every version (those of the newest specification); the wire names of a
version are aliases. So an object read by one version is written by another by reading its attributes.
"""

import types
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict


class WireModel(BaseModel):
    """One OCPI object of one version.

    kind       the name of the object in `Version.models`, the same in every version.
    off_wire   attributes this version does not send: they have a default, or are derived from what it sends.
               Subclasses add to the set of their parents.
    fallbacks  what to write into a required field that has no source, or a value the version does not list.
    absent     how a required field is read that well-known peers leave out.
    makeshift  what stands in for a required field of an object that is to be kept though that field cannot be read.
    waived     lists that need an item, but not in an object with this status.
    keyed      lists whose items a PATCH merges one by one: wire name of the list -> wire name of the key.
    patchable  as an item of such a list it is merged field by field; else it is a value, replaced as a whole.
    blended    objects a PATCH merges field by field (wire names); any other is replaced as a whole.
    droppable  as an item of a list it may be left out when a version has no word for it.
    """

    # Compiled when first used, under pydantic's own lock: few processes need all objects of all versions.
    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, defer_build=True
    )

    kind: ClassVar[str] = ""
    off_wire: ClassVar[frozenset[str]] = frozenset()
    fallbacks: ClassVar[Mapping[str, Any]] = {}
    absent: ClassVar[Mapping[str, Any]] = {}
    makeshift: ClassVar[Mapping[str, Any]] = {}
    waived: ClassVar[Mapping[str, str]] = {}
    keyed: ClassVar[Mapping[str, str]] = {}
    patchable: ClassVar[bool] = False
    blended: ClassVar[frozenset[str]] = frozenset()
    droppable: ClassVar[bool] = False

    @classmethod
    def sources(cls, other: "WireModel") -> dict[str, Any]:
        """Values for attributes of this class that `other`, an object of another version, holds elsewhere."""
        return {}

    def _derive(self, **values: Any) -> None:
        """Fill in attributes that are off this version's wire, once, while the object is being validated."""
        self.__dict__.update(values)


class BareForm(ABC):
    """An annotation for a class that has another form on the wire than an object: `write` makes it."""

    @abstractmethod
    def write(self, value: Any) -> Any:
        """The wire form."""


@dataclass(frozen=True)
class FieldPlan:
    """How one attribute appears on the wire."""

    name: str
    wire: str
    required: bool
    on_wire: bool
    model: type[WireModel] | None
    many: bool
    bare: BareForm | None


@dataclass(frozen=True)
class Plan:
    """The fields of a model, by attribute and by wire name."""

    fields: tuple[FieldPlan, ...]
    by_wire: Mapping[str, FieldPlan]
    by_name: Mapping[str, FieldPlan]
    nesting: tuple[tuple[str, type[WireModel]], ...]


@cache
def plan(cls: type[WireModel]) -> Plan:
    """The plan of a model class, worked out once."""
    hidden = frozenset[str]().union(*(vars(base).get("off_wire", ()) for base in cls.__mro__))
    fields = tuple(_field(cls, name, hidden) for name in cls.model_fields)
    return Plan(
        fields=fields,
        by_wire={field.wire: field for field in fields if field.on_wire},
        by_name={field.name: field for field in fields},
        nesting=tuple((field.wire, field.model) for field in fields if field.on_wire and field.model),
    )


def _field(cls: type[WireModel], name: str, hidden: frozenset[str]) -> FieldPlan:
    info = cls.model_fields[name]
    model, many, bare = _shape(info.annotation)
    return FieldPlan(
        name=name,
        wire=str(info.validation_alias or name),
        required=info.is_required(),
        on_wire=name not in hidden,
        model=model,
        many=many,
        bare=next((mark for mark in info.metadata if isinstance(mark, BareForm)), bare),
    )


def _shape(annotation: Any) -> tuple[type[WireModel] | None, bool, BareForm | None]:
    """(model class inside the annotation, is it a list, is it a bare form)."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        model, many, _ = _shape(inner)
        return model, many, next((mark for mark in marks if isinstance(mark, BareForm)), None)
    if origin is Union or origin is types.UnionType:
        return _shape(get_args(annotation)[0])
    if origin is tuple:
        return _shape(get_args(annotation)[0])[0], True, None
    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        return annotation, False, None
    return None, False, None


def format_path(loc: tuple[str | int, ...]) -> str:
    """("evses", 0, "uid") -> "evses[0].uid". The object itself is ""."""
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
