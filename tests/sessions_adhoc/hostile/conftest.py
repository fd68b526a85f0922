"""One foreign CPO per OCPI version."""

import pytest

from tests.sessions_adhoc.conftest import Cpo, Driver
from tests.sessions_adhoc.hostile.foreign import Foreign

VERSIONS = ("2.1.1", "2.2", "2.2.1", "2.3.0")


@pytest.fixture(params=VERSIONS)
def foreign(request: pytest.FixtureRequest, cpo: Cpo, driver: Driver) -> Foreign:
    """A CPO with one DC charger that speaks one version; the test runs once in each."""
    return Foreign(cpo, driver, request.param)


@pytest.fixture
def newer(request: pytest.FixtureRequest, cpo: Cpo, driver: Driver) -> Foreign:
    """A CPO that speaks 2.2.1, for what has no other form elsewhere."""
    return Foreign(cpo, driver, "2.2.1")


@pytest.fixture
def older(cpo: Cpo, driver: Driver) -> Foreign:
    """A CPO that speaks 2.1.1."""
    return Foreign(cpo, driver, "2.1.1")
