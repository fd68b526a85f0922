"""Events of a session reach its client: each, signed, in order, whatever the client's machine does meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from partners.ground.deadlines import claim_due, take_lease
from partners.models import Incident
from sessions_adhoc.accounts.closing import close_due
from sessions_adhoc.driver.clients import create_client_key, revoke_client_key
from sessions_adhoc.engine import lifecycle
from sessions_adhoc.models import AdHocSession, ClientKey, WebhookDelivery, WebhookEndpoint
from sessions_adhoc.tasks import push_webhooks_tick, sync_webhooks_clean
from sessions_adhoc.webhooks import delivering, endpoints
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.webhooks.conftest import Receiver, push, states, wait

pytestmark = pytest.mark.django_db
STATES = ["authorizing", "authorized", "starting", "validating", "charging", "awaiting_cdr", "settled"]
WHOLE = [f"session.{one}" for one in STATES]


def begin(driver: Driver) -> AdHocSession:
    """Never from memory: what is written for an endpoint is this test's own."""
    return AdHocSession.objects.get(pk=driver._start({}))


def charge(cpo: Cpo, clock: Clock) -> None:
    """10 kWh for 12.30 EUR."""
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(10)
    clock.forward(seconds=20)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(12.30)
    clock.forward(seconds=1)


def test_a_whole_charge(endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = begin(driver)
    charge(cpo, clock)
    close_due()
    assert WebhookDelivery.objects.filter(state="waiting").count() == len(WHOLE) + 1
    assert receiver.got == []
    push(clock)
    assert receiver.kinds() == [*WHOLE, "session.receipt"]
    assert {event["data"]["id"] for _id, event in receiver.got} == {str(session.pk)}
    last = receiver.got[len(WHOLE) - 1][1]
    assert last["data"]["money"] == {"currency": "EUR", "limit": 4000, "captured": 1230, "refunded": 0}
    assert (last["data"]["previous_state"], last["data"]["finished"]) == ("awaiting_cdr", True)
    receipt = receiver.got[-1][1]["data"]
    assert (receipt["kind"], receipt["total"], receipt["currency"]) == ("receipt", 1230, "EUR")
    shown = driver.call("GET", f"{session.pk}/").json()["receipts"]
    assert [(one["number"], one["url"]) for one in shown] == [(receipt["number"], receipt["url"])]
    stamps = [event["timestamp"] for _id, event in receiver.got]
    assert stamps == sorted(stamps)
    assert len({identifier for identifier, _event in receiver.got}) == len(WHOLE) + 1
    assert {one for _kind, one in states()} == {"taken"}
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.last_taken_at) == (0, clock.now())
    push(clock)
    assert len(receiver.got) == len(WHOLE) + 1
    assert open_incidents() == []


def test_nobody_else_is_told(receiver: Receiver, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    other, _key = create_client_key("another app")
    endpoints.create(other, receiver.url)
    begin(driver)
    assert WebhookDelivery.objects.count() == 0


def test_a_decision_that_is_undone_tells_nothing(endpoint: WebhookEndpoint, driver: Driver) -> None:
    with transaction.atomic():
        session_id = driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}).json()["id"]
        lifecycle.advance(session_id)
        assert states() == [("session.authorizing", "waiting")]
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("answer", [500, 404, 429, 302, 307, 400])
def test_what_is_not_taken_is_tried_again_and_the_rest_waits(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock, answer: int
) -> None:
    receiver.answers = [answer, 204, answer]
    begin(driver)
    push(clock)
    assert receiver.kinds() == WHOLE[:1]
    wait(clock, seconds=4)
    assert receiver.kinds() == WHOLE[:1]
    wait(clock, seconds=1)
    assert receiver.kinds() == [WHOLE[0], WHOLE[0], WHOLE[1]]
    wait(clock, seconds=5)
    assert receiver.kinds() == [WHOLE[0], WHOLE[0], WHOLE[1], WHOLE[1], WHOLE[2]]
    assert receiver.got[0] == receiver.got[1]
    row = WebhookDelivery.objects.earliest("pk")
    assert [one["status"] for one in row.answers] == [0 if 300 <= answer < 400 else answer, 204]
    assert "\x00" not in row.answers[0]["text"]


def test_an_endpoint_that_is_down_is_probed_by_one_event_and_makes_all_good(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    receiver.answers = [503] * 400
    begin(driver)
    wait(clock, hours=10)
    charge(cpo, clock)
    down = len(receiver.got)
    assert 5 < down < 70
    assert set(receiver.kinds()) == {WHOLE[0]}
    receiver.answers = []
    wait(clock, hours=14)
    assert [*receiver.kinds()[down:]] == WHOLE
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since, endpoint.retry_at) == (0, None, None)


def test_after_three_days_it_is_paused_told_once_and_goes_on_when_it_is_turned_on(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    receiver.answers = [500] * 4000
    begin(driver)
    charge(cpo, clock)
    wait(clock, days=2, hours=23)
    endpoint.refresh_from_db()
    assert endpoint.state == "on"
    wait(clock, days=2)
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.why) == ("paused", "Nothing was taken for three days. HTTP 500: <b>no pe</b>")
    assert open_incidents() == ["A webhook is paused"]
    tried = len(receiver.got)
    wait(clock, days=5)
    assert len(receiver.got) == tried
    receiver.answers = []
    assert endpoints.turn_on(endpoint.pk)
    assert not endpoints.turn_on(endpoint.pk)
    push(clock)
    assert receiver.kinds()[tried:] == WHOLE
    assert open_incidents() == []


def test_gone_pauses_at_once(endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock) -> None:
    receiver.answers = [410]
    begin(driver)
    wait(clock, days=1)
    endpoint.refresh_from_db()
    assert (endpoint.state, len(receiver.got)) == ("paused", 1)
    assert open_incidents() == ["A webhook is paused"]
    assert states() == [(kind, "waiting") for kind in WHOLE[:3]]


def test_one_event_that_is_never_taken_holds_up_its_own_session_alone(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    first = begin(driver)
    cpo.session(0, created=True)
    driver.stop(first)
    receiver.refuses = lambda event: event["data"].get("id") == str(first.pk) and event["type"] == "session.authorized"
    push(clock)
    cpo.session(0, "COMPLETED")
    clock.forward(seconds=30)
    second = begin(driver)
    for _ in range(40):
        wait(clock, hours=2)
        endpoints.send_test(endpoint)
    bad = WebhookDelivery.objects.get(kind="session.authorized", subject=f"session:{first.pk}")
    assert (bad.state, bad.tries, len(bad.answers)) == ("given_up", 10, 10)
    assert "A client does not take an event" in open_incidents()
    after = WebhookDelivery.objects.filter(subject=bad.subject, pk__gt=bad.pk)
    assert set(after.values_list("state", "next_check_at")) == {("waiting", None)}
    assert not WebhookDelivery.objects.filter(subject=f"session:{second.pk}").exclude(state="taken").exists()
    endpoint.refresh_from_db()
    assert endpoint.state == "on"
    before = len(receiver.got)
    assert delivering.leave_out(bad.pk)
    assert not delivering.leave_out(bad.pk)
    push(clock)
    told = [event["type"] for _id, event in receiver.got[before:] if event["data"].get("id") == str(first.pk)]
    assert told == list(after.order_by("pk").values_list("kind", flat=True))
    assert "A client does not take an event" not in open_incidents()


def test_a_worker_that_died_before_or_after_the_call_is_made_good_in_order(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock, waiting_tasks: Any
) -> None:
    begin(driver)
    # Handed out, and the message is lost.
    assert push_webhooks_tick() == 3
    from tests.support import tasks

    tasks.purge()
    wait(clock, seconds=59)
    assert receiver.got == []
    # Then one takes the first event and dies under its lease.
    first = WebhookDelivery.objects.earliest("pk")
    clock.traveller.move_to(clock.now() + timedelta(seconds=2))
    until = take_lease(WebhookDelivery.objects.filter(pk=first.pk), delivering.LEASE, None, held=True)
    assert until is not None
    push(clock)
    assert receiver.got == []
    parked = WebhookDelivery.objects.exclude(pk=first.pk)
    assert set(parked.values_list("next_check_at", "held")) == {(None, False)}
    wait(clock, seconds=60)
    assert receiver.kinds() == WHOLE[:3]


def test_a_worker_that_was_believed_dead_changes_nothing(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock
) -> None:
    begin(driver)
    first = WebhookDelivery.objects.earliest("pk")
    held = clock.now() - timedelta(minutes=1)
    assert delivering._deliver(first.pk, held) is None
    assert receiver.kinds() == WHOLE[:1]
    first.refresh_from_db()
    assert (first.state, first.tries, first.answers) == ("waiting", 0, [])
    push(clock)
    assert receiver.kinds() == [WHOLE[0], *WHOLE[:3]]


def test_two_workers_with_one_event_send_it_once(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock
) -> None:
    begin(driver)
    first = WebhookDelivery.objects.earliest("pk")
    assert claim_due(WebhookDelivery, now=clock.now(), lease=delivering.QUEUE_LEASE, limit=10)
    held = clock.now() + delivering.QUEUE_LEASE
    assert delivering.deliver(first.pk, held) == 3 - WebhookDelivery.objects.filter(next_check_at=held).count()
    assert delivering.deliver(first.pk, held) == 0
    assert receiver.kinds()[:1] == WHOLE[:1]
    wait(clock, minutes=2)
    assert receiver.kinds() == WHOLE[:3]


def test_off_keeps_events_and_on_sends_them(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock
) -> None:
    assert endpoints.turn_off(endpoint.pk, "They move house.")
    begin(driver)
    wait(clock, days=10)
    assert receiver.got == []
    assert endpoints.turn_on(endpoint.pk)
    push(clock)
    assert receiver.kinds() == WHOLE[:3]


def test_a_revoked_client_is_told_nothing(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock
) -> None:
    begin(driver)
    revoke_client_key(ClientKey.objects.get(name="app"))
    known = WebhookDelivery.objects.count()
    wait(clock, hours=1)
    clock.forward(minutes=20)
    assert (receiver.got, WebhookDelivery.objects.count()) == ([], known)


def test_while_the_secret_is_replaced_either_fits(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock
) -> None:
    old, new = receiver.secret, endpoints.rotate(endpoint.pk)
    begin(driver)
    push(clock)
    receiver.secret = new
    assert delivering.send_all_again(endpoint.pk, clock.now() - timedelta(hours=1)) == 3
    push(clock)
    assert receiver.signed == [2] * 6
    assert receiver.got[:3] == receiver.got[3:]
    clock.traveller.move_to(clock.now() + endpoints.OLD_SECRET_LIFE)
    endpoints.send_test(endpoint)
    push(clock)
    assert (receiver.signed[6:], receiver.kinds()[6:]) == ([1], ["webhook.test"])
    endpoint.refresh_from_db()
    assert old not in str(bytes(endpoint.secret)) + str(endpoint.old_secret)
    newest = endpoints.rotate(endpoint.pk)
    assert endpoints.forget_old_secret(endpoint.pk)
    assert not endpoints.forget_old_secret(endpoint.pk)
    receiver.secret = newest
    endpoints.send_test(endpoint)
    push(clock)
    assert receiver.signed[7:] == [1]


def test_what_is_sent_again_keeps_its_id_and_order(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    begin(driver)
    push(clock)
    clock.traveller.move_to(clock.now() + timedelta(hours=1))
    since = clock.now()
    cpo.session(0, created=True)
    clock.forward(seconds=2)
    push(clock)
    seen = list(receiver.got)
    later = [one for one in seen if one[1]["timestamp"] >= since.isoformat()]
    assert 0 < len(later) < len(seen)
    assert delivering.send_all_again(endpoint.pk, since) == len(later)
    push(clock)
    assert receiver.got[len(seen) :] == later
    assert delivering.send_again(WebhookDelivery.objects.earliest("pk").pk)
    push(clock)
    assert receiver.got[-1] == seen[0]


def test_a_test_event_is_tried_once_and_tells_nobody(
    endpoint: WebhookEndpoint, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [500]
    endpoints.send_test(endpoint)
    wait(clock, days=1)
    assert (receiver.kinds(), states()) == (["webhook.test"], [("webhook.test", "given_up")])
    assert Incident.objects.count() == 0
    endpoint.refresh_from_db()
    assert endpoint.failures == 0


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/a", "without TLS"),
        ("https://", "not a complete"),
        ("ftp://hooks.example", "not a complete"),
        ("https://user:secret@hooks.example/", "not a complete"),
        ("https://hooks.example/#a", "no fragment"),
        ("https://hooks.example/a b", "no spaces"),
        ("https://hooks.example:99999/", "is not a URL"),
        (f"https://hooks.example/{'a' * 500}", "no spaces"),
    ],
)
def test_what_is_no_address(driver: Driver, settings: Settings, url: str, why: str) -> None:
    settings.OCPI_ALLOW_INSECURE_PARTNERS = False
    with pytest.raises(endpoints.NoSuchAddress, match=why):
        endpoints.create(ClientKey.objects.get(name="app"), url)
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"])
def test_a_private_address_is_never_called(
    driver: Driver, clock: Clock, settings: Settings, host: str, receiver: Receiver
) -> None:
    settings.OCPI_ALLOW_INSECURE_PARTNERS = False
    port = receiver.url.rsplit(":", 1)[1]
    made, receiver.secret = endpoints.create(ClientKey.objects.get(name="app"), f"https://{host}:{port}")
    endpoints.send_test(made)
    push(clock)
    row = WebhookDelivery.objects.get()
    assert (row.state, row.answers[0]["status"], receiver.got) == ("given_up", 0, [])
    assert "no public address" in row.answers[0]["text"]


def test_a_client_has_five_at_most(driver: Driver) -> None:
    client = ClientKey.objects.get(name="app")
    for number in range(5):
        endpoints.create(client, f"http://127.0.0.1/{number}")
    with pytest.raises(endpoints.NoSuchAddress, match="at most 5"):
        endpoints.create(client, "http://127.0.0.1/6")


def test_what_is_old_is_deleted_and_what_waits_is_not(
    endpoint: WebhookEndpoint, receiver: Receiver, driver: Driver, clock: Clock
) -> None:
    begin(driver)
    push(clock)
    endpoints.turn_off(endpoint.pk, "")
    endpoints.send_test(endpoint)
    clock.traveller.move_to(clock.now() + delivering.KEPT + timedelta(seconds=1))
    assert sync_webhooks_clean() == 3
    assert states() == [("webhook.test", "waiting")]


def test_the_tick_costs_the_same_however_much_waits(
    endpoint: WebhookEndpoint, receiver: Receiver, clock: Clock, django_assert_num_queries: Any
) -> None:
    from django.db import connection

    endpoints.turn_off(endpoint.pk, "")
    for _ in range(20):
        endpoints.send_test(endpoint)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert push_webhooks_tick() == 0
    assert len(caught) == 1


def test_state_is_as_without(driver: Driver, endpoint: WebhookEndpoint, cpo: Cpo, clock: Clock) -> None:
    session = begin(driver)
    charge(cpo, clock)
    assert state(session)[0] == "settled"
