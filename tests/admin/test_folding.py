"""A timeline that repeats itself folds between the first and the last time, and loses no line."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sessions_adhoc.admin.folding import Fold, fold
from sessions_adhoc.admin.story import Line

BEGAN = datetime(2026, 11, 22, 10, tzinfo=UTC)


def told(words: str) -> list[Line]:
    """A line per letter, a second apart; each with a number of its own, as attempts and amounts have."""
    return [Line(BEGAN + timedelta(seconds=at), "Command", f"{word} {at} kWh") for at, word in enumerate(words)]


def shown(words: str) -> str:
    """Letters as they are shown, a fold as `[times letters]`."""
    return "".join(
        f"[{one.times} {''.join(line.text[0] for line in one.lines)}]" if isinstance(one, Fold) else one.text[0]
        for one in fold(told(words))
    )


def test_what_came_three_times_or_oftener_folds() -> None:
    assert {words: shown(words) for words in ("", "a", "aa", "aaa", "aaaaa", "abcabc", "xabcabcabcabcy", "ababab")} == {
        "": "",
        "a": "a",
        "aa": "aa",
        "aaa": "a[1 a]a",
        "aaaaa": "a[3 aaa]a",
        "abcabc": "abcabc",
        "xabcabcabcabcy": "xabc[2 abcabc]abcy",
        "ababab": "ab[1 ab]ab",
    }


def test_a_fold_says_from_when_to_when() -> None:
    folded = next(one for one in fold(told("aaaa")) if isinstance(one, Fold))
    assert (folded.at, folded.until) == (BEGAN + timedelta(seconds=1), BEGAN + timedelta(seconds=2))


@given(st.text("abc", max_size=60))
def test_no_line_is_lost_and_the_order_stays(words: str) -> None:
    lines = told(words)
    unfolded = [line for one in fold(lines) for line in (one.lines if isinstance(one, Fold) else (one,))]
    assert unfolded == lines
