"""The partner registers with us (OCPI 2.2.1 §7.1.2), updates and leaves."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ocpi.envelope import Refusal
from ocpi.handshake.registration import register, unregister, update
from ocpi.handshake.rotation import SWITCHED_BY, retire_replaced_tokens
from ocpi.models import SyncRun
from ocpi.versions import VERSIONS, Invalid
from partners import tokens
from partners.models import IssuedToken, Partner, PartnerRole, RemoteEndpoint
from partners.services import issue_registration_token
from tests.ocpi.cpo import MODULES, TOKEN_C, Answer, ScriptedCpo, credentials_data, envelope, simulator
from tests.ocpi.handshake.conftest import received_text, token_state

V221 = VERSIONS["2.2.1"]
NEW_TOKEN = "eeeeeeee-5555-4555-8555-eeeeeeeeeeee"


def row_of(token: str) -> IssuedToken:
    found = tokens.find_issued(token)
    assert found
    return found.token


@pytest.fixture
def invited(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> tuple[Any, IssuedToken]:
    """A partner that got our versions URL and a Token B, and whose own API is scripted."""
    partner = fresh(cpo.register_normally(accepted=(TOKEN_C, NEW_TOKEN)), token_a="")
    return partner, row_of(issue_registration_token(partner))


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1"])
@pytest.mark.django_db(transaction=True)
def test_the_simulator_registers_over_http(
    tmp_path: Path, fresh: Callable[..., Partner], our_server: str, version: str
) -> None:
    with simulator(tmp_path, "--versions", version) as cpo:
        partner = fresh(cpo.versions_url, agreed_version=version, token_a="")
        token_b = issue_registration_token(partner)
        answer = cpo.control("POST", "register", {"url": f"{our_server}/ocpi/emsp/versions", "token": token_b})
        assert answer == {"registered": True}
        assert cpo.state()["connection"]["version"] == version
    partner.refresh_from_db()
    assert (partner.connection, partner.version) == (Partner.Connection.CONNECTED, version)
    assert token_state(partner)["issued"] == [("registration", "active"), ("connection", "active")]
    assert set(SyncRun.objects.values_list("module", flat=True)) == {"locations", "tariffs"}


@pytest.mark.django_db
def test_it_stores_what_they_gave_and_answers_with_a_token(cpo: ScriptedCpo, invited: tuple[Any, IssuedToken]) -> None:
    partner, token_b = invited
    answer = V221.dump(register(partner, token_b, credentials_data(cpo.url), V221))
    assert answer["url"] == "http://127.0.0.1:8000/ocpi/emsp/versions"
    assert [(role["role"], role["country_code"], role["party_id"]) for role in answer["roles"]] == [
        ("EMSP", "SK", "SFP")
    ]
    assert row_of(answer["token"]).state == "active"
    assert received_text(partner) == TOKEN_C
    assert RemoteEndpoint.objects.filter(partner=partner).count() == len(MODULES)
    assert list(PartnerRole.objects.filter(partner=partner).values_list("party_id", flat=True)) == ["ION"]
    assert tokens.find_issued("x") is None
    assert [seen.token for seen in cpo.seen] == [TOKEN_C, TOKEN_C]


REFUSALS = {
    "unreachable": (None, Answer("", 500), 3001, "We cannot use your API. Reading their versions failed"),
    "wrong token": (None, envelope(None, 2000, status=401), 3001, "HTTP 401"),
    "other version": (None, envelope([{"version": "2.1.1", "url": "http://x"}]), 3002, "it lists: 2.1.1"),
    "missing module": ({"credentials": "SENDER"}, None, 3003, "locations (SENDER)"),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.django_db
def test_what_does_not_fit_is_refused_and_changes_nothing(
    cpo: ScriptedCpo, invited: tuple[Any, IssuedToken], name: str
) -> None:
    modules, answer, code, text = REFUSALS[name]
    partner, token_b = invited
    if modules:
        cpo.register_normally(modules=modules)
    if answer:
        cpo.on("/versions", answer)
    before = token_state(partner)
    with pytest.raises(Refusal) as refused:
        register(partner, token_b, credentials_data(cpo.url), V221)
    assert (refused.value.http_status, refused.value.status_code) == (200, code)
    assert text in refused.value.message
    assert token_state(partner) == before
    partner.refresh_from_db()
    assert partner.connection == Partner.Connection.NOT_CONNECTED

    cpo.register_normally()
    assert register(partner, token_b, credentials_data(cpo.url), V221)


@pytest.mark.django_db
def test_another_party_is_refused(cpo: ScriptedCpo, invited: tuple[Any, IssuedToken]) -> None:
    partner, token_b = invited
    other = credentials_data(cpo.url)
    other["roles"][0]["party_id"] = "ZZZ"
    with pytest.raises(Refusal, match="do not name SK\\*ION") as refused:
        register(partner, token_b, other, V221)
    assert refused.value.status_code == 2001
    assert cpo.seen == [], "nobody is called on a stranger's word"


@pytest.mark.django_db
def test_faulty_credentials_are_told_by_field(cpo: ScriptedCpo, invited: tuple[Any, IssuedToken]) -> None:
    partner, token_b = invited
    with pytest.raises(Invalid, match="roles"):
        register(partner, token_b, {"token": TOKEN_C, "url": f"{cpo.url}/versions"}, V221)


@pytest.mark.django_db
def test_who_is_registered_updates_and_does_not_register(cpo: ScriptedCpo, invited: tuple[Any, IssuedToken]) -> None:
    partner, token_b = invited
    with pytest.raises(Refusal) as refused:
        update(partner, token_b, credentials_data(cpo.url), V221)
    assert refused.value.http_status == 405
    with pytest.raises(Refusal) as refused:
        unregister(partner, token_b)
    assert refused.value.http_status == 405

    ours = row_of(V221.dump(register(partner, token_b, credentials_data(cpo.url), V221))["token"])
    partner.refresh_from_db()
    with pytest.raises(Refusal) as refused:
        register(partner, ours, credentials_data(cpo.url), V221)
    assert refused.value.http_status == 405


@pytest.mark.django_db
def test_a_token_is_good_for_one_registration(cpo: ScriptedCpo, invited: tuple[Any, IssuedToken]) -> None:
    partner, token_b = invited
    ours = row_of(V221.dump(register(partner, token_b, credentials_data(cpo.url), V221))["token"])
    tokens.note_use(ours)
    before = token_state(partner)
    with pytest.raises(Refusal, match="used up") as refused:
        register(partner, token_b, credentials_data(cpo.url, NEW_TOKEN), V221)
    assert refused.value.http_status == 405
    assert (token_state(partner), received_text(partner)) == (before, TOKEN_C)


@pytest.fixture
def registered(cpo: ScriptedCpo, invited: tuple[Any, IssuedToken]) -> tuple[Any, IssuedToken]:
    partner, token_b = invited
    ours = row_of(V221.dump(register(partner, token_b, credentials_data(cpo.url), V221))["token"])
    partner.refresh_from_db()
    return partner, ours


@pytest.mark.django_db
def test_after_an_update_the_old_token_works_until_the_new_one_was_used(
    cpo: ScriptedCpo, registered: tuple[Any, IssuedToken]
) -> None:
    partner, old = registered
    new = row_of(V221.dump(update(partner, old, credentials_data(cpo.url, NEW_TOKEN), V221))["token"])
    assert received_text(partner) == NEW_TOKEN
    assert retire_replaced_tokens() == 0
    tokens.note_use(new)
    assert retire_replaced_tokens() == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == ("revoked", "active")
    assert retire_replaced_tokens() == 0


@pytest.mark.parametrize("old_in_use", [False, True])
@pytest.mark.django_db
def test_when_the_new_token_is_never_used_the_one_in_use_stays(
    cpo: ScriptedCpo, registered: tuple[Any, IssuedToken], old_in_use: bool
) -> None:
    """A quiet partner may hold the new one, or may never have got it: it keeps both."""
    partner, old = registered
    new = row_of(V221.dump(update(partner, old, credentials_data(cpo.url, NEW_TOKEN), V221))["token"])
    tokens.note_use(old)
    now = timezone.now()
    assert retire_replaced_tokens() == 0
    if old_in_use:
        IssuedToken.objects.filter(pk=old.pk).update(last_used_at=now + SWITCHED_BY + timedelta(minutes=1))
    assert retire_replaced_tokens() == int(old_in_use)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == ("active", "revoked" if old_in_use else "active")


@pytest.mark.django_db
def test_an_update_on_another_version_switches_to_it(cpo: ScriptedCpo, registered: tuple[Any, IssuedToken]) -> None:
    partner, ours = registered
    cpo.register_normally("2.3.0")
    SyncRun.objects.all().delete()
    update(partner, ours, credentials_data(cpo.url), VERSIONS["2.3.0"])
    partner.refresh_from_db()
    assert partner.version == "2.3.0"
    assert set(RemoteEndpoint.objects.values_list("version", flat=True)) == {"2.3.0"}
    assert set(SyncRun.objects.values_list("module", flat=True)) == {"locations", "tariffs"}, "read in its new words"


@pytest.mark.django_db
def test_an_update_does_not_lift_a_suspension(cpo: ScriptedCpo, registered: tuple[Any, IssuedToken]) -> None:
    partner, ours = registered
    Partner.objects.update(connection=Partner.Connection.SUSPENDED)
    update(Partner.objects.get(), ours, credentials_data(cpo.url, NEW_TOKEN), V221)
    partner.refresh_from_db()
    assert (partner.connection, received_text(partner)) == (Partner.Connection.SUSPENDED, NEW_TOKEN)


@pytest.mark.django_db
def test_a_failed_update_leaves_the_connection_alone(cpo: ScriptedCpo, registered: tuple[Any, IssuedToken]) -> None:
    partner, ours = registered
    cpo.on("/versions", Answer("", 500))
    with pytest.raises(Refusal):
        update(partner, ours, credentials_data(cpo.url, NEW_TOKEN), V221)
    assert received_text(partner) == TOKEN_C
    ours.refresh_from_db()
    assert ours.state == "active"


@pytest.mark.django_db
def test_leaving_ends_every_token(registered: tuple[Any, IssuedToken]) -> None:
    partner, ours = registered
    unregister(partner, ours)
    partner.refresh_from_db()
    assert (partner.connection, partner.version) == (Partner.Connection.NOT_CONNECTED, "")
    states = token_state(partner)
    assert {state for side in states.values() for _, state in side} == {"revoked"}
    assert not RemoteEndpoint.objects.filter(partner=partner).exists()
