"""Commands that staff send to a charger, token pushes, pulls: each button's exact outcome."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ocpi.models import Command, Evse, SyncRun, Token, TokenPush
from partners.models import HistoryEntry, Partner
from tests.admin.rows import World
from tests.factories import CommandFactory, ConnectorFactory, OcpiSessionFactory
from tests.ocpi.cpo import MODULES, ScriptedCpo, connected_partner, envelope
from tests.ocpi.modules.conftest import token
from tests.support.tasks import Ran

REASON = {"reason": "A test with the CPO on the phone."}
CONSOLE = "admin:ocpi_command_console"


@pytest.fixture
def cpo(db: None) -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def evse(cpo: ScriptedCpo) -> Evse:
    partner = connected_partner(cpo.url, "2.2.1", MODULES)
    for kind in Command.Kind:
        cpo.on(f"/commands/{kind}", envelope({"result": "ACCEPTED", "timeout": 30}))
    return ConnectorFactory.create(evse__location__partner=partner).evse


def press(browser: Any, row: Any, name: Any, **data: Any) -> Any:
    label = f"{row._meta.app_label}_{row._meta.model_name}"
    return browser.post(reverse(f"admin:{label}_do_{name}", args=[row.pk]), {**REASON, **data}, follow=True)


class TestCommands:
    @pytest.mark.parametrize(
        ("name", "data", "kind"),
        [
            ("command-start", {}, "START_SESSION"),
            ("command-unlock", {"connector": "1"}, "UNLOCK_CONNECTOR"),
            ("command-reserve", {"minutes": "10"}, "RESERVE_NOW"),
        ],
    )
    def test_it_is_sent_once_and_its_page_follows(
        self,
        page: Client,
        cpo: ScriptedCpo,
        evse: Evse,
        run_tasks: Callable[..., list[Ran]],
        name: str,
        data: Any,
        kind: str,
    ) -> None:
        answer = press(page, evse, name, **data)
        command = Command.objects.get()
        assert answer.redirect_chain == [(reverse("admin:ocpi_command_change", args=[command.pk]), 302)]
        assert "hx-get" in answer.content.decode()
        run_tasks()
        command.refresh_from_db()
        assert (command.kind, command.state, command.response) == (kind, "answered", "ACCEPTED")
        assert (len(cpo.seen), cpo.seen[0].path) == (1, f"/commands/{kind}")
        assert cpo.seen[0].body["location_id"] == evse.location.ocpi_id
        of_evse = HistoryEntry.objects.filter(content_type__model="evse")
        assert of_evse.get(object_pk=str(evse.pk)).reason == REASON["reason"]

    def test_a_start_has_a_token_that_nobody_else_has(
        self, page: Client, cpo: ScriptedCpo, evse: Evse, run_tasks: Callable[..., list[Ran]]
    ) -> None:
        press(page, evse, "command-start")
        press(page, evse, "command-start")
        run_tasks()
        uids = [seen.body["token"]["uid"] for seen in cpo.seen]
        assert len(set(uids)) == 2
        assert set(Token.objects.values_list("uid", flat=True)) == set(uids)

    def test_an_unknown_connector_is_refused(self, page: Client, evse: Evse) -> None:
        assert "has no connector 9" in press(page, evse, "command-unlock", connector="9").content.decode()
        assert not Command.objects.exists()

    def test_a_reservation_is_cancelled(
        self, page: Client, cpo: ScriptedCpo, evse: Evse, run_tasks: Callable[..., list[Ran]]
    ) -> None:
        press(page, evse, "command-reserve", minutes="10")
        run_tasks()
        press(page, Command.objects.get(), "command-cancel")
        run_tasks()
        assert [seen.path for seen in cpo.seen] == ["/commands/RESERVE_NOW", "/commands/CANCEL_RESERVATION"]
        assert cpo.seen[1].body["reservation_id"] == cpo.seen[0].body["reservation_id"]

    def test_only_a_reservation_is_cancelled(self, page: Client, evse: Evse) -> None:
        start = CommandFactory.create(partner=evse.partner)
        assert "not possible any more" in press(page, start, "command-cancel").content.decode()
        assert Command.objects.count() == 1

    def test_a_session_of_nobody_is_stopped(
        self, page: Client, cpo: ScriptedCpo, evse: Evse, run_tasks: Callable[..., list[Ran]]
    ) -> None:
        session = OcpiSessionFactory.create(partner=evse.partner, ocpi_id="S-7")
        press(page, session, "command-stop")
        run_tasks()
        assert [(seen.path, seen.body["session_id"]) for seen in cpo.seen] == [("/commands/STOP_SESSION", "S-7")]

    def test_a_drivers_session_is_not_stopped_here(self, page: Client, world: World) -> None:
        Partner.objects.update(connection=Partner.Connection.CONNECTED)
        assert "not possible any more" in press(page, world.ocpi_session, "command-stop").content.decode()
        assert not Command.objects.filter(kind="STOP_SESSION").exists()

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_nothing_goes_without_a_reason(self, page: Client, evse: Evse, reason: str) -> None:
        press(page, evse, "command-start", reason=reason)
        assert not Command.objects.exists()

    def test_a_partner_that_is_not_connected_gets_none(self, page: Client, evse: Evse) -> None:
        Partner.objects.update(connection=Partner.Connection.SUSPENDED)
        press(page, evse, "command-start")
        assert not Command.objects.exists()


class TestConsole:
    def test_it_finds_a_charger_by_sticker_and_uid(self, page: Client, evse: Evse) -> None:
        for term in (evse.evse_id.lower(), evse.uid[:6]):
            found = page.get(reverse(CONSOLE), {"evse": term}).context["found"]
            assert [item["evse"].pk for item in found] == [evse.pk]

    def test_it_shows_the_newest_commands(self, page: Client, evse: Evse) -> None:
        command = CommandFactory.create(partner=evse.partner, request={"session_id": "S-1"})
        newest = page.get(reverse(CONSOLE)).context["newest"]
        assert [(item["row"].pk, item["about"]) for item in newest] == [(command.pk, "S-1")]

    def test_it_says_that_there_is_none(self, page: Client, db: None) -> None:
        shown = page.get(reverse(CONSOLE), {"evse": "nowhere"}).content.decode()
        assert "No such charger" in shown
        assert "No commands yet" in shown

    def test_it_is_refused_to_viewers(self, viewer: Client) -> None:
        assert viewer.get(reverse(CONSOLE)).status_code == 403

    def test_it_costs_the_same_for_many(
        self, page: Client, evse: Evse, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        page.get(reverse(CONSOLE), {"evse": "EVSE"})
        for number in range(8):
            ConnectorFactory.create(
                evse__location=evse.location, evse__uid=f"EVSE-X{number}", evse__uid_key=f"evse-x{number}"
            )
            CommandFactory.create(partner=evse.partner)
        with django_assert_num_queries(6):
            assert len(page.get(reverse(CONSOLE), {"evse": "EVSE"}).context["found"]) == 9


class TestTokenPushes:
    def test_it_is_pushed_again_although_the_partner_has_it(
        self, page: Client, cpo: ScriptedCpo, evse: Evse, run_tasks: Callable[..., list[Ran]]
    ) -> None:
        row = token()
        cpo.on("/tokens/SK/SFP/T-1", envelope())
        push = TokenPush.objects.create(
            token=row, partner=evse.partner, wanted=row.last_updated, pushed=row.last_updated, pushed_raw={}, tries=3
        )
        press(page, push, "push")
        run_tasks()
        assert [(seen.method, seen.body["uid"]) for seen in cpo.seen] == [("PUT", "T-1")]
        push.refresh_from_db()
        assert (push.pushed, push.next_check_at, push.tries) == (row.last_updated, None, 0)

    def test_one_that_a_worker_holds_is_left_to_it(self, page: Client, evse: Evse) -> None:
        until = timezone.now() + timedelta(minutes=1)
        row = token()
        push = TokenPush.objects.create(
            token=row, partner=evse.partner, wanted=row.last_updated, next_check_at=until, held=True
        )
        press(page, push, "push")
        push.refresh_from_db()
        assert (push.next_check_at, push.held) == (until, True)

    def test_failing_ones_are_listed(self, page: Client, world: World) -> None:
        TokenPush.objects.update(error="HTTP 500")
        address = reverse("admin:ocpi_tokenpush_changelist")
        assert len(page.get(address, {"state": "failing"}).context["cl"].result_list) == 1
        assert len(page.get(address, {"state": "there"}).context["cl"].result_list) == 0


class TestSync:
    def test_it_is_pulled_now(self, page: Client, evse: Evse, waiting_tasks: Callable[[], list[Ran]]) -> None:
        run = SyncRun.objects.create(partner=evse.partner, module="tariffs", state="failed", error="HTTP 500")
        press(page, run, "again")
        new = SyncRun.objects.exclude(pk=run.pk).get()
        assert (new.module, new.full, new.state) == ("tariffs", True, "due")
        assert waiting_tasks() == [("ocpi.tasks.sync_run", (new.pk,))]

    def test_faults_are_counted_by_path(self, page: Client, evse: Evse) -> None:
        faults = [
            {"id": "L-1", "faults": [{"path": "evses[0].status", "message": "unknown"}]},
            {
                "id": "L-2",
                "faults": [
                    {"path": "evses[1].status", "message": "unknown"},
                    {"path": "evses[2].status", "message": "unknown"},
                    {"path": "name", "message": "too long"},
                ],
            },
        ]
        run = SyncRun.objects.create(
            partner=evse.partner, module="locations", state="succeeded", faults=faults, refused=2
        )
        shown = page.get(reverse("admin:ocpi_syncrun_change", args=[run.pk])).context
        assert shown["paths"] == [("evses[].status", "unknown", 2), ("name", "too long", 1)]
        assert set(shown["schedule"]) == {"Everything", "What changed", "Changes are read from"}


@pytest.mark.parametrize(
    ("codename", "model", "name"),
    [
        ("send_command", "evse", "command-start"),
        ("push_token", "tokenpush", "push"),
        ("request_sync", "syncrun", "again"),
        ("replay_message", "message", "replay"),
    ],
)
def test_the_permission_of_that_name_is_what_it_needs(world: World, codename: str, model: str, name: str) -> None:
    user = User.objects.create_user("one", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    browser = Client()
    browser.force_login(user)
    rows = {"evse": world.evse, "tokenpush": TokenPush.objects.get(), "syncrun": SyncRun.objects.get()}
    row = rows.get(model, world.message)
    assert press(browser, row, name).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename=codename))
    assert press(browser, row, name).status_code == 200
