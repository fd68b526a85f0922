"""What tests of pulls share: a connected partner whose lists are scripted, page by page."""

from collections.abc import Iterator
from typing import Any

import pytest

from ocpi import receivers, sync
from ocpi.models import SyncRun
from partners.models import Partner
from tests.ocpi.cpo import Answer, ScriptedCpo, Seen, connected_partner, envelope


@pytest.fixture
def cpo() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No higher layer listens."""
    for registry in ("_session", "_evse_status", "_cdr", "_command"):
        monkeypatch.setattr(receivers, registry, [])


@pytest.fixture
def partner(db: None, cpo: ScriptedCpo) -> Partner:
    return connected_partner(cpo.url)


def paged(
    cpo: ScriptedCpo, module: str, items: list[Any], size: int = 2, link: bool = True, total: bool = True
) -> None:
    """Script a list as the specification has it; without `link` only X-Total-Count says that there is more."""

    def react(seen: Seen) -> Answer:
        offset = int(seen.query.get("offset", 0))
        headers = {"X-Limit": str(size)}
        if total:
            headers["X-Total-Count"] = str(len(items))
        if link and offset + size < len(items):
            headers["Link"] = f'<{cpo.url}/{module}?offset={offset + size}&limit={size}>; rel="next"'
        return envelope(items[offset : offset + size], headers=headers)

    cpo.on(f"/{module}", react)


def pulled(partner: Partner, module: str = "locations", **more: Any) -> SyncRun:
    return carried_out(sync.request_sync(partner, module, **more))


def carried_out(request: SyncRun) -> SyncRun:
    done = sync.run(request.pk)
    assert done is not None, "another worker has it, or it is not due"
    return done
