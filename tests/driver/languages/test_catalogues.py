"""The catalogues: every text is there in every language, says the same, and fits where it stands."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import gettext, ngettext, override

from sessions_adhoc.driver import sentences
from sessions_adhoc.driver.pages.progress import STEPS, below

SCRIPT: Path = settings.BASE_DIR / "scripts" / "catalogues.py"
OTHERS = ("cs", "de", "hu", "pl", "sk")
NAMES = re.compile(r"\{(\w+)\}")
SAME_EVERYWHERE = {"Type 1", "Type 2", "Type 3A", "Type 3C"}
"""Texts of several words that may read in another language as they do in English."""

ROOM = {
    26: {
        *(*sentences.HEADLINES.values(), *sentences.ENDED_OTHERWISE.values(), "Available"),
        *sentences.OBSTACLE_HEADLINES.values(),
    },
    20: set(STEPS),
    34: {
        *("Reserve and start", "Start", "Pay now", "Stop charging", "Cancel", "Yes, stop", "Keep charging"),
        *("Reserve more", "Try again", "Charge again", "Show your next try", "Release the money now", "Check again"),
    },
    24: {"Power", "Battery", "Time", "You paid", "Price", "Your limit", "Terms", "Privacy"},
}
"""Characters for which there is room on a phone of 360 px: in a headline, under a step, on a button, beside a value."""


def pairs(locale: str) -> Iterator[tuple[str, str]]:
    """(English, translation), each form of a plural by itself."""
    with (settings.BASE_DIR / "locale" / locale / "LC_MESSAGES" / "django.po").open("rb") as file:
        for message in read_po(file, locale):
            if message.id:
                forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
                english = message.id if isinstance(message.id, str) else message.id[-1]
                yield from ((english, form) for form in forms)


def test_nothing_is_missing_fuzzy_left_over_or_not_compiled() -> None:
    ran = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


@pytest.mark.parametrize("locale", OTHERS)
def test_placeholders_agree(locale: str) -> None:
    differing = [
        english for english, said in pairs(locale) if sorted(NAMES.findall(english)) != sorted(NAMES.findall(said))
    ]
    assert differing == []


@pytest.mark.parametrize("locale", OTHERS)
def test_a_sentence_is_a_sentence_and_no_english_one(locale: str) -> None:
    for english, said in pairs(locale):
        if english.endswith("."):
            assert said.endswith("."), said
        if " " in english:
            assert said != english or english in SAME_EVERYWHERE, english
        assert said == said.strip() or english.endswith("\n"), said


@pytest.mark.parametrize("locale", OTHERS)
def test_each_text_fits_its_place(locale: str) -> None:
    with override(locale):
        too_long = [
            (text, gettext(text)) for most, texts in ROOM.items() for text in texts if len(gettext(text)) > most
        ]
    assert too_long == []


@pytest.mark.parametrize("locale", OTHERS)
def test_what_the_headline_said_is_not_said_again(locale: str) -> None:
    """Below a headline stands what its message adds, in every language where it does so in English."""
    for state, message in sentences.MESSAGES.items():
        headline = sentences.HEADLINES[state]
        with override(locale):
            title, said = gettext(headline), gettext(message)
        assert (below(title, said) == said) is (below(headline, message) == message), (locale, state)
        assert bool(below(title, said)) is bool(below(headline, message)), (locale, state)


@pytest.mark.parametrize(
    ("locale", "seconds"),
    [
        ("sk", ["1 sekundu", "3 sekundy", "5 sekúnd", "22 sekúnd"]),
        ("cs", ["1 sekundu", "3 sekundy", "5 sekund", "22 sekund"]),
        ("pl", ["1 sekundę", "3 sekundy", "5 sekund", "22 sekundy"]),
        ("de", ["1 Sekunde", "3 Sekunden", "5 Sekunden", "22 Sekunden"]),
        ("hu", ["1 másodperc", "3 másodperc", "5 másodperc", "22 másodperc"]),
        ("en", ["1 second.", "3 seconds", "5 seconds", "22 seconds"]),
    ],
)
def test_plurals(locale: str, seconds: list[str]) -> None:
    text = "Too many charges were asked for from your network just now. Please try again in {count} second"
    with override(locale):
        said = [ngettext(f"{text}.", f"{text}s.", count).format(count=count) for count in (1, 3, 5, 22)]
    assert [each in one for each, one in zip(seconds, said, strict=True)] == [True] * 4
