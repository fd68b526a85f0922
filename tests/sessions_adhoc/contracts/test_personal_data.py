"""A driver of our own contracts is found by the contract: everything that is kept of it is told."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from billing.models import PaymentAuthorization
from sessions_adhoc.models import AdHocSession, ContractRecord
from tests.sessions_adhoc.conftest import Clock, Cpo
from tests.sessions_adhoc.contracts.conftest import CONTRACT, Card, Office, make_token

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("personal_data", *arguments, stdout=out)
    return out.getvalue()


def export(contract: str) -> Any:
    return json.loads(run("export", "--contract", contract))


def test_what_operators_told_of_its_charges_is_told(card: Card, office: Office, clock: Clock) -> None:
    card.charge(clock)
    card.cdr(6.03)
    clock.forward(seconds=1)
    other = make_token("CARD-2", "SK-SFP-C00000043-1")
    [told] = export(CONTRACT.lower())
    assert [(one["uid"], one["contract_id"]) for one in told["tokens"]] == [("CARD-1", CONTRACT)]
    assert [(one["kind"], one["number"], one["told_by_the_operator"]["id"]) for one in told["charges"]] == [
        (row.kind, row.number, "C-1" if row.kind == "session" else "CDR-1")
        for row in ContractRecord.objects.order_by("pk")
    ]
    assert {one["contract_id"] for one in told["charges"]} == {CONTRACT}
    [told] = export(other.contract_id)
    assert ([one["uid"] for one in told["tokens"]], told["charges"]) == (["CARD-2"], [])
    with pytest.raises(CommandError, match="Nothing is known of this driver"):
        export("SK-SFP-NOBODY")


def test_what_it_started_with_us_is_told_and_forgotten(
    card: Card, cpo: Cpo, office: Office, clock: Clock, settings: Settings
) -> None:
    settings.PAYMENT_ROUTES = ["channel=contract:simulated"]
    body = {"evse": "SK*ION*EEVSE-1", "token": card.token.uid, "payment_method": "pm_sim_ok"}
    assert office.call("POST", "charging-sessions/", body).status_code == 201
    clock.run_tasks()
    PaymentAuthorization.objects.update(card="4242")
    session = AdHocSession.objects.get()
    told, contract = export(CONTRACT)
    assert (told["session"], told["payments"][0]["card"], contract["contract"]) == (str(session.pk), "4242", CONTRACT)
    with pytest.raises(CommandError, match="1 of 1 charges are not at rest"):
        run("erase", "--contract", CONTRACT, "--by", "anna", "--reason", "Asked.")
