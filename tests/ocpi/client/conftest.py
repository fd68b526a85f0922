"""What tests of the client share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ocpi.client import Call, CallFailed, Reply, call
from partners.models import Partner
from tests.ocpi.cpo import TOKEN_A, ScriptedCpo, connected_partner


@pytest.fixture
def cpo() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def partner(db: None) -> Partner:
    return connected_partner("https://ion.example")


@dataclass(frozen=True)
class Ask:
    """`ask(url, **more)` calls and returns the Reply, `ask.in_vain(url, **more)` the CallFailed that it must end in."""

    partner: Partner

    def __call__(self, url: str, method: str = "GET", **more: Any) -> Reply:
        return call(Call(self.partner, method, url, more.pop("token", TOKEN_A), **more))

    def in_vain(self, url: str, method: str = "GET", **more: Any) -> CallFailed:
        with pytest.raises(CallFailed) as failed:
            self(url, method, **more)
        return failed.value


@pytest.fixture
def ask(partner: Partner) -> Ask:
    return Ask(partner)
