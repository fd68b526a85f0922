"""What tests of the client share."""

import pytest

from ocpi.client import Call, CallFailed, Reply, call
from tests.ocpi.cpo import TOKEN_A, ScriptedCpo, connected_partner


@pytest.fixture
def cpo():
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def partner(db):
    return connected_partner("https://ion.example")


@pytest.fixture
def ask(partner):
    """`ask(url, **more)` calls and returns the Reply, or the CallFailed."""

    def ask(url: str, method: str = "GET", **more) -> Reply | CallFailed:
        try:
            return call(Call(partner, method, url, more.pop("token", TOKEN_A), **more))
        except CallFailed as failure:
            return failure

    return ask
