"""What the page offers, stage by stage: data sheet, tests, sign-off."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from onboarding.guide import Side, Stage
from onboarding.models import (
    ConnectionCheck,
    FunctionalTest,
    GoLiveAction,
    Onboarding,
    SignOff,
)
from onboarding.portal.links import make_link
from onboarding.testing import functional_tests
from partners.models import Partner
from tests.admin.charges import cdr_of, charged
from tests.factories import PartnerFactory
from tests.onboarding.portal.conftest import Cpo


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Stage.PRE_INTEGRATION, "Your turn: 3 items of the information below to enter."),
        (Stage.INFRASTRUCTURE, "Your turn: 3 items of the information below to enter."),
        (Stage.HANDSHAKE, "We start the handshake."),
        (Stage.TESTING, "We test together."),
        (Stage.GO_LIVE, "We connect production with you next: a handshake, a check, one real charge."),
        (Stage.LIVE, "The integration is live."),
        (Stage.OFF_BOARDED, "This integration was ended."),
    ],
)
def test_it_says_who_has_to_move(cpo: Cpo, in_stage: Callable[..., Onboarding], stage: Stage, said: str) -> None:
    in_stage(stage)
    shown = cpo.shown()
    assert said in shown
    for title in ("Pre-inte\u00adgration", "Infra\u00adstructure setup", "OCPI hand\u00adshake"):
        assert f">{title}</li>" in shown, "a telephone breaks it there"


THEIR_TURN = (
    "Your turn: “Production environment tested and confirmed”; “You confirm a successful end-to-end test from your "
    "side”; your signature."
)


def test_its_turn_comes_when_production_is_proven(
    cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding]
) -> None:
    """Before, what is next there is ours, but for what the check found wrong."""
    onboarding = in_stage(Stage.GO_LIVE)
    made = onboarding.production = PartnerFactory.create(environment="production", connection="connected")
    onboarding.save()

    def said(text: str) -> None:
        shown = cpo.shown()
        assert text in shown
        assert ("Your turn" in shown) == text.startswith("Your turn")
        assert "CPO confirms" not in shown

    said("Production is connected. Next, we check the connection and make one real charge. Then you confirm and sign.")
    check = {"partner": made, "version": "2.2.1", "state": "finished"}
    wrong = ConnectionCheck.objects.create(**check, ended_at=timezone.now())
    wrong.cases.create(position=1, key="x", theme="x", title="x", verdict="fail", ended_at=timezone.now())
    said("Your turn: our connection check in production failed in 1 case. Mend it, and we check again.")
    ConnectionCheck.objects.create(**check, ended_at=timezone.now())
    said("Production is connected. Next, we make one real charge. Then you confirm and sign.")
    cdr_of(charged(made))
    said(THEIR_TURN)


def test_its_turn_comes_too_where_we_go_on_without_proof(
    cpo: Cpo, in_stage: Callable[..., Onboarding], staff: User
) -> None:
    onboarding, now = in_stage(Stage.GO_LIVE), timezone.now()
    for key in ("production", "production_check", "production_charge"):
        onboarding.overrides.create(condition=key, stage="go_live", missing="x", reason="x", by=staff, at=now)
    assert THEIR_TURN in cpo.shown()


def test_who_confirms_too_early_reads_nothing_of_what_our_staff_do(
    cpo: Cpo, in_stage: Callable[..., Onboarding]
) -> None:
    in_stage(Stage.GO_LIVE)
    answer = cpo.post("confirm", action="production_tested")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert (
        "Production is not proven yet. What is still needed: connected in production; connection check in production "
        "without a failure; one real charge in production. You confirm when that is there."
    ) in text
    assert "add it, with its own endpoint code" not in text


class TestDataSheet:
    def test_it_waits_for_stage_1(self, cpo: Cpo) -> None:
        assert cpo.get("data-sheet").status_code == 404
        assert cpo.get("data-sheet-pdf").status_code == 404
        assert "ocpi/emsp/versions" not in cpo.shown()

    def test_it_holds_what_the_guide_lists(
        self, cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding], settings: Settings
    ) -> None:
        settings.OCPI_BASE_URL_TEMPLATE = "https://ocpi-{code}.smartfuelpass.com"
        settings.OCPI_OUTBOUND_IPS = ["203.0.113.10", "203.0.113.11"]
        in_stage(Stage.INFRASTRUCTURE)
        for name in ("page", "data-sheet"):
            shown = cpo.shown(name)
            assert f"https://ocpi-{partner.code}.smartfuelpass.com/ocpi/emsp/versions" in shown
            for value in ("SFP", "SK", "Smart Fuel Pass", "203.0.113.10", "203.0.113.11"):
                assert f">{value}<" in shown or f"{value}<br>" in shown

    def test_it_comes_as_pdf_and_is_recorded(
        self, cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding]
    ) -> None:
        in_stage(Stage.HANDSHAKE)
        answer = cpo.get("data-sheet-pdf")
        assert answer.content.startswith(b"%PDF-")
        assert answer.headers["Content-Disposition"] == f'inline; filename="data-sheet-{partner.code}.pdf"'
        event = cpo.link.events.get()
        assert (event.kind, event.text) == ("data_sheet", f"data-sheet-{partner.code}.pdf")


class TestTests:
    def test_the_cpo_passes_what_was_seen(self, cpo: Cpo, in_stage: Callable[..., Onboarding]) -> None:
        onboarding = in_stage(Stage.TESTING)
        cpo.get()
        FunctionalTest.objects.filter(onboarding=onboarding, key="command").update(seen_at=timezone.now())
        assert cpo.post("judge", test="command", verdict="passed").status_code == 302
        row = FunctionalTest.objects.get(key="command")
        assert (row.cpo_verdict, row.cpo_by, row.sfp_verdict) == ("passed", "Ana Nováková", "")
        assert cpo.link.events.get().kind == "judged"

    def test_a_failure_needs_its_reason(self, cpo: Cpo, in_stage: Callable[..., Onboarding]) -> None:
        in_stage(Stage.TESTING)
        assert cpo.post("judge", test="command", verdict="failed").status_code == 409
        assert cpo.post("judge", test="command", verdict="failed", reason="No CommandResult").status_code == 302
        assert FunctionalTest.objects.get(key="command").reason == "No CommandResult"

    def test_what_the_cpo_found_wrong_stays_when_we_pass_the_test(
        self, cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding]
    ) -> None:
        in_stage(Stage.TESTING)
        cpo.post("judge", test="command", verdict="failed", reason="No CommandResult")
        functional_tests.judge(partner, "command", Side.SFP, "passed", "eva", "Seen in the log.")
        assert FunctionalTest.objects.get(key="command").reason == "No CommandResult. Seen in the log."
        assert "No CommandResult" in cpo.shown()
        cpo.post("judge", test="command", verdict="")
        assert FunctionalTest.objects.get(key="command").reason == ""

    def test_it_judges_only_what_both_validate(self, cpo: Cpo, in_stage: Callable[..., Onboarding]) -> None:
        in_stage(Stage.TESTING)
        assert cpo.post("judge", test="cdr", verdict="passed", reason="Sent").status_code == 409
        assert not FunctionalTest.objects.exclude(cpo_verdict="").exists()

    def test_it_waits_for_stage_3(self, cpo: Cpo, in_stage: Callable[..., Onboarding]) -> None:
        in_stage(Stage.HANDSHAKE)
        assert 'id="tests"' not in cpo.shown()
        assert cpo.post("judge", test="command", verdict="passed", reason="x").status_code == 409


def confirm_all(onboarding: Onboarding) -> None:
    """The CPO confirmed its parts of going live, as after a test in production."""
    for action in ("production_tested", "cpo_confirmed"):
        GoLiveAction.objects.create(onboarding=onboarding, action=action, side="cpo", name="Ana", at=timezone.now())


class TestSignOff:
    def sign(self, cpo: Cpo, **changes: Any) -> Any:
        today = timezone.localdate().isoformat()
        return cpo.post(
            "sign-off", **{"name": "Eva Malá", "role": "CTO", "signed_on": today, "agreed": "on", **changes}
        )

    def test_the_cpo_signs_once(self, cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding]) -> None:
        onboarding = in_stage(Stage.GO_LIVE)
        assert "Sign for" not in cpo.shown()
        assert self.sign(cpo).status_code == 409
        assert (SignOff.objects.count(), cpo.link.events.count()) == (0, 0)
        confirm_all(onboarding)
        assert "Sign for" in cpo.shown()
        assert self.sign(cpo).status_code == 302
        row = SignOff.objects.get()
        assert (row.side, row.name, row.role, row.source_address) == ("cpo", "Eva Malá", "CTO", "127.0.0.1")
        assert "<b>You</b> have signed: Eva Malá, CTO, on" in cpo.shown()
        assert "Sign for" not in cpo.shown()
        assert self.sign(cpo, name="Somebody else").status_code == 409
        assert SignOff.objects.get().name == "Eva Malá"
        assert [event.kind for event in cpo.link.events.all()] == ["signed"]

    def test_it_needs_name_role_date_and_consent(self, cpo: Cpo, in_stage: Callable[..., Onboarding]) -> None:
        confirm_all(in_stage(Stage.GO_LIVE))
        for field in ("name", "role", "signed_on", "agreed"):
            answer = self.sign(cpo, **{field: ""})
            assert answer.status_code == 422
            if field != "name":
                assert 'value="Eva Malá"' in answer.content.decode()
        assert self.sign(cpo, signed_on="2020-01-01").status_code == 409
        assert not SignOff.objects.exists()

    @pytest.mark.parametrize("stage", [Stage.TESTING, Stage.LIVE])
    def test_it_belongs_to_stage_4(self, cpo: Cpo, in_stage: Callable[..., Onboarding], stage: Stage) -> None:
        in_stage(stage)
        assert self.sign(cpo).status_code == 409
        assert not SignOff.objects.exists()

    def test_the_cpo_confirms_its_part_of_going_live(self, cpo: Cpo, in_stage: Callable[..., Onboarding]) -> None:
        in_stage(Stage.GO_LIVE)
        cpo.post("confirm", action="cpo_confirmed")
        cpo.post("confirm", action="cpo_confirmed")
        row = GoLiveAction.objects.get()
        assert (row.action, row.side, row.name) == ("cpo_confirmed", "cpo", "Ana Nováková")
        assert cpo.post("confirm", action="archived").status_code == 409

    def test_the_form_comes_as_pdf_once_it_is_open(self, cpo: Cpo, in_stage: Callable[..., Onboarding]) -> None:
        in_stage(Stage.TESTING)
        assert cpo.get("sign-off-pdf").status_code == 404
        in_stage(Stage.GO_LIVE)
        assert cpo.get("sign-off-pdf").content.startswith(b"%PDF-")


def test_the_connection_in_production_has_its_own_information_and_token_b(
    partner: Partner, staff: User, in_stage: Callable[..., Onboarding]
) -> None:
    onboarding = in_stage(Stage.GO_LIVE)
    live = PartnerFactory.create(
        environment="production", connection=Partner.Connection.NOT_CONNECTED, version="", connected_at=None
    )
    onboarding.production = live
    onboarding.save()
    cpo = Cpo(*make_link(live, given_to="Ana", days=1, by=staff, reveals_token_b=True))
    assert cpo.post(versions_url="https://live.ion.example/versions").status_code == 302
    live.refresh_from_db()
    assert live.versions_url == "https://live.ion.example/versions"
    assert "Reveal Token B now" in cpo.shown()
    confirm_all(onboarding)
    assert "Sign for" in cpo.shown()
