"""Whatever JSON comes in: it is read or it is invalid, and what was read can be read again after writing."""

import json
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.versions import VERSIONS, Invalid, Parsed, Version
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as w
from tests.support.examples import examples

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(
        [
            "",
            "2026-03-01",
            "1970-1-1T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "24:00",
            "sk",
            "RESERVED",
            "#NA",
            "1e5",
        ]
    )
    | st.sampled_from([10**30, -(10**400), 1e308, -0.0, 5e-324])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
BASES: dict[str, dict[str, Any]] = {
    "2.1.1": {
        "location": v.LOCATION_211,
        "session": v.SESSION_211,
        "cdr": v.CDR_211,
        "tariff": v.TARIFF_211,
        "token": v.TOKEN_211,
    },
    "2.2": {"location": v.LOCATION, "session": v.SESSION, "cdr": v.CDR},
    "2.2.1": {
        "location": v.LOCATION,
        "session": v.SESSION,
        "cdr": v.CDR,
        "tariff": v.TARIFF,
        "token": v.TOKEN,
    },
    "2.3.0": {
        "location": w.LOCATION_230,
        "tariff": w.TARIFF_230,
        "booking": w.BOOKING,
        "terminal": w.TERMINAL,
    },
}
CASES = [(VERSIONS[number], kind) for number, bases in BASES.items() for kind in bases]
KINDS = [(version, kind) for version in VERSIONS.values() for kind in version.models]


def read_or_refuse(version: Version, kind: str, data: Any) -> Parsed[Any] | None:
    """Anything but Invalid fails the test."""
    try:
        return version.parse(kind, data)
    except Invalid:
        return None


@given(case=st.sampled_from(KINDS), data=JSON)
@examples(100)
def test_any_json(case: tuple[Version, str], data: Any) -> None:
    read_or_refuse(*case, data)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    if isinstance(value, dict):
        return [at, *(path for key, inner in value.items() for path in paths(inner, (*at, key)))]
    if isinstance(value, list):
        return [at, *(path for key, inner in enumerate(value) for path in paths(inner, (*at, key)))]
    return [at]


@given(data=st.data())
@examples(100)
def test_a_good_message_with_something_odd_in_it(data: st.DataObject) -> None:
    version, kind = data.draw(st.sampled_from(CASES))
    message = deepcopy(BASES[version.number][kind])
    for _ in range(data.draw(st.integers(1, 3))):
        *parents, key = data.draw(st.sampled_from(paths(message)[1:]))
        place = message
        for parent in parents:
            place = place[parent]
        place[key] = data.draw(JSON)
    parsed = read_or_refuse(version, kind, message)
    if parsed is not None:
        written = write_or_refuse(version, parsed.obj)
        assert written is None or version.parse(kind, written).leniences == ()


def write_or_refuse(version: Version, obj: Any) -> Any:
    try:
        written = version.dump(obj)
    except Invalid:
        return None
    return json.loads(json.dumps(written, allow_nan=False))


@given(
    case=st.sampled_from(CASES),
    change=st.dictionaries(st.sampled_from(["evses", "charging_periods", "id", "kwh", "last_updated", "x"]), JSON),
)
@examples(60)
def test_any_patch(case: tuple[Version, str], change: Any) -> None:
    version, kind = case
    stored = BASES[version.number][kind]
    before = deepcopy(stored)
    with suppress(Invalid):
        version.parse_patch(kind, change, stored)
    assert stored == before


def test_deep_nesting_is_no_problem() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    parsed = VERSIONS["2.2.1"].parse("session", v.SESSION | {"x": deep})
    assert [(note.kind, note.path) for note in parsed.leniences] == [("unknown_field", "x")]
    with pytest.raises(Invalid, match="kwh: must be a number, not a list"):
        VERSIONS["2.2.1"].parse("session", v.SESSION | {"kwh": deep})
