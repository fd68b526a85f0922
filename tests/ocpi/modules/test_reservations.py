"""RESERVE_NOW, CANCEL_RESERVATION and UNLOCK_CONNECTOR."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi import sync
from ocpi.calls import commands, reservations
from ocpi.calls.outgoing import Unsupported
from ocpi.models import Command, Evse, Location
from partners.models import Partner
from tests.factories import LocationFactory
from tests.ocpi.cpo import ScriptedCpo, envelope
from tests.ocpi.modules.conftest import caller, registered, token
from tests.ocpi.server.conftest import answered
from tests.support.processes import eventually

ACCEPTED = envelope({"result": "ACCEPTED", "timeout": 30})


def reserve(partner: Any, **changes: Any) -> Command:
    arguments = {
        "token": changes.pop("token", None) or token(),
        "location_id": "LOC-1",
        "evse_uid": "EVSE-1",
        "expiry_date": timezone.now() + timedelta(hours=1),
        "authorization_reference": "REF-1",
    }
    return reservations.create_reserve_now(partner=partner, **{**arguments, **changes})


def sent(command: Command) -> Command:
    commands.send(command.pk)
    command.refresh_from_db()
    return command


@pytest.mark.parametrize("version", ["2.2", "2.2.1", "2.3.0"])
def test_a_reservation_and_its_cancelling(cpo: ScriptedCpo, connected: Callable[..., Partner], version: str) -> None:
    partner = connected(version)
    cpo.on("POST /commands/RESERVE_NOW", ACCEPTED)
    cpo.on("POST /commands/CANCEL_RESERVATION", ACCEPTED)
    reservation = sent(reserve(partner))
    assert (reservation.state, reservation.response) == ("answered", "ACCEPTED")
    body = cpo.seen[0].body
    assert body["reservation_id"] == reservation.request["reservation_id"]
    assert body["expiry_date"].endswith("Z")
    assert (body["token"]["uid"], body["authorization_reference"]) == ("T-1", "REF-1")
    assert body["response_url"].endswith(f"/commands/RESERVE_NOW/{reservation.pk}")

    cancel = sent(reservations.create_cancel_reservation(reservation=reservation))
    assert cancel.response == "ACCEPTED"
    cancelling = cpo.seen[1].body
    assert set(cancelling) == {"response_url", "reservation_id"}
    assert cancelling["reservation_id"] == body["reservation_id"]


def test_reservations_are_numbers_in_2_1_1_and_cannot_be_cancelled(
    cpo: ScriptedCpo, connected: Callable[..., Partner]
) -> None:
    partner = connected("2.1.1")
    cpo.on("POST /commands/RESERVE_NOW", envelope({"result": "ACCEPTED"}))
    reservation = sent(reserve(partner, reservation_id="4711"))
    assert cpo.seen[0].body["reservation_id"] == 4711
    assert "authorization_reference" not in cpo.seen[0].body
    with pytest.raises(Unsupported, match=r"2\.1\.1"):
        reservations.create_cancel_reservation(reservation=reservation)


def test_a_version_changed_before_it_was_sent(cpo: ScriptedCpo, connected: Callable[..., Partner]) -> None:
    partner = connected()
    cancel = reservations.create_cancel_reservation(reservation=reserve(partner))
    partner.version = "2.1.1"
    partner.save()
    assert (sent(cancel).state, cancel.failure) == ("undelivered", "OCPI 2.1.1 has no CANCEL_RESERVATION.")
    assert cpo.seen == []


def test_only_numbers_and_reservations(connected: Callable[..., Partner]) -> None:
    partner = connected()
    with pytest.raises(ValueError, match="digits"):
        reserve(partner, reservation_id="R-1")
    unlock = commands.create_unlock_connector(partner=partner, location_id="L", evse_uid="E", connector_id="1")
    with pytest.raises(ValueError, match="RESERVE_NOW"):
        reservations.create_cancel_reservation(reservation=unlock)


@pytest.mark.parametrize("version", ["2.1.1", "2.2", "2.2.1", "2.3.0"])
def test_unlocking_a_connector(cpo: ScriptedCpo, connected: Callable[..., Partner], version: str) -> None:
    partner = connected(version)
    cpo.on("POST /commands/UNLOCK_CONNECTOR", ACCEPTED)
    unlock = commands.create_unlock_connector(
        partner=partner, location_id="LOC-1", evse_uid="EVSE-1", connector_id="1", reference="session-1"
    )
    assert sent(unlock).response == "ACCEPTED"
    body = {name: value for name, value in cpo.seen[0].body.items() if name != "response_url"}
    assert body == {"location_id": "LOC-1", "evse_uid": "EVSE-1", "connector_id": "1"}
    path = f"commands/UNLOCK_CONNECTOR/{unlock.pk}"
    answered(caller(partner).post(path, {"result": "REJECTED"}), 200, 1000)
    unlock.refresh_from_db()
    assert unlock.result == "REJECTED"


def test_a_cancelled_reservation_is_told_as_a_second_result(
    cpo: ScriptedCpo, connected: Callable[..., Partner]
) -> None:
    partner = connected()
    cpo.on("POST /commands/RESERVE_NOW", ACCEPTED)
    reservation = sent(reserve(partner))
    path = f"commands/RESERVE_NOW/{reservation.pk}"
    for result, kept in (
        ("ACCEPTED", "ACCEPTED"),
        ("FAILED", "ACCEPTED"),
        ("CANCELED_RESERVATION", "CANCELED_RESERVATION"),
        ("ACCEPTED", "CANCELED_RESERVATION"),
    ):
        answered(caller(partner).post(path, {"result": result}), 200, 1000)
        reservation.refresh_from_db()
        assert reservation.result == kept


def test_behind_a_hub_a_command_names_the_party_of_the_place(
    cpo: ScriptedCpo, connected: Callable[..., Partner]
) -> None:
    partner = connected(hub_party_id="DEHUB")
    LocationFactory.create(partner=partner, country_code="AT", party_id="VIE", ocpi_id="LOC-1")
    cpo.on("POST /commands/RESERVE_NOW", ACCEPTED)
    cpo.on("POST /commands/CANCEL_RESERVATION", ACCEPTED)
    reservation = sent(reserve(partner))
    sent(reservations.create_cancel_reservation(reservation=reservation))
    for seen in cpo.seen:
        assert (seen.headers["ocpi-to-country-code"], seen.headers["ocpi-to-party-id"]) == ("AT", "VIE")


@pytest.mark.django_db(transaction=True)
def test_with_the_simulated_cpo(tmp_path: Path, live_server: LiveServer, settings: Settings) -> None:
    with registered(tmp_path, live_server, settings, "2.2.1") as (cpo, partner):
        assert sync.run(sync.request_sync(partner, "locations").pk)
        evse = Evse.objects.filter(status="AVAILABLE").select_related("location")[0]
        place = {"location_id": evse.location.ocpi_id, "evse_uid": evse.uid}
        card = token()

        reservation = sent(reserve(partner, token=card, **place))
        eventually(lambda: result_of(reservation) == "ACCEPTED", what="the reservation")
        eventually(lambda: Evse.objects.get(pk=evse.pk).status == "RESERVED", what="the status RESERVED")
        cpo.control("POST", f"evses/{evse.uid}/cancel-reservation")
        eventually(lambda: result_of(reservation) == "CANCELED_RESERVATION", what="the cancelled reservation")

        second = sent(reserve(partner, token=card, **place))
        eventually(lambda: result_of(second) == "ACCEPTED", what="the second reservation")
        cancel = sent(reservations.create_cancel_reservation(reservation=second))
        eventually(lambda: result_of(cancel) == "ACCEPTED", what="its end")
        unlock = sent(commands.create_unlock_connector(partner=partner, connector_id="1", **place))
        eventually(lambda: result_of(unlock) == "ACCEPTED", what="the unlocked connector")
        assert Location.objects.exists()


def result_of(command: Command) -> str:
    return Command.objects.get(pk=command.pk).result
