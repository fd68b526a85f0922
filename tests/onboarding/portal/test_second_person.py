"""What staff read of a CPO is said to the CPO itself on its page."""

import re

import pytest

from ocpi.client import failures
from ocpi.handshake import courses
from onboarding.guide.second_person import advice_to_you, to_you

THIRD = re.compile(r"\b(they|them|their|theirs|the CPO|this partner)\b", re.IGNORECASE)
EVERY = [
    *failures._ADVICE.values(),
    *failures._HTTP_ADVICE.values(),
    failures._HTTP_SERVER,
    *failures._HTTP_TEXT.values(),
    *(advice for course in courses.COURSES.values() for advice in course.advice.values()),
    courses.START_OVER,
]


@pytest.mark.parametrize("text", EVERY)
def test_no_advice_speaks_of_the_reader_in_the_third_person(text: str) -> None:
    assert THIRD.search(advice_to_you(text)) is None, advice_to_you(text)


@pytest.mark.parametrize(
    ("staff", "cpo"),
    [
        (
            "Ask them to offer the module in their version details, then read the details again.",
            "Offer the module in your version details, then read the details again.",
        ),
        (
            "Ask whether their OCPI server is running, and whether the port in the URL is right.",
            "Check whether your OCPI server is running, and whether the port in the URL is right.",
        ),
        ("Ask for the complete URL.", "Send us the complete URL."),
    ],
)
def test_an_instruction_to_ask_becomes_the_thing_asked_for(staff: str, cpo: str) -> None:
    assert advice_to_you(staff) == cpo


def test_what_a_server_said_stays() -> None:
    assert to_you("they refuse us entry (HTTP 403): ask them at their desk") == (
        "you refuse us entry (HTTP 403): ask them at their desk"
    )
    assert to_you("their server said “their token”") == "your server said “their token”"
