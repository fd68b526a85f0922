"""What the CPO enters: checked item by item, stored item by item, recorded."""

import uuid
from collections.abc import Callable

import pytest
from pytest_django import Settings

from ocpi.models import HandshakeRun
from onboarding.guide import Stage
from onboarding.intake.entering import intake_missing
from onboarding.models import Onboarding
from partners import tokens
from partners.models import AllowedNetwork, Contact, HistoryEntry, Partner, PartnerRole, ReceivedToken
from tests.factories import PartnerFactory
from tests.onboarding.portal.conftest import Cpo
from tests.support.tasks import Ran

TOKEN_A = str(uuid.uuid4())
ENTERED = {
    "versions_url": "https://ocpi.ion.example/ocpi/cpo/versions",
    "token_a": TOKEN_A,
    "country_code": "CZ",
    "party_id": "ion",
    "agreed_version": "2.2",
    "networks": "81.2.3.4\n81.2.9.0/24",
    "contact_name": "Ana Nováková",
    "contact_email": "ana@ion.example",
    "contact_phone": "+421 900 123 456",
}


def stored_token(partner: Partner) -> str:
    row = tokens.received_token(partner.pk, ReceivedToken.Purpose.REGISTRATION)
    return tokens.reveal_received(row) if row else ""


def test_it_stores_every_item(cpo: Cpo, partner: Partner) -> None:
    assert cpo.post(**ENTERED).status_code == 302
    partner.refresh_from_db()
    assert partner.versions_url == ENTERED["versions_url"]
    assert (partner.country_code, partner.party_id, partner.agreed_version) == ("CZ", "ION", "2.2")
    assert {row.network for row in partner.allowed_networks.all()} == {"81.2.3.4", "81.2.9.0/24"}
    contact = Contact.objects.get()
    assert (contact.name, contact.email, contact.phone) == ("Ana Nováková", "ana@ion.example", "+421 900 123 456")
    assert stored_token(partner) == TOKEN_A


def test_a_second_look_shows_what_was_entered_but_no_secret(cpo: Cpo) -> None:
    cpo.post(**ENTERED)
    shown = cpo.shown()
    for name in ("versions_url", "contact_name", "contact_email", "contact_phone"):
        assert ENTERED[name] in shown
    assert TOKEN_A not in shown
    assert f"ends in {TOKEN_A[-4:]}" in shown


def test_it_can_be_changed_and_what_is_left_empty_stays(cpo: Cpo, partner: Partner) -> None:
    cpo.post(**ENTERED)
    cpo.post(contact_phone="+421 900 999 999", networks="81.2.3.4, 81.2.77.1")
    assert Contact.objects.get().phone == "+421 900 999 999"
    assert {row.network for row in AllowedNetwork.objects.all()} == {"81.2.3.4", "81.2.77.1"}
    partner.refresh_from_db()
    assert partner.versions_url == ENTERED["versions_url"]
    assert stored_token(partner) == TOKEN_A


def test_it_follows_a_changed_party(cpo: Cpo, partner: Partner) -> None:
    PartnerRole.objects.create(partner=partner, country_code=partner.country_code, party_id=partner.party_id)
    cpo.post(country_code="AT", party_id="GRN")
    assert str(PartnerRole.objects.get()) == "AT*GRN CPO"


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("versions_url", "ftp://ion.example/versions", "begins with https://"),
        ("versions_url", "https://user:pw@ion.example/versions", "no user name or password"),
        ("token_a", "abc", "Token A is a UUID"),
        ("token_a", "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "an example that everybody knows"),
        ("country_code", "XX", "not a country of ISO 3166-1"),
        ("country_code", "UK", "not a country of ISO 3166-1"),
        ("party_id", "IONX", "exactly 3 characters"),
        ("party_id", "I*N", "exactly 3 characters"),
        ("agreed_version", "3.0", "Choose one of the versions"),
        ("agreed_version", "2.3.0", "available on request"),
        ("networks", "1.2.3.999", "neither an IP address nor a CIDR range"),
        ("networks", "0.0.0.0/0", "too many addresses"),
        ("contact_email", "ana", "not an email address"),
        ("contact_phone", "call me", "phone number"),
        ("contact_name", "A", "name of a person"),
    ],
)
def test_it_says_what_is_wrong_keeps_the_text_and_stores_the_rest(
    cpo: Cpo, partner: Partner, field: str, value: str, complaint: str
) -> None:
    answer = cpo.post(**{**ENTERED, field: value})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert complaint in shown
    assert "1 item needs another look" in shown
    assert value in shown if field not in ("token_a", "country_code", "agreed_version") else True
    partner.refresh_from_db()
    untouched = "contact_name" if field != "contact_name" else "versions_url"
    assert ENTERED[untouched] in cpo.shown() or field.startswith("contact")
    assert (stored_token(partner) == TOKEN_A) == (field != "token_a")


def test_a_wrong_token_is_not_sent_back(cpo: Cpo) -> None:
    shown = cpo.post(**{**ENTERED, "token_a": "my-secret-but-no-uuid"}).content.decode()
    assert "my-secret-but-no-uuid" not in shown
    assert not ReceivedToken.objects.exists()


def test_a_valid_token_need_not_be_entered_again(cpo: Cpo, partner: Partner) -> None:
    shown = cpo.post(**{**ENTERED, "versions_url": "nonsense"}).content.decode()
    assert stored_token(partner) == TOKEN_A
    assert TOKEN_A not in shown
    assert f"ends in {TOKEN_A[-4:]}" in shown


def test_plain_http_and_private_places_are_refused_in_production(
    cpo: Cpo, partner: Partner, settings: Settings
) -> None:
    settings.OCPI_ALLOW_INSECURE_PARTNERS = False
    for url in ("http://ion.example/versions", "https://10.0.0.8/versions", "https://localhost/versions"):
        assert cpo.post(versions_url=url).status_code == 422
    assert cpo.post(networks="192.168.1.1").status_code == 422
    partner.refresh_from_db()
    assert partner.versions_url == "https://" + f"{partner.code}.example/ocpi/versions"


def test_the_party_of_somebody_else_is_refused_and_the_rest_stored(cpo: Cpo, partner: Partner) -> None:
    PartnerFactory.create(country_code="CZ", party_id="ION")
    answer = cpo.post(**ENTERED)
    assert answer.status_code == 422
    assert "CZ*ION is in use already" in answer.content.decode()
    partner.refresh_from_db()
    assert partner.party_id != "ION" or partner.country_code != "CZ"
    assert partner.versions_url == ENTERED["versions_url"]


def test_a_version_switched_on_for_them_can_be_chosen(cpo: Cpo, partner: Partner) -> None:
    Partner.objects.filter(pk=partner.pk).update(enabled_versions=["2.3.0"])
    assert cpo.post(agreed_version="2.3.0").status_code == 302
    partner.refresh_from_db()
    assert partner.agreed_version == "2.3.0"


def test_every_submission_is_recorded_without_the_secret(cpo: Cpo, partner: Partner) -> None:
    cpo.post(**ENTERED)
    cpo.post(party_id="toolong")
    refused, entered = cpo.link.events.all()
    assert entered.kind == "intake"
    assert f"Token A, ends in {TOKEN_A[-4:]}" in entered.text
    assert entered.source_address == "127.0.0.1"
    assert refused.kind == "refused"
    assert "Party ID: A Party ID has exactly 3 characters" in refused.text
    everything = " ".join(event.text for event in cpo.link.events.all())
    assert TOKEN_A not in everything
    changes = HistoryEntry.objects.filter(partner=partner, object_repr=str(Partner.objects.get(pk=partner.pk)))
    assert {entry.by for entry in changes} >= {"Ana Nováková (link)"}


@pytest.mark.parametrize("stage", [Stage.HANDSHAKE, Stage.TESTING, Stage.LIVE])
def test_it_is_closed_when_the_handshake_begins(
    cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding], stage: Stage
) -> None:
    in_stage(stage)
    answer = cpo.post(**ENTERED)
    assert answer.status_code == 409
    assert "cannot be changed here any more" in answer.content.decode()
    partner.refresh_from_db()
    assert partner.versions_url != ENTERED["versions_url"]
    assert 'name="token_a"' not in cpo.shown()


def test_a_field_is_checked_while_it_is_entered(cpo: Cpo) -> None:
    assert cpo.post("check", name="party_id", value="toolong").json()["error"].startswith("A Party ID has exactly")
    assert cpo.post("check", name="party_id", value="ION").json() == {"error": ""}
    assert cpo.post("check", name="csrfmiddlewaretoken", value="x").json() == {"error": ""}
    assert not cpo.link.events.exists()


def test_a_suggested_window_is_kept_and_shown(cpo: Cpo) -> None:
    cpo.post("window", suggestion="Tuesday 24 Nov at 10:00 CET")
    assert "You suggested on" in cpo.shown()
    assert "Tuesday 24 Nov at 10:00 CET" in cpo.shown()
    assert cpo.post("window", suggestion=" ").status_code == 422


def test_what_is_missing_is_said_in_words_until_nothing_is(cpo: Cpo, partner: Partner) -> None:
    missing = intake_missing(partner)
    assert "Token A: missing" in missing
    assert "Static IP address: missing" in missing
    assert "Technical contact: missing" in missing
    assert "Commands module implemented: not confirmed" in missing
    assert len(missing) == 3 + 8
    cpo.post(**ENTERED)
    ready = ["reachable", "token_accepted", "stores_credentials", "locations", "sessions", "cdrs", "tokens", "commands"]
    cpo.post("checklist", offered=ready, tick=ready)
    assert intake_missing(Partner.objects.get(pk=partner.pk)) == []


def test_nothing_else_happens(cpo: Cpo, partner: Partner, waiting_tasks: Callable[[], list[Ran]]) -> None:
    cpo.post(**ENTERED)
    assert waiting_tasks() == []
    assert not HandshakeRun.objects.exists()
