"""Telling partners of our tokens: which, how, and until they have the newest state."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi.calls import tokens
from ocpi.calls.tokens import sending
from ocpi.calls.tokens.queue import AT_ONCE, hand_out_due
from ocpi.client import Reply, functional
from ocpi.handshake.connection import disconnect
from ocpi.models import Message, Token, TokenPush
from partners.models import Partner
from tests.factories import PartnerFactory
from tests.ocpi.cpo import Answer, ScriptedCpo, envelope
from tests.ocpi.modules.conftest import registered, token
from tests.support.processes import free_port
from tests.support.tasks import Ran

PATH = "/tokens/SK/SFP/T-1"
DONE = envelope()


def changed(row: Token, **values: Any) -> Token:
    Token.objects.filter(pk=row.pk).update(last_updated=row.last_updated + timedelta(minutes=1), **values)
    row.refresh_from_db()
    return row


def overdue() -> None:
    """Let the waiting time of every row pass."""
    TokenPush.objects.exclude(next_check_at=None).update(next_check_at=timezone.now() - timedelta(seconds=1))


def test_a_token_is_put_and_a_change_is_patched(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    partner = connected()
    cpo.on(PATH, DONE)
    row = token()
    assert tokens.token_changed(row) == 0  # it is new: planned as it is
    run_tasks()
    put = cpo.seen[0]
    assert (put.method, put.path, put.query) == ("PUT", PATH, {})
    assert (put.body["uid"], put.body["valid"], put.body["country_code"]) == ("T-1", True, "SK")
    assert put.headers["ocpi-to-party-id"] == "ION"

    changed(row, valid=False)
    tokens.token_changed(row)
    run_tasks()
    patch = cpo.seen[1]
    assert (patch.method, patch.body["valid"], set(patch.body)) == ("PATCH", False, {"valid", "last_updated"})
    state = TokenPush.objects.get(partner=partner)
    assert (state.pushed, state.next_check_at, state.held) == (row.last_updated, None, False)
    assert state.message_id is not None
    assert Message.objects.get(pk=state.message_id).method == "PATCH"
    assert len(cpo.seen) == 2


@pytest.mark.parametrize(
    ("version", "kind", "query", "written"),
    [
        ("2.1.1", "APP_USER", {}, "OTHER"),
        ("2.1.1", "RFID", {}, "RFID"),
        ("2.2", "APP_USER", {"type": "APP_USER"}, "APP_USER"),
        ("2.2.1", "OTHER", {"type": "OTHER"}, "OTHER"),
        ("2.3.0", "RFID", {}, "RFID"),
    ],
)
def test_each_version_writes_it_in_its_way(
    cpo: ScriptedCpo,
    connected: Callable[..., Partner],
    run_tasks: Callable[..., list[Ran]],
    version: str,
    kind: str,
    query: Any,
    written: str,
) -> None:
    connected(version)
    cpo.on(PATH, DONE)
    tokens.token_changed(token(type=kind))
    run_tasks()
    assert (cpo.seen[0].query, cpo.seen[0].body["type"]) == (query, written)
    assert ("auth_id" in cpo.seen[0].body) == (version == "2.1.1")


def test_a_partner_without_the_token_gets_the_whole_of_it(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    connected()
    cpo.on(PATH, DONE)
    row = token()
    tokens.token_changed(row)
    run_tasks()
    cpo.on(f"PATCH {PATH}", envelope(None, 2004, "Unknown token", status=404))
    tokens.token_changed(changed(row, valid=False))
    run_tasks()
    assert [one.method for one in cpo.seen] == ["PUT", "PATCH", "PUT"]
    assert cpo.seen[2].body["valid"] is False


def test_uids_are_percent_encoded(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    connected()
    cpo.on("/tokens/SK/SFP/04%2FA%20%23", DONE)
    tokens.token_changed(token("04/A #"))
    run_tasks()
    assert TokenPush.objects.get().error == ""


def test_what_fails_is_tried_until_it_is_there(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    connected()
    answers = iter([Answer("down", 503), envelope(None, 3000), DONE])
    cpo.on(PATH, lambda _seen: next(answers))
    tokens.token_changed(token())
    waits = []
    for tries in (1, 2):
        run_tasks()
        state = TokenPush.objects.get()
        assert (state.tries, state.pushed, bool(state.error)) == (tries, None, True)
        assert state.next_check_at is not None
        waits.append(state.next_check_at - timezone.now())
        overdue()
        hand_out_due(timezone.now())
    assert waits[0] < waits[1]
    run_tasks()
    state = TokenPush.objects.get()
    assert (state.tries, state.error, state.pushed is not None, state.next_check_at) == (0, "", True, None)


def test_a_dead_partner_is_asked_less_and_less(
    connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    partner = connected()
    partner.endpoints.filter(module="tokens").update(url=f"http://127.0.0.1:{free_port()}/tokens")
    tokens.token_changed(token())
    TokenPush.objects.update(tries=40)
    run_tasks()
    state = TokenPush.objects.get()
    assert "refuses the connection" in state.error
    assert state.next_check_at is not None
    assert timedelta(minutes=59) < state.next_check_at - timezone.now() <= timedelta(hours=1)


def test_what_changes_while_it_is_sent_is_sent_again(
    cpo: ScriptedCpo,
    connected: Callable[..., Partner],
    run_tasks: Callable[..., list[Ran]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected()
    row = token()
    cpo.on(PATH, DONE)

    def change_meanwhile(*args: Any, **kwargs: Any) -> Reply:
        reply = functional(*args, **kwargs)
        if row.valid:
            tokens.token_changed(changed(row, valid=False))
        return reply

    monkeypatch.setattr(sending, "functional", change_meanwhile)
    tokens.token_changed(row)
    run_tasks()
    assert TokenPush.objects.get().next_check_at is None
    assert [(one.method, one.body["valid"]) for one in cpo.seen] == [("PUT", True), ("PATCH", False)]
    assert TokenPush.objects.get().pushed == row.last_updated


def test_few_are_under_way_at_once_and_the_rest_follows(
    cpo: ScriptedCpo,
    connected: Callable[..., Partner],
    run_tasks: Callable[..., list[Ran]],
    waiting_tasks: Callable[[], list[Ran]],
) -> None:
    partner = connected()
    for number in range(7):
        token(f"T-{number}")
        cpo.on(f"/tokens/SK/SFP/T-{number}", DONE)
    tokens.push_tokens(partner)
    assert len(waiting_tasks()) == AT_ONCE
    hand_out_due(timezone.now())
    assert len(waiting_tasks()) == AT_ONCE
    run_tasks()
    assert len(cpo.seen) == 7
    assert not TokenPush.objects.filter(pushed=None).exists()


def test_a_task_that_was_lost_costs_time_only(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    connected()
    cpo.on(PATH, DONE)
    tokens.token_changed(token())
    state = TokenPush.objects.get()
    assert state.held
    TokenPush.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))
    assert hand_out_due(timezone.now()) == 1
    run_tasks()  # the old task and the new one
    assert len(cpo.seen) == 1


def test_one_off_tokens_stay_here_unless_asked_for(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    partner = connected()
    row = token(type="AD_HOC_USER")
    cpo.on(PATH, DONE)
    tokens.token_changed(row)
    tokens.push_tokens(partner)
    tokens.reconcile(timezone.now())
    assert not TokenPush.objects.exists()
    tokens.push_one_off(partner, row)
    run_tasks()
    assert cpo.seen[0].query == {"type": "AD_HOC_USER"}
    tokens.token_changed(changed(row, valid=False))
    run_tasks()
    assert cpo.seen[1].body["valid"] is False


def test_who_is_not_connected_or_takes_no_tokens_is_not_told(
    cpo: ScriptedCpo, connected: Callable[..., Partner]
) -> None:
    partner = connected()
    PartnerFactory.create(code="other", party_id="OTH", connection="not_connected")
    partner.endpoints.filter(module="tokens").delete()
    tokens.token_changed(token())
    assert tokens.push_tokens(partner) == 0
    assert not TokenPush.objects.exists()


def test_a_suspended_partner_is_told_when_it_is_back(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    partner = connected()
    cpo.on(PATH, DONE)
    partner.connection = "suspended"
    partner.save()
    row = token()
    TokenPush.objects.create(token=row, partner=partner, wanted=row.last_updated, next_check_at=timezone.now())
    assert hand_out_due(timezone.now()) == 0
    partner.connection = "connected"
    partner.save()
    assert hand_out_due(timezone.now()) == 1
    run_tasks()
    assert len(cpo.seen) == 1


def test_what_nobody_announced_is_found(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    connected()
    cpo.on(PATH, DONE)
    row = token()
    assert tokens.reconcile(timezone.now()) == 1
    assert tokens.reconcile(timezone.now()) == 0
    hand_out_due(timezone.now())
    run_tasks()
    changed(row, valid=False)
    assert tokens.reconcile(timezone.now()) == 1
    hand_out_due(timezone.now())
    run_tasks()
    assert [one.method for one in cpo.seen] == ["PUT", "PATCH"]


def test_a_partner_that_lost_its_data_gets_all_again(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    partner = connected()
    cpo.on(PATH, DONE)
    token()
    assert tokens.push_tokens(partner) == 1
    run_tasks()
    assert tokens.push_tokens(partner) == 0
    assert tokens.push_tokens(partner, again=True) == 1
    run_tasks()
    assert [one.method for one in cpo.seen] == ["PUT", "PUT"]


def test_whoever_registers_again_is_told_again(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    partner = connected()
    cpo.on(PATH, DONE)
    tokens.token_changed(token())
    run_tasks()
    disconnect(partner)
    assert not TokenPush.objects.exists()
    assert tokens.reconcile(timezone.now()) == 0


def test_a_hub_is_told_in_its_own_name(
    cpo: ScriptedCpo, connected: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    connected(hub_party_id="DEHUB")
    cpo.on(PATH, DONE)
    tokens.token_changed(token())
    run_tasks()
    headers = cpo.seen[0].headers
    assert (headers["ocpi-to-country-code"], headers["ocpi-to-party-id"]) == ("DE", "HUB")


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1"])
@pytest.mark.django_db(transaction=True)
def test_the_simulated_cpo_has_them_after_the_handshake(
    tmp_path: Path, live_server: LiveServer, settings: Settings, run_tasks: Callable[..., list[Ran]], version: str
) -> None:
    row = token("T-1", type="APP_USER")
    with registered(tmp_path, live_server, settings, version) as (cpo, _partner):
        run_tasks(raise_failures=False)
        (known,) = cpo.state()["tokens"]
        assert (known["uid"], known["valid"]) == ("T-1", True)
        tokens.token_changed(changed(row, valid=False))
        run_tasks(raise_failures=False)
        assert cpo.state()["tokens"][0]["valid"] is False
        assert cpo.exchanges("PATCH", "/tokens/SK/SFP/T-1")
