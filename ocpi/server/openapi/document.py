"""One version's OpenAPI document."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings

from ocpi.server.openapi import answers, parts, samples, schemas, texts
from ocpi.server.openapi.catalogue import CHOICES, MODULES, OPERATIONS
from ocpi.server.openapi.operations import Operation, kind_for
from ocpi.server.openapi.scalars import Schema
from ocpi.server.urls import SEGMENT, VERSIONS_PATH, routes
from ocpi.server.views.base import OcpiView
from ocpi.server.views.registration import VersionsView
from ocpi.versions import ModuleSpec, Version

OPENAPI = "3.1.0"
PREFIX = "/ocpi/"
SCHEME = "token"


@dataclass(frozen=True)
class Endpoint:
    """A URL of a version, the view behind it and the methods it has."""

    path: str
    view: type[OcpiView]
    methods: tuple[str, ...]
    variables: dict[str, bool]


def endpoints(version: Version) -> Iterator[Endpoint]:
    """Every URL that a CPO of this version calls, the list of versions among them."""
    for path, view in ((VERSIONS_PATH, VersionsView), *routes(version)):
        variables = {found["name"]: bool(found["uuid"]) for found in SEGMENT.finditer(path)}
        url = PREFIX + SEGMENT.sub(lambda found: f"{{{found['name']}}}", path).strip("/")
        yield Endpoint(url, view, tuple(view(version=version).allowed_methods), variables)


@cache
def build(version: Version) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the document of a version, and what it lacks."""
    gaps, kinds, paths = list[str](), set[str](), dict[str, Any]()
    for endpoint in endpoints(version):
        for method in endpoint.methods:
            operation = _operation(endpoint.view, method, gaps)
            paths.setdefault(endpoint.path, {})[method.lower()] = _document(version, endpoint, method, operation)
            kinds |= {kind_for(kind, version) for kind in (operation.takes, operation.gives) if kind}
    gaps += [f"no example of {kind!r}" for kind in sorted(kinds) if samples.answer_sample(version, kind) is None]
    document = {
        "openapi": OPENAPI,
        "info": {
            "title": f"OCPI at {settings.OCPI_BUSINESS_NAME}",
            "version": version.number,
            "description": texts.introduction(version),
        },
        "servers": [_server()],
        "security": [{SCHEME: []}],
        "tags": _tags(version, gaps),
        "paths": paths,
        "components": {
            "securitySchemes": {SCHEME: _scheme(version)},
            "schemas": {"Envelope": parts.ENVELOPE} | _with_samples(version, kinds),
        },
    }
    return document, tuple(gaps)


def _operation(view: type[OcpiView], method: str, gaps: list[str]) -> Operation:
    found = OPERATIONS.get(view, {}).get(method)
    if found is None:
        gaps.append(f"{method} of {view.__name__} is not described in ocpi.server.openapi.catalogue")
        words = (getattr(view, method.lower()).__doc__ or view.__doc__ or view.__name__).strip()
        found = Operation(summary=words.splitlines()[0])
    return found


def _document(version: Version, endpoint: Endpoint, method: str, operation: Operation) -> dict[str, Any]:
    described = {
        "operationId": f"{method.lower()}_{_snake(endpoint.view.__name__.removesuffix('View'))}",
        "tags": [endpoint.view.module],
        "summary": operation.summary,
        "description": operation.text.strip(),
        "parameters": _parameters(version, endpoint, operation),
        "responses": answers.answers(version, endpoint.view, operation, list(endpoint.variables)),
    }
    if operation.takes:
        described["requestBody"] = _body(version, kind_for(operation.takes, version), operation)
    return described


def _parameters(version: Version, endpoint: Endpoint, operation: Operation) -> list[dict[str, Any]]:
    asked: dict[str, tuple[str, Schema, Any]] = dict(parts.PAGE_QUERY) if operation.paged else {}
    asked |= {name: (text, parts.STRING, example) for name, (text, example) in operation.query.items()}
    choices = CHOICES[endpoint.view](version) if endpoint.view in CHOICES else []
    return [
        *(parts.variable(name, is_uuid, choices) for name, is_uuid in endpoint.variables.items()),
        *(parts.query(name, *about) for name, about in asked.items()),
        *parts.request_headers(version, endpoint.view),
    ]


def _body(version: Version, kind: str, operation: Operation) -> dict[str, Any]:
    name = schemas.name_of(version, kind)
    example = samples.change(version, kind) if operation.partial else samples.sample(version, kind)
    content: dict[str, Any] = {"schema": schemas.ref(name + "Patch" if operation.partial else name)}
    if example is not None:
        content["examples"] = {"example1": {"summary": name, "value": example}}
    return {"required": not operation.optional, "content": {parts.JSON: content}}


def _with_samples(version: Version, kinds: set[str]) -> dict[str, Any]:
    found = schemas.components(version, kinds)
    partial = {
        kind_for(operation.takes, version)
        for endpoint in endpoints(version)
        for method in endpoint.methods
        if (operation := OPERATIONS.get(endpoint.view, {}).get(method)) and operation.takes and operation.partial
    }
    for kind in sorted(partial):
        name = schemas.name_of(version, kind)
        found[name + "Patch"] = schemas.partial(version, kind, found[name])
    return found


def _tags(version: Version, gaps: list[str]) -> list[dict[str, Any]]:
    """One per module, with the side of it that we take."""
    roles = {spec.identifier: spec for spec in version.modules}
    modules = dict.fromkeys(endpoint.view.module for endpoint in endpoints(version))
    for module in modules:
        if module not in MODULES:
            gaps.append(f"the module {module!r} is not described in ocpi.server.openapi.catalogue")
    return [_tag(module, roles.get(module)) for module in modules]


def _tag(module: str, spec: ModuleSpec | None) -> dict[str, Any]:
    role = f" We are the {spec.role}." if spec and spec.role else ""
    shown = {"x-ocpi-role": str(spec.role)} if spec and spec.role else {}
    return {"name": module, "description": MODULES.get(module, "") + role} | shown


def _scheme(version: Version) -> dict[str, str]:
    return {"type": "apiKey", "in": "header", "name": "Authorization", "description": texts.token(version)}


def _server() -> dict[str, Any]:
    url = {"url": settings.OCPI_BASE_URL_TEMPLATE}
    code = {"code": {"default": samples.CODE, "description": "Your own code: we tell you."}}
    return url | ({"variables": code} if "{code}" in settings.OCPI_BASE_URL_TEMPLATE else {})


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
