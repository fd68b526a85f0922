"""What the database itself refuses, whatever the code above it does; and the system checks."""

from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import DatabaseError, IntegrityError, connection, transaction
from django_fsm import TransitionNotAllowed
from pytest_django import Settings

from billing.models import PaymentAuthorization, PaymentEvent, SimulatedCharge
from tests.billing.conftest import START, ScriptedGateway, fresh, opened, reserved

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"amount": 0}, "amount_positive"),
        ({"captured_amount": 4001, "state": "captured", "next_check_at": None}, "captured_within_amount"),
        ({"captured_amount": 1}, "captured_only_when_captured"),
        ({"state": "captured", "next_check_at": None}, "captured_only_when_captured"),
        ({"capture_amount": 4001}, "capture_within_amount"),
        ({"capture_amount": 0}, "capture_within_amount"),
        ({"next_check_at": None}, "watched_has_deadline"),
        ({"state": "released"}, "watched_has_deadline"),
    ],
)
def test_the_books_cannot_be_made_to_lie(change: Any, constraint: str) -> None:
    row = reserved()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PaymentAuthorization.objects.filter(pk=row.pk).update(**change)
    assert fresh(row).state == "reserved"


def test_one_authorization_for_one_reference() -> None:
    opened()
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentAuthorization(reference="session-1", gateway="simulated", amount=1, currency="EUR").save()


def test_the_simulated_acquirer_never_gives_more_than_it_holds() -> None:
    reserved()
    with pytest.raises(IntegrityError, match="never_more_than_reserved"), transaction.atomic():
        SimulatedCharge.objects.update(captured_amount=3000, released_amount=1001)


def test_a_state_is_never_set_by_hand() -> None:
    row = opened()
    with pytest.raises(AttributeError):
        row.state = "captured"
    with pytest.raises(TransitionNotAllowed):
        row.mark_captured(START, 100)


def test_history_is_append_only() -> None:
    event = opened().events.get()
    event.message = "it was otherwise"
    for change in (
        event.save,
        event.delete,
        PaymentEvent.objects.all().delete,
        lambda: PaymentEvent.objects.update(message="it was otherwise"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    assert PaymentEvent.objects.get().message == ""
    assert str(event) == "Opened: - -> created"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_paymentevent SET message = 'it was otherwise'",
        "UPDATE billing_paymentevent SET amount = 1 WHERE id = -1",
        "DELETE FROM billing_paymentevent",
    ],
)
def test_history_is_append_only_in_the_database_too(statement: str) -> None:
    before = list(opened().events.values())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert list(PaymentEvent.objects.values()) == before


def test_an_authorization_says_what_it_is() -> None:
    assert str(reserved()) == "session-1 (Reserved)"


@pytest.mark.parametrize(
    ("gateway", "production", "staging", "ids"),
    [
        ("simulated", False, False, []),
        ("simulated", True, False, ["billing.E002"]),
        ("simulated", True, True, []),
        ("scripted", True, False, []),
        ("scripted", True, True, ["billing.E003"]),
        ("nobody", False, False, ["billing.E001"]),
    ],
)
def test_the_configured_gateway_is_checked(
    settings: Settings, scripted: ScriptedGateway, gateway: str, production: bool, staging: bool, ids: Any
) -> None:
    settings.PAYMENT_GATEWAY, settings.PRODUCTION, settings.STAGING = gateway, production, staging
    assert [
        message.id for message in run_checks(include_deployment_checks=True) if str(message.id).startswith("billing.")
    ] == ids
