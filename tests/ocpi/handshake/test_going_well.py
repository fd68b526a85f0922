"""A handshake that goes well, with the simulator calling our own server back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ocpi.models import HandshakeRun, Message, SyncRun
from partners.models import Partner, RemoteEndpoint
from tests.ocpi.cpo import TOKEN_A, TOKEN_C, ScriptedCpo, Simulator, credentials_data, envelope, simulator
from tests.ocpi.handshake.conftest import go, received_text, token_state


@pytest.mark.parametrize("version", ["2.1.1", "2.2", "2.2.1", "2.3.0"])
@pytest.mark.django_db(transaction=True)
def test_it_connects_over_each_version(
    tmp_path: Path, fresh: Callable[..., Partner], our_server: str, version: str
) -> None:
    with simulator(tmp_path, "--versions", version) as cpo:
        partner = fresh(cpo.versions_url, agreed_version=version, enabled_versions=["2.3.0"])
        run = go(partner)
        assert (run.state, run.step, run.cause) == ("succeeded", "finish", "")
        assert [(step.step, step.ok) for step in run.steps.all()] == [
            ("versions", True),
            ("details", True),
            ("modules", True),
            ("credentials", True),
            ("finish", True),
        ]
        assert cpo.state()["registered"]
    partner.refresh_from_db()
    assert (partner.connection, partner.version) == (Partner.Connection.CONNECTED, version)
    assert partner.token_encoding == ("raw" if version == "2.1.1" else "base64")
    assert token_state(partner) == {
        "issued": [("connection", "active")],
        "received": [("registration", "revoked"), ("connection", "active")],
    }
    assert RemoteEndpoint.objects.filter(partner=partner, version=version, module="commands").count() == 1
    first = {"locations", "tariffs"} | ({"booking_locations"} if version == "2.3.0" else set())
    assert set(SyncRun.objects.values_list("module", flat=True)) == first


@pytest.mark.django_db(transaction=True)
def test_no_token_is_kept_readable(simulated: Simulator, fresh: Callable[..., Partner], our_server: str) -> None:
    partner = fresh(simulated.versions_url)
    go(partner)
    token_c = received_text(partner)
    kept = str(list(Message.objects.values())) + str(list(HandshakeRun.objects.values()))
    assert token_c
    assert token_c not in kept
    assert TOKEN_A not in kept


@pytest.mark.django_db(transaction=True)
def test_each_step_names_its_exchange(simulated: Simulator, fresh: Callable[..., Partner], our_server: str) -> None:
    run = go(fresh(simulated.versions_url))
    exchanges = [Message.objects.get(pk=step.message_id).url if step.message_id else "" for step in run.steps.all()]
    assert [bool(url) for url in exchanges] == [True, True, False, True, True]
    assert exchanges[3].endswith("/credentials")


@pytest.mark.django_db
def test_a_new_handshake_replaces_the_tokens_only_at_its_end(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally())
    go(partner)
    cpo.on("POST /2.2.1/credentials", envelope(None, 3003, "No matching endpoints"))
    assert go(partner, token_a=TOKEN_A).state == "failed"
    assert received_text(partner) == TOKEN_C
    assert token_state(partner)["issued"] == [("connection", "active"), ("connection", "revoked")]
    cpo.on("POST /2.2.1/credentials", envelope(credentials_data(cpo.url, "dddddddd-4444-4444-8444-dddddddddddd")))
    cpo.on("/versions", cpo.guarded(cpo.script["/versions"], (TOKEN_A, "dddddddd-4444-4444-8444-dddddddddddd")))
    go(partner)
    assert received_text(partner).startswith("dddd")
    assert token_state(partner)["issued"] == [
        ("connection", "revoked"),
        ("connection", "revoked"),
        ("connection", "active"),
    ]
