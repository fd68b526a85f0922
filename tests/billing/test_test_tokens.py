"""Each test token of the simulated gateway, from opening to the end, with the gateway's own books."""

import pytest
from time_machine import Traveller

from billing.gateways.simulated import TEST_TOKENS
from billing.payments import services
from tests.billing.conftest import books, calls, drive_until_quiet, fresh, opened, reserved, story

pytestmark = pytest.mark.django_db


def test_it_reserves_and_captures_a_part_and_the_rest_is_released(
    clock: Traveller, news: list[tuple[str, str]]
) -> None:
    row = reserved("pm_sim_ok")
    assert (row.state, row.captured_amount, row.failure_code) == ("reserved", 0, "")
    assert row.gateway_reference.startswith("sim_")
    assert books() == [("reserved", 4000, 0, 0)]

    services.request_capture(row.pk, 1234)
    services.drive(row.pk)

    row = fresh(row)
    assert (row.state, row.captured_amount, row.next_check_at) == ("captured", 1234, None)
    assert books() == [("captured", 4000, 1234, 2766)]
    assert calls() == {"reserve": 1, "capture": 1}
    assert story(row) == [
        ("opened", "created", ""),
        ("requested", "reserving", ""),
        ("asked", "reserving", ""),
        ("answered", "reserved", "done"),
        ("requested", "capturing", ""),
        ("asked", "capturing", ""),
        ("answered", "captured", "done"),
    ]
    assert news == [("session-1", "reserved"), ("session-1", "captured")]


def test_it_reserves_and_releases_everything(clock: Traveller, news: list[tuple[str, str]]) -> None:
    row = reserved("pm_sim_ok")
    services.request_release(row.pk)
    services.drive(row.pk)
    assert fresh(row).state == "released"
    assert books() == [("released", 4000, 0, 4000)]
    assert calls() == {"reserve": 1, "release": 1}
    assert news == [("session-1", "reserved"), ("session-1", "released")]


def test_it_waits_for_a_slow_gateway_and_never_asks_twice(clock: Traveller, news: list[tuple[str, str]]) -> None:
    row = opened("pm_sim_slow")
    services.request_reserve(row.pk)
    services.drive(row.pk)
    assert fresh(row).state == "reserving"
    assert books() == [("pending", 4000, 0, 0)]
    assert news == []

    row = drive_until_quiet(row, clock)
    assert row.state == "reserved"
    services.request_capture(row.pk, 4000)
    services.drive(row.pk)
    assert fresh(row).state == "capturing"
    assert books() == [("reserved", 4000, 0, 0)]

    row = drive_until_quiet(row, clock)
    assert (row.state, row.captured_amount) == ("captured", 4000)
    assert books() == [("captured", 4000, 4000, 0)]
    assert calls() == {"reserve": 1, "capture": 1}
    assert news == [("session-1", "reserved"), ("session-1", "captured")]


def test_it_releases_slowly(clock: Traveller) -> None:
    row = opened("pm_sim_slow")
    services.request_reserve(row.pk)
    row = drive_until_quiet(row, clock)
    services.request_release(row.pk)
    row = drive_until_quiet(row, clock)
    assert row.state == "released"
    assert books() == [("released", 4000, 0, 4000)]
    assert calls() == {"reserve": 1, "release": 1}


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_sim_declined", "card_declined"),
        ("pm_sim_insufficient_funds", "insufficient_funds"),
        ("pm_of_somebody_else", "unknown_payment_method"),
    ],
)
def test_it_ends_declined(clock: Traveller, news: list[tuple[str, str]], token: str, code: str) -> None:
    row = reserved(token)
    assert (row.state, row.failure_code, row.next_check_at) == ("declined", code, None)
    assert row.failure_message == f"The bank declined: {code.replace('_', ' ')}."
    assert books() == [("declined", 4000, 0, 0)]
    assert calls() == {"reserve": 1}
    assert news == [("session-1", "declined")]


def test_it_gives_up_on_a_gateway_that_certainly_heard_nothing(clock: Traveller, news: list[tuple[str, str]]) -> None:
    row = opened("pm_sim_unreachable")
    services.request_reserve(row.pk)
    row = drive_until_quiet(row, clock)
    assert (row.state, row.failure_code) == ("failed", "gateway_unreachable")
    assert books() == []
    assert news == [("session-1", "failed")]
    assert [action for action, _, _ in story(row)].count("unreachable") == 6


def test_it_finds_the_reservation_whose_answer_was_lost(clock: Traveller, news: list[tuple[str, str]]) -> None:
    row = opened("pm_sim_reserves_then_times_out")
    services.request_reserve(row.pk)
    services.drive(row.pk)
    assert fresh(row).state == "reserving"
    assert books() == [("reserved", 4000, 0, 0)]

    row = drive_until_quiet(row, clock)
    assert row.state == "reserved"
    assert calls() == {"reserve": 1}
    assert news == [("session-1", "reserved")]


def test_it_finds_the_capture_whose_answer_was_lost(clock: Traveller, news: list[tuple[str, str]]) -> None:
    row = reserved("pm_sim_captures_then_times_out")
    services.request_capture(row.pk, 999)
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).captured_amount) == ("capturing", 0)
    assert books() == [("captured", 4000, 999, 3001)]

    row = drive_until_quiet(row, clock)
    assert (row.state, row.captured_amount) == ("captured", 999)
    assert calls() == {"reserve": 1, "capture": 1}
    assert news == [("session-1", "reserved"), ("session-1", "captured")]


def test_it_warns_halfway_through_a_short_reservation_and_then_expires(
    clock: Traveller, news: list[tuple[str, str]]
) -> None:
    row = reserved("pm_sim_expires")
    assert row.state == "reserved"
    assert row.next_check_at is not None
    assert (row.next_check_at - row.state_since).total_seconds() == 30

    clock.move_to(row.next_check_at)
    services.drive(row.pk)
    row = fresh(row)
    assert (row.state, row.next_check_at) == ("reserved", row.expires_at)
    assert row.expiry_warned_at is not None

    clock.move_to(row.expires_at)
    services.drive(row.pk)
    row = fresh(row)
    assert (row.state, row.failure_code, row.next_check_at) == ("expired", "reservation_expired", None)
    assert books() == [("expired", 4000, 0, 4000)]
    assert news == [("session-1", "reserved"), ("session-1", "reserved"), ("session-1", "expired")]


def test_it_keeps_the_money_reserved_when_the_capture_is_refused_and_may_still_release_it(
    clock: Traveller, news: list[tuple[str, str]]
) -> None:
    row = reserved("pm_sim_capture_refused")
    services.request_capture(row.pk, 1000)
    services.drive(row.pk)
    row = fresh(row)
    assert (row.state, row.failure_code, row.capture_amount) == ("reserved", "capture_refused", None)
    assert row.next_check_at is not None
    assert books() == [("reserved", 4000, 0, 0)]

    services.request_capture(row.pk, 900)
    services.drive(row.pk)
    assert calls() == {"reserve": 1, "capture": 1, "capture:2": 1}

    services.request_release(row.pk)
    services.drive(row.pk)
    row = fresh(row)
    assert (row.state, row.failure_code) == ("released", "capture_refused")
    assert books() == [("released", 4000, 0, 4000)]
    assert news[1:] == [("session-1", "reserved"), ("session-1", "reserved"), ("session-1", "released")]


def test_it_describes_every_test_token() -> None:
    assert set(TEST_TOKENS) == {
        "pm_sim_ok",
        "pm_sim_slow",
        "pm_sim_declined",
        "pm_sim_insufficient_funds",
        "pm_sim_unreachable",
        "pm_sim_reserves_then_times_out",
        "pm_sim_captures_then_times_out",
        "pm_sim_expires",
        "pm_sim_capture_refused",
        "pm_sim_refund_refused",
        "pm_sim_raise_refused",
        "pm_sim_refunds_then_times_out",
    }
    assert all(token.description.endswith(".") for token in TEST_TOKENS.values())
