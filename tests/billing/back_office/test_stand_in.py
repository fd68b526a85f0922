"""The stand-in is strict, so that what our gateways send is right; and its events come over HTTP, doubled ones too."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from billing.models import GatewayEvent
from billing.payments import services
from partners.ground import limiting
from rehearsal.back_office_fake import signatures
from rehearsal.back_office_fake.__main__ import SECRET
from rehearsal.back_office_fake.server import FORGED, Server
from tests.billing.back_office.conftest import NOWHERE, BackEnd
from tests.billing.conftest import fresh
from tests.support.tasks import Ran


@pytest.fixture
def server() -> Any:
    server = Server(0, SECRET, NOWHERE)
    server.fake.events.mode = "lost"
    server.start()
    yield server
    server.stop()


def send(server: Server, path: str, body: dict[str, Any], **more: Any) -> tuple[int, str]:
    content = json.dumps(body).encode()
    at = int(time.time()) + more.get("late", 0)
    headers = signatures.headers(more.get("secret", SECRET), more.get("id", f"call_{time.time_ns()}"), at, content)
    answer = requests.post(f"{server.base}{path}", data=more.get("sent", content), headers=headers, timeout=5)
    return answer.status_code, answer.json().get("error", {}).get("code", "")


def test_what_it_does_not_take(server: Server) -> None:
    reference = server.fake.books.tap(5000, "EUR")["reference"]
    path = f"/payments/{reference}/release"
    right = {"verb": "release", "key": "a:release", "payment": "a", "reference": reference}
    assert send(server, path, right, secret=FORGED) == (401, "not_signed")
    assert send(server, path, right, late=-301) == (401, "not_signed")
    assert send(server, path, right, sent=b"{}") == (401, "not_signed")
    assert send(server, path, {**right, "more": 1}) == (400, "malformed")
    assert send(server, f"/payments/{reference}/capture", right) == (400, "malformed")
    assert send(server, path, {**right, "reference": "trm_other"}) == (400, "malformed")
    assert server.fake.books.find(reference)["status"] == "held"
    assert send(server, path, right, id="call_1") == (200, "")
    assert send(server, path, right, id="call_1") == (401, "not_signed")
    assert send(server, path, {**right, "payment": "b"}) == (409, "key_reused")


@pytest.mark.django_db(transaction=True)
def test_events_that_come_twice_over_http(
    back_end: BackEnd, live_server: Any, run_tasks: Callable[..., list[Ran]], clock: Any
) -> None:
    limiting.forget()
    row = back_end.held(clock)
    back_end.books.pends = {"capture"}
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    events = back_end.fake.events
    events.url, events.mode = f"{live_server.url}/webhooks/{back_end.name}/", "twice"
    back_end.books.finish()
    # Two facts, each delivered twice.
    for _ in range(500):
        if len(events.delivered) == 4:
            break
        events.stopped.wait(0.01)
    assert events.delivered == [200] * 4
    assert sorted(GatewayEvent.objects.values_list("kind", flat=True)) == ["payment.captured", "request.done"]
    run_tasks()
    assert (fresh(row).state, fresh(row).captured_amount) == ("captured", 1500)
    assert back_end.verbs().count("capture") == 1
