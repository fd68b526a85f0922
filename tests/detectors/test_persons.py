"""Every text that an incident may be told in: staff read of the CPO, the CPO reads of itself."""

import pytest

from ocpi.detectors import objects
from ocpi.store.tariffs import IMPLAUSIBLE, UNREADABLE
from partners.ground.persons import to_them
from sessions_adhoc import symptoms
from sessions_adhoc.contracts import doubts
from sessions_adhoc.detectors import endings, starts
from tests.detectors.reading import OF_THE_CPO, own_words, persons

ODD = [*doubts.ODD.values(), doubts.PLAUSIBLE]


@pytest.mark.parametrize("words", symptoms.SYMPTOMS.values(), ids=symptoms.SYMPTOMS)
def test_of_a_charge(words: symptoms.Symptom) -> None:
    persons(words.cause, words.to_do, words.letter)


@pytest.mark.parametrize("words", starts.WORDS.values(), ids=map(str, starts.WORDS))
def test_of_a_start_that_came_to_nothing(words: starts.Words) -> None:
    persons(words.cause, words.to_do, words.advice)


@pytest.mark.parametrize("words", ODD, ids=lambda words: words.symptom)
def test_of_a_contract_charge(words: doubts.Odd) -> None:
    persons(words.cause, doubts.STAFF, f"{words.cause} {words.resolution}")


@pytest.mark.parametrize("words", endings.BY_REASON.values(), ids=endings.BY_REASON)
def test_of_funds_that_were_released(words: endings.Words) -> None:
    persons(words.cause, words.to_do, words.letter)


@pytest.mark.parametrize("words", [*objects.BY_MODULE.values(), objects.OTHERS], ids=lambda words: words.symptom)
def test_of_pushes_that_we_refused(words: objects.Words) -> None:
    persons(words.cause, "", words.resolution)


@pytest.mark.parametrize("report", [UNREADABLE, IMPLAUSIBLE], ids=lambda report: report.symptom)
def test_of_prices(report: object) -> None:
    persons(report.cause, report.to_do, report.letter)  # type: ignore[attr-defined]


def test_the_same_text_in_both_persons() -> None:
    """The guide's own words are said to the CPO; staff read them of it."""
    text = "Your IP is not in our firewall allowlist"
    assert OF_THE_CPO.search(own_words(to_them(text))) is not None
