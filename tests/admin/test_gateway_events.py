"""What gateways told, as staff see it: kept as it came, masked, handled or not."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.events import inbox
from billing.gateways import News
from billing.models import GatewayEvent, WaitingEvent
from partners.admin.kit.showing import url_of
from tests.admin.rows import World

LIST = "admin:billing_gatewayevent_changelist"


def told(world: World, event_id: str = "evt_mine", payment: str = "") -> GatewayEvent:
    payment_row = world.session.authorization
    type(payment_row).objects.update(gateway="stripe")
    body = {"type": "charge.refunded", "data": {"object": {"amount": 4000}}}
    news = News(event_id, "charge.refunded", timezone.now(), ("pi_1",), payment or str(payment_row.pk), body)
    assert inbox.keep("stripe", news)
    return GatewayEvent.objects.get(event_id=event_id)


def text(page: Client, row: GatewayEvent) -> str:
    answer = page.get(url_of(GatewayEvent, row.pk))
    assert answer.status_code == 200
    return answer.content.decode()


def listed(page: Client, **query: Any) -> list[str]:
    answer = page.get(reverse(LIST), query)
    return [row.event_id for row in answer.context["cl"].result_list if row.event_id.startswith("evt_x")]


def test_an_event_leads_to_its_payment_and_session(page: Client, world: World) -> None:
    row = told(world)
    before = text(page, row)
    assert "Not handled yet" in before
    inbox.handle(row.pk)
    shown = text(page, row)
    assert "The payment that it is about was looked into." in shown
    assert url_of(type(world.session), world.session.pk) in shown
    assert url_of(type(world.session.authorization), world.session.authorization_id) in shown
    assert "charge.refunded" in shown
    assert json.dumps(row.body["data"]["object"]).strip("{}").replace('"', "&quot;") in shown


def test_what_is_not_ours_says_so(page: Client, world: World) -> None:
    row = told(world, payment="of somebody else")
    WaitingEvent.objects.all().delete()
    shown = text(page, row)
    assert "It is about nothing of ours" in shown
    assert "none that it names" in shown


def test_the_list_is_filtered_and_searched(page: Client, world: World) -> None:
    first = told(world, "evt_x1")
    told(world, "evt_x2")
    inbox.handle(first.pk)
    assert listed(page) == ["evt_x2", "evt_x1"]
    assert listed(page, handled="no") == ["evt_x2"]
    assert listed(page, handled="yes") == ["evt_x1"]
    assert listed(page, gateway="stripe") == ["evt_x2", "evt_x1"]
    assert listed(page, gateway="simulated") == []
    assert listed(page, q="evt_x1") == ["evt_x1"]
    assert listed(page, q="evt_x") == []


@pytest.mark.parametrize("what", ["add", "change", "delete"])
def test_nobody_writes_it(page: Client, world: World, what: str) -> None:
    row = told(world)
    address = reverse("admin:billing_gatewayevent_add") if what == "add" else url_of(GatewayEvent, row.pk)
    address = address.replace("/change/", "/delete/") if what == "delete" else address
    assert page.post(address, {"kind": "x"}).status_code in (403, 404)
    row.refresh_from_db()
    assert row.kind == "charge.refunded"
