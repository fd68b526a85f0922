"""Durations as people read them (rule 40)."""

from datetime import timedelta

import pytest

from sessions_adhoc.decide.reason_words import lasting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "0.5 s"),
        (9.96, "10 s"),
        (25, "25 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (300, "5 min"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (86400, "24 h"),
    ],
)
def test_a_duration_in_words(seconds: float, text: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == text
