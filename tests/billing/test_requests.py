"""The request verbs: what may follow what, asking twice, and what is enqueued."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings
from time_machine import Traveller

from billing.models import PaymentAuthorization, PaymentEvent
from billing.payments import services
from billing.payments.services import MoneyConflict
from tests.billing.conftest import ScriptedGateway, books, calls, drive_until_quiet, fresh, opened, reserved, story
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db


def in_state(state: Any, clock: Traveller) -> PaymentAuthorization:
    """An authorization in that state, brought there by the verbs and the clock."""
    tokens = {"declined": "pm_sim_declined", "failed": "pm_sim_unreachable", "expired": "pm_sim_expires"}
    row = opened(tokens.get(state, "pm_sim_ok"))
    if state != "created":
        services.request_reserve(row.pk)
    if state not in ("created", "reserving"):
        drive_until_quiet(row, clock)
    if state == "expired":
        clock.move_to(fresh(row).expires_at)
        services.drive(row.pk)
    if state in ("capturing", "captured"):
        services.request_capture(row.pk, 1500)
    if state in ("releasing", "released"):
        services.request_release(row.pk)
    if state in ("captured", "released"):
        services.drive(row.pk)
    row = fresh(row)
    assert row.state == state
    return row


# What each verb makes of each state: the new state, None where nothing happens, or a conflict.
NOTHING, CONFLICT = None, MoneyConflict
STATES = (
    "created", "reserving", "reserved", "capturing", "captured",
    "releasing", "released", "declined", "failed", "expired",
)  # fmt: skip
EXPECTED = {
    "reserve": (
        "reserving", NOTHING, NOTHING, NOTHING, NOTHING,
        CONFLICT, CONFLICT, CONFLICT, CONFLICT, CONFLICT,
    ),
    "capture": (
        CONFLICT, CONFLICT, "capturing", NOTHING, NOTHING,
        CONFLICT, CONFLICT, CONFLICT, CONFLICT, CONFLICT,
    ),
    "release": (
        "released", "released", "releasing", CONFLICT, CONFLICT,
        NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
    ),
}  # fmt: skip
VERBS = {
    "reserve": services.request_reserve,
    "capture": lambda pk: services.request_capture(pk, 1500),
    "release": services.request_release,
}


@pytest.mark.parametrize(
    ("verb", "state", "expected"),
    [(verb, state, row[i]) for verb, row in EXPECTED.items() for i, state in enumerate(STATES)],
)
def test_each_verb_in_each_state(
    verb: Any, state: Any, expected: Any, clock: Traveller, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    row = in_state(state, clock)
    history, gateway, queued = story(row), books(), len(waiting_tasks())

    if expected is CONFLICT:
        with pytest.raises(MoneyConflict, match=f"session-1 is {state}"):
            VERBS[verb](row.pk)
        assert fresh(row).state == state
    else:
        assert VERBS[verb](row.pk).state == fresh(row).state == (expected or state)

    changed = expected not in (CONFLICT, NOTHING)
    assert story(row) == history + ([("requested", expected, "")] if changed else [])
    driven = [("billing.tasks.drive", (str(row.pk),))] if changed and expected != "released" else []
    assert waiting_tasks()[queued:] == driven
    assert books() == gateway


def newest_event(row: PaymentAuthorization) -> PaymentEvent:
    event = row.events.last()
    assert event is not None
    return event


def test_it_is_due_at_once_when_something_is_asked(clock: Traveller) -> None:
    row = opened()
    assert row.next_check_at is None
    row = services.request_reserve(row.pk)
    assert row.next_check_at == row.state_since == newest_event(row).at


def test_it_runs_to_the_end_by_its_own_messages(run_tasks: Callable[..., list[Ran]]) -> None:
    row = opened()
    services.request_reserve(row.pk)
    assert run_tasks() == [("billing.tasks.drive", (str(row.pk),))]
    services.request_capture(row.pk, 777)
    assert run_tasks() == [("billing.tasks.drive", (str(row.pk),))]
    assert (fresh(row).state, fresh(row).captured_amount) == ("captured", 777)


def test_it_keeps_the_reason(clock: Traveller) -> None:
    row = reserved()
    services.request_release(row.pk, reason="the driver went away")
    assert newest_event(row).message == "release: the driver went away"


@pytest.mark.parametrize("amount", [4001, -1])
def test_it_captures_no_more_than_was_reserved_and_nothing_negative(amount: int) -> None:
    row = reserved()
    with pytest.raises(MoneyConflict, match="4000 reserved"):
        services.request_capture(row.pk, amount)
    assert fresh(row).state == "reserved"


def test_it_captures_everything_that_was_reserved() -> None:
    row = reserved()
    services.request_capture(row.pk, 4000)
    services.drive(row.pk)
    assert books() == [("captured", 4000, 4000, 0)]


def test_capturing_nothing_is_a_release() -> None:
    row = reserved()
    assert services.request_capture(row.pk, 0, reason="no energy").state == "releasing"
    services.drive(row.pk)
    assert books() == [("released", 4000, 0, 4000)]
    assert calls() == {"reserve": 1, "release": 1}


def test_another_amount_is_a_conflict_while_capturing_and_afterwards() -> None:
    row = reserved()
    services.request_capture(row.pk, 1000)
    with pytest.raises(MoneyConflict, match="capturing: 999 cannot be captured"):
        services.request_capture(row.pk, 999)
    services.drive(row.pk)
    with pytest.raises(MoneyConflict, match="captured: 999 cannot be captured"):
        services.request_capture(row.pk, 999)
    assert fresh(row).captured_amount == 1000


def test_what_the_caller_undoes_did_not_happen(waiting_tasks: Callable[[], list[Ran]]) -> None:
    row = reserved()
    queued = len(waiting_tasks())
    with transaction.atomic():
        services.request_capture(row.pk, 1000)
        transaction.set_rollback(True)
    assert fresh(row).state == "reserved"
    assert waiting_tasks()[queued:] == []


def test_opening_twice_with_the_same_terms_is_opening_once() -> None:
    first, second = opened(), opened(currency="eur")
    assert first == second
    assert PaymentEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"amount": 5000}, "another amount"),
        ({"currency": "CZK"}, "another currency"),
        ({"payment_method": "pm_sim_slow"}, "another payment_method"),
        ({"amount": 1, "currency": "CZK"}, "another amount and currency"),
    ],
)
def test_opening_with_other_terms_is_a_conflict(more: Any, said: str) -> None:
    opened()
    with pytest.raises(MoneyConflict, match=said):
        opened(**{"payment_method": "pm_sim_ok"} | more)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"amount": 0}, ValueError),
        ({"amount": -5}, ValueError),
        ({"currency": "EURO"}, ValueError),
        ({"payment_method": ""}, ValueError),
        ({"gateway": "nobody"}, LookupError),
    ],
)
def test_it_refuses_terms_that_make_no_sense(more: Any, error: type[ValueError] | type[LookupError]) -> None:
    with pytest.raises(error):
        opened(**{"payment_method": "pm_sim_ok"} | more)
    assert not PaymentAuthorization.objects.exists()


def test_new_authorizations_use_the_configured_gateway(settings: Settings, scripted: ScriptedGateway) -> None:
    settings.PAYMENT_GATEWAY = "scripted"
    assert opened().gateway == "scripted"
    assert opened(reference="session-2", gateway="simulated").gateway == "simulated"
