"""JSON schemas of a version's objects, from its wire models.

They say what a message should look like. Reading is more lenient than that, which no schema can express; the
document says so in words.
"""

import re
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ocpi.server.openapi.scalars import Schema, scalar
from ocpi.versions import Version, WireModel
from ocpi.versions.base import plan
from ocpi.versions.readers import Reader
from ocpi.versions.types import ListOf

REF = "#/components/schemas/{model}"
SECTION = re.compile(r" \((?:OCPI [\d.]+ )?§[^)]*\)")


def ref(name: str) -> Schema:
    """Refer to a schema of the document."""
    return {"$ref": REF.format(model=name)}


class WireSchema(GenerateJsonSchema):
    """pydantic's generator, taught our scalar types, and which attributes a version does not send.

    `null` is not shown: whatever is optional may be null, and saying so at each field hides the rest.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.within: list[type[WireModel]] = []

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        reader = getattr(schema["function"]["function"], "__self__", None)
        return scalar(reader) if isinstance(reader, Reader) else super().function_plain_schema(schema)

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        found = super().function_before_schema(schema)
        of = getattr(schema["function"]["function"], "__self__", None)
        return found | {"minItems": of.at_least} if isinstance(of, ListOf) and of.at_least else found

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        self.within.append(schema["cls"])
        found = super().model_schema(schema)
        self.within.pop()
        found["description"] = SECTION.sub("", found.get("description", ""))
        return {name: value for name, value in found.items() if value and name != "title"}

    def model_fields_schema(self, schema: core_schema.ModelFieldsSchema) -> JsonSchemaValue:
        known = plan(self.within[-1]).by_name
        sent = {name: field for name, field in schema["fields"].items() if known[name].on_wire}
        return super().model_fields_schema({**schema, "fields": sent})

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def components(version: Version, kinds: Iterable[str]) -> dict[str, Schema]:
    """Return the schemas of some kinds of objects, and of all that they contain, by class name."""
    models = {version.model(kind) for kind in kinds}
    for model in models:
        model.model_rebuild()  # nothing where it is compiled already
    wanted = [
        (model, "validation", model.__pydantic_core_schema__) for model in sorted(models, key=lambda m: m.__name__)
    ]
    _, found = WireSchema(ref_template=REF).generate_definitions(wanted)  # type: ignore[arg-type]
    return dict(sorted(found.items()))


def name_of(version: Version, kind: str) -> str:
    """Return the name of a kind's schema."""
    return version.model(kind).__name__


def partial(version: Version, kind: str, whole: Schema) -> Schema:
    """Return the schema of a PATCH: any of the fields, with `last_updated` where the version insists on it."""
    needed = version.patch_needs_last_updated and "last_updated" in whole["properties"]
    schema = {
        "type": "object",
        "description": f"The fields of the {name_of(version, kind)} that change.",
        "properties": whole["properties"],
    }
    return schema | ({"required": ["last_updated"]} if needed else {})
