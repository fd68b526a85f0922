"""Finding messages by an id that they are about: a Session's, a CDR's, a token's, an EVSE's.

Each message has one subject, kept beside it in small letters and indexed. A push is about the last id in its URL; what
is only found out later (a POST names no id there), about the first object that it touched.
"""

from collections.abc import Iterable, Mapping

LONGEST = 64
# Whatever stands between two ids, in a URL or in the name of an object.
BETWEEN = str.maketrans(dict.fromkeys('?&=:[], "', "/"))


def words(text: str) -> list[str]:
    """The words of a search or of an object's name, in small letters."""
    return [word for word in text.strip().lower().translate(BETWEEN).split("/") if word]


def subject_term(text: str) -> str:
    """What to compare subjects with when somebody searches for `text`: its last word."""
    found = words(text)
    return found[-1][:LONGEST] if found else ""


def subject_of_url(variables: Mapping[str, object]) -> str:
    """The subject of a request by the ids in its URL; a connector is a part of its EVSE."""
    names = [name for name in variables if name != "connector_id"]
    return str(variables[names[-1]]).lower()[:LONGEST] if names else ""


def subject_of_objects(objects: Iterable[str]) -> str:
    """The subject of an exchange by the objects that it touched."""
    return next((subject_term(name) for name in objects), "")
