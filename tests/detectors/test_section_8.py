"""The guide's section 8: each symptom is caused, found and named, and its incident closes when the cause is gone."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from ocpi import handshake
from ocpi.models import Connector, Location
from partners.models import Incident, Partner
from partners.services import PartnerDetails, add_partner
from tests.detectors.conftest import World, only, power, symptoms
from tests.detectors.reading import told_apart
from tests.factories import location_data, session_data
from tests.ocpi.cpo import TOKEN_A, Answer, envelope

pytestmark = pytest.mark.django_db

WRONG_TOKEN = "Token not-the-one-they-got-77f4"
# The guide's table, word for word: symptom -> (likely cause, resolution).
GUIDE = {
    "HTTP 403 when calling SFP endpoints": (
        "Your IP is not in our firewall allowlist",
        "Confirm your outbound IP with us — we will add it to Cloudflare WAF.",
    ),
    "HTTP 403 when SFP calls your endpoints": (
        "Our IP is not allowlisted on your side",
        "Add the SFP outbound IP addresses we provided to your firewall / WAF.",
    ),
    "HTTP 401 on all requests after handshake": (
        "Token mismatch — wrong authorization Token",
        "Verify the tokens exchanged during handshake. Contact us to re-check.",
    ),
    "Handshake times out": (
        "Wrong Versions URL or Token A",
        "Confirm the URL is publicly reachable (test with curl from external network) and the Token A matches exactly.",
    ),
    "Locations not visible in SFP system": (
        "Locations not pushed or push failing",
        "Check your outbound request logs. Confirm the SFP Locations endpoint URL is correct.",
    ),
    "CDRs not received by SFP": (
        "CDR not sent, or sent to wrong endpoint",
        "Verify the CDRs endpoint URL. CDR must be sent as POST immediately after session ends.",
    ),
    "START_SESSION returns error": (
        "EVSE not available or command rejected",
        "Return the correct CommandResponse code. Verify the EVSE ID matches your Location data.",
    ),
    "Sessions not updating in real time": (
        "Session PATCH not implemented",
        "You must send PATCH /sessions updates during an active charging session.",
    ),
    "Charging starts but no energy reported": (
        "Meter values not sent or wrong interval",
        "Ensure kWh and kW are sent approximately every 60 seconds. Check timestamps.",
    ),
    "Session created but funds released early": (
        "No energy delivered within timeout",
        "This is expected SFP behaviour (section 5). Ensure your charger delivers energy promptly after session "
        "creation.",
    ),
}


class CallsFromAnotherAddress:
    """Calls from 192.0.2.7, which is not allowed."""

    symptom = "HTTP 403 when calling SFP endpoints"
    evidence = "GET /ocpi/emsp/2.2.1/sessions/SK/ION/S-1 answered HTTP 403"

    def cause(self, world: World) -> None:
        for _ in range(2):
            assert world.calls_us("GET", REMOTE_ADDR="192.0.2.7").status_code == 403

    def cure(self, world: World, page: Any) -> None:
        page.post(reverse("admin:partners_incident_do_allow", args=[only().pk]), {"reason": "Ana confirmed it."})
        assert world.calls_us("GET", REMOTE_ADDR="192.0.2.7").status_code == 404


class KeepsUsOut:
    """Its firewall answers 403."""

    symptom = "HTTP 403 when SFP calls your endpoints"
    evidence = "GET http://127.0.0.1"

    def cause(self, world: World) -> None:
        world.cpo.server.on("GET /sessions", Answer("blocked", 403))
        world.we_call()

    def cure(self, world: World, page: Any) -> None:
        world.cpo.offers_sessions()
        world.we_call()


class CallsWithAnotherToken:
    """Goes on with a token that is not ours."""

    symptom = "HTTP 401 on all requests after handshake"
    evidence = "answered HTTP 401"

    def cause(self, world: World) -> None:
        world.clock.forward(minutes=1)
        for _ in range(3):
            world.calls_us("GET", HTTP_AUTHORIZATION=WRONG_TOKEN)

    def cure(self, world: World, page: Any) -> None:
        world.calls_us("GET", path="cdrs/none")
        world.cpo.evse("AVAILABLE")


class RefusesOurToken:
    """Does not know the token that it gave us."""

    symptom = "HTTP 401 on all requests after handshake"
    evidence = "answered HTTP 401"

    def cause(self, world: World) -> None:
        world.clock.forward(minutes=1)
        world.cpo.server.on("GET /sessions", envelope(None, 2000, "Unknown token", status=401))
        world.we_call()

    def cure(self, world: World, page: Any) -> None:
        world.cpo.offers_sessions()
        world.we_call()


class CannotShakeHands:
    """Its versions URL does not accept Token A."""

    symptom = "Handshake times out"
    evidence = "Read their versions"

    def cause(self, world: World) -> None:
        self.other = add_partner(
            PartnerDetails(
                code="green",
                name="Green",
                country_code="SK",
                party_id="GRN",
                versions_url=world.cpo.server.register_normally(accepted=("another",)),
                token_a=TOKEN_A,
            )
        )
        handshake.advance(handshake.start(self.other).pk)

    def cure(self, world: World, page: Any) -> None:
        world.cpo.server.register_normally()
        handshake.advance(handshake.start(self.other).pk)
        assert Partner.objects.get(pk=self.other.pk).connection == "connected"
        Location.objects.update(partner=self.other)


class SendsNoLocations:
    """Connected for hours, and not one location."""

    symptom = "Locations not visible in SFP system"
    evidence = "no location is known"
    looks = 6  # it is looked at every five minutes

    def cause(self, world: World) -> None:
        Location.objects.update(missing_since=world.clock.now())
        world.pass_time(hours=1)

    def cure(self, world: World, page: Any) -> None:
        assert world.calls_us("PUT", "locations/SK/ION/LOC-7", location_data("LOC-7")).status_code == 201


class PushesFaultyLocations:
    """What it pushes cannot be read."""

    symptom = "Locations not visible in SFP system"
    evidence = "the URL says"

    def cause(self, world: World) -> None:
        for _ in range(3):
            world.calls_us("PUT", "locations/SK/ION/LOC-7", location_data("LOC-8"))

    def cure(self, world: World, page: Any) -> None:
        world.calls_us("PUT", "locations/SK/ION/LOC-7", location_data("LOC-7"))


class StopsPushing:
    """A day without a push, though a pull brings changes."""

    symptom = "Locations not visible in SFP system"
    evidence = "that had not been pushed"
    looks = 6

    def cause(self, world: World) -> None:
        from ocpi.models import Evse
        from partners.models import RemoteEndpoint

        world.cpo.evse("CHARGING")
        RemoteEndpoint.objects.create(
            partner=world.partner, version="2.2.1", module="locations", role="SENDER", url="http://127.0.0.1:9/l"
        )
        world.pass_time(minutes=30)
        Evse.objects.update(last_updated=world.clock.now())
        world.clock.forward(hours=24)

    def cure(self, world: World, page: Any) -> None:
        world.cpo.evse("AVAILABLE")


class SendsNoCdr:
    """The charge ended, and no CDR comes."""

    symptom = "CDRs not received by SFP"
    evidence = "no CDR"

    def cause(self, world: World) -> None:
        world.charges()
        world.ends()
        world.pass_time(minutes=20)

    def cure(self, world: World, page: Any) -> None:
        world.cpo.cdr(3.20)
        world.clock.forward(seconds=1)


class SendsFaultyCdrs:
    """The CDR has no total."""

    symptom = "CDRs not received by SFP"
    evidence = "currency"

    def cause(self, world: World) -> None:
        world.charges()
        world.ends()
        assert world.cpo.sent("START_SESSION")
        with pytest.raises(AssertionError):
            world.cpo.cdr(3.20, currency=None)

    def cure(self, world: World, page: Any) -> None:
        world.cpo.cdr(3.20)
        world.clock.forward(seconds=1)


class DoesNotKnowTheEvse:
    """START_SESSION is answered with `unknown location`."""

    symptom = "START_SESSION returns error"
    evidence = "START_SESSION at LOC-1/EVSE-1: REJECTED"

    def cause(self, world: World) -> None:
        refusal = envelope({"result": "REJECTED", "timeout": 5}, 2003, "Unknown location or EVSE")
        world.cpo.server.on("/commands/START_SESSION", refusal)
        world.driver.start()

    def cure(self, world: World, page: Any) -> None:
        world.cpo.accept("START_SESSION")
        world.charges()


class SendsNoUpdates:
    """Nothing is pushed while it charges; only our pulls bring news."""

    symptom = "Sessions not updating in real time"
    evidence = "no push since"

    def cause(self, world: World) -> None:
        world.charges()
        world.pass_time(minutes=5)

    def cure(self, world: World, page: Any) -> None:
        world.sample(4)
        world.clock.forward(seconds=30)


class BringsNoEnergy:
    """The Session is ACTIVE and updated, and its meter stands still."""

    symptom = "Charging starts but no energy reported"
    evidence = "0 kWh"

    def cause(self, world: World) -> None:
        world.driver.start()
        world.cpo.session(0, created=True)
        for _ in range(3):
            world.clock.forward(seconds=50)
            world.sample(0)

    def cure(self, world: World, page: Any) -> None:
        world.sample(1)
        world.clock.forward(seconds=10)
        world.sample(1.2)


class SendsLateSamples:
    """Meter values come every two minutes."""

    symptom = "Charging starts but no energy reported"
    evidence = "2 with more than an interval after the one before"

    def cause(self, world: World) -> None:
        world.charges()
        for kwh in (4, 6):
            world.clock.forward(seconds=120)
            world.sample(kwh)

    def cure(self, world: World, page: Any) -> None:
        world.sample(7)
        world.clock.forward(seconds=10)
        world.sample(7.1)


class DeliversTooLate:
    """A Session without energy: the funds are released, as the guide says."""

    symptom = "Session created but funds released early"
    evidence = "released"

    def cause(self, world: World) -> None:
        Connector.objects.update(power_type="AC_3_PHASE")
        world.driver.start()
        world.cpo.session(0, created=True)
        world.clock.forward(minutes=6)

    def cure(self, world: World, page: Any) -> None:
        world.driver.start()
        world.cpo.session(0, session_id="S-2", created=True)
        world.clock.forward(seconds=10)
        world.cpo.session(2, session_id="S-2", charging_periods=[power(50)])


SCENARIOS: list[type[Any]] = [
    CallsFromAnotherAddress,
    KeepsUsOut,
    CallsWithAnotherToken,
    RefusesOurToken,
    CannotShakeHands,
    SendsNoLocations,
    PushesFaultyLocations,
    StopsPushing,
    SendsNoCdr,
    SendsFaultyCdrs,
    DoesNotKnowTheEvse,
    SendsNoUpdates,
    BringsNoEnergy,
    SendsLateSamples,
    DeliversTooLate,
]


# Of each: where it is, as the row says; what staff do; what the CPO reads; what the proof links to.
ROWS = {
    "CallsFromAnotherAddress": (
        "192.0.2.7",
        "Ask their contact whether 192.0.2.7 is theirs. If it is, an integrator presses “Add this address to "
        "the allowlist” on the incident's page.",
        "Your server called our endpoints from 192.0.2.7 ",
        "message",
    ),
    "KeepsUsOut": (
        "127.0.0.1:",
        "Send them our outbound addresses",
        "Your endpoints answered our requests with HTTP 403 ",
        "message",
    ),
    "CallsWithAnotherToken": (
        "their token, as sent, it ends in …77f4",
        "Compare the last four characters under Credentials with theirs",
        "Your requests to our endpoints were answered with HTTP 401 ",
        "message",
    ),
    "RefusesOurToken": (
        "our token, at 127.0.0.1:",
        "Ask whether they replaced the token that we send",
        "Your endpoints answered our requests with HTTP 401 ",
        "message",
    ),
    "CannotShakeHands": (
        "step “Read their versions”",
        "Then press Try again there.",
        "Our handshake with your server did not succeed ",
        "message",
    ),
    "SendsNoLocations": (
        "no location at all",
        "Press Sync locations on the partner's page: if it brings none",
        "We are connected since ",
        "",
    ),
    "PushesFaultyLocations": (
        "locations ",
        "Send them the faults with the exchange.",
        "We could not accept your requests to our locations endpoint ",
        "message",
    ),
    "StopsPushing": (
        "no request since ",
        "Press Sync locations on the partner's page, so that drivers see the truth",
        "Since ",
        "",
    ),
    "SendsNoCdr": (
        "SK*ION*E",
        "Ask them for the POST of each",
        "1 charging session has ended without a CDR",
        "session",
    ),
    "SendsFaultyCdrs": (
        "cdrs",
        "Send them the faults with the exchange.",
        "We could not accept your requests to our cdrs endpoint ",
        "message",
    ),
    "DoesNotKnowTheEvse": (
        "LOC",
        "Open the exchange: it has their answer.",
        "START_SESSION at ",
        "message",
    ),
    "SendsNoUpdates": (
        "S-1",
        "Nothing is lost: we ask with GET meanwhile.",
        "During active charging we receive no updates of your Sessions (S-1).",
        "session",
    ),
    "BringsNoEnergy": (
        "S-1",
        "Open the session: the chart shows kWh and kW.",
        "The meter values of your Sessions are incomplete or late: ",
        "session",
    ),
    "SendsLateSamples": (
        "kWh and kW",
        "Open the session: the chart shows kWh and kW.",
        "The meter values of your Sessions are incomplete or late: ",
        "message",
    ),
    "DeliversTooLate": (
        "SK*ION*E",
        "Nothing, if it stays with one charge: the driver paid nothing.",
        "Your charger SK*ION*E",
        "session",
    ),
}


@pytest.fixture
def page(db: None, django_user_model: type[User]) -> Client:
    from django.test import Client

    client = Client()
    client.force_login(django_user_model.objects.create_superuser("boss", "boss@sfp.example", "a-long-password"))
    return client


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_it_is_found_named_and_closed(world: World, page: Client, scenario: Any) -> None:
    case = scenario()
    assert world.detect() == []

    case.cause(world)
    assert world.detect() == [case.symptom]
    incident = only()
    cause, resolution = GUIDE[case.symptom]
    assert incident.cause.startswith(cause)
    assert incident.resolution.startswith(resolution)
    assert any(case.evidence in item["text"] for item in incident.evidence), incident.evidence
    said_in_the_row(page, incident, ROWS[scenario.__name__])

    assert world.detect() == [case.symptom], "the same cause opens one incident"
    assert only().pk == incident.pk

    case.cure(world, page)
    for _ in range(getattr(case, "looks", 2)):
        world.detect()
    incident = Incident.objects.get(pk=incident.pk)
    assert incident.closed_at is not None
    assert incident.close_reason
    assert symptoms() == [], "and its cure leaves nothing open"


def said_in_the_row(page: Client, incident: Incident, expected: tuple[str, str, str, str]) -> None:
    """Where, what staff do, what the CPO reads, and what proves it: in the row, on the page, in the mail."""
    place, to_do, letter, proof = expected
    assert incident.place.startswith(place)
    assert to_do in incident.to_do
    assert incident.letter.startswith(letter)
    assert not proof or any(item.get(proof) for item in incident.evidence), incident.evidence
    told_apart(page, incident)


def test_every_symptom_of_the_guide_has_its_scenario() -> None:
    assert {scenario.symptom for scenario in SCENARIOS} == set(GUIDE)


def test_a_good_charge_leaves_nothing_to_say(world: World) -> None:
    world.charges()
    for kwh in (5, 7.5, 10):
        assert world.detect() == []
        world.sample(kwh)
    world.ends(10)
    world.cpo.cdr(12.30, kwh=10)
    world.clock.forward(seconds=1)
    world.pass_time(minutes=40)
    world.calls_us("PUT", "sessions/SK/ION/S-9", session_data("S-9"))
    assert world.detect() == []
    assert not Incident.objects.exists()
