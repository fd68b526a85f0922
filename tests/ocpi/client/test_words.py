"""What a peer says is wrong is shown in its own words, in one line and without secrets."""

import json
from typing import Any

import pytest

from ocpi.client.error_words import LONGEST_QUOTE, words_of

LOGO = {
    "loc": ["body", "roles", 0, "business_details", "logo"],
    "msg": "Field required",
    "type": "missing",
    "input": {"token": "abcdefgh1234"},
}
WEBSITE = {**LOGO, "loc": ["body", "roles", 0, "business_details", "website"]}
SAID: dict[str, tuple[Any, str]] = {
    "pydantic": ({"detail": [LOGO]}, "roles[0].business_details.logo Field required"),
    "several": (
        {"detail": [LOGO, WEBSITE]},
        "roles[0].business_details.logo Field required; roles[0].business_details.website Field required",
    ),
    "many": (
        {"detail": [{**LOGO, "loc": [str(n)]} for n in range(5)]},
        "0 Field required; 1 Field required; 2 Field required; and 2 more",
    ),
    "the whole body": ({"detail": [{**LOGO, "loc": ["body"]}]}, "body Field required"),
    "no place": ({"detail": [{**LOGO, "loc": []}]}, "Field required"),
    "fastapi": ({"detail": "Not Found"}, "Not Found"),
    "in the envelope": (
        {"data": [LOGO], "status_code": 2001, "status_message": ""},
        "roles[0].business_details.logo Field required",
    ),
    "envelope": ({"data": None, "status_code": 2001, "status_message": "Invalid party_id"}, "Invalid party_id"),
    "envelope that says nothing": ({"data": {}, "status_code": 2001}, ""),
    "django": (
        {"roles": [{"business_details": {"logo": ["This field is required."]}}]},
        "roles[0].business_details.logo: This field is required.",
    ),
    "django, one field": ({"token": ["Too long.", "No."]}, "token: Too long.; token: No."),
    "django, of all": ({"non_field_errors": ["Unknown party."]}, "non_field_errors: Unknown party."),
    "django, several objects": ([{}, {"id": ["Required."]}], "id: Required."),
    "spring": (
        {"timestamp": "x", "status": 400, "error": "Bad Request", "message": "roles must not be empty"},
        "roles must not be empty",
    ),
    "problem": ({"type": "about:blank", "title": "Bad Request", "detail": "No logo"}, "No logo"),
    "errors": ({"errors": [{"field": "logo", "message": "is missing"}, "and more"]}, "is missing; and more"),
    "list": (["logo is missing", "url is missing"], "logo is missing; url is missing"),
    "number": (5, ""),
    "nothing": ({}, ""),
}


@pytest.mark.parametrize("name", SAID)
def test_each_framework_says_it_its_way(name: str) -> None:
    said, words = SAID[name]
    assert words_of(json.dumps(said).encode()) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"Forbidden", "Forbidden"),
        (b"  two\nlines ", "two lines"),
        (b"", ""),
        (b"<html><head><title>403 &ndash; Access denied</title></head><body>x", "403 – Access denied"),
        (b"<!doctype html><p>No <b>way</b></p>", "No way"),
        (b"\xff\xfe\x00", ""),
    ],
)
def test_texts_and_pages(body: bytes, words: str) -> None:
    assert words_of(body).strip("\ufffd ") == words


def test_it_is_short_and_without_secrets() -> None:
    long = words_of(json.dumps({"detail": "x" * 5000}).encode())
    assert (len(long), long[-1]) == (LONGEST_QUOTE, "…")
    said = words_of(
        b'Bad token our-secret-token-0001 in {"token": "another-secret-0002"}', ["our-secret-token-0001", ""]
    )
    assert "secret" not in said
    assert "0001" in said


def test_what_is_nested_without_end_is_left_alone() -> None:
    said: Any = "deep"
    for _ in range(50):
        said = {"a": said}
    assert words_of(json.dumps(said).encode()) == ""
    assert words_of(b"[" * 100_000)
