"""What tests of the connection check share: a simulated CPO that is connected, and checks of it by the command."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from ocpi import handshake, sync
from partners.models import Partner
from partners.services import PartnerDetails, add_partner
from tests.ocpi.cpo import Simulator, simulator

CHARGER = ("--armed", "--location", "ION-BTS01", "--evse", "ION-BTS01-3", "--interval", "2")
# One small car at a fast charger, and values of the meter each second.
QUICK = ("--meter-interval", "1.1")


@contextmanager
def connected(folder: Path, version: str, base_url: str, *arguments: str) -> Iterator[tuple[Simulator, Partner]]:
    """A simulated CPO that speaks one version, after the handshake, its locations read."""
    with simulator(folder, "--versions", version, *QUICK, *arguments) as cpo:
        details = PartnerDetails(
            "ion", "Ion", "SK", "ION", cpo.versions_url, version, token_a=cpo.token_a, enabled_versions=["2.3.0"]
        )
        partner = add_partner(details)
        run = handshake.advance(handshake.start(partner).pk)
        assert run is not None
        assert run.state == "succeeded", run.cause
        partner.refresh_from_db()
        assert sync.run(sync.request_sync(partner, "locations").pk)
        yield cpo, partner


def check(*options: str) -> dict[str, Any]:
    """`manage.py connection_check ion --inline --json`: the report."""
    out = StringIO()
    with suppress(SystemExit):
        call_command("connection_check", "ion", "--inline", "--json", *options, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def cases(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By key."""
    return {case["key"]: case for theme in report["themes"] for case in theme["cases"]}


def departures(report: dict[str, Any]) -> dict[str, str]:
    """key -> verdict of what is neither right nor not applicable."""
    return {key: case["verdict"] for key, case in cases(report).items() if case["verdict"] in ("warn", "fail")}


@pytest.fixture
def our_server(live_server: Any, settings: Any) -> str:
    """Our own OCPI interface over HTTP: the partner calls it while we wait."""
    settings.OCPI_BASE_URL_TEMPLATE = live_server.url
    return str(live_server.url)


@pytest.fixture
def cpo(tmp_path: Path, our_server: str) -> Callable[..., Any]:
    """`with cpo("2.2.1") as (simulator, partner):`"""
    return lambda version, *arguments: connected(tmp_path, version, our_server, *arguments)
