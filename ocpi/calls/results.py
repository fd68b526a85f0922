"""Asynchronous results, which a CPO posts to the `response_url` of a request (OCPI 2.2.1 §13.2.1, §14.2.1).

The first result counts, and what it says decides over drivers' money: a word that OCPI does not know is none.
"""

from typing import Any

from ocpi.versions import Fault, Invalid, Version
from ocpi.versions.readers import Tolerated, quote
from ocpi.versions.results import Parsed


def read_result(version: Version, kind: str, body: Any) -> Parsed[Any]:
    """Read a result, as leniently as anything else, but for the word itself.

    Raises:
        Invalid: also when `result` is no value that the version knows.
    """
    parsed = version.parse(kind, body)
    word = parsed.obj.result
    if isinstance(word, Tolerated) and word.received == word:
        raise Invalid((Fault("result", f"{quote(str(word))} is no result that OCPI {version} knows", str(word)),))
    return parsed
