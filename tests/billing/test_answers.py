"""What each answer of a gateway leads to, also the ones that the simulated gateway never gives."""

from datetime import timedelta
from typing import Any

import pytest
from time_machine import Traveller

from billing import receivers
from billing.gateways import GatewayAnswer, GatewayUnreachable, Outcome
from billing.models import PaymentAuthorization
from billing.payments import services
from tests.billing.conftest import START, ScriptedGateway, drive_until_quiet, fresh, opened

pytestmark = pytest.mark.django_db

RESERVED = GatewayAnswer(Outcome.DONE, gateway_reference="ch_1", amount=4000, expires_at=START + timedelta(days=7))
LOST = GatewayUnreachable("read timed out", might_have_arrived=True)
UNHEARD = GatewayUnreachable("connection refused", might_have_arrived=False)
UNKNOWN = GatewayAnswer(Outcome.UNKNOWN_KEY)
PENDING = GatewayAnswer(Outcome.PENDING, gateway_reference="ch_1")


@pytest.fixture
def held(scripted: ScriptedGateway, clock: Traveller) -> PaymentAuthorization:
    """An authorization reserved at the scripted gateway, which then knows of no more questions."""
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers.append(RESERVED)
    services.drive(row.pk)
    scripted.asked.clear()
    return fresh(row)


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (GatewayAnswer(Outcome.DECLINED), "declined", "declined"),
        (GatewayAnswer(Outcome.REFUSED), "failed", "refused"),
        (GatewayAnswer(Outcome.REFUSED, code="no_such_currency"), "failed", "no_such_currency"),
        (GatewayAnswer(Outcome.EXPIRED), "expired", "reservation_expired"),
        (PENDING, "reserving", ""),
        (UNKNOWN, "reserving", ""),
        (LOST, "reserving", ""),
        (GatewayAnswer(Outcome.DONE), "reserving", "gateway_contradiction"),
        (RESERVED, "reserved", ""),
    ],
)
def test_answers_to_a_reservation(
    scripted: ScriptedGateway, clock: Traveller, answer: GatewayAnswer | GatewayUnreachable, state: str, code: str
) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers.append(answer)
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).failure_code) == (state, code)


def test_a_reservation_of_another_amount_is_released(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers += [
        GatewayAnswer(Outcome.DONE, gateway_reference="ch_1", amount=9999),
        GatewayAnswer(Outcome.DONE),
    ]
    row = drive_until_quiet(row, clock)
    assert (row.state, row.failure_code) == ("released", "gateway_contradiction")
    assert row.failure_message == "Asked to reserve 4000, the gateway reserved 9999."
    assert scripted.asked == [("open", "reserve"), ("release", "release")]


def test_a_gateway_that_does_not_say_when_a_reservation_ends_is_given_seven_days(
    scripted: ScriptedGateway, clock: Traveller
) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers.append(GatewayAnswer(Outcome.DONE, gateway_reference="ch_1"))
    services.drive(row.pk)
    assert fresh(row).expires_at == START + timedelta(days=7)
    assert fresh(row).next_check_at == START + timedelta(days=6)


def test_it_looks_up_before_it_asks_again_and_asks_only_what_never_arrived(
    scripted: ScriptedGateway, clock: Traveller
) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers += [LOST, UNKNOWN, RESERVED]
    row = drive_until_quiet(row, clock)
    assert row.state == "reserved"
    assert scripted.asked == [("open", "reserve"), ("lookup", "reserve"), ("open", "reserve")]


def test_it_asks_at_once_where_nothing_was_heard(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers += [UNHEARD, RESERVED]
    row = drive_until_quiet(row, clock)
    assert row.state == "reserved"
    assert scripted.asked == [("open", "reserve"), ("open", "reserve")]


def test_it_waits_longer_and_longer(scripted: ScriptedGateway, held: PaymentAuthorization, clock: Traveller) -> None:
    services.request_capture(held.pk, 100)
    waits = []
    for _ in range(11):
        scripted.answers.append(LOST)
        services.drive(held.pk)
        row = fresh(held)
        assert row.next_check_at is not None
        waits.append(int((row.next_check_at - row.updated_at).total_seconds()))
        clock.move_to(row.next_check_at)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_it_gives_a_reservation_up_and_voids_what_may_have_arrived(
    scripted: ScriptedGateway, clock: Traveller, news: list[tuple[str, str]]
) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers += [LOST] * 6
    for _ in range(6):
        services.drive(row.pk)
        clock.move_to(fresh(row).next_check_at)
    assert fresh(row).state == "releasing"
    scripted.answers += [RESERVED, GatewayAnswer(Outcome.DONE)]
    row = drive_until_quiet(row, clock)
    assert row.state == "released"
    assert scripted.asked[-2:] == [("lookup", "reserve"), ("release", "release")]
    assert news == [("session-1", "releasing"), ("session-1", "released")]


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.PENDING])
def test_voiding_waits_for_a_gateway_that_names_no_charge(
    scripted: ScriptedGateway, clock: Traveller, outcome: Outcome
) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers += [LOST]
    services.drive(row.pk)
    services.request_release(row.pk)
    scripted.answers += [GatewayAnswer(outcome), GatewayAnswer(Outcome.DECLINED)]
    row = drive_until_quiet(row, clock)
    assert row.state == "released"
    assert scripted.asked[1:] == [("lookup", "reserve"), ("lookup", "reserve")]


@pytest.mark.parametrize(
    ("answer", "state", "captured", "code"),
    [
        (GatewayAnswer(Outcome.DONE), "captured", 1500, ""),
        (GatewayAnswer(Outcome.DONE, captured_amount=1500), "captured", 1500, ""),
        (GatewayAnswer(Outcome.DONE, captured_amount=1400), "captured", 1400, "gateway_contradiction"),
        (GatewayAnswer(Outcome.DONE, captured_amount=4001), "capturing", 0, "gateway_contradiction"),
        (GatewayAnswer(Outcome.DONE, captured_amount=0), "capturing", 0, "gateway_contradiction"),
        (GatewayAnswer(Outcome.REFUSED), "reserved", 0, "refused"),
        (GatewayAnswer(Outcome.DECLINED, code="stolen_card"), "reserved", 0, "stolen_card"),
        (GatewayAnswer(Outcome.EXPIRED), "expired", 0, "reservation_expired"),
        (PENDING, "capturing", 0, ""),
        (LOST, "capturing", 0, ""),
    ],
)
def test_answers_to_a_capture(
    scripted: ScriptedGateway,
    held: PaymentAuthorization,
    answer: GatewayAnswer | GatewayUnreachable,
    state: str,
    captured: int,
    code: str,
) -> None:
    services.request_capture(held.pk, 1500)
    scripted.answers.append(answer)
    services.drive(held.pk)
    row = fresh(held)
    assert (row.state, row.captured_amount, row.failure_code) == (state, captured, code)


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (GatewayAnswer(Outcome.DONE), "released", ""),
        (GatewayAnswer(Outcome.EXPIRED), "released", ""),
        (GatewayAnswer(Outcome.REFUSED, code="already_captured"), "reserved", "already_captured"),
        (GatewayAnswer(Outcome.DECLINED), "reserved", "refused"),
        (PENDING, "releasing", ""),
        (LOST, "releasing", ""),
    ],
)
def test_answers_to_a_release(
    scripted: ScriptedGateway,
    held: PaymentAuthorization,
    answer: GatewayAnswer | GatewayUnreachable,
    state: str,
    code: str,
) -> None:
    services.request_release(held.pk)
    scripted.answers.append(answer)
    services.drive(held.pk)
    assert (fresh(held).state, fresh(held).failure_code) == (state, code)


def test_a_refused_release_may_be_asked_for_again_with_a_new_key(
    scripted: ScriptedGateway, held: PaymentAuthorization
) -> None:
    services.request_release(held.pk)
    scripted.answers += [GatewayAnswer(Outcome.REFUSED, code="busy"), GatewayAnswer(Outcome.DONE)]
    services.drive(held.pk)
    services.request_release(held.pk)
    services.drive(held.pk)
    assert fresh(held).state == "released"
    assert scripted.asked == [("release", "release"), ("release", "release:2")]


@pytest.mark.parametrize(
    ("answer", "state", "next_check"),
    [
        (GatewayAnswer(Outcome.EXPIRED), "expired", None),
        (GatewayAnswer(Outcome.REFUSED), "expired", None),
        (GatewayAnswer(Outcome.DONE), "reserved", timedelta(days=7, hours=1)),
        (GatewayAnswer(Outcome.DONE, expires_at=START + timedelta(days=9)), "reserved", timedelta(days=9)),
        (LOST, "reserved", timedelta(days=7, seconds=2)),
        (UNKNOWN, "reserved", timedelta(days=7, seconds=2)),
    ],
)
def test_answers_at_the_end_of_a_reservation(
    scripted: ScriptedGateway,
    held: PaymentAuthorization,
    clock: Traveller,
    answer: GatewayAnswer | GatewayUnreachable,
    state: str,
    next_check: timedelta | None,
) -> None:
    assert held.next_check_at == START + timedelta(days=6)  # a day before: rule 28
    clock.move_to(held.next_check_at)
    services.drive(held.pk)
    assert (fresh(held).expiry_warned_at, scripted.asked) == (START + timedelta(days=6), [])

    clock.move_to(START + timedelta(days=7))
    scripted.answers.append(answer)
    services.drive(held.pk)
    row = fresh(held)
    assert row.state == state
    assert row.next_check_at == (START + next_check if next_check else None)
    assert scripted.asked == [("lookup", "reserve")]


@pytest.mark.parametrize("answer", [GatewayAnswer(Outcome.DONE), LOST])
def test_capture_is_asked_for_while_the_expiry_is_being_looked_up(
    scripted: ScriptedGateway,
    held: PaymentAuthorization,
    clock: Traveller,
    monkeypatch: pytest.MonkeyPatch,
    answer: GatewayAnswer | GatewayUnreachable,
) -> None:
    clock.move_to(held.expires_at)
    tell = scripted._answer

    def captured_meanwhile(verb: Any, key: Any) -> GatewayAnswer:
        monkeypatch.setattr(scripted, "_answer", tell)
        services.request_capture(held.pk, 1500)
        return tell(verb, key)

    monkeypatch.setattr(scripted, "_answer", captured_meanwhile)
    scripted.answers += [answer, GatewayAnswer(Outcome.DONE)]
    services.drive(held.pk)
    assert fresh(held).state == "capturing"
    services.drive(held.pk)
    assert fresh(held).state == "captured"
    assert scripted.asked == [("lookup", "reserve"), ("capture", "capture")]


def test_people_are_told_when_money_neither_comes_nor_goes(
    scripted: ScriptedGateway, held: PaymentAuthorization, clock: Traveller, news: list[tuple[str, str]]
) -> None:
    services.request_capture(held.pk, 1500)
    for attempt in range(1, 10):
        scripted.answers.append(LOST)
        services.drive(held.pk)
        row = fresh(held)
        assert services.is_stuck(row) is (attempt >= 8)
        clock.move_to(row.next_check_at)
    assert news == [("session-1", "capturing")] * 2


def test_capture_is_asked_for_while_the_warning_is_being_written(
    scripted: ScriptedGateway, held: PaymentAuthorization, clock: Traveller
) -> None:
    """The owner's lock is taken first; whatever was committed until then counts."""
    row = fresh(held)
    clock.move_to(row.next_check_at)

    def captured_meanwhile(_reference: Any) -> None:
        if fresh(held).state == "reserved":
            services.request_capture(held.pk, 1500)

    def receive(_authorization: Any) -> None:
        """Only the lock matters here."""

    receivers.on_authorization_changed(receive, lock_first=captured_meanwhile)
    try:
        services.drive(held.pk)
        assert (fresh(held).state, fresh(held).expiry_warned_at) == ("capturing", None)
        scripted.answers.append(GatewayAnswer(Outcome.DONE))
        services.drive(held.pk)
    finally:
        receivers.forget(receive, lock_first=captured_meanwhile)
    assert fresh(held).state == "captured"
