"""A CPO that keeps to the specification passes every case, in every version."""

from collections.abc import Callable
from typing import Any

import pytest

from ocpi.models import Cdr, OcpiSession, Token
from ocpi.versions import VERSIONS
from onboarding import connection_check
from onboarding.connection_check.catalogue import plan
from onboarding.connection_check.sections import section
from onboarding.models import ConnectionCheck
from tests.onboarding.connection_check.conftest import CHARGER, cases, check, departures

# Over plain HTTP there is no TLS to look at.
ALWAYS = {"tls", "certificate"}
NOT_IN_2_1_1 = {"message_ids", "routing_headers", "inbound_headers", "reference"}


@pytest.mark.parametrize(
    ("version", "not_applicable"),
    [
        pytest.param("2.1.1", ALWAYS | NOT_IN_2_1_1, marks=pytest.mark.heavy),
        pytest.param("2.2", ALWAYS, marks=pytest.mark.heavy),
        pytest.param("2.2.1", ALWAYS),
        pytest.param("2.3.0", ALWAYS, marks=pytest.mark.heavy),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_it_finds_nothing_wrong_with_a_good_cpo(
    cpo: Callable[..., Any], version: str, not_applicable: set[str]
) -> None:
    with cpo(version) as (simulated, partner):
        report = check(*CHARGER)
        books = simulated.state()
    found = cases(report)
    assert departures(report) == {}
    assert {key for key, case in found.items() if case["verdict"] == "na"} == not_applicable
    assert (report["verdict"], report["error"], report["to_change"]) == ("pass", "", [])
    assert all(
        version in case["section"] or case["section"].startswith("guide") or not case["section"]
        for case in found.values()
    )
    assert all(case["messages"] for key, case in found.items() if key.startswith(("token", "start", "stop", "path")))
    partner.refresh_from_db()
    assert connection_check.latest_clean(partner, armed=True)
    # One charge, three STARTs (at an unknown EVSE, the one, a second one), two STOPs, and nothing left behind.
    assert (OcpiSession.objects.count(), Cdr.objects.count()) == (1, 1)
    assert books["commands"] == {"START_SESSION": 3, "STOP_SESSION": 2}
    assert not Token.objects.get().valid
    assert not ConnectionCheck.objects.exclude(next_check_at=None).exists()


@pytest.mark.parametrize("version", ["2.1.1", "2.2", "2.2.1", "2.3.0"])
def test_each_case_comes_after_those_that_it_needs_and_names_its_section(version: str) -> None:
    seen: set[str] = set()
    for case in plan(armed=True):
        assert set(case.needs) <= seen, case.key
        assert isinstance(section(VERSIONS[version], case.section), str)
        assert case.change.endswith("."), case.key
        seen.add(case.key)
    assert len(seen) == len(plan(armed=True))
    assert {case.key for case in plan(armed=False)} < seen
