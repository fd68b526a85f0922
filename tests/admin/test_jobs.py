"""Handshakes, syncs, incidents, client keys, policies: what their buttons and forms do."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ocpi.models import HandshakeRun, SyncRun
from partners import tokens
from partners.models import HistoryEntry, Partner, Policy, ReceivedToken
from sessions_adhoc.driver.clients import find_client
from sessions_adhoc.models import ClientKey
from tests.admin.rows import World
from tests.support.pages import secret_in


def post(page: Any, view: Any, *args: Any, **data: Any) -> Any:
    return page.post(reverse(f"admin:{view}", args=args), data, follow=True)


class TestHandshakeRun:
    def test_a_failed_one_is_tried_again(self, page: Client, world: World) -> None:
        tokens.store_received(world.partner, "a-token-of-theirs", ReceivedToken.Purpose.REGISTRATION)
        failed = HandshakeRun.objects.get()
        post(page, "ocpi_handshakerun_do_retry", failed.pk)
        assert HandshakeRun.objects.count() == 2

    def test_why_it_cannot_be_tried_again_is_said(self, page: Client, world: World) -> None:
        answer = post(page, "ocpi_handshakerun_do_retry", HandshakeRun.objects.get().pk)
        assert "No Token A is stored" in answer.content.decode()

    @pytest.fixture
    def live(self, world: World) -> HandshakeRun:
        now = timezone.now()
        return HandshakeRun.objects.create(
            partner=world.partner, window_starts_at=now, window_ends_at=now, next_check_at=now
        )

    def test_a_live_one_is_called_off(self, page: Client, live: HandshakeRun) -> None:
        post(page, "ocpi_handshakerun_do_cancel", live.pk)
        live.refresh_from_db()
        assert live.state == HandshakeRun.State.CANCELLED
        assert live.cause == "Called off by boss."

    def test_an_ended_one_cannot_be(self, page: Client, world: World) -> None:
        answer = post(page, "ocpi_handshakerun_do_cancel", HandshakeRun.objects.get().pk)
        assert "not possible any more" in answer.content.decode()

    def test_a_live_one_refreshes_itself_and_an_ended_one_does_not(
        self, page: Client, world: World, live: HandshakeRun
    ) -> None:
        ended = HandshakeRun.objects.get(state="failed")
        assert "hx-get" in page.get(reverse("admin:ocpi_handshakerun_change", args=[live.pk])).content.decode()
        shown = page.get(reverse("admin:ocpi_handshakerun_change", args=[ended.pk])).content.decode()
        assert 'id="live" hx-get' not in shown
        assert "Ask them." in shown


class TestSync:
    def test_it_is_asked_for_again(self, page: Client, world: World) -> None:
        done = SyncRun.objects.get()
        post(page, "ocpi_syncrun_do_again", done.pk)
        assert SyncRun.objects.exclude(pk=done.pk).get().module == done.module


class TestIncident:
    def test_it_is_closed_with_a_reason(self, page: Client, world: World, boss: User) -> None:
        post(page, "partners_incident_do_close", world.incident.pk, reason="They sent it.")
        world.incident.refresh_from_db()
        assert world.incident.closed_by == boss
        assert world.incident.close_reason == "They sent it."

    def test_it_stays_open_without_one(self, page: Client, world: World) -> None:
        answer = post(page, "partners_incident_do_close", world.incident.pk, reason="  ")
        assert "This field is required" in answer.content.decode()
        world.incident.refresh_from_db()
        assert world.incident.closed_at is None

    def test_open_ones_come_first(self, page: Client, world: World) -> None:
        post(page, "partners_incident_do_close", world.incident.pk, reason="Done.")
        newer = world.incident
        newer.pk, newer.closed_at, newer.key = None, None, "other"
        newer.save()
        listed = page.get(reverse("admin:partners_incident_changelist")).context["cl"].result_list
        assert [row.closed_at is None for row in listed] == [True, False]


class TestClientKey:
    def test_its_key_is_revealed_exactly_once(self, page: Client) -> None:
        answer = post(page, "sessions_adhoc_clientkey_add", name="Terminal")
        key = secret_in(answer)
        client = ClientKey.objects.get()
        assert find_client(key) == client
        assert "no-store" in answer.headers["Cache-Control"]
        for name, args in (("changelist", []), ("change", [client.pk])):
            shown = page.get(reverse(f"admin:sessions_adhoc_clientkey_{name}", args=args)).content.decode()
            assert key not in shown
            assert client.digest not in shown
        assert key not in str(list(HistoryEntry.objects.values()))

    def test_a_name_is_taken_once(self, page: Client) -> None:
        post(page, "sessions_adhoc_clientkey_add", name="Terminal")
        post(page, "sessions_adhoc_clientkey_add", name="Terminal")
        assert ClientKey.objects.count() == 1

    def test_it_is_revoked(self, page: Client, world: World) -> None:
        post(page, "sessions_adhoc_clientkey_do_revoke", world.client.pk)
        world.client.refresh_from_db()
        assert world.client.revoked_at is not None


class TestPolicy:
    @pytest.fixture
    def fields(self, world: World) -> dict[Any, Any]:
        return {"partner": world.partner.pk, "location_id": "LOC-1", "evse_uid": "E-1", "session_timeout": "120"}

    def test_it_applies_to_an_evse(self, page: Client, fields: dict[Any, Any]) -> None:
        post(page, "partners_policy_add", **fields)
        assert Policy.objects.get(evse_uid="E-1").session_timeout == 120

    @pytest.mark.parametrize("missing", ["partner", "location_id"])
    def test_its_scope_has_no_holes(self, page: Client, fields: dict[Any, Any], missing: str) -> None:
        post(page, "partners_policy_add", **{**fields, missing: ""})
        assert not Policy.objects.filter(evse_uid="E-1").exists()

    def test_there_is_one_per_scope(self, page: Client, fields: dict[Any, Any]) -> None:
        post(page, "partners_policy_add", **fields)
        post(page, "partners_policy_add", **fields)
        assert Policy.objects.filter(evse_uid="E-1").count() == 1


def test_what_is_mirrored_cannot_be_changed(page: Client, world: World) -> None:
    address = reverse("admin:ocpi_location_change", args=[world.evse.location.pk])
    assert page.post(address, {"name": "Mine"}).status_code == 403


def test_suspending_leaves_a_line_in_the_history(page: Client, world: World, boss: User) -> None:
    post(page, "partners_partner_do_suspend", world.partner.pk, reason="Their server is moved.")
    entry = HistoryEntry.objects.get(label="Suspend")
    assert (entry.actor, entry.partner, entry.result) == (boss, world.partner, "done")
    assert "is suspended" in entry.outcome
    assert entry.reason == "Their server is moved."
    assert Partner.objects.get().connection == Partner.Connection.SUSPENDED
