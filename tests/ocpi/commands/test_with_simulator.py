"""START_SESSION and STOP_SESSION with the simulated CPO: its results and Sessions come to our own server."""

from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi import handshake, sync
from ocpi.calls import commands
from ocpi.models import Command, Evse, OcpiSession, Token
from partners.services import PartnerDetails, add_partner
from tests.ocpi.cpo import simulator
from tests.support.processes import eventually


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1"])
@pytest.mark.django_db(transaction=True)
def test_a_start_and_a_stop(tmp_path: Path, live_server: LiveServer, settings: Settings, version: str) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = live_server.url
    with simulator(tmp_path, "--versions", version) as cpo:
        details = PartnerDetails("ion", "Ion", "SK", "ION", cpo.versions_url, version, token_a=cpo.token_a)
        partner = add_partner(details)
        assert handshake.advance(handshake.start(partner).pk)
        partner.refresh_from_db()
        assert sync.run(sync.request_sync(partner, "locations").pk)
        connector = Evse.objects.filter(status="AVAILABLE")[0].connectors.all()[0]
        token = Token.objects.create(uid="T-1", contract_id="SK-SFP-C1", issuer="SFP", last_updated=timezone.now())

        started = commands.create(
            commands.start_session(
                partner=partner,
                token=token,
                location_id=connector.evse.location.ocpi_id,
                evse_uid=connector.evse.uid,
                connector_id=connector.connector_id,
                authorization_reference="REF-1",
                reference="",
            )
        )
        commands.send(started.pk)
        started.refresh_from_db()
        assert (started.state, started.response) == ("answered", "ACCEPTED")
        eventually(lambda: Command.objects.get(pk=started.pk).result == "ACCEPTED", what="the result")
        eventually(lambda: OcpiSession.objects.filter(status="ACTIVE").exists(), what="an active session")

        session = OcpiSession.objects.get()
        pulled = sync.pull_sessions(partner.pk, started.created_at, {"": {session.token_uid}})
        assert (pulled.ok, pulled.count) == (True, 1)
        stopped = commands.create(commands.stop_session(partner=partner, session_id=session.ocpi_id, reference=""))
        commands.send(stopped.pk)
        stopped.refresh_from_db()
        assert stopped.response == "ACCEPTED"
        eventually(lambda: OcpiSession.objects.filter(status="COMPLETED").exists(), what="the end")
