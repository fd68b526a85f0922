"""Strangers' CPOs of 2.2, where a token names no party, and of 2.3.0, where prices name their taxes."""

import pytest

from tests.sessions_adhoc.conftest import Cpo, Driver
from tests.sessions_adhoc.hostile.foreign import Foreign


@pytest.fixture(params=["2.2", "2.3.0"])
def stranger(request: pytest.FixtureRequest, cpo: Cpo, driver: Driver) -> Foreign:
    """A CPO with one DC charger."""
    return Foreign(cpo, driver, request.param)
