"""Moments in the headers of a stranger's answers: what is none says nothing, and breaks nothing."""

from datetime import UTC, datetime

import pytest
import time_machine

from ocpi.client.reading import date_header, wait_of

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
NONE = [
    "1 Jan 99999999999999999999 00:00:00",
    "1 Jan 2026 99999999999999999999:00:00",
    "Mon, 30 Nov 2026 12:00:00 +99999999999999999999",
    "Mon, 30 Nov 2026 12:00:00 +9999",
    "",
    "soon",
]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_moment_says_nothing(text: str) -> None:
    assert date_header({"Date": text}) is None
    assert wait_of({"Retry-After": text}) == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Mon, 30 Nov 2026 12:00:20 GMT", 20), ("Mon, 30 Nov 2026 13:00:20 +0100", 20), ("7", 7), ("-7", 0)],
)
def test_a_moment_or_a_number_of_seconds_is_waited_for(text: str, seconds: int) -> None:
    with time_machine.travel(NOON, tick=False):
        assert wait_of({"Retry-After": text}) == seconds
