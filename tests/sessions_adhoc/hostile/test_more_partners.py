"""A CPO that changes its token or its version while somebody charges (rules 7, 19)."""

import pytest

from ocpi.models import OcpiSession
from partners.models import Partner
from tests.ocpi.cpo import credentials_data, envelope
from tests.sessions_adhoc.conftest import Cpo, Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, settled
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db
NEW_TOKEN = "dddddddd-4444-4444-8444-dddddddddddd"


@pytest.fixture
def usual(cpo: Cpo, driver: Driver) -> Foreign:
    return Foreign(cpo, driver, "2.2.1")


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
