"""What tests of commands share: a connected partner whose commands module is scripted."""

from collections.abc import Callable, Iterator

import pytest

from ocpi import receivers
from partners.models import Partner
from tests.ocpi.cpo import ScriptedCpo, connected_partner


@pytest.fixture
def cpo() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def connected(db: None, cpo: ScriptedCpo) -> Callable[..., Partner]:
    """`connected(version)` makes a partner that is connected to the scripted CPO."""

    def connected(version: str = "2.2.1", url: str = "") -> Partner:
        partner = connected_partner(cpo.url, version, {"commands": "RECEIVER"})
        if url:
            partner.endpoints.update(url=url)
        return partner

    return connected


@pytest.fixture(autouse=True)
def news(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """The commands that the higher layers were told of: (state, response, result) at that moment."""
    told: list[tuple[str, str, str]] = []
    monkeypatch.setattr(
        receivers, "_command", [lambda command: told.append((command.state, command.response, command.result))]
    )
    return told
