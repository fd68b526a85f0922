"""A peer whose library needs every key: learnt from its HTTP 422, or switched on; then all optional fields are null."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from ocpi import handshake
from ocpi.versions import VERSIONS
from ocpi.versions.base import plan
from partners.models import Partner
from partners.services import PartnerDetails, add_partner
from tests.factories import PartnerFactory, issue_token
from tests.ocpi.cpo import TOKEN_A, TOKEN_C, Answer, ScriptedCpo, Seen, credentials_data, envelope
from tests.ocpi.server.conftest import Cpo, answered

LOGO = ["body", "roles", 0, "business_details", "logo"]


@pytest.fixture
def peer() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


def strict(server: ScriptedCpo) -> Any:
    """As FastAPI answers with models whose optional fields have no default."""

    def react(seen: Seen) -> Answer:
        if "logo" not in seen.body["roles"][0]["business_details"]:
            return Answer({"detail": [{"type": "missing", "loc": LOGO, "msg": "Field required"}]}, 422)
        return envelope(credentials_data(server.url))

    return react


@pytest.fixture
def fresh(db: None, peer: ScriptedCpo) -> Partner:
    url = peer.register_normally()
    peer.on("POST /2.2.1/credentials", peer.guarded(strict(peer)))
    details = PartnerDetails(
        code="ion", name="Ion", country_code="SK", party_id="ION", token_a=TOKEN_A, versions_url=url
    )
    return add_partner(details)


def test_it_is_learnt_from_a_refusal_and_remembered(peer: ScriptedCpo, fresh: Partner) -> None:
    run = handshake.start(fresh)
    done = handshake.advance(run.pk)
    assert done is not None
    assert done.state == "succeeded", done.cause
    first, second = [seen.body for seen in peer.calls("POST")]
    assert first["token"] == second["token"]
    assert "logo" not in first["roles"][0]["business_details"]
    assert second["roles"][0]["business_details"]["logo"] is None
    assert Partner.objects.get().writes_nulls


def test_staff_switched_it_on(peer: ScriptedCpo, fresh: Partner) -> None:
    Partner.objects.update(writes_nulls=True)
    handshake.advance(handshake.start(Partner.objects.get()).pk)
    assert [seen.body["roles"][0]["business_details"]["logo"] for seen in peer.calls("POST")] == [None]


def test_a_refusal_for_another_reason_is_asked_once_more_and_not_remembered(peer: ScriptedCpo, fresh: Partner) -> None:
    peer.on("POST /2.2.1/credentials", Answer({"detail": [{"loc": LOGO, "msg": "Field required"}]}, 422))
    run = handshake.advance(handshake.start(fresh).pk)
    assert run is not None
    assert (run.state, len(peer.calls("POST"))) == ("failed", 2)
    assert "roles[0].business_details.logo Field required" in run.cause
    assert not Partner.objects.get().writes_nulls


def test_our_logo_is_a_setting(peer: ScriptedCpo, fresh: Partner, settings: Settings) -> None:
    settings.OCPI_LOGO_URL = "https://sfp.example/logo.svg?v=2"
    handshake.advance(handshake.start(fresh).pk)
    [sent] = [seen.body for seen in peer.calls("POST")]
    assert sent["roles"][0]["business_details"]["logo"] == {
        "url": "https://sfp.example/logo.svg?v=2",
        "category": "OPERATOR",
        "type": "svg",
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_can_write_out_what_we_send(version: str) -> None:
    spoken = VERSIONS[version]
    for kind in ("credentials", "token", "START_SESSION", "STOP_SESSION", "start_session", "stop_session"):
        if kind not in spoken.models:
            continue
        model = spoken.model(kind)
        full = spoken.with_nulls(kind, {})
        optional = {field.wire for field in plan(model).fields if field.on_wire and not field.required}
        assert set(full) == optional
        assert all(value in (None, []) for value in full.values())


def test_what_we_answer_is_written_out_too(db: None) -> None:
    partner = PartnerFactory.create(code="ion", country_code="SK", party_id="ION", writes_nulls=True)
    cpo = Cpo(partner, token=issue_token(partner))
    data = answered(cpo.get("credentials"), 200, 1000)
    assert data["roles"][0]["business_details"]["logo"] is None
    assert TOKEN_C not in str(data)
