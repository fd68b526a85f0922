"""How incidents live: one per cause, never again for old evidence, at a constant cost."""

import base64
import threading
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ocpi.models import Message
from partners import tokens
from partners.incidents import close_by_staff, detecting
from partners.models import AllowedNetwork, Incident, Watch
from partners.tasks import mail_detect
from tests.detectors.conftest import OWN, World, only, symptoms
from tests.factories import PartnerFactory, issue_token

STRANGE = "192.0.2.7"


def refused(world: World, address: str = STRANGE) -> None:
    assert world.calls_us("GET", REMOTE_ADDR=address).status_code == 403


@pytest.mark.django_db
class TestOncePerCause:
    def test_what_goes_on_is_counted(self, world: World) -> None:
        refused(world)
        world.detect()
        world.clock.forward(seconds=1)
        for _ in range(2):
            refused(world)
        world.detect()
        incident = only()
        assert (incident.occurrences, incident.closed_at) == (3, None)
        assert incident.last_seen_at > incident.first_seen_at

    def test_a_second_beat_at_the_same_moment_does_nothing(self, world: World) -> None:
        refused(world)
        world.detect()
        before = only().last_seen_at
        assert mail_detect() == []
        assert (only().last_seen_at, only().occurrences) == (before, 1)

    def test_another_address_is_another_cause(self, world: World) -> None:
        refused(world)
        refused(world, "192.0.2.8")
        world.detect()
        assert list(Incident.objects.order_by("key").values_list("key", flat=True)) == [
            "source-address:192.0.2.7",
            "source-address:192.0.2.8",
        ]

    def test_evidence_is_bounded(self, world: World) -> None:
        for _ in range(12):
            refused(world)
            world.detect()
        assert len(only().evidence) <= 20
        assert only().occurrences == 12


@pytest.mark.django_db
class TestAfterItWasClosed:
    def test_old_evidence_opens_nothing(self, world: World, django_user_model: type[User]) -> None:
        refused(world)
        world.detect()
        close_by_staff(only().pk, None, "It was a test.")
        for _ in range(3):
            assert world.detect() == []
        assert Incident.objects.count() == 1

    def test_new_evidence_opens_another(self, world: World) -> None:
        refused(world)
        world.detect()
        close_by_staff(only().pk, None, "It was a test.")
        world.clock.forward(seconds=10)
        refused(world)
        assert len(world.detect()) == 1
        assert Incident.objects.get(closed_at=None).occurrences == 1
        assert Incident.objects.count() == 2

    def test_it_closes_by_itself_after_a_quiet_day(self, world: World) -> None:
        refused(world)
        world.detect()
        world.clock.forward(hours=25)
        assert world.detect() == []
        assert only().close_reason == "It did not happen again for 24 hours."
        assert only().closed_by is None


@pytest.mark.django_db
def test_a_detector_that_breaks_keeps_no_other_from_its_work(world: World) -> None:
    def breaks(window: Any) -> NoReturn:
        raise RuntimeError("no luck")

    detecting.register(detecting.Detector("a-broken-one", breaks))
    try:
        refused(world)
        assert world.detect() == ["HTTP 403 when calling SFP endpoints"]
    finally:
        del detecting._detectors["a-broken-one"]
    world.clock.forward(minutes=10)
    world.detect()
    assert not Watch.objects.filter(name="a-broken-one").exists()


@pytest.mark.django_db
def test_what_nobody_looked_at_for_hours_is_found(world: World) -> None:
    world.detect()
    refused(world)
    world.clock.forward(hours=5)
    assert world.detect() == ["HTTP 403 when calling SFP endpoints"]


@pytest.mark.django_db
def test_a_suspended_partner_is_refused_on_purpose(world: World) -> None:
    type(world.partner).objects.update(connection="suspended")
    assert world.calls_us("GET").status_code == 403
    assert world.detect() == []


@pytest.mark.django_db
def test_a_run_costs_the_same_for_many_partners(world: World) -> None:
    def strangers(count: int) -> None:
        for _ in range(count):
            partner = PartnerFactory.create()
            AllowedNetwork.objects.create(partner=partner, network=OWN)
            for status, direction in ((403, "in"), (403, "out"), (None, "out"), (500, "out")):
                for _ in range(5):
                    Message.objects.create(
                        at=world.clock.now(),
                        partner=partner,
                        direction=direction,
                        method="GET",
                        url="/x",
                        source_address=STRANGE if direction == "in" else "",
                        http_status=status,
                        duration_ms=1,
                    )

    def cost() -> int:
        world.clock.forward(minutes=6)
        with CaptureQueriesContext(connection) as captured:
            mail_detect()
        return len(captured)

    strangers(1)
    cost()
    strangers(1)
    few = cost()
    before = Incident.objects.count()
    strangers(8)
    assert cost() <= few
    assert Incident.objects.count() == before + 3 * 8


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_open_one(world: World) -> None:
    refused(world)
    world.clock.forward(minutes=1)
    gate = threading.Barrier(2)
    ran: list[list[str]] = []

    def work() -> None:
        gate.wait()
        ran.append(mail_detect())
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(name for names in ran for name in names) == [one.name for one in detecting.registered_detectors()]
    assert symptoms() == ["HTTP 403 when calling SFP endpoints"]
    assert only().occurrences == 1


@pytest.mark.django_db
class TestAllowing:
    """One click on the incident's page."""

    def post(self, client: Client, **data: str) -> Any:
        return client.post(reverse("admin:partners_incident_do_allow", args=[only().pk]), data, follow=True)

    @pytest.fixture
    def incident(self, world: World) -> Incident:
        refused(world)
        world.detect()
        return only()

    @pytest.fixture
    def integrator(self, db: None) -> Client:
        user = User.objects.create_user("ida", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=["view_incident", "change_allowlist", "close_incident"])
        )
        client = Client()
        client.force_login(user)
        return client

    def test_the_address_may_call_at_once_and_the_incident_is_closed(
        self, world: World, incident: Incident, integrator: Client
    ) -> None:
        self.post(integrator, reason="Ana confirmed it.")
        assert world.calls_us("GET", REMOTE_ADDR=STRANGE).status_code == 404
        row = AllowedNetwork.objects.get(network=STRANGE)
        assert (row.partner, row.note) == (world.partner, "Ana confirmed it.")
        incident.refresh_from_db()
        assert str(incident.closed_by) == "ida"
        assert incident.close_reason == "192.0.2.7 was added to the allowlist: Ana confirmed it."

    def test_a_range_may_be_allowed_instead(self, world: World, incident: Incident, integrator: Client) -> None:
        self.post(integrator, reason="Ana confirmed it.", network="192.0.2.0/24")
        assert AllowedNetwork.objects.filter(network="192.0.2.0/24").exists()

    @pytest.mark.parametrize(
        ("data", "told"),
        [
            ({"reason": ""}, "This field is required"),
            ({"reason": "x", "network": "nonsense"}, "neither an IP address nor a CIDR range"),
            ({"reason": "x", "network": "198.51.100.0/24"}, "does not contain 192.0.2.7"),
        ],
    )
    def test_what_would_not_help_is_refused(
        self, incident: Incident, integrator: Client, data: dict[str, str], told: str
    ) -> None:
        assert told in self.post(integrator, **data).content.decode()
        assert AllowedNetwork.objects.count() == 1
        assert only().closed_at is None

    def test_it_needs_its_permission(self, incident: Incident, integrator: Client) -> None:
        User.objects.get(username="ida").user_permissions.remove(Permission.objects.get(codename="change_allowlist"))
        assert self.post(integrator, reason="x").status_code == 403
        assert AllowedNetwork.objects.count() == 1

    def test_other_incidents_have_no_such_button(self, world: World, integrator: Client, incident: Incident) -> None:
        Incident.objects.update(key="clock")
        answer = integrator.get(reverse("admin:partners_incident_change", args=[incident.pk]))
        assert 'id="do-allow"' not in answer.content.decode()
        assert 'id="letter"' in answer.content.decode()


@pytest.mark.django_db
def test_a_wrong_token_is_named_by_its_last_characters_and_so_is_the_right_one(world: World) -> None:
    old, right = world.cpo.token, issue_token(world.partner)
    found = tokens.find_issued(old)
    assert found is not None
    tokens.revoke(found.token)
    world.clock.forward(minutes=1)
    for header in (old, old, base64.b64encode(old.encode()).decode()):
        assert world.calls_us("GET", HTTP_AUTHORIZATION=f"Token {header}").status_code == 401
    world.detect()
    cause = only().cause
    assert f"ends in …{header[-4:]}" in cause
    assert "The one that was sent was replaced on 4 May 2026, 12:00:00 UTC." in cause
    assert f"The token that we gave them ends in …{right[-4:]}" in cause
    assert old not in cause + only().letter
