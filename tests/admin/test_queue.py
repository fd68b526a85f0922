"""The queue: for each state in which somebody waits for us exactly one row, gone when it is done; whose work it is."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import PaymentAuthorization, Restore, RestoreFinding
from ocpi.client.webhooks import Answered
from ocpi.models import HandshakeRun, SyncRun, TokenPush
from onboarding.checklist import set_ticks
from onboarding.guide import GO_LIVE_ACTIONS, TESTS, Side
from onboarding.guide.checklist import ITEMS
from onboarding.models import Alert, AlertChannel, ConnectionCheck, FunctionalTest, GoLiveAction, LinkEvent, Onboarding
from onboarding.portal.links import make_link
from onboarding.stages import moving, sign_off
from partners import incidents, tokens
from partners.incidents import Report, open_incident
from partners.models import (
    HistoryEntry,
    Incident,
    IssuedToken,
    Note,
    Partner,
    PartnerRole,
    ReceivedToken,
    RemoteEndpoint,
    Ticket,
)
from partners.services import issue_registration_token
from sessions_adhoc import symptoms
from sessions_adhoc.contracts import doubts, handing
from sessions_adhoc.models import ClientKey, ContractRecord, WebhookDelivery
from sessions_adhoc.webhooks import delivering, endpoints, trouble
from tests.admin.charges import cdr_of, charged
from tests.admin.rows import ad_hoc_session, message
from tests.admin.test_onboarding_stages import ENDPOINTS
from tests.factories import ConnectorFactory, OcpiSessionFactory, PartnerFactory, TokenFactory

HOUR = timedelta(hours=1)


@dataclass
class Scene:
    """One integration, and the page of whoever looks."""

    page: Client
    boss: User
    partner: Partner

    def queue(self, part: str = "") -> list[Any]:
        return list(self.page.get(reverse("admin:index"), {"queue": part}).context["attention"])

    def rows(self, part: str = "") -> list[tuple[str, str]]:
        return [(item.kind, item.press) for item in self.queue(part)]

    def at(self, stage: str, **values: Any) -> None:
        now = timezone.now()
        row, _ = Onboarding.objects.get_or_create(
            partner=self.partner, defaults={"stage_since": now, "evidence_from": now - HOUR}
        )
        Onboarding.objects.filter(pk=row.pk).update(stage=stage, **values)

    def connect(self, partner: Partner | None = None) -> None:
        row = partner or self.partner
        Partner.objects.filter(pk=row.pk).update(connection="connected", version="2.2.1", connected_at=timezone.now())
        for module, role in ENDPOINTS:
            RemoteEndpoint.objects.create(
                partner=row, version="2.2.1", module=module, role=role, url=f"https://cpo.example/{module}"
            )

    def link(self) -> None:
        make_link(self.partner, given_to="Ana", days=30, by=self.boss, reveals_token_b=True)

    def enters_everything(self) -> None:
        """As the CPO does over its page."""
        self.partner.contacts.create(name="Ana", email="ana@cpo.example", phone="+421 900 123 456")
        self.partner.allowed_networks.create(network="8.8.8.8")
        tokens.store_received(self.partner, str(uuid.uuid4()), ReceivedToken.Purpose.REGISTRATION)
        set_ticks(self.partner, [item.key for item in ITEMS], "Ana", among=[item.key for item in ITEMS])

    def suggests(self) -> None:
        link = self.partner.links.get()
        LinkEvent.objects.create(link=link, kind=LinkEvent.Kind.WINDOW, text="Tuesday at 10:00")

    def agree(self, *, ahead: bool = False) -> None:
        now = timezone.now()
        begins = now + HOUR if ahead else now - HOUR
        moving.agree_window(self.partner, begins, now + 2 * HOUR)

    def checks(self, partner: Partner | None = None) -> None:
        ConnectionCheck.objects.create(
            partner=partner or self.partner, version="2.2.1", state="finished", ended_at=timezone.now()
        )

    def judges(self, *, sfp: str = "passed", cpo: str = "passed", seen: bool = True) -> None:
        onboarding = Onboarding.objects.get(partner=self.partner)
        for test in TESTS:
            FunctionalTest.objects.update_or_create(
                onboarding=onboarding,
                key=test.key,
                defaults={
                    "seen_at": timezone.now() if seen else None,
                    "sfp_verdict": sfp,
                    "cpo_verdict": cpo if Side.CPO in test.validators else "",
                },
            )

    def production(self) -> Partner:
        made = PartnerFactory.create(
            environment="production", connection="not_connected", version="", connected_at=None
        )
        Onboarding.objects.filter(partner=self.partner).update(production=made)
        return made

    def confirms(self, action: str, *sides: str) -> None:
        for side in sides:
            GoLiveAction.objects.create(
                onboarding=Onboarding.objects.get(partner=self.partner),
                action=action,
                side=side,
                name="Ana",
                at=timezone.now(),
            )


@pytest.fixture
def scene(page: Client, boss: User) -> Scene:
    partner = PartnerFactory.create(connection=Partner.Connection.NOT_CONNECTED, version="", connected_at=None)
    return Scene(page, boss, partner)


def both(*steps: Callable[[], object]) -> Callable[[], object]:
    """One after the other."""
    return lambda: [step() for step in steps]


def new_one(scene: Scene) -> Callable[[], object]:
    return scene.link


def everything_entered(scene: Scene) -> Callable[[], object]:
    scene.link()
    assert scene.rows() == []
    scene.enters_everything()

    def agree_and_move_on() -> None:
        scene.agree(ahead=True)
        scene.at("handshake")

    return agree_and_move_on


def under_way(scene: Scene, partner: Partner | None = None) -> HandshakeRun:
    now = timezone.now()
    return HandshakeRun.objects.create(
        partner=partner or scene.partner, window_starts_at=now, window_ends_at=now + HOUR, next_check_at=now + HOUR
    )


def window_suggested(scene: Scene) -> Callable[[], object]:
    scene.link()
    assert scene.rows() == []
    scene.suggests()
    return scene.agree


def another_window_suggested(scene: Scene) -> Callable[[], object]:
    scene.link()
    scene.enters_everything()
    scene.at("handshake")
    scene.agree(ahead=True)
    assert scene.rows() == []
    scene.suggests()
    return lambda: scene.agree(ahead=True)


def all_there(scene: Scene) -> Callable[[], object]:
    scene.link()
    scene.enters_everything()
    scene.agree()
    return both(lambda: scene.at("handshake"), lambda: under_way(scene))


def endpoint_not_checked(scene: Scene) -> Callable[[], object]:
    scene.at("infrastructure")
    return both(lambda: scene.at("handshake"), lambda: under_way(scene))


def window_open(scene: Scene) -> Callable[[], object]:
    scene.at("handshake")
    scene.agree()
    return lambda: under_way(scene)


def handshake_failed(scene: Scene) -> Callable[[], object]:
    scene.at("handshake")
    run = under_way(scene)
    assert scene.rows() == []
    now = timezone.now()
    HandshakeRun.objects.filter(pk=run.pk).update(state="failed", next_check_at=None, ended_at=now, cause="HTTP 401.")
    report = Report("handshake", "Handshake times out", "Wrong Token A.", "Ask them.")
    open_incident(scene.partner.pk, report)
    return lambda: incidents.close_incidents(scene.partner.pk, "handshake", "Again") and under_way(scene)


def check_not_run(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("testing")
    scene.judges(sfp="passed", cpo="")
    return scene.checks


def unseen_tests(scene: Scene) -> Callable[[], object]:
    """Their locations came, and wait for a verdict; what else is asked for a charge shows first."""
    scene.connect()
    scene.at("testing")
    scene.checks()
    scene.judges(sfp="", cpo="", seen=False)
    FunctionalTest.objects.filter(key="locations").update(seen_at=timezone.now())
    return lambda: scene.judges(sfp="passed", cpo="")


def verdicts_open(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("testing")
    scene.checks()
    scene.judges(sfp="", cpo="")
    return lambda: scene.judges(sfp="passed", cpo="")


def they_found_a_fault(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("testing")
    scene.checks()
    scene.judges(sfp="passed", cpo="")
    assert scene.rows() == []
    FunctionalTest.objects.filter(key="command").update(cpo_verdict="failed", reason="Two sessions")
    return lambda: FunctionalTest.objects.filter(key="command").update(cpo_verdict="")


def production_missing(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("go_live")
    return lambda: under_way(scene, scene.production())


def production_waits_for_its_handshake(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("go_live")
    made = scene.production()
    return lambda: under_way(scene, made)


def proven(scene: Scene) -> Partner:
    scene.connect()
    scene.at("go_live")
    made = scene.production()
    scene.connect(made)
    scene.checks(made)
    cdr_of(charged(made))
    return made


def production_not_checked(scene: Scene) -> Callable[[], object]:
    made = proven(scene)
    ConnectionCheck.objects.filter(partner=made).delete()
    scene.confirms("production_tested", "sfp", "cpo")
    scene.confirms("signed_off", "sfp")
    return lambda: scene.checks(made)


def production_without_a_charge(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("go_live")
    made = scene.production()
    scene.connect(made)
    scene.checks(made)
    scene.confirms("signed_off", "sfp")
    return both(lambda: cdr_of(charged(made)), lambda: scene.confirms("production_tested", "sfp"))


def production_not_confirmed(scene: Scene) -> Callable[[], object]:
    proven(scene)
    scene.confirms("signed_off", "sfp")
    scene.confirms("production_tested", "cpo")
    return lambda: scene.confirms("production_tested", "sfp")


def signature_waited_for(scene: Scene) -> Callable[[], object]:
    proven(scene)
    scene.confirms("production_tested", "sfp", "cpo")
    today = timezone.localdate()
    sign_off.sign(scene.partner, "cpo", "Ana", "CTO", today)
    return lambda: sign_off.sign(scene.partner, "sfp", "Eva", "Lead", today)


def dossier_missing(scene: Scene) -> Callable[[], object]:
    proven(scene)
    for action in GO_LIVE_ACTIONS[:-1]:
        scene.confirms(action.key, *(side.value for side in action.sides))
    return both(lambda: scene.confirms("archived", "sfp"), lambda: scene.at("live"))


def suspended(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("live")
    assert scene.rows() == []
    Partner.objects.filter(pk=scene.partner.pk).update(connection="suspended", suspended_at=timezone.now())
    return lambda: Partner.objects.filter(pk=scene.partner.pk).update(connection="connected", suspended_at=None)


def live(scene: Scene) -> None:
    scene.connect()
    scene.at("live")


def location_refused(scene: Scene) -> Callable[[], object]:
    live(scene)
    pull = {"partner": scene.partner, "module": "locations", "state": "succeeded", "ended_at": timezone.now()}
    SyncRun.objects.create(**pull, received=3, stored=2, refused=1)
    return lambda: SyncRun.objects.create(**pull, received=3, stored=3)


def sync_failed(scene: Scene) -> Callable[[], object]:
    live(scene)
    run = SyncRun.objects.create(partner=scene.partner, module="tariffs", state="failed", ended_at=timezone.now())
    return run.delete


def sync_failed_with_its_incident(scene: Scene) -> Callable[[], object]:
    done = sync_failed(scene)
    key = "failed-pulls:tariffs"
    open_incident(scene.partner.pk, Report(key, "GET /tariffs fails", "HTTP 500.", "Mend it."))
    return lambda: incidents.close_incidents(scene.partner.pk, key, "Gone") and done()


def incident_not_acknowledged(scene: Scene) -> Callable[[], object]:
    live(scene)
    row = open_incident(scene.partner.pk, Report("x", "CDRs not received by SFP", "CDR not sent.", "Verify the URL."))
    return lambda: scene.page.post(reverse("admin:partners_incident_do_acknowledge", args=[row.pk]))


def dispute(scene: Scene) -> Callable[[], object]:
    live(scene)
    session = ad_hoc_session(ConnectorFactory.create(evse__location__partner=scene.partner).evse, "settled")
    row = open_incident(scene.partner.pk, symptoms.report(session, symptoms.DISPUTED, "12.30 EUR"))
    return lambda: incidents.close_by_staff(row.pk, scene.boss, "Answered.")


def money_held(scene: Scene) -> Callable[[], object]:
    """Its incident says the same, and is no second row."""
    live(scene)
    session = ad_hoc_session(ConnectorFactory.create(evse__location__partner=scene.partner).evse, "escalated")
    open_incident(scene.partner.pk, symptoms.report(session, "CDRs not received by SFP", "None came."))

    def end() -> None:
        incidents.close_about(scene.partner.pk, str(session.pk), "Over", symptoms.ENDED_BY_NEWS)
        type(session).objects.filter(pk=session.pk).update(state="settled")

    return end


def gateway_does_not_finish(scene: Scene) -> Callable[[], object]:
    live(scene)
    session = ad_hoc_session(ConnectorFactory.create(evse__location__partner=scene.partner).evse, "awaiting_cdr")
    payments = PaymentAuthorization.objects.filter(pk=session.authorization_id)
    payments.update(state="capturing", state_since=timezone.now() - HOUR)
    return lambda: payments.update(state="reserved")


def nobody_looks(scene: Scene) -> Callable[[], object]:
    live(scene)
    evse = ConnectorFactory.create(evse__location__partner=scene.partner).evse
    session = ad_hoc_session(evse, "starting", next_check_at=timezone.now() - HOUR)
    return lambda: type(session).objects.filter(pk=session.pk).update(next_check_at=timezone.now() + HOUR)


def party_to_decide(scene: Scene) -> Callable[[], object]:
    live(scene)
    role = PartnerRole.objects.create(partner=scene.partner, country_code="SK", party_id="XYZ", state="pending")
    return lambda: PartnerRole.objects.filter(pk=role.pk).update(state="refused")


def token_not_taken(scene: Scene) -> Callable[[], object]:
    live(scene)
    TokenPush.objects.filter(partner=scene.partner).delete()
    push = TokenPush.objects.create(
        partner=scene.partner, token=TokenFactory.create(), wanted=timezone.now(), error="HTTP 500", tries=5
    )
    return lambda: TokenPush.objects.filter(pk=push.pk).update(error="", tries=0)


def contract_record(scene: Scene, uid: str = "1") -> ContractRecord:
    told = [{"code": "token_not_valid", "text": f"token {uid} was blocked."}]
    session = OcpiSessionFactory.create(partner=scene.partner, ocpi_id=uid, ocpi_key=uid)
    record = ContractRecord.objects.create(
        kind="session", partner=scene.partner, ocpi_session=session, state="held", doubts=told
    )
    doubts.tell(record, told)
    return record


def contract_charge_held(scene: Scene) -> Callable[[], object]:
    """Its incident says the same, and is no second row."""
    live(scene)
    record = contract_record(scene)
    assert Incident.objects.filter(closed_at=None).count() == 1
    return lambda: handing.refuse(record.pk, scene.boss, "Not ours.")


def restored(scene: Scene) -> Callable[[], object]:
    live(scene)
    restore = Restore.objects.create(since=timezone.now() - HOUR, at=timezone.now())
    found = RestoreFinding.objects.create(restore=restore, kind="partner", text="They refuse our token.", advice="x")
    return lambda: scene.page.post(reverse("admin:billing_restorefinding_do_decide", args=[found.pk]), {"reason": "x"})


def delivery(scene: Scene, **values: Any) -> WebhookDelivery:
    client = ClientKey.objects.create(name=f"App {ClientKey.objects.count()}", digest=uuid.uuid4().hex)
    endpoint, _secret = endpoints.create(client, "https://app.example/hooks")
    more = {"kind": "session.charging", "subject": "session:1", "body": "{}", "next_check_at": None, **values}
    return WebhookDelivery.objects.create(endpoint=endpoint, partner=scene.partner, **more)


def event_not_taken(scene: Scene) -> Callable[[], object]:
    """Its incident says the same. A test event that was not taken needs nobody."""
    live(scene)
    delivery(scene, kind="webhook.test", state="given_up")
    assert scene.rows() == []
    row = delivery(scene, state="given_up")
    trouble.given_up(row, Answered(500, "Oops"))
    return lambda: delivering.leave_out(row.pk)


def webhook_paused(scene: Scene) -> Callable[[], object]:
    """What it did not take before is no second row, nor are the incidents of both."""
    live(scene)
    row = delivery(scene, state="given_up")
    trouble.given_up(row, Answered(500, "Oops"))
    endpoints.pause(row.endpoint_id, "Nothing was taken for three days.")
    trouble.paused(row, Answered(500, "Oops"))
    assert Incident.objects.filter(closed_at=None).count() == 2
    return both(lambda: endpoints.turn_on(row.endpoint_id), lambda: delivering.leave_out(row.pk))


def stage_1(scene: Scene, *, token_b: bool = False, told: bool = False) -> Callable[[], object]:
    """Our endpoint answers. Done is all of the stage, and the handshake is under way."""
    scene.at("infrastructure", endpoint_answers=True, setup_told_at=timezone.now() if told else None)
    if token_b:
        issue_registration_token(scene.partner)
    return both(lambda: scene.at("handshake"), lambda: under_way(scene))


def token_b_missing(scene: Scene) -> Callable[[], object]:
    return stage_1(scene)


def data_sheet_not_sent(scene: Scene) -> Callable[[], object]:
    return stage_1(scene, token_b=True)


def stage_1_complete(scene: Scene) -> Callable[[], object]:
    return stage_1(scene, token_b=True, told=True)


def stage_2_complete(scene: Scene) -> Callable[[], object]:
    """They have called us with the token of the handshake."""
    scene.connect()
    scene.at("handshake")
    assert scene.rows() == [], "their test request is waited for"
    tokens.issue(scene.partner, IssuedToken.Purpose.CONNECTION)
    IssuedToken.objects.update(state="active")
    sent = {"Authorization": f"Token …{IssuedToken.objects.get().last4}"}
    message(scene.partner, module="versions", method="GET", url="/ocpi/emsp/versions", request_headers=sent)
    return both(lambda: scene.at("testing"), scene.checks, lambda: scene.judges(sfp="passed", cpo=""))


def stage_3_complete(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("testing")
    scene.checks()
    scene.judges()
    return both(lambda: scene.at("go_live"), lambda: under_way(scene, scene.production()))


def stage_4_complete(scene: Scene) -> Callable[[], object]:
    proven(scene)
    for action in GO_LIVE_ACTIONS:
        scene.confirms(action.key, *(side.value for side in action.sides))
    return lambda: scene.at("live")


def production_handshake_failed(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("go_live")
    made = scene.production()
    run = under_way(scene, made)
    ended = {"state": "failed", "next_check_at": None, "ended_at": timezone.now(), "cause": "HTTP 401."}
    HandshakeRun.objects.filter(pk=run.pk).update(**ended)
    return lambda: under_way(scene, made)


def suspended_while_testing(scene: Scene) -> Callable[[], object]:
    scene.connect()
    scene.at("testing")
    scene.checks()
    scene.judges(sfp="passed", cpo="")
    Partner.objects.filter(pk=scene.partner.pk).update(connection="suspended", suspended_at=timezone.now())
    return lambda: Partner.objects.filter(pk=scene.partner.pk).update(connection="connected", suspended_at=None)


NAMES_NO_BUTTON = {
    "Approve or refuse": "Approve",
    "Decide": "",
    "Go to the tests": "Pass",
    "Look at the faults": "refused",
    "Look at the payment": "The gateway: it is asked to capture.",
}
"""What a row says to do where the page has several buttons for it, or none; all others are a button's words there."""


def alerts_not_taken(scene: Scene) -> Callable[[], object]:
    live(scene)
    channel = AlertChannel.objects.create(name="Night shift", kind="chat", host="chat.example")
    told = open_incident(scene.partner.pk, Report("x", "CDRs not received by SFP", "CDR not sent.", "Verify it."))
    incidents.close_by_staff(told.pk, scene.boss, "Known.")
    row = Alert.objects.get(channel=channel, incident=told)
    Alert.objects.update(state="given_up", error="HTTP 404", next_check_at=None)
    return row.delete


@pytest.mark.parametrize(
    ("begin", "row"),
    [
        (alerts_not_taken, ("Alerts", "Send a test")),
        (new_one, ("Stage 0", "Make the CPO's link")),
        (everything_entered, ("Stage 0", "Agree on the window")),
        (window_suggested, ("Stage 0", "Agree on the window")),
        (another_window_suggested, ("Stage 2", "Agree on the window")),
        (all_there, ("Stage 0", "Move on to the next stage")),
        (endpoint_not_checked, ("Stage 1", "Check our endpoint")),
        (token_b_missing, ("Stage 1", "Issue Token B")),
        (data_sheet_not_sent, ("Stage 1", "Send the data sheet")),
        (stage_1_complete, ("Stage 1", "Move on to the next stage")),
        (stage_2_complete, ("Stage 2", "Move on to the next stage")),
        (stage_3_complete, ("Stage 3", "Move on to the next stage")),
        (stage_4_complete, ("Stage 4", "Move on to the next stage")),
        (production_handshake_failed, ("Handshake", "Try again")),
        (suspended_while_testing, ("Suspended", "Resume")),
        (window_open, ("Stage 2", "Start handshake")),
        (handshake_failed, ("Handshake", "Try again")),
        (check_not_run, ("Stage 3", "Check connection")),
        (unseen_tests, ("Stage 3", "Start a test charge")),
        (verdicts_open, ("Stage 3", "Go to the tests")),
        (they_found_a_fault, ("Stage 3", "Go to the tests")),
        (production_missing, ("Stage 4", "Add production")),
        (production_waits_for_its_handshake, ("Stage 4", "Start handshake")),
        (production_not_checked, ("Stage 4", "Check connection")),
        (production_without_a_charge, ("Stage 4", "Start a test charge")),
        (production_not_confirmed, ("Stage 4", "Confirm")),
        (signature_waited_for, ("Stage 4", "Sign for SFP")),
        (dossier_missing, ("Stage 4", "Archive the dossier")),
        (suspended, ("Suspended", "Resume")),
        (location_refused, ("Location", "Look at the faults")),
        (sync_failed, ("Sync", "Pull again")),
        (sync_failed_with_its_incident, ("Incident", "Acknowledge")),
        (incident_not_acknowledged, ("Incident", "Acknowledge")),
        (dispute, ("Incident", "Acknowledge")),
        (money_held, ("Escalated", "Decide")),
        (gateway_does_not_finish, ("Payment", "Look at the payment")),
        (nobody_looks, ("Overdue", "Check again")),
        (party_to_decide, ("Party", "Approve or refuse")),
        (token_not_taken, ("Token push", "Push again")),
        (contract_charge_held, ("Contract charge", "Decide")),
        (event_not_taken, ("Webhook", "Send again")),
        (webhook_paused, ("Webhook", "Turn on")),
        (restored, ("Restore", "Decide")),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_it_is_one_row_and_gone_when_done(
    scene: Scene, begin: Callable[[Scene], Callable[[], object]], row: tuple[str, str]
) -> None:
    done = begin(scene)
    assert scene.rows() == [row]
    [item] = scene.queue()
    led_to = scene.page.get(item.button_url.partition("#")[0])
    assert led_to.status_code == 200
    assert NAMES_NO_BUTTON.get(item.press, item.press) in unescape(led_to.content.decode())
    done()
    assert scene.rows() == []


def test_the_green_button_is_the_one_that_the_queue_names(scene: Scene) -> None:
    new_one(scene)
    [item] = scene.queue()
    assert item.button_url.endswith("#do-next")
    shown = scene.page.get(item.button_url.partition("#")[0]).content.decode()
    assert 'id="do-next"' in shown
    assert "Make the CPO&#x27;s link" in shown


def test_what_is_held_or_not_taken_several_times_is_one_row_that_leads_to_all(scene: Scene) -> None:
    live(scene)
    records = [contract_record(scene, uid) for uid in "12"]
    first = delivery(scene, state="given_up")
    WebhookDelivery.objects.create(endpoint=first.endpoint, kind="x", subject="y", body="{}", state="given_up")
    charges, webhook = scene.queue()
    assert charges.title.startswith("2 contract charges are held, the oldest: token 1 was blocked.")
    assert webhook.title.startswith(f"{first.endpoint} does not take 2 events, the oldest session.charging")
    for item in (charges, webhook):
        listed = scene.page.get(item.button_url).context["cl"]
        assert len(listed.result_list) == 2
    handing.refuse(records[0].pk, scene.boss, "Not ours.")
    [left, _] = scene.queue()
    assert (left.title, left.press) == ("Session 2 is held: token 2 was blocked.", "Decide")


class TestWork:
    @pytest.fixture
    def incident(self, scene: Scene) -> Incident:
        live(scene)
        return open_incident(scene.partner.pk, Report("x", "CDRs not received by SFP", "Not sent.", "Verify the URL."))

    def press(self, scene: Scene, row: Any, button: str, **data: Any) -> str:
        name = f"admin:partners_{row._meta.model_name}_do_{button}"
        return str(scene.page.post(reverse(name, args=[row.pk]), data, follow=True).content.decode())

    def test_what_was_taken_names_who_and_is_among_their_work(self, scene: Scene, incident: Incident) -> None:
        assert scene.rows("mine") == []
        address = reverse("admin:queue_assign")
        assert scene.page.get(address).status_code == 405
        scene.page.post(address, {"key": f"incident:{incident.pk}"})
        assert [str(item.ticket.assignee) for item in scene.queue()] == ["boss"]
        assert scene.rows("mine") == [("Incident", "Acknowledge")]
        scene.page.post(address, {"key": "incident:99999"})
        assert Ticket.objects.count() == 1

    def test_a_row_is_acknowledged_and_given_where_it_stands(self, scene: Scene, incident: Incident) -> None:
        sam = User.objects.create_user("sam", is_staff=True)
        driver, address = User.objects.create_user("driver"), reverse("admin:queue_assign")
        row = {"key": f"incident:{incident.pk}"}
        shown = scene.page.post(address, {**row, "do": "give", "user": driver.pk}, follow=True).content.decode()
        assert "Choose somebody who works here." in shown
        assert not Ticket.objects.exists()
        shown = scene.page.post(address, {**row, "do": "give", "user": sam.pk}, follow=True).content.decode()
        assert "It is the work of sam." in shown
        assert (scene.rows(), Ticket.objects.get().assignee) == ([("Incident", "Acknowledge")], sam)
        scene.page.post(address, {**row, "do": "acknowledge"})
        assert (scene.rows(), scene.rows("mine")) == ([], [("Incident", "Acknowledge")])
        labels = HistoryEntry.objects.exclude(label="").order_by("id").values_list("label", flat=True)
        assert list(labels) == ["Give to", "Acknowledge"]

    def test_what_is_done_on_a_partners_page_is_not_acknowledged(self, scene: Scene, incident: Incident) -> None:
        new_one(scene)
        Partner.objects.create(code="new", name="New", country_code="SK", party_id="NEW")
        assert {item.kind: item.may_be_acknowledged for item in scene.queue()} == {"Incident": True, "Stage 0": False}

    def test_acknowledged_it_is_in_nobodys_queue_for_a_day(self, scene: Scene, incident: Incident) -> None:
        self.press(scene, incident, "acknowledge")
        assert (scene.rows(), scene.rows("mine")) == ([], [("Incident", "Acknowledge")])
        Ticket.objects.update(quiet_until=timezone.now() - timedelta(seconds=1))
        assert scene.rows() == [("Incident", "Acknowledge")]

    def test_put_off_it_comes_back_when_it_needs_something_else(self, scene: Scene) -> None:
        new_one(scene)
        until = timezone.localtime(timezone.now() + HOUR).strftime("%Y-%m-%dT%H:%M")
        assert "Put off until" in self.press(scene, scene.partner, "put-off", until=until, why="Ana is on holiday")
        assert scene.rows() == []
        assert scene.rows("all") == [("Stage 0", "Make the CPO's link")]
        scene.link()
        scene.suggests()
        assert scene.rows() == [("Stage 0", "Agree on the window")]

    def test_it_is_put_off_for_a_month_at_most(self, scene: Scene, incident: Incident) -> None:
        for days in (-1, 31):
            until = (timezone.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")
            assert "in the next 30 days" in self.press(scene, incident, "put-off", until=until, why="x")
        assert scene.rows() == [("Incident", "Acknowledge")]

    def test_it_is_given_to_somebody_and_back_to_all(self, scene: Scene, incident: Incident) -> None:
        sam = User.objects.create_user("sam", is_staff=True)
        User.objects.create_user("driver")
        assert "It is the work of sam." in self.press(scene, incident, "give", user=sam.pk)
        self.press(scene, incident, "acknowledge")
        assert "nobody&#x27;s work now" in self.press(scene, incident, "give", user="")
        assert (scene.rows(), Ticket.objects.get().assignee) == ([("Incident", "Acknowledge")], None)

    def test_a_note_links_what_it_names_and_calls_whom_it_names(self, scene: Scene, incident: Incident) -> None:
        evse = ConnectorFactory.create(evse__location__partner=scene.partner, evse__evse_id="SK*ION*E7").evse
        session = ad_hoc_session(evse)
        User.objects.create_user("sam", is_staff=True)
        text = f"@sam <b>look</b> at {session.pk}, SK*ION*E7, #{incident.pk}, message 12; mail a@sam.example. #999999"
        shown = self.press(scene, incident, "note", text=text)
        note = Note.objects.get()
        assert [user.username for user in note.mentions.all()] == ["sam"]
        for address in (f"/adhocsession/{session.pk}/change/", f"/evse/{evse.pk}/change/", "/message/12/change/"):
            assert f'href="/admin/{"ocpi" if "adhoc" not in address else "sessions_adhoc"}{address}"' in shown
        assert "&lt;b&gt;look&lt;/b&gt;" in shown
        assert "incident/999999/" not in shown

    def test_who_is_named_finds_the_note_among_their_work(self, scene: Scene, incident: Incident) -> None:
        self.press(scene, incident, "note", text="@boss, please call them.")
        shown = scene.page.get(reverse("admin:index"), {"queue": "mine"}).content.decode()
        assert "Notes that name you" in shown
        assert f"Incident #{incident.pk}" in shown
        assert "Notes that name you" not in scene.page.get(reverse("admin:index")).content.decode()

    def test_who_may_only_look_takes_nothing(self, client: Client, scene: Scene, incident: Incident) -> None:
        user = User.objects.create_user("viewer", is_staff=True)
        user.groups.add(Group.objects.get(name="viewer"))
        client.force_login(user)
        assert client.post(reverse("admin:queue_assign"), {"key": f"incident:{incident.pk}"}).status_code == 403
        assert not Ticket.objects.exists()
