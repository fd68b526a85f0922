"""Events of a back end at our inbox: signed or refused, twice or never; they have the payment looked into, no more."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from time_machine import Traveller

from billing.models import GatewayEvent, WaitingEvent
from billing.payments import services
from partners.ground import limiting
from rehearsal.back_office_fake import signatures
from rehearsal.back_office_fake.server import FORGED
from tests.billing.back_office.conftest import BackEnd
from tests.billing.back_office.test_faults import NEW
from tests.billing.conftest import START, drive_until_quiet, fresh
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db
Event = tuple[dict[str, str], bytes]


@pytest.fixture(autouse=True)
def nobody_is_limited() -> None:
    limiting.forget()


def send(name: str, event: Event) -> Any:
    headers, body = event
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/webhooks/{name}/", body, content_type="application/json", headers=headers)


def signed(back_end: BackEnd, body: Any, **more: Any) -> Event:
    """An event of our own words, rightly signed unless `secret` or `at` say otherwise."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = more.get("at", START)
    return signatures.headers(more.get("secret", back_end.fake.secret), "evt_1", int(at.timestamp()), text), text


def test_what_was_only_accepted_is_told_later(
    back_end: BackEnd, clock: Traveller, run_tasks: Callable[..., list[Ran]]
) -> None:
    row = back_end.held(clock)
    back_end.books.pends = {"capture"}
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    assert fresh(row).state == "capturing"
    back_end.books.finish()
    event = back_end.fake.events.made[-1]
    assert [send(back_end.name, event).status_code for _ in range(3)] == [200, 200, 200]
    run_tasks()
    row = fresh(row)
    assert (row.state, row.captured_amount, back_end.verbs().count("capture")) == ("captured", 1500, 1)
    kept = GatewayEvent.objects.get()
    assert (kept.gateway, kept.event_id, kept.kind) == (back_end.name, event[0]["webhook-id"], "request.done")
    assert (kept.payment, kept.about, kept.at) == (str(row.pk), [row.gateway_reference], START)
    assert not WaitingEvent.objects.exists()


def test_an_event_that_lies_moves_nothing(
    back_end: BackEnd, clock: Traveller, run_tasks: Callable[..., list[Ran]]
) -> None:
    """An old one, or one that tells of another state than the books have."""
    row = back_end.held(clock)
    data = {"reference": row.gateway_reference, "payment": str(row.pk), "status": "captured", "captured": 4000}
    told = signed(back_end, {"type": "payment.captured", "timestamp": "2026-03-01T00:00:00Z", "data": data})
    assert send(back_end.name, told).status_code == 200
    run_tasks()
    assert (fresh(row).state, fresh(row).captured_amount, back_end.verbs()) == ("reserved", 0, ["look"])


def test_what_is_kept_has_nothing_of_the_driver(back_end: BackEnd) -> None:
    data = {"reference": "x_1", "email": "driver@example.com", "amount": 4000, "status": "he\0ld", "code": None}
    told = signed(back_end, {"type": "x", "timestamp": "2026-03-02T12:00:00", "data": data, "card": "4242"})
    assert send(back_end.name, told).status_code == 200
    kept = GatewayEvent.objects.get()
    assert kept.body == {
        "type": "x",
        "data": {"reference": "x_1", "amount": 4000, "status": "held", "code": None},
    }
    assert (kept.at, kept.payment) == (START, "")


WELL = {"type": "x", "timestamp": "2026-03-02T12:00:00Z", "data": {"reference": "x_1"}}


@pytest.mark.parametrize(
    "wrong",
    [{"secret": FORGED}, {"at": START - timedelta(minutes=6)}, {"at": START + timedelta(minutes=6)}],
)
def test_what_is_forged_or_stale_is_refused(back_end: BackEnd, wrong: dict[str, Any]) -> None:
    answer = send(back_end.name, signed(back_end, WELL, **wrong))
    assert (answer.status_code, answer.content) == (400, b"The signature is missing, wrong, or too old.")
    headers, _ = signed(back_end, WELL)
    assert send(back_end.name, (headers, json.dumps(WELL | {"type": "y"}).encode())).status_code == 400
    assert send(back_end.name, ({}, json.dumps(WELL).encode())).status_code == 400
    assert not GatewayEvent.objects.exists()


def test_a_call_of_ours_or_its_answer_is_no_event(terminal: BackEnd, clock: Traveller) -> None:
    """Both are signed with the same secret: what was overheard is of no use here."""
    call = {"verb": "capture", "key": "a:capture", "reference": "trm_1", "payment": "a", "amount": 1}
    reply = {"payment": {"reference": "trm_1", "status": "held"}, "request": None}
    assert [send("terminal", signed(terminal, body)).status_code for body in (call, reply)] == [400, 400]
    assert not GatewayEvent.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"\xff",
        b"[" * 100_000,
        [],
        {},
        {**WELL, "data": []},
        {**WELL, "data": {}},
        {**WELL, "data": None},
        {**WELL, "timestamp": "yesterday"},
        {**WELL, "timestamp": 1},
    ],
)
def test_what_cannot_be_read_is_told_so(back_end: BackEnd, body: Any) -> None:
    answer = send(back_end.name, signed(back_end, body))
    assert (answer.status_code, answer.content) == (400, b"This is no event that we can read.")
    assert not GatewayEvent.objects.exists()


def test_either_secret_will_do_while_one_is_replaced(back_end: BackEnd, settings: Settings) -> None:
    setattr(settings, f"{back_end.name.upper()}_SECRETS", [NEW, back_end.fake.secret])
    assert send(back_end.name, signed(back_end, WELL)).status_code == 200
    other = signed(back_end, WELL, secret=NEW)
    other[0].update(signatures.headers(NEW, "evt_2", int(START.timestamp()), other[1]))
    assert send(back_end.name, other).status_code == 200
    assert set(GatewayEvent.objects.values_list("event_id", flat=True)) == {"evt_1", "evt_2"}


@pytest.mark.parametrize("secrets", [[], ["nonsense"]])
def test_without_a_secret_nobody_comes_in(back_end: BackEnd, settings: Settings, secrets: list[str]) -> None:
    setattr(settings, f"{back_end.name.upper()}_SECRETS", secrets)
    assert send(back_end.name, signed(back_end, WELL)).status_code == 400


def test_one_that_never_comes_costs_time_only(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.held(clock)
    back_end.books.pends = {"release"}
    services.request_release(row.pk)
    services.drive(row.pk)
    back_end.books.finish()
    assert drive_until_quiet(row, clock).state == "released"
