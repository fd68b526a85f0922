"""A CPO that changes its token, its version or its mind while somebody charges (rules 7, 24, 30, 37)."""

from typing import Any

import pytest

from ocpi.models import OcpiSession
from partners.models import Partner
from tests.ocpi.cpo import credentials_data, envelope
from tests.sessions_adhoc.conftest import Cpo, Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db
NEW_TOKEN = "dddddddd-4444-4444-8444-dddddddddddd"


@pytest.fixture
def usual(cpo: Cpo, driver: Driver) -> Foreign:
    return Foreign(cpo, driver, "2.2.1")


def call(foreign: Foreign, method: str, path: str, body: Any = "") -> Any:
    headers = {"Authorization": f"Token {foreign.cpo.token}"}
    return foreign.cpo.http.generic(
        method, f"/ocpi/emsp/2.2.1/{path}", data=body, content_type="application/json", headers=headers
    )


def test_new_credentials_in_the_middle(usual: Foreign, driver: Driver) -> None:
    """The STOP goes to where they now listen, with the token that they now take."""
    session = usual.charging(2)
    usual.cpo.server.register_normally(accepted=None)
    usual.cpo.server.on("/2.2.1/commands/STOP_SESSION", envelope({"result": "ACCEPTED", "timeout": 30}))
    told = usual.send("PUT", "credentials", credentials_data(usual.cpo.server.url, NEW_TOKEN))
    usual.cpo.token = usual.said["data"]["token"]
    usual.session(3)
    usual.later(seconds=10)
    driver.stop(session)
    assert (told, [sent.token for sent in usual.cpo.sent("STOP_SESSION")]) == (1000, [NEW_TOKEN])
    usual.session(4, "COMPLETED")
    usual.cdr(4)
    usual.later(seconds=2)
    assert settled(session, 4)
    assert (usual.starts(), open_incidents()) == (1, [])


def test_gone_in_the_middle(usual: Foreign, driver: Driver) -> None:
    """They end the connection: nobody may tell us of the charge any more, and the money is held until staff decide."""
    session = usual.charging(2)
    assert call(usual, "DELETE", "credentials").json()["status_code"] == 1000
    assert call(usual, "PUT", "sessions/SK/ION/S-1", "{}").status_code == 401
    driver.stop(session)
    usual.later(hours=25)
    assert (outcome(session), state(session)[1]) == (("escalated", "reserved", 0), "cdr_missing")
    assert (usual.starts(), usual.stops(), open_incidents()) == (1, [], ["CDRs not received by SFP"])


def test_a_newer_version_in_the_middle(usual: Foreign) -> None:
    session = usual.charging(2)
    both = {"enabled_versions": ["2.2.1", "2.3.0"], "version": "2.3.0"}
    Partner.objects.filter(pk=usual.cpo.partner.pk).update(**both)
    usual.version = "2.3.0"
    usual.session(3)
    usual.later(seconds=10)
    assert (state(session)[0], OcpiSession.objects.count()) == ("charging", 1)
    usual.session(4, "COMPLETED")
    usual.cdr(4)
    usual.later(seconds=2)
    assert settled(session, 4)
    assert (usual.stops(), open_incidents()) == ([], [])
