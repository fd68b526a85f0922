"""Webhooks and contract charges: what their buttons and forms do."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from partners.ground import secrets
from partners.models import HistoryEntry
from sessions_adhoc.models import ContractRecord, WebhookDelivery, WebhookEndpoint
from tests.admin.rows import World
from tests.admin.test_jobs import post
from tests.support.pages import secret_in

pytestmark = pytest.mark.usefixtures("shared_world")
NEW = "https://app.example/hooks"


def shown(page: Client, model: str, pk: Any) -> str:
    return page.get(reverse(f"admin:sessions_adhoc_{model}_change", args=[pk])).content.decode()


def test_a_secret_is_revealed_once_and_kept_encrypted(page: Client, world: World) -> None:
    answer = post(page, "sessions_adhoc_webhookendpoint_add", client=world.client.pk, url=NEW)
    secret = secret_in(answer)
    row = WebhookEndpoint.objects.get(url=NEW)
    assert (secret.startswith("whsec_"), secrets.decrypt(row.secret)) == (True, secret)
    assert "no-store" in answer.headers["Cache-Control"]
    newer = secret_in(post(page, "sessions_adhoc_webhookendpoint_do_rotate", row.pk))
    row.refresh_from_db()
    assert row.old_secret is not None
    assert (secrets.decrypt(row.secret), secrets.decrypt(row.old_secret)) == (newer, secret)
    post(page, "sessions_adhoc_webhookendpoint_do_forget", row.pk)
    row.refresh_from_db()
    assert row.old_secret is None
    seen = shown(page, "webhookendpoint", row.pk) + str(list(HistoryEntry.objects.values()))
    assert secret not in seen
    assert newer not in seen


def test_what_is_no_address_is_said(page: Client, world: World, settings: Settings) -> None:
    settings.OCPI_ALLOW_INSECURE_PARTNERS = False
    answer = post(page, "sessions_adhoc_webhookendpoint_add", client=world.client.pk, url="http://app.example/")
    assert "without TLS" in answer.content.decode()
    known = WebhookEndpoint.objects.get().url
    again = post(page, "sessions_adhoc_webhookendpoint_add", client=world.client.pk, url=known)
    assert (again.status_code, WebhookEndpoint.objects.count()) == (200, 1)


def test_an_endpoint_is_tried_turned_off_and_on(page: Client, world: World) -> None:
    row, name = WebhookEndpoint.objects.get(), "sessions_adhoc_webhookendpoint_do"
    post(page, f"{name}_test", row.pk)
    assert WebhookDelivery.objects.filter(kind="webhook.test", endpoint=row, state="waiting").count() == 1
    post(page, f"{name}_off", row.pk)
    row.refresh_from_db()
    assert row.state == "on"
    post(page, f"{name}_off", row.pk, reason="They <b>move</b> house.")
    row.refresh_from_db()
    assert (row.state, row.why) == ("off", "They <b>move</b> house.")
    assert "They &lt;b&gt;move" in shown(page, "webhookendpoint", row.pk)
    post(page, f"{name}_on", row.pk)
    row.refresh_from_db()
    assert row.state == "on"


def test_events_are_sent_again_and_left_out(page: Client, world: World) -> None:
    row = WebhookDelivery.objects.get()
    text = shown(page, "webhookdelivery", row.pk)
    assert "&lt;b&gt;Oops&lt;/b&gt;" in text
    assert "<b>Oops</b>" not in text
    post(page, "sessions_adhoc_webhookdelivery_do_leave-out", row.pk, reason="Not needed.")
    row.refresh_from_db()
    assert row.state == "left_out"
    post(page, "sessions_adhoc_webhookdelivery_do_again", row.pk)
    row.refresh_from_db()
    assert (row.state, row.tries) == ("waiting", 0)
    WebhookDelivery.objects.update(state="taken")
    post(page, "sessions_adhoc_webhookendpoint_do_since", row.endpoint_id, since="2020-01-01T00:00")
    row.refresh_from_db()
    assert row.state == "waiting"
    for term, found in ((row.message_id, True), (row.subject.partition(":")[2], True), ("nothing", False)):
        listed = page.get(reverse("admin:sessions_adhoc_webhookdelivery_changelist"), {"q": term}).content.decode()
        assert (row.subject in listed) == found


@pytest.mark.parametrize(("button", "state"), [("release", "handed"), ("refuse", "refused"), ("again", "due")])
def test_a_contract_charge_that_is_held(page: Client, world: World, button: str, state: str) -> None:
    row, name = ContractRecord.objects.get(), f"sessions_adhoc_contractrecord_do_{button}"
    assert "token &lt;b&gt;1&lt;/b&gt; was blocked" in shown(page, "contractrecord", row.pk).replace("Token", "token")
    post(page, name, row.pk, reason="Ana confirmed it.")
    row.refresh_from_db()
    assert row.state == state
    assert (row.note, row.number) == {
        "handed": ("Ana confirmed it.", 1),
        "refused": ("Ana confirmed it.", None),
        "due": ("", None),
    }[state]
    assert "not possible any more" in post(page, name, row.pk, reason="Again.").content.decode()
