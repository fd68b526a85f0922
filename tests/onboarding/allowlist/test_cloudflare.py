"""The IP list at Cloudflare follows our networks, through the official library and real HTTP."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from time_machine import Traveller

from onboarding import allowlist
from onboarding.models import AllowlistMirror
from onboarding.off_boarding import off_board
from onboarding.stages import moving
from onboarding.tasks import sync_allowlist
from partners.agreed import networks
from partners.models import AllowedNetwork, Partner
from tests.factories import PartnerFactory
from tests.support.cloudflare import ACCOUNT, LIST, TOKEN, FakeCloudflare
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db
BEGINNING = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def traveller() -> Iterator[Traveller]:
    with time_machine.travel(BEGINNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def remote(settings: Settings, traveller: Traveller) -> Iterator[FakeCloudflare]:
    fake = FakeCloudflare()
    settings.CLOUDFLARE_API_TOKEN, settings.CLOUDFLARE_ACCOUNT_ID = TOKEN, ACCOUNT
    settings.CLOUDFLARE_LIST_ID, settings.CLOUDFLARE_API_URL = LIST, fake.url
    settings.CLOUDFLARE_TIMEOUT = 5.0
    yield fake
    fake.close()


@pytest.fixture
def ion(db: None) -> Partner:
    return PartnerFactory.create(code="ion")


@pytest.fixture
def settle(traveller: Traveller) -> Callable[..., int]:
    """`settle()` lets beat come by until nothing is due within the next minute; returns how many steps that took."""

    def settle(most: int = 30) -> int:
        steps = 0
        for _ in range(most):
            steps += sync_allowlist()
            due = AllowlistMirror.objects.get().next_check_at
            assert due is not None
            now = datetime.now(UTC)
            if due > now + timedelta(minutes=1):
                return steps
            traveller.move_to(max(due, now))
        raise AssertionError("it does not come to rest")

    return settle


def allow(partner: Partner, *wanted: Any) -> None:
    for network in wanted:
        networks.allow(partner, network, "Ana confirmed it.")


def mirror() -> AllowlistMirror:
    return AllowlistMirror.objects.get()


def networks_in(rows: Any) -> list[str]:
    return [row["network"] for row in rows]


def test_it_adds_what_is_missing_and_leaves_others_alone(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int]
) -> None:
    remote.put("203.0.113.9", "office")
    allow(ion, "192.0.2.1", "198.51.100.0/24", "2001:db8::/48")
    settle()
    assert remote.holds() == {
        "203.0.113.9": "office",
        "192.0.2.1": "sfp:ion",
        "198.51.100.0/24": "sfp:ion",
        "2001:db8::/48": "sfp:ion",
    }
    row = mirror()
    assert (row.state, row.missing, row.surplus, row.error, row.operation_id) == ("in_step", [], [], "", "")
    assert row.strangers == [{"network": "203.0.113.9", "note": "office"}]
    assert [method for method, _ in remote.changes()] == ["POST"]


def test_it_removes_only_what_carries_our_mark(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int]
) -> None:
    remote.put("203.0.113.9", "office")
    allow(ion, "192.0.2.1", "192.0.2.2")
    settle()
    AllowedNetwork.objects.get(network="192.0.2.2").delete()
    allowlist.request()
    settle()
    assert remote.holds() == {"203.0.113.9": "office", "192.0.2.1": "sfp:ion"}


def test_a_network_of_two_partners_is_listed_once_and_stays_until_both_give_it_up(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int]
) -> None:
    green = PartnerFactory.create(code="green", party_id="GRN")
    allow(ion, "192.0.2.1/32")
    allow(green, "192.0.2.1")
    settle()
    assert remote.holds() == {"192.0.2.1": "sfp:green,ion"}
    green.allowed_networks.all().delete()
    allowlist.request()
    settle()
    assert "192.0.2.1" in remote.holds()


def test_what_somebody_else_listed_already_is_neither_added_nor_taken_over(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int]
) -> None:
    remote.put("192.0.2.1", "office")
    allow(ion, "192.0.2.1")
    settle()
    assert (remote.holds(), remote.changes()) == ({"192.0.2.1": "office"}, [])


def test_a_network_wider_than_a_list_takes_is_shown_and_does_not_stop_the_others(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int]
) -> None:
    allow(ion, "10.0.0.0/7", "192.0.2.1")
    settle()
    assert remote.holds() == {"192.0.2.1": "sfp:ion"}
    assert (mirror().state, networks_in(mirror().unlistable)) == ("in_step", ["10.0.0.0/7"])


def test_a_change_is_noticed_after_its_commit(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int], run_tasks: Callable[..., list[Ran]]
) -> None:
    settle()
    allow(ion, "192.0.2.1")
    run_tasks()
    assert mirror().next_check_at == datetime.now(UTC)
    settle()
    assert remote.holds() == {"192.0.2.1": "sfp:ion"}


def test_a_change_during_a_step_is_followed_by_another(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int], run_tasks: Callable[..., list[Ran]]
) -> None:
    allow(ion, "192.0.2.1")
    sync_allowlist()
    assert mirror().state == "sending"
    allow(ion, "192.0.2.2")
    run_tasks()
    settle()
    assert remote.holds() == {"192.0.2.1": "sfp:ion", "192.0.2.2": "sfp:ion"}


def test_drift_is_found_by_the_hourly_comparison(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int], traveller: Traveller
) -> None:
    allow(ion, "192.0.2.1")
    settle()
    remote.items.clear()
    remote.put("192.0.2.99", "sfp:gone")
    assert sync_allowlist() == 0, "nothing is due yet"
    traveller.shift(timedelta(hours=1))
    sync_allowlist()
    assert (networks_in(mirror().missing), networks_in(mirror().surplus)) == (["192.0.2.1"], ["192.0.2.99"])
    settle()
    assert remote.holds() == {"192.0.2.1": "sfp:ion"}


def test_a_failure_is_shown_without_the_token_and_tried_again_ever_later(
    remote: FakeCloudflare, ion: Partner, traveller: Traveller
) -> None:
    allow(ion, "192.0.2.1")
    waits = []
    for _ in range(3):
        remote.fail_next = (500, f"no luck with {LIST}")
        sync_allowlist()
        due = mirror().next_check_at
        assert due is not None
        waits.append((due - datetime.now(UTC)).total_seconds())
        traveller.move_to(due)
    row = mirror()
    assert (row.state, waits) == ("failed", [10, 20, 40])
    assert row.error == f"The list could not be read: HTTP 500, no luck with {LIST}."
    assert TOKEN not in row.error


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"CLOUDFLARE_API_TOKEN": "wrong"}, "HTTP 403, Authentication error"),
        ({"CLOUDFLARE_LIST_ID": "another"}, "HTTP 404, List not found"),
        ({"CLOUDFLARE_API_URL": "http://127.0.0.1:9"}, "cannot be reached"),
    ],
)
def test_wrong_settings_are_told_in_words(
    remote: FakeCloudflare, settings: Settings, ion: Partner, broken: dict[str, str], told: str
) -> None:
    for name, value in broken.items():
        setattr(settings, name, value)
    sync_allowlist()
    assert (mirror().state, told in mirror().error) == ("failed", True)


def test_an_operation_that_fails_there_is_told_and_repeated(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int]
) -> None:
    allow(ion, "192.0.2.1")
    remote.break_next = "internal trouble"
    settle()
    assert remote.holds() == {"192.0.2.1": "sfp:ion"}
    assert [method for method, _ in remote.changes()] == ["POST", "POST"]


def test_a_lost_answer_adds_nothing_twice(remote: FakeCloudflare, ion: Partner, settle: Callable[..., int]) -> None:
    allow(ion, "192.0.2.1")
    remote.lose_next_answer = True
    sync_allowlist()
    assert mirror().state == "failed"
    remote.finish()
    settle()
    assert remote.holds() == {"192.0.2.1": "sfp:ion"}
    assert len(remote.items) == 1


def test_another_operation_of_the_account_is_waited_for(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int]
) -> None:
    allow(ion, "192.0.2.1")
    remote.change("POST", [{"ip": "203.0.113.1", "comment": "theirs"}])
    sync_allowlist()
    assert "pending operation" in mirror().error
    remote.finish()
    settle()
    assert remote.holds() == {"203.0.113.1": "theirs", "192.0.2.1": "sfp:ion"}


def test_two_workers_at_once_take_one_step(remote: FakeCloudflare, ion: Partner) -> None:
    allow(ion, "192.0.2.1")
    assert [sync_allowlist(), sync_allowlist()] == [1, 0]
    assert len(remote.changes()) == 1


def test_who_lost_the_lease_writes_nothing(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int], traveller: Traveller
) -> None:
    """A worker that died between the change and its answer: the next one compares and finds all done."""
    allow(ion, "192.0.2.1")
    sync_allowlist()
    remote.finish()
    AllowlistMirror.objects.update(operation_id="", next_check_at=datetime.now(UTC))
    settle()
    assert (remote.holds(), len(remote.changes())) == ({"192.0.2.1": "sfp:ion"}, 1)


def test_an_off_boarded_partner_is_taken_off_and_comes_back_with_a_new_onboarding(
    remote: FakeCloudflare,
    ion: Partner,
    settle: Callable[..., int],
    run_tasks: Callable[..., list[Ran]],
    admin_user: User,
) -> None:
    allow(ion, "192.0.2.1")
    allow(PartnerFactory.create(code="green"), "192.0.2.2")
    settle()
    off_board(ion, "Contract ended", admin_user)
    run_tasks()
    settle()
    assert list(remote.holds()) == ["192.0.2.2"]
    assert AllowedNetwork.objects.filter(partner=ion).count() == 1, "kept here, with all other data"
    moving.begin(ion)
    run_tasks()
    settle()
    assert sorted(remote.holds()) == ["192.0.2.1", "192.0.2.2"]


def test_so_is_its_connection_in_production(
    remote: FakeCloudflare,
    ion: Partner,
    settle: Callable[..., int],
    run_tasks: Callable[..., list[Ran]],
    admin_user: User,
) -> None:
    live = PartnerFactory.create(code="ion-live", environment="production")
    allow(ion, "192.0.2.1")
    allow(live, "192.0.2.3")
    with transaction.atomic():
        onboarding = moving.lock_onboarding(ion)
        onboarding.production = live
        onboarding.save()
    settle()
    off_board(ion, "Contract ended", admin_user)
    run_tasks()
    settle()
    assert list(remote.holds()) == []


def test_without_a_list_nothing_happens(db: None, ion: Partner, run_tasks: Callable[..., list[Ran]]) -> None:
    allow(ion, "192.0.2.1")
    run_tasks()
    assert sync_allowlist() == 0
    assert not AllowlistMirror.objects.exists()


def test_staff_synchronize_now(
    remote: FakeCloudflare, ion: Partner, settle: Callable[..., int], client: Client, django_user_model: type[User]
) -> None:
    client.force_login(django_user_model.objects.create_superuser("boss", "b@sfp.example", "a-long-password"))
    settle()
    allow(ion, "192.0.2.1")
    connection.run_on_commit.clear()
    client.post(reverse("admin:onboarding_allowlistmirror_do_synchronize", args=[mirror().pk]))
    settle()
    assert remote.holds() == {"192.0.2.1": "sfp:ion"}
    shown = client.get(reverse("admin:onboarding_allowlistmirror_change", args=[mirror().pk])).content.decode()
    assert "all of our networks" in shown
    assert TOKEN not in shown
