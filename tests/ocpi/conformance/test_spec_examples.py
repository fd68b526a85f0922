"""`manage.py spec_examples` on files written for this test: what it lets pass, and that it notices what deviates."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from rehearsal.interop.meaning import differences
from rehearsal.interop.spec_run import Line, run
from rehearsal.management.commands.spec_examples import Command
from tests.ocpi.conformance.wire import NUMBERS, vector
from tests.ocpi.versions import vectors as v

Write = Callable[[str, str, Any], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write("2.2.1", "cdr_example.json", {...})` puts an example file into place."""

    def write(folder: str, name: str, data: Any) -> None:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(json.dumps(data))

    return write


def played(folder: Path) -> dict[str, Line]:
    return {f"{line.folder}/{line.name}": line for line in run(folder)}


@pytest.mark.django_db
def test_good_examples_of_every_version_pass(tmp_path: Path, write: Write) -> None:
    names = {
        "2.1.1": ("mod_locations_06.json", "mod_sessions_02.json", "mod_tariffs_03.json", "mod_cdrs_02.json"),
        "2.2": ("location_example.json", "session_example.json", "tariff_1.json", "cdr_example.json"),
    }
    for version in NUMBERS:
        kinds = ("location", "session", "tariff", "cdr")
        for name, kind in zip(names.get(version, names["2.2"]), kinds, strict=True):
            country = {"location": {**v.LOCATION_211, "country": "SK"}} if name == "mod_sessions_02.json" else {}
            if (version, kind) != ("2.3.0", "cdr"):
                write(version, name, vector(version, kind, **country))
    party = {"business_details": {"name": "Ion"}, "party_id": "ION", "country_code": "SK"}
    write(
        "2.2.1",
        "credentials_example.json",
        {"token": "t-1", "url": "https://ion.sk/", "roles": [{"role": "CPO", **party}]},
    )
    write("2.2.1", "location_patch_example_status.json", {"status": "CHARGING", "last_updated": v.THEN})
    write("2.2.1", "token_example.json", v.TOKEN)
    found = played(tmp_path)
    assert len(found) == 18
    assert {name: line.deviations for name, line in found.items() if line.deviations} == {}


@pytest.mark.django_db
def test_what_deviates_is_told(tmp_path: Path, write: Write) -> None:
    write("2.2.1", "session_example.json", {**vector("2.2.1", "session"), "kwh": None})
    write("2.2.1", "tariff_put_example.json", vector("2.2.1", "tariff"))
    write("2.2.1", "tariff_1.json", {**vector("2.2.1", "tariff"), "last_updated": "2026-03-01T08:00:00+00:00"})
    write("2.2.1", "surprise.json", {})
    out = StringIO()
    with pytest.raises(CommandError, match="4 of 4 examples deviate"):
        Command(stdout=out).report(tmp_path)
    text = out.getvalue()
    for part in ("refused for kwh", "not refused for last_updated", "noted last_updated", "the table does not know"):
        assert part in text


@pytest.mark.django_db
def test_no_example_at_all_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No example"):
        Command(stdout=StringIO()).report(tmp_path)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": None}, {"a": 1.0}, True),
        ({"a": []}, {}, True),
        ({"at": "2026-03-01T08:00:00Z"}, {"at": "2026-03-01T08:00:00.000"}, True),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": "1"}, {"a": 1}, False),
        ({"a": [1]}, {"a": [1, 2]}, False),
    ],
)
def test_comparing_in_meaning(one: Any, other: Any, same: bool) -> None:
    assert (not list(differences(one, other))) == same
