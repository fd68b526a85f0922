"""Foreign CPOs of all OCPI versions.

2.1.1 names least, so every history is played in it; the newer versions take turns, unless a history asks for `every`.
"""

import zlib

import pytest

from tests.sessions_adhoc.conftest import Cpo, Driver
from tests.sessions_adhoc.hostile.foreign import Foreign

NEWER = ("2.2.1", "2.2", "2.3.0")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`foreign` in 2.1.1 and one newer version, `newer` in one; by turns, the same ones in every run."""
    turn = NEWER[zlib.crc32(metafunc.function.__name__.encode()) % len(NEWER)]
    for name, versions in (("every", ("2.1.1", *NEWER)), ("newer", (turn,)), ("foreign", ("2.1.1", turn))):
        if name in metafunc.fixturenames:
            metafunc.parametrize("version", versions)
            return


@pytest.fixture
def foreign(version: str, cpo: Cpo, driver: Driver) -> Foreign:
    """A CPO with one DC charger that speaks one version."""
    return Foreign(cpo, driver, version)


@pytest.fixture
def newer(foreign: Foreign) -> Foreign:
    """One that speaks 2.2 or later: it has references, and its CDRs name Sessions."""
    return foreign


@pytest.fixture
def every(foreign: Foreign) -> Foreign:
    """One in each of the four versions."""
    return foreign
