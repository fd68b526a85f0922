"""Payments of OCPI 2.3.0, with us as the provider of payment terminals."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi.calls import outgoing, payments
from ocpi.calls.outgoing import Unsupported
from ocpi.models import FinancialAdvice, Terminal, TerminalRequest
from ocpi.versions import Invalid
from partners.models import Partner
from tests.factories import PartnerFactory
from tests.ocpi.cpo import Answer, ScriptedCpo, envelope
from tests.ocpi.modules.conftest import caller, registered
from tests.ocpi.server.conftest import Cpo, answered
from tests.support.processes import eventually
from tests.support.tasks import Ran

TERMINALS, CONFIRMATIONS = "payments/terminals", "payments/financial-advice-confirmations"
DONE = envelope(None, status=201)


@pytest.fixture
def partner(connected: Callable[..., Partner]) -> Partner:
    return connected("2.3.0")


@pytest.fixture
def us(partner: Partner) -> Cpo:
    return caller(partner)


@pytest.fixture
def terminal(cpo: ScriptedCpo, partner: Partner, run_tasks: Callable[..., list[Ran]]) -> Terminal:
    cpo.on("POST /payments/terminals", DONE)
    row = payments.add_terminal(partner, terminal_id="TERM-1", city="Žilina", reference="SN-1")
    run_tasks()
    return row


def advice(partner: Partner, **changes: Any) -> FinancialAdvice:
    arguments = {
        "authorization_reference": "REF-1",
        "before_taxes": Decimal("10.00"),
        "taxes": [{"name": "VAT", "percentage": Decimal(23), "amount": Decimal("2.30")}],
        "currency": "EUR",
        "eft_data": ["Mastercard", "Nr: **** **** **** 1234"],
        "capture_status": "SUCCESS",
    }
    return payments.send_financial_advice(partner=partner, **{**arguments, **changes})


def test_a_new_terminal_is_created_at_the_cpo(cpo: ScriptedCpo, us: Cpo, terminal: Terminal) -> None:
    assert cpo.seen[0].body == answered(us.get(f"{TERMINALS}/term-1"), 200, 1000)
    assert (cpo.seen[0].body["terminal_id"], cpo.seen[0].body["city"]) == ("TERM-1", "Žilina")
    assert TerminalRequest.objects.get().state == "answered"


def test_it_is_tried_until_the_cpo_has_it(
    cpo: ScriptedCpo, partner: Partner, run_tasks: Callable[..., list[Ran]]
) -> None:
    answers = iter([Answer("down", 500), envelope(None, 2001, "not yet"), DONE])
    cpo.on("POST /payments/terminals", lambda _seen: next(answers))
    payments.add_terminal(partner)
    for tries, state in ((1, "unanswered"), (2, "unanswered"), (3, "answered")):
        run_tasks()
        row = TerminalRequest.objects.get()
        assert (row.tries, row.state) == (tries, state)
        TerminalRequest.objects.exclude(next_check_at=None).update(next_check_at=timezone.now() - timedelta(seconds=1))
        outgoing.hand_out_due()
    assert row.next_check_at is None


def test_the_list_in_pages(us: Cpo, partner: Partner, terminal: Terminal) -> None:
    payments.add_terminal(partner, terminal_id="TERM-2")
    response = us.get(f"{TERMINALS}?limit=1")
    assert [one["terminal_id"] for one in answered(response, 200, 1000)] == ["TERM-1"]
    assert response["X-Total-Count"] == "2"
    assert "/payments/terminals?offset=1&limit=1" in response["Link"]
    future = (timezone.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert answered(us.get(f"{TERMINALS}?date_from={future}"), 200, 1000) == []


def test_the_cpo_says_where_a_terminal_stands(us: Cpo, terminal: Terminal) -> None:
    answered(us.patch(f"{TERMINALS}/TERM-1", {"location_ids": ["LOC-1"], "evse_uids": ["E-1"]}), 200, 1000)
    row = Terminal.objects.get()
    assert (row.location_ids, row.evse_uids) == (["LOC-1"], ["E-1"])
    assert row.last_updated > terminal.last_updated
    body = {"customer_reference": "ION", "last_updated": "2021-01-01T00:00:00Z"}  # as in the text's example
    answered(us.put(f"{TERMINALS}/TERM-1", body), 200, 1000)
    found = answered(us.get(f"{TERMINALS}/TERM-1"), 200, 1000)
    assert (found["customer_reference"], found["city"], found["location_ids"]) == ("ION", "Žilina", ["LOC-1"])
    answered(us.patch(f"{TERMINALS}/TERM-1", {"terminal_id": "TERM-9"}), 200, 2001, "the URL says")
    answered(us.patch(f"{TERMINALS}/TERM-1", {"location_ids": "many"}), 200, 1000)  # one stands for a list of one
    answered(us.patch(f"{TERMINALS}/TERM-1", ["x"]), 200, 2001)
    answered(us.patch(f"{TERMINALS}/TERM-9", {}), 404, 2001)


def test_an_unknown_terminal_waits_for_staff(
    cpo: ScriptedCpo, us: Cpo, partner: Partner, run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.on("POST /payments/terminals", DONE)
    answered(us.post(f"{TERMINALS}/activate", {"reference": "SN-7", "location_ids": ["LOC-1"]}), 200, 1000)
    row = Terminal.objects.get()
    assert (row.state, row.location_ids, bool(row.terminal_id)) == ("requested", ["LOC-1"], True)
    answered(us.post(f"{TERMINALS}/activate", {"reference": "SN-7"}), 200, 1000)  # again: nothing new
    run_tasks()
    assert (Terminal.objects.count(), cpo.seen) == (1, [])
    assert payments.approve(row)
    assert not payments.approve(row)
    run_tasks()
    assert cpo.seen[0].body["reference"] == "SN-7"


def test_an_id_that_is_too_long_is_refused_in_words(us: Cpo, partner: Partner) -> None:
    answered(us.post(f"{TERMINALS}/activate", {"terminal_id": "T" * 37}), 200, 2001, "longer than 36 characters")
    assert not Terminal.objects.exists()


def test_deactivating_and_activating_again(
    cpo: ScriptedCpo, us: Cpo, terminal: Terminal, run_tasks: Callable[..., list[Ran]]
) -> None:
    answered(us.post(f"{TERMINALS}/TERM-1/deactivate"), 200, 1000)
    assert Terminal.objects.get().state == "inactive"
    answered(us.post(f"{TERMINALS}/activate", {"terminal_id": "TERM-1", "location_ids": ["LOC-2"]}), 200, 1000)
    run_tasks()
    row = Terminal.objects.get()
    assert (row.state, row.location_ids) == ("active", ["LOC-2"])
    assert cpo.seen[-1].body["location_ids"] == ["LOC-2"]
    answered(us.post(f"{TERMINALS}/TERM-9/deactivate"), 404, 2001)
    answered(us.post(f"{TERMINALS}/activate", {"terminal_id": ["TERM-1"]}), 200, 2001)
    answered(us.post(f"{TERMINALS}/activate", []), 200, 2001)


def test_what_was_captured_is_told_and_can_be_read(
    cpo: ScriptedCpo, us: Cpo, partner: Partner, run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.on("POST /payments/financial-advice-confirmations", DONE)
    row = advice(partner)
    run_tasks()
    row.refresh_from_db()
    assert row.state == "answered"
    body = cpo.seen[0].body
    assert body["total_costs"] == {
        "before_taxes": 10,
        "taxes": [{"name": "VAT", "percentage": 23, "amount": 2.3}],
    }
    assert (body["authorization_reference"], body["capture_status_code"]) == ("REF-1", "SUCCESS")
    assert answered(us.get(CONFIRMATIONS), 200, 1000) == [body]
    assert answered(us.get(f"{CONFIRMATIONS}/{body['id']}"), 200, 1000) == body
    answered(us.get(f"{CONFIRMATIONS}/{'0' * 8}-0000-4000-8000-{'0' * 12}"), 404, 2001)


def test_a_correction_has_the_same_id(cpo: ScriptedCpo, partner: Partner, run_tasks: Callable[..., list[Ran]]) -> None:
    cpo.on("POST /payments/financial-advice-confirmations", DONE)
    advice(partner)
    run_tasks()
    advice(partner, capture_status="PARTIAL_SUCCESS", capture_message="Limit reached")
    run_tasks()
    first, second = (one.body for one in cpo.seen)
    assert first["id"] == second["id"]
    assert second["capture_status_message"] == "Limit reached"
    assert FinancialAdvice.objects.count() == 1


def test_what_cannot_be_told(connected: Callable[..., Partner], partner: Partner) -> None:
    with pytest.raises(Invalid):
        advice(partner, eft_data=[])
    partner.endpoints.filter(module="payments").delete()
    with pytest.raises(Unsupported, match="does not take"):
        advice(partner)
    partner.version = "2.2.1"
    with pytest.raises(Unsupported, match=r"2\.2\.1"):
        advice(partner)
    with pytest.raises(Unsupported):
        payments.add_terminal(partner)
    assert not FinancialAdvice.objects.exists()


def test_partners_see_their_own_only(us: Cpo, partner: Partner, terminal: Terminal) -> None:
    row = advice(partner)
    other = PartnerFactory.create(code="other", party_id="OTH", version="2.3.0", enabled_versions=["2.3.0"])
    them = caller(other)
    for path in (TERMINALS, CONFIRMATIONS):
        assert answered(them.get(path), 200, 1000) == []
    answered(them.get(f"{TERMINALS}/TERM-1"), 404, 2001)
    answered(them.post(f"{TERMINALS}/TERM-1/deactivate"), 404, 2001)
    answered(them.get(f"{CONFIRMATIONS}/{row.advice_id}"), 404, 2001)
    answered(caller(partner, "2.2.1").get(TERMINALS), 404, 2000)


@pytest.mark.django_db(transaction=True)
def test_with_the_simulated_cpo(
    tmp_path: Path, live_server: LiveServer, settings: Settings, run_tasks: Callable[..., list[Ran]]
) -> None:
    with registered(tmp_path, live_server, settings, "2.3.0") as (cpo, partner):
        assign = {"reference": "SN-1", "location_ids": ["ION-BTS01"]}
        call = {"module": "payments", "role": "SENDER"}
        cpo.control("POST", "send", {**call, "method": "POST", "path": ["terminals", "activate"], "body": assign})
        eventually(lambda: Terminal.objects.exists(), what="the activation")
        payments.approve(Terminal.objects.get())
        advice(partner)
        run_tasks(raise_failures=False)
        state = cpo.state()
        assert [one["reference"] for one in state["terminals"]] == ["SN-1"]
        assert [one["capture_status_code"] for one in state["financial_advice_confirmations"]] == ["SUCCESS"]
        path = ["terminals", Terminal.objects.get().terminal_id]
        body = {"evse_uids": ["ION-BTS01-1"]}
        cpo.control("POST", "send", {**call, "method": "PATCH", "path": path, "body": body})
        eventually(lambda: Terminal.objects.get().evse_uids == ["ION-BTS01-1"], what="the EVSE")
