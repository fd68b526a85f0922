"""The OpenAPI documents: valid, complete, and true to what the server serves."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import URLPattern, resolve
from jsonschema import Draft202012Validator

from ocpi.server import urls
from ocpi.server.openapi import build
from ocpi.server.views.unknown import UnknownUrlView
from ocpi.versions import VERSIONS, Version

every_version = pytest.mark.parametrize("version", VERSIONS.values(), ids=str)
EXAMPLE_UUID = "c1c1a6b2-55a0-4d7c-8a2e-0f5b3a3b9b11"


def operations(version: Version) -> list[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of everything in a document."""
    paths = build(version)[0]["paths"]
    return [(path, method.upper(), found) for path, methods in paths.items() for method, found in methods.items()]


def find(version: Version, operation_id: str) -> dict[str, Any]:
    return next(found for _, _, found in operations(version) if found["operationId"] == operation_id)


def routes_of(version: Version) -> list[tuple[str, URLPattern]]:
    """What is mounted for a version, with its whole route; the list of versions belongs to all of them."""
    views = [(route, url, vars(url.callback)) for route, url in flat(urls.urlpatterns)]
    mounted = [(route, url, view) for route, url, view in views if view["cls"] is not UnknownUrlView]
    return [(route, url) for route, url, view in mounted if view["initkwargs"].get("version") in (None, version)]


def flat(patterns: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """The endpoints in a tree of patterns; Django joins their routes in the same way."""
    for one in patterns:
        route = before + str(one.pattern).removeprefix("^")
        if isinstance(one, URLPattern):
            yield route, one
        else:
            yield from flat(one.url_patterns, route)


def methods_of(url: URLPattern) -> set[str]:
    view: Any = url.callback
    return set(view.cls(**view.initkwargs).allowed_methods)


@every_version
def test_every_route_and_method_is_in_its_versions_document_and_nothing_else(version: Any) -> None:
    documented = {
        (resolve(re.sub(r"{\w+}", EXAMPLE_UUID, path)).route, method) for path, method, _ in operations(version)
    }
    served = {("ocpi/" + route, method) for route, url in routes_of(version) for method in methods_of(url)}
    assert documented == served


@every_version
def test_everything_served_is_described_and_has_examples(version: Any) -> None:
    gaps = build(version)[1]
    assert gaps == (), "write it down in ocpi.server.openapi.catalogue or ocpi.server.openapi.sample_data"


@pytest.mark.heavy  # `make check` does the same in a step of its own
def test_the_documents_keep_to_openapi() -> None:
    call_command("ocpi_schema", validate=True, fail_on_warn=True)


def test_a_document_can_be_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ocpi.json"
    call_command("ocpi_schema", "2.2.1", file=file)
    assert json.loads(file.read_text())["info"]["version"] == "2.2.1"


@every_version
def test_operation_ids_are_unique(version: Any) -> None:
    ids = [found["operationId"] for _, _, found in operations(version)]
    assert len(ids) == len(set(ids))


def examples(version: Version) -> list[tuple[str, dict[str, Any], Any]]:
    """(where, schema, value) of every example of a body."""
    found = []
    for path, method, operation in operations(version):
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (part["content"]["application/json"] for part in contents if part):
            for example in content["examples"].values():
                found.append((f"{method} {path}: {example['summary']}", content["schema"], example["value"]))
    return found


@every_version
def test_every_example_conforms_to_its_schema(version: Any) -> None:
    components = build(version)[0]["components"]
    for where, schema, value in examples(version):
        faults = list(Draft202012Validator({**schema, "components": components}).iter_errors(value))
        assert faults == [], f"{where}: {faults[0].message if faults else ''}"


@every_version
def test_example_objects_are_read_without_any_lenience(version: Any) -> None:
    bodies = [
        (method, operation["requestBody"]["content"]["application/json"])
        for _, method, operation in operations(version)
        if "requestBody" in operation
    ]
    kinds = {model.__name__: kind for kind, model in version.models.items()}
    for _, content in ((method, content) for method, content in bodies if method != "PATCH"):
        kind = kinds[content["schema"]["$ref"].rpartition("/")[2]]
        assert version.parse(kind, content["examples"]["example1"]["value"]).leniences == ()


@every_version
def test_a_refused_body_is_documented_with_http_200_and_its_faults_by_path(version: Any) -> None:
    shown = find(version, "put_session")["responses"]["200"]["content"]["application/json"]["examples"]
    refused = shown["example2"]["value"]
    assert refused["status_code"] == 2001
    assert "is required and missing; " in refused["status_message"]


@every_version
def test_a_cdr_is_answered_with_201_and_the_url_of_our_copy(version: Any) -> None:
    assert "Location" in find(version, "post_cdrs")["responses"]["201"]["headers"]


@every_version
def test_lists_have_paging_parameters_and_headers(version: Any) -> None:
    listing = find(version, "get_tokens")
    assert {"offset", "limit", "date_from", "date_to"} <= {item["name"] for item in listing["parameters"]}
    assert {"Link", "X-Total-Count", "X-Limit"} <= set(listing["responses"]["200"]["headers"])


def headers(version: Version, operation_id: str) -> set[str]:
    return {item["name"] for item in find(version, operation_id)["parameters"] if item["in"] == "header"}


def test_headers_are_those_of_the_version_and_the_module() -> None:
    routing = {"OCPI-to-country-code", "OCPI-to-party-id", "OCPI-from-country-code", "OCPI-from-party-id"}
    correlation = {"X-Request-ID", "X-Correlation-ID"}
    assert headers(VERSIONS["2.1.1"], "get_session") == set()
    assert headers(VERSIONS["2.2.1"], "get_session") == correlation | routing
    assert headers(VERSIONS["2.2.1"], "get_credentials") == correlation


def test_a_patch_needs_last_updated_where_the_version_says_so() -> None:
    assert "required" not in build(VERSIONS["2.1.1"])[0]["components"]["schemas"]["SessionPatch"]
    assert build(VERSIONS["2.2.1"])[0]["components"]["schemas"]["SessionPatch"]["required"] == ["last_updated"]


def test_fields_have_the_names_of_their_version() -> None:
    def fields(number: str, name: str) -> set[str]:
        return set(build(VERSIONS[number])[0]["components"]["schemas"][name]["properties"])

    assert {"auth_id", "start_datetime"} <= fields("2.1.1", "Session")
    assert not {"cdr_token", "country_code"} & fields("2.1.1", "Session")
    assert fields("2.2.1", "Price") == {"excl_vat", "incl_vat"}
    assert fields("2.3.0", "Price") == {"before_taxes", "taxes"}


@override_settings(OCPI_BASE_URL_TEMPLATE="https://ocpi-{code}.example.com")
def test_each_partner_has_a_server_of_its_own() -> None:
    build.cache_clear()
    server = build(VERSIONS["2.2.1"])[0]["servers"][0]
    build.cache_clear()
    assert server["url"] == "https://ocpi-{code}.example.com"
    assert server["variables"]["code"]["default"] == "yourcode"


@every_version
def test_pages_are_open_to_anybody_and_fetch_nothing_from_elsewhere(client: Client, version: Any) -> None:
    page = client.get(f"/docs/ocpi/{version}/").content.decode()
    assert f"/docs/ocpi/{version}/schema/" in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    schema = client.get(f"/docs/ocpi/{version}/schema/")
    assert schema["Content-Type"] == "application/json"
    assert schema.json()["info"]["version"] == version.number


def test_the_index_leads_to_every_document_and_says_what_is_on_request(client: Client) -> None:
    page = client.get("/docs/").content.decode()
    assert all(f"/docs/ocpi/{version}/" in page for version in VERSIONS.values())
    assert "/api/v1/docs/" in page
    assert page.count("on request</span>") == sum(version.on_request for version in VERSIONS.values())


@pytest.mark.parametrize("path", ["/docs/ocpi/9.9/", "/docs/ocpi/9.9/schema/"])
def test_a_version_we_do_not_speak_has_no_document(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
