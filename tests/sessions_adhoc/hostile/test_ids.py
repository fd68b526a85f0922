"""Ids as CPOs make them: any printable text (OCPI 2.2.1 §16.1), with spaces and signs that mean something elsewhere."""

from urllib.parse import quote

import pytest

from tests.sessions_adhoc.conftest import Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import open_incidents

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["Charge #12", "S-1 #", "S+1", "50 %", "%2F", "..", "ä €"])
def test_a_session_of_any_id(foreign: Foreign, driver: Driver, name: str) -> None:
    """It charges, is stopped under its id, and is paid (rules 6, 19, 26)."""
    session, path = driver.start(), f"sessions/SK/ION/{quote(name, safe='')}"
    foreign.send("PUT", path, foreign.session_body(0, "ACTIVE", name, -1, None))
    foreign.later(seconds=20)
    foreign.send("PATCH", path, {"kwh": 3, "last_updated": stamp(foreign.now())})
    foreign.later(seconds=1)
    assert outcome(session) == ("charging", "reserved", 0)
    driver.stop(session)
    assert (foreign.starts(), foreign.stops()) == (1, [name])
    foreign.send("PUT", path, foreign.session_body(3, "COMPLETED", name, -1, foreign.began[name]))
    foreign.later(seconds=1)
    foreign.cdr(3, session=name)
    foreign.later(seconds=1)
    assert settled(session, 3)
    assert open_incidents() == []


def test_ids_of_which_one_begins_with_the_other(newer: Foreign, driver: Driver) -> None:
    """`S-1 #2` is another Session than `S-1`: a CDR of a stranger's `S-1` is none of its driver's (rule 7)."""
    session, name = driver.start(), "S-1 #2"
    path = f"sessions/SK/ION/{quote(name, safe='')}"
    newer.send("PUT", path, newer.session_body(5, "ACTIVE", name, -1, None))
    newer.later(seconds=60)
    newer.send("PUT", path, newer.session_body(5, "COMPLETED", name, -1, newer.began[name]))
    newer.later(seconds=1)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    token = newer.token()["cdr_token"] | {"uid": "STRANGER", "contract_id": "STRANGER"}
    newer.cdr(5, "CDR-9", "S-1", authorization_reference=None, cdr_token=token)
    newer.later(seconds=1)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    assert not session.timeline.filter(kind="cdr").exists()
    newer.cdr(5, "CDR-1", name)
    newer.later(seconds=1)
    assert settled(session, 5)


def test_an_id_with_a_number_that_comes_back(newer: Foreign, driver: Driver) -> None:
    """It is the next driver's charge, and late news of the first is the first one's (rule 7)."""
    name = "Charge #12"
    path = f"sessions/SK/ION/{quote(name, safe='')}"
    paid = []
    for of, kwh in enumerate((5, 3)):
        session, began = driver.start(), newer.now()
        newer.send("PUT", path, newer.session_body(kwh, "ACTIVE", name, of, began))
        newer.later(minutes=1)
        over = newer.session_body(kwh, "COMPLETED", name, of, began)
        newer.send("PUT", path, over)
        newer.later(seconds=1)
        newer.cdr(kwh, f"CDR-{of}", name, of=of, start=began)
        newer.later(minutes=10)
        assert settled(session, kwh)
        paid.append((session, kwh, over))
    newer.send("PUT", path, paid[0][2])
    newer.later(seconds=1)
    assert all(settled(session, kwh) for session, kwh, _over in paid)
    assert newer.stops() == []
