"""Connecting the simulated CPOs: entered as staff would, then the handshake over HTTP."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ocpi import handshake
from ocpi.models import Connector, HandshakeRun, Tariff
from partners.ground.ocpi_versions import ON_REQUEST
from partners.models import Partner
from partners.services import ContactDetails, PartnerDetails, add_partner
from rehearsal.scenarios.plays.cpo import Cpo

PATIENCE = 90.0
POLL = 0.2


class NotConnected(Exception):
    """A simulated CPO could not be connected; the text says why."""


def add(name: str, country: str, party: str, version: str, ready_file: Path) -> Cpo:
    """Enter a running simulated CPO as a partner."""
    ready = json.loads(ready_file.read_text())
    partner = add_partner(
        PartnerDetails(
            code=name,
            name=f"Simulated CPO {name}",
            country_code=country,
            party_id=party,
            agreed_version=version,
            versions_url=ready["versions_url"],
            token_a=ready["token_a"],
            contacts=[ContactDetails("Simulated Engineer", f"engineer@{name}.example")],
            networks=["127.0.0.1"],
            enabled_versions=[version] if version in ON_REQUEST else [],
        )
    )
    return Cpo(name, partner.pk, version, ready["control_url"])


def connect(cpos: Sequence[Cpo]) -> None:
    """Shake hands with all of them at once, and wait for their chargers and tariffs.

    Raises:
        NotConnected: a handshake failed, or something did not arrive.
    """
    runs = {cpo.name: handshake.start(Partner.objects.get(pk=cpo.partner_id)) for cpo in cpos}
    _wait_for("the handshakes", lambda: _all_shaken(runs.values()))
    for cpo in cpos:
        cpo.read_chargers()
    _wait_for("chargers and tariffs", lambda: all(_has_network(cpo) for cpo in cpos))


def _all_shaken(runs: Iterable[HandshakeRun]) -> bool:
    done = True
    for run in runs:
        run.refresh_from_db()
        if run.state in (HandshakeRun.State.SCHEDULED, HandshakeRun.State.RUNNING):
            done = False
        elif run.state != HandshakeRun.State.SUCCEEDED:
            raise NotConnected(f"The handshake with {run.partner} failed: {run.cause} {run.advice}")
    return done


def _has_network(cpo: Cpo) -> bool:
    chargers = Connector.objects.filter(evse__partner=cpo.partner_id).values("evse").distinct().count()
    return chargers >= len(cpo.chargers) and Tariff.objects.filter(partner=cpo.partner_id).exists()


def _wait_for(what: str, condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise NotConnected(f"waited {PATIENCE:g} s for {what}")
        time.sleep(POLL)
