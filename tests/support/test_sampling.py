"""Which variants of a history belong together, and how many of them the suite plays."""

import pytest

from tests.support.sampling import group_of

HOSTILE, NUMBERS = "tests/sessions_adhoc/hostile/test_ends.py::test_it", "tests/ocpi/server/test_numbers.py::test_it"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        (f"{HOSTILE}[2.1.1-late]", (f"{HOSTILE}[-late]", 1)),
        (f"{HOSTILE}[2.3.0-late]", (f"{HOSTILE}[-late]", 1)),
        (f"{HOSTILE}[2.2.1-early]", (f"{HOSTILE}[-early]", 1)),
        (HOSTILE, None),
        (f"{NUMBERS}[2.1.1-1e400]", (NUMBERS, 8)),
        (f"{NUMBERS}[2.2-NaN]", (NUMBERS, 8)),
        ("tests/partners/test_tokens.py::test_it[2.2.1]", None),
    ],
)
def test_what_is_one_history(name: str, group: tuple[str, int] | None) -> None:
    assert group_of(name) == group
