"""Of one history in many variants the suite plays a few, the same ones on every run; `make heavy` plays the others.

A variant is a test's parameters: the OCPI version, the gateway, the kind of wrong number. What is tried in each of
many variants is nearly always right or wrong in all of them; the few that the suite plays are told by a digest of their
name, so that among the tests of a folder every version, gateway and kind has its turn.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256

import pytest

VERSIONS = re.compile(r"2\.(?:1\.1|2\.1|2|3\.0)")
IN_ONE_VERSION = ("tests/sessions_adhoc/hostile/", "tests/sessions_adhoc/hostile_money/")
"""Each history below these paths is played in one version of OCPI."""
PLAYED = {
    "tests/sessions_adhoc/strangers/": 1,
    "tests/sessions_adhoc/test_both_ways_of_a_charge.py": 2,
    "tests/sessions_adhoc/test_priced_numbers.py": 4,
    "tests/sessions_adhoc/test_numbers.py": 4,
    "tests/sessions_adhoc/test_belonging.py": 4,
    "tests/sessions_adhoc/test_true_words.py": 4,
    "tests/ocpi/server/test_numbers.py": 8,
    "tests/ocpi/server/test_commands.py": 12,
    "tests/ocpi/handshake/": 4,
    "tests/billing/back_office/": 4,
    "tests/billing/stripe/": 4,
    "tests/house/test_admin_rights.py": 2,
    "tests/admin/test_hostile_addresses.py": 5,
    "tests/admin/test_pages.py": 12,
    "tests/admin/test_markup.py": 12,
    "tests/admin/test_lists_as_csv.py": 12,
    "tests/admin/test_empty_pages.py": 12,
    "tests/admin/test_query_counts.py": 12,
    "tests/admin/test_readable.py": 12,
}
"""How many variants of each test below a path."""


def leave_out(items: Iterable[pytest.Item]) -> None:
    """Mark as `heavy` what the suite does not play."""
    variants = defaultdict[tuple[str, int], list[pytest.Item]](list)
    for item in items:
        if (group := group_of(item.nodeid)) is not None:
            variants[group].append(item)
    for (_test, played), found in variants.items():
        for item in sorted(found, key=_turn)[played:]:
            item.add_marker(pytest.mark.heavy)


def group_of(name: str) -> tuple[str, int] | None:
    """Of what it is a variant, and how many of those are played; None where all are."""
    test, _, given = name.partition("[")
    if given and test.startswith(IN_ONE_VERSION):
        return f"{test}[{VERSIONS.sub('', given)}", 1
    played = next((number for path, number in PLAYED.items() if test.startswith(path)), None)
    return (test, played) if given and played else None


def _turn(item: pytest.Item) -> bytes:
    return sha256(item.nodeid.encode()).digest()
