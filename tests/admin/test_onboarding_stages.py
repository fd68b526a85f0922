"""A CPO from nothing to signed off over the pages: what each button does, and what it refuses."""

import base64
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi.log.masking import mask_headers
from ocpi.models import HandshakeRun
from onboarding.guide import TESTS, Side
from onboarding.models import (
    ConnectionCheck,
    ConnectionCheckCase,
    FunctionalTest,
    GoLiveAction,
    Onboarding,
    SignOff,
    StageChange,
    StageOverride,
)
from onboarding.portal.links import make_link
from onboarding.stages import moving, sign_off
from onboarding.stages.refusals import NotPossible
from onboarding.testing import functional_tests
from partners import tokens
from partners.models import Document, HistoryEntry, IssuedToken, Partner, ReceivedToken, RemoteEndpoint
from tests.admin.charges import cdr_of, charged
from tests.admin.rows import World, message
from tests.factories import PartnerFactory, issue_token
from tests.support.tasks import Ran

WRONG_WORD = "ABCD"
ENDPOINTS = [
    ("credentials", "SENDER"),
    ("locations", "SENDER"),
    ("sessions", "SENDER"),
    ("cdrs", "SENDER"),
    ("tokens", "RECEIVER"),
    ("commands", "RECEIVER"),
]


@pytest.fixture
def fresh(db: None) -> Partner:
    """A partner that nothing was done with yet."""
    return PartnerFactory.create(connection=Partner.Connection.NOT_CONNECTED, version="", connected_at=None)


def press(page: Client, partner: Partner, button: str, /, **data: Any) -> str:
    address = reverse(f"admin:partners_partner_do_{button}", args=[partner.pk])
    return str(page.post(address, data, follow=True).content.decode())


def at_stage(partner: Partner, stage: str) -> Onboarding:
    now = timezone.now()
    return Onboarding.objects.create(partner=partner, stage=stage, stage_since=now, evidence_from=partner.created_at)


def stage_of(partner: Partner) -> str:
    return str(moving.of(partner).stage)


def overview(page: Client, partner: Partner) -> Any:
    return page.get(reverse("admin:partners_partner_change", args=[partner.pk]))


def missing(page: Client, partner: Partner) -> list[str]:
    return [
        one["row"].condition.key
        for one in overview(page, partner).context["conditions"]
        if not one["row"].condition.met
    ]


class TestMovingOn:
    def test_it_refuses_with_everything_that_is_missing(self, page: Client, fresh: Partner) -> None:
        said = press(page, fresh, "advance", expected="pre_integration")
        assert "Not yet. Everything of guide 3.1 and 3.2: " in said
        assert "Token A: missing" in said
        assert "No integration window is agreed" in said
        assert stage_of(fresh) == "pre_integration"
        assert not StageChange.objects.exists()

    def test_it_moves_one_stage_when_all_conditions_hold(self, page: Client, fresh: Partner, boss: User) -> None:
        onboarding = at_stage(fresh, "infrastructure")
        Onboarding.objects.filter(pk=onboarding.pk).update(endpoint_answers=True, setup_told_at=timezone.now())
        issue_token(fresh, purpose=IssuedToken.Purpose.REGISTRATION)
        assert missing(page, fresh) == []
        assert "Now in stage 2, OCPI handshake." in press(page, fresh, "advance", expected="infrastructure")
        assert stage_of(fresh) == "handshake"
        change = StageChange.objects.get()
        assert (change.stage_from, change.stage_to, change.by) == ("infrastructure", "handshake", boss)

    def test_our_endpoint_is_called_when_its_stage_begins(
        self, page: Client, fresh: Partner, live_server: LiveServer, settings: Settings
    ) -> None:
        settings.OCPI_BASE_URL_TEMPLATE = live_server.url
        settings.ALLOWED_HOSTS = ["*"]
        at_stage(fresh, "pre_integration")
        for condition in ("information", "window"):
            press(page, fresh, "overrule", condition=condition, reason="They came before.")
        said = press(page, fresh, "advance", expected="pre_integration")
        assert f"Now in stage 1, SFP infrastructure setup. Our endpoint for {fresh.name} " in said
        onboarding = Onboarding.objects.get()
        assert (onboarding.endpoint_checked_at is not None, onboarding.endpoint_text != "") == (True, True)

    def test_pressing_twice_moves_once(self, page: Client, fresh: Partner) -> None:
        onboarding = at_stage(fresh, "infrastructure")
        Onboarding.objects.filter(pk=onboarding.pk).update(endpoint_answers=True, setup_told_at=timezone.now())
        issue_token(fresh)
        press(page, fresh, "advance", expected="infrastructure")
        said = press(page, fresh, "advance", expected="infrastructure")
        assert "It is in stage “OCPI handshake” by now." in said
        assert stage_of(fresh) == "handshake"

    def test_the_window_is_agreed_on_the_page_and_confirmed_to_the_cpo(
        self, page: Client, fresh: Partner, run_tasks: Callable[..., list[Ran]]
    ) -> None:
        begins = timezone.localtime() + timedelta(days=1)
        given = {"starts_at": f"{begins:%Y-%m-%dT%H:%M}", "ends_at": f"{begins + timedelta(hours=2):%Y-%m-%dT%H:%M}"}
        fresh.contacts.create(name="Jana", email="jana@cpo.example")
        said = press(page, fresh, "agree-window", **given)
        assert "The integration window is agreed. It is confirmed to jana@cpo.example by email." in said
        run_tasks()
        (message,) = mail.outbox
        assert (message.to, message.cc) == (["jana@cpo.example"], ["techsupport@smartfuelpass.com"])
        assert f"from {begins:%-d %b %Y, %H:%M}" in message.body
        fresh.refresh_from_db()
        begin, end = fresh.integration_window_starts_at, fresh.integration_window_ends_at
        assert begin is not None
        assert end is not None
        assert end - begin == timedelta(hours=2)
        assert missing(page, fresh) == ["information"]
        swapped = {"starts_at": given["ends_at"], "ends_at": given["starts_at"]}
        assert "The window must end after it starts." in press(page, fresh, "agree-window", **swapped)


class TestNextStep:
    """The button that stands first is the one that brings about what is missing."""

    def step(self, page: Client, partner: Partner) -> tuple[Any, Any]:
        context = overview(page, partner).context
        return context["next"].action, context["next_button"]["action"].name

    def test_what_is_missing_of_their_information_they_enter_over_a_link(self, page: Client, fresh: Partner) -> None:
        assert self.step(page, fresh) == ("make-link", "make-link")

    def test_they_are_told_of_the_endpoint_with_the_data_sheet(self, page: Client, fresh: Partner) -> None:
        onboarding = at_stage(fresh, "infrastructure")
        Onboarding.objects.filter(pk=onboarding.pk).update(endpoint_answers=True)
        issue_token(fresh, purpose=IssuedToken.Purpose.REGISTRATION)
        assert missing(page, fresh) == ["setup_told"]
        assert self.step(page, fresh) == ("send-data-sheet", "send-data-sheet")

    def test_their_window_stands_beside_the_condition(self, page: Client, fresh: Partner) -> None:
        assert "They suggest" not in overview(page, fresh).content.decode()
        _, url = make_link(fresh, given_to="Jana", days=9, by=User.objects.get(), reveals_token_b=False)
        for text in ("Monday", "Tuesday 9 to 11 CET"):
            assert Client().post(f"{urlsplit(url).path}window", {"suggestion": text}).status_code == 302
        shown = {one["row"].condition.key: one for one in overview(page, fresh).context["conditions"]}
        assert shown["window"]["suggested"].text == "Tuesday 9 to 11 CET"
        assert "suggested" not in shown["information"]
        assert "They suggest: “Tuesday 9 to 11 CET”" in overview(page, fresh).content.decode()


class TestOverruling:
    def test_it_is_kept_with_reason_name_and_what_was_missing(self, page: Client, fresh: Partner, boss: User) -> None:
        press(page, fresh, "overrule", condition="information", reason="They have no static address.")
        row = StageOverride.objects.get()
        assert (row.condition, row.stage, row.reason, row.by) == (
            "information",
            "pre_integration",
            "They have no static address.",
            boss,
        )
        assert "Token A: missing" in row.missing
        shown = overview(page, fresh).content.decode()
        assert "Overruled by boss: They have no static address." in shown

    def test_it_is_shown_for_ever(self, page: Client, fresh: Partner) -> None:
        press(page, fresh, "overrule", condition="window", reason="They are always reachable.")
        Onboarding.objects.update(stage="off_boarded")
        press(page, fresh, "begin")
        assert Onboarding.objects.count() == 2
        assert "They are always reachable." in overview(page, fresh).content.decode()
        assert "window" in missing(page, fresh)

    def test_it_needs_a_reason(self, page: Client, fresh: Partner) -> None:
        press(page, fresh, "overrule", condition="information", reason=" ")
        assert not StageOverride.objects.exists()

    def test_it_refuses_what_is_not_ahead_and_what_was_overruled(self, page: Client, fresh: Partner) -> None:
        assert "does not belong to the stage" in press(page, fresh, "overrule", condition="endpoint", reason="x")
        press(page, fresh, "overrule", condition="window", reason="x")
        assert "nothing needs to be overruled" in press(page, fresh, "overrule", condition="window", reason="x")
        assert StageOverride.objects.count() == 1

    def test_it_has_a_permission_of_its_own(self, fresh: Partner) -> None:
        user = User.objects.create_user("integrator", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=["view_partner", "onboard_partner"]))
        client = Client()
        client.force_login(user)
        address = reverse("admin:partners_partner_do_overrule", args=[fresh.pk])
        assert client.post(address, {"condition": "window", "reason": "x"}).status_code == 403
        assert not StageOverride.objects.exists()


class TestHandshakeStage:
    @pytest.fixture
    def connected(self, fresh: Partner) -> Partner:
        at_stage(fresh, "handshake")
        for module, role in ENDPOINTS:
            RemoteEndpoint.objects.create(
                partner=fresh, version="2.2.1", module=module, role=role, url=f"https://cpo.example/{module}"
            )
        Partner.objects.filter(pk=fresh.pk).update(connection="connected", version="2.2.1")
        fresh.refresh_from_db()
        return fresh

    def test_in_the_window_it_starts_at_once_and_after_a_failure_it_asks_for_another_token_a(
        self, page: Client, fresh: Partner
    ) -> None:
        at_stage(fresh, "handshake")
        now = timezone.now()
        moving.agree_window(fresh, now - timedelta(hours=1), now + timedelta(hours=1))
        asks = [overview(page, fresh).context["next_button"]["asks"]]
        tokens.store_received(fresh, str(uuid.uuid4()), ReceivedToken.Purpose.REGISTRATION)
        asks.append(overview(page, fresh).context["next_button"]["asks"])
        HandshakeRun.objects.create(
            partner=fresh, state="failed", window_starts_at=now, window_ends_at=now, ended_at=now, cause="HTTP 401."
        )
        shown = overview(page, fresh)
        asks.append(shown.context["next_button"]["asks"])
        assert asks == [True, False, True]
        assert 'id="do-handshake-token_a"' in shown.content.decode()

    def test_it_tells_why_the_handshake_failed(self, page: Client, fresh: Partner) -> None:
        at_stage(fresh, "handshake")
        now = timezone.now()
        HandshakeRun.objects.create(
            partner=fresh, state="failed", window_starts_at=now, window_ends_at=now, ended_at=now,
            cause="Token A is wrong.", advice="Ask them for a new one.",
        )  # fmt: skip
        assert "Token A is wrong. Ask them for a new one." in overview(page, fresh).content.decode()

    def test_the_page_of_a_finished_handshake_says_what_is_next_and_follows_it(
        self, page: Client, connected: Partner
    ) -> None:
        now = timezone.now()
        run = HandshakeRun.objects.create(
            partner=connected, state="succeeded", window_starts_at=now, window_ends_at=now, ended_at=now
        )
        address = reverse("admin:ocpi_handshakerun_change", args=[run.pk])
        shown = page.get(address)
        assert (shown.context["refresh"], shown.context["next_button"]) == (3, None)
        assert "Handshake confirmed by a test request: Not seen yet" in shown.content.decode()
        Onboarding.objects.update(stage="testing")
        shown = page.get(address)
        assert (shown.context["refresh"], shown.context["next_button"]["action"].name) == (0, "check")
        assert f"Next for {connected.name}" in shown.content.decode()
        Onboarding.objects.update(stage="live")
        assert "Next for" not in page.get(address).content.decode()

    def test_a_missing_module_is_named(self, page: Client, connected: Partner) -> None:
        RemoteEndpoint.objects.filter(module="commands").delete()
        assert "They do not offer commands (RECEIVER)." in overview(page, connected).content.decode()

    @pytest.mark.parametrize("form", ["raw", "base64"])
    def test_it_is_confirmed_by_a_get_of_versions_with_the_token_that_they_hold(
        self, page: Client, connected: Partner, form: str
    ) -> None:
        _row, token = tokens.issue(connected, state=IssuedToken.State.ACTIVE)
        assert missing(page, connected) == ["confirmed"]
        wanted = {"module": "versions", "method": "GET"}
        message(connected, **wanted, request_headers={"Authorization": f"Token …{WRONG_WORD}"})
        message(connected, **wanted, request_headers=shown(token, form), http_status=401)
        message(connected, **{**wanted, "module": "locations"}, request_headers=shown(token, form))
        assert missing(page, connected) == ["confirmed"]
        message(connected, **wanted, request_headers=shown(token, form))
        assert missing(page, connected) == []


def shown(token: str, form: str) -> dict[str, str]:
    """The header as the log keeps it."""
    text = base64.b64encode(token.encode()).decode() if form == "base64" else token
    return mask_headers({"Authorization": f"Token {text}"})


class TestTesting:
    def check(self, partner: Partner, failed: int = 0, **values: Any) -> None:
        now = timezone.now()
        run = ConnectionCheck.objects.create(
            partner=partner, **{"state": "finished", "version": "2.2.1", "ended_at": now, **values}
        )
        for number in range(failed + 1):
            verdict = ConnectionCheckCase.Verdict.FAILED if number < failed else ConnectionCheckCase.Verdict.PASSED
            ConnectionCheckCase.objects.create(
                run=run,
                position=number,
                key=f"case-{number}",
                theme="t",
                title="T",
                verdict=verdict,
                seen="x",
                ended_at=now,
            )

    def test_the_latest_read_only_check_that_came_to_its_end_counts(self, page: Client, fresh: Partner) -> None:
        at_stage(fresh, "testing")
        assert "connection_check" in missing(page, fresh)
        self.check(fresh, failed=2)
        assert "The latest connection check failed in 2 cases." in overview(page, fresh).content.decode()
        self.check(fresh, failed=1, armed=True, evse_uid="E", location_id="L")
        self.check(fresh, failed=1, state="cancelled")
        self.check(fresh)
        assert "connection_check" not in missing(page, fresh)

    def test_both_sides_pass_a_test(self, page: Client, fresh: Partner, boss: User) -> None:
        at_stage(fresh, "testing")
        press(page, fresh, "judge", test="locations", side="sfp", verdict="passed", reason="Seen on the map.")
        row = FunctionalTest.objects.get(key="locations")
        assert (row.state, row.sfp_by) == ("passed_by_sfp", "boss")
        press(page, fresh, "judge", test="locations", side="cpo", verdict="passed", said_by="Jana", reason="By phone.")
        row.refresh_from_db()
        assert (row.state, row.cpo_by) == ("passed", "Jana, noted by boss")
        assert "test_locations" not in missing(page, fresh)
        assert HistoryEntry.objects.filter(partner=fresh, label="Record the verdict", result="done").count() == 2

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({"test": "locations", "side": "sfp", "verdict": "failed"}, "Say what went wrong"),
            ({"test": "locations", "side": "cpo", "verdict": "passed", "reason": "x"}, "Name the person"),
            ({"test": "locations", "side": "sfp", "verdict": "passed"}, "The platform has not seen this work"),
            ({"test": "cdr", "side": "cpo", "verdict": "passed", "said_by": "J"}, "validated by Smart Fuel Pass alone"),
        ],
    )
    def test_it_refuses_a_verdict_without_grounds(
        self, page: Client, fresh: Partner, data: dict[str, str], said: str
    ) -> None:
        at_stage(fresh, "testing")
        assert said in press(page, fresh, "judge", **data)
        assert not FunctionalTest.objects.exclude(sfp_verdict="", cpo_verdict="").exists()

    def test_before_stage_3_nothing_is_judged(self, fresh: Partner) -> None:
        with pytest.raises(NotPossible, match="stage 3"):
            functional_tests.judge(fresh, "locations", Side.SFP, "passed", "boss", "x")


class TestGoLive:
    @pytest.fixture
    def tested(self, world: World) -> Partner:
        at_stage(world.partner, "go_live")
        world.incident.delete()
        return world.partner

    def production(self, page: Client, partner: Partner, **changes: Any) -> str:
        given = {"code": "ion-live", "versions_url": "https://live.example/versions", "networks": "8.8.8.8"}
        return press(page, partner, "add-production", **{**given, **changes})

    def test_production_is_a_connection_of_its_own(self, page: Client, tested: Partner) -> None:
        tested.contacts.create(name="Jana", email="jana@cpo.example")
        self.production(page, tested)
        made = Partner.objects.get(code="ion-live")
        assert (made.environment, made.connection, made.party_id) == ("production", "not_connected", tested.party_id)
        assert [row.email for row in made.contacts.all()] == ["jana@cpo.example"]
        assert [row.network for row in made.allowed_networks.all()] == ["8.8.8.8"]
        assert not made.issued_tokens.exists()
        assert tokens.received_token(made.pk, ReceivedToken.Purpose.REGISTRATION) is None
        assert moving.of(made).pk == moving.of(tested).pk
        shown = overview(page, made).context
        assert shown["next_button"]["action"].name == "handshake"
        assert overview(page, tested).context["next"].label == "Go to production"

    def test_with_a_token_a_its_handshake_starts_at_once(self, page: Client, tested: Partner) -> None:
        self.production(page, tested, token_a="no token at all")
        assert not Partner.objects.filter(code="ion-live").exists()
        shown = self.production(page, tested, token_a=str(uuid.uuid4()))
        run = HandshakeRun.objects.get(partner__code="ion-live")
        assert run.state == "scheduled"
        assert "Cancel handshake" in shown

    def test_it_needs_a_code_of_its_own_and_there_is_one_only(self, page: Client, tested: Partner) -> None:
        assert "an endpoint code of its own" in self.production(page, tested, code=tested.code)
        self.production(page, tested)
        assert "not possible any more" in self.production(page, tested, code="another")
        assert Partner.objects.filter(environment="production").count() == 1

    def test_the_whole_way_to_live(self, page: Client, tested: Partner) -> None:
        self.production(page, tested)
        assert "Not yet." in press(page, tested, "advance", expected="go_live")
        said = press(page, tested, "confirm", action="production_tested", side="sfp")
        assert "The connection in production is not made yet" in said
        assert not GoLiveAction.objects.exists()
        live = self.proven(page, tested)
        assert overview(page, live).context["next_button"]["action"].name == "confirm"
        for action, side, by in (
            ("production_tested", "sfp", ""),
            ("production_tested", "cpo", "Jana"),
            ("cpo_confirmed", "cpo", "Jana"),
        ):
            press(page, tested, "confirm", action=action, side=side, said_by=by)
        assert missing(page, tested) == ["signed_off", "archived"]
        press(page, tested, "sign", name="Eva Hruba", role="Head of integration", signed_on=f"{timezone.localdate()}")
        assert overview(page, tested).context["next"].text == (
            "Sign-off form completed by both parties: The CPO has to do this."
        )
        assert "Missing: Sign-off form completed by both parties." in press(page, tested, "make-dossier")
        assert not Document.objects.filter(kind="dossier").exists()
        sign_off.sign(tested, "cpo", "Jana Nova", "CTO", timezone.localdate(), source_address="1.2.3.4")
        assert missing(page, tested) == ["archived"]
        assert overview(page, tested).context["next_button"]["action"].name == "make-dossier"
        press(page, tested, "make-dossier")
        assert "is live." in press(page, tested, "advance", expected="go_live")
        assert stage_of(tested) == "live"
        assert overview(page, tested).context["next"].text == "Nothing is left to do: they are live."

    def proven(self, page: Client, tested: Partner) -> Partner:
        """Production, connected; each piece of evidence is asked for, on its own page, until it is there."""
        live = Partner.objects.get(code="ion-live")
        Partner.objects.filter(pk=live.pk).update(connection="connected", version="2.2.1")
        assert missing(page, tested)[:3] == ["production_check", "production_charge", "production_tested"]
        assert overview(page, live).context["next_button"]["action"].name == "check"
        for side in ("sfp", "cpo"):
            said = press(page, tested, "confirm", action="production_tested", side=side, said_by="Jana")
            assert "Production is not proven yet." in said
        now = timezone.now()
        ConnectionCheck.objects.create(partner=live, version="2.2.1", state="finished", ended_at=now)
        assert missing(page, tested)[:2] == ["production_charge", "production_tested"]
        assert overview(page, live).context["next"].label == "Start a test charge"
        charge = charged(live)
        assert missing(page, tested)[0] == "production_charge"
        cdr_of(charge, total_energy=0)
        assert missing(page, tested)[0] == "production_charge"
        assert "One real charge in production" in press(page, tested, "confirm", action="production_tested", side="sfp")
        assert not GoLiveAction.objects.exists()
        cdr_of(charge)
        return live

    def test_each_side_signs_once_and_with_a_name(self, tested: Partner) -> None:
        today = timezone.localdate()
        sign_off.sign(tested, "sfp", "Eva", "Head", today)
        for given, why in (
            (("sfp", "Eva", "Head", today), "signed already"),
            (("cpo", " ", "CTO", today), "name and your role"),
            (("cpo", "Jana", "CTO", today + timedelta(days=3)), "future"),
        ):
            with pytest.raises(NotPossible, match=why):
                sign_off.sign(tested, *given)
        assert SignOff.objects.count() == 1

    def test_nobody_signs_before_stage_4(self, fresh: Partner) -> None:
        with pytest.raises(NotPossible, match="stage 4"):
            sign_off.sign(fresh, "cpo", "Jana", "CTO", timezone.localdate())


class TestEnding:
    def test_suspending_refuses_traffic_and_keeps_the_reason(self, page: Client, client: Client, world: World) -> None:
        token = issue_token(world.partner)
        headers = {"Authorization": f"Token {token}", "Host": f"ocpi-{world.partner.code}.smartfuelpass.com"}
        world.partner.allowed_networks.all().delete()
        press(page, world.partner, "suspend", reason="Unpaid")
        refused = client.get("/ocpi/emsp/versions", headers=headers)
        assert (refused.status_code, "suspended" in refused.json()["status_message"]) == (403, True)
        assert StageChange.objects.get().note == "Suspended test: Unpaid"
        assert "Suspended" in overview(page, world.partner).content.decode()
        press(page, world.partner, "resume", reason="Paid")
        assert client.get("/ocpi/emsp/versions", headers=headers).status_code == 200

    def test_without_a_reason_nothing_is_suspended(self, page: Client, world: World) -> None:
        press(page, world.partner, "suspend")
        world.partner.refresh_from_db()
        assert world.partner.connection == "connected"

    def test_off_boarding_refuses_traffic_at_once_and_has_them_told(self, page: Client, world: World) -> None:
        issue_token(world.partner)
        press(page, world.partner, "off-board", reason="Contract ended")
        world.partner.refresh_from_db()
        assert world.partner.connection == "suspended"
        assert stage_of(world.partner) == "off_boarded"
        run = HandshakeRun.objects.get(kind="unregister")
        assert (run.partner_id, run.state) == (world.partner.pk, "scheduled")
        assert StageChange.objects.get().note == "Contract ended"
        assert world.partner.__class__.objects.filter(pk=world.partner.pk).exists()
        assert "not possible any more" in press(page, world.partner, "off-board", reason="Again")

    def test_a_worker_revokes_all_tokens_and_keeps_the_data(
        self, page: Client, world: World, run_tasks: Callable[..., list[Ran]]
    ) -> None:
        RemoteEndpoint.objects.filter(partner=world.partner).delete()
        press(page, world.partner, "off-board", reason="Contract ended")
        run_tasks()
        world.partner.refresh_from_db()
        assert world.partner.connection == "not_connected"
        assert set(world.partner.issued_tokens.values_list("state", flat=True)) == {"revoked"}
        assert set(world.partner.received_tokens.values_list("state", flat=True)) == {"revoked"}
        world.session.refresh_from_db()
        world.message.refresh_from_db()
        assert "Off-boarded" in overview(page, world.partner).content.decode()

    def test_token_b_ends_at_once(self, page: Client, fresh: Partner) -> None:
        token = issue_token(fresh, purpose=IssuedToken.Purpose.REGISTRATION)
        press(page, fresh, "off-board", reason="They changed their mind.")
        assert tokens.find_issued(token) is None

    def test_a_handshake_under_way_is_called_off(self, page: Client, fresh: Partner) -> None:
        now = timezone.now()
        run = HandshakeRun.objects.create(partner=fresh, window_starts_at=now, window_ends_at=now, next_check_at=now)
        press(page, fresh, "off-board", reason="They changed their mind.")
        run.refresh_from_db()
        assert run.state == "cancelled"
        assert stage_of(fresh) == "off_boarded"


def test_the_seven_tests_are_those_of_the_guide() -> None:
    assert [test.key for test in TESTS] == [
        "locations", "session_start", "cdr", "command", "timeout", "connector", "meter_values",
    ]  # fmt: skip


def test_ids_of_others_are_refused(page: Client, world: World, fresh: Partner) -> None:
    stranger = world.evse.connectors.get()
    Partner.objects.filter(pk=fresh.pk).update(connection="connected")
    assert "belongs to another partner" in press(page, fresh, "start-test-run", connector=stranger.pk)
    assert "no such charge at this partner" in press(page, fresh, "stop-test-run", session=uuid.uuid4())


class TestEndpoint:
    def test_it_is_called_the_way_they_will_call_it(
        self, live_server: LiveServer, page: Client, settings: Settings
    ) -> None:
        settings.OCPI_BASE_URL_TEMPLATE = live_server.url
        partner = PartnerFactory.create(connection=Partner.Connection.NOT_CONNECTED, version="")
        at_stage(partner, "infrastructure")
        assert "answers, and asks for a token" in press(page, partner, "check-endpoint")
        assert "endpoint" not in missing(page, partner)
        settings.OCPI_BASE_URL_TEMPLATE = f"{live_server.url}/elsewhere"
        assert "something else answers there: HTTP 404" in press(page, partner, "check-endpoint")
        assert "endpoint" in missing(page, partner)

    def test_it_says_that_nothing_is_there(self, page: Client, fresh: Partner, settings: Settings) -> None:
        settings.OCPI_BASE_URL_TEMPLATE = "http://127.0.0.1:9"
        at_stage(fresh, "infrastructure")
        assert "there is no connection to it" in press(page, fresh, "check-endpoint")
