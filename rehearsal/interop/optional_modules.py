"""What else a charge may need: profiles and preferences, reservations, the help desk's UNLOCK, bookings, terminals
(OCPI 2.2.1 §9.2.1.2, §13.3, §14; 2.3.0 Bookings and Payments).
"""

import time
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone

from ocpi import sync
from ocpi.calls import bookings, charging_profiles, commands, outgoing, payments, reservations
from ocpi.models import ActiveProfile, Booking, BookingLocation, Evse, ProfileRequest, Terminal, TerminalRequest, Token
from ocpi.models.outgoing import Outgoing
from ocpi.sync.requests import request_sync
from ocpi.versions.v2_2_1.profiles import ChargingProfile, ChargingProfilePeriod
from rehearsal.interop.charging import sent
from rehearsal.interop.world import POLL, NotInVersion, World, eventually, must
from sessions_adhoc.driver.services import StartRequest, start_session, stop_session
from sessions_adhoc.models import AdHocSession

CHARGE_PATIENCE = 60.0
LIMIT = 11_000
ENDED = ("settled", "failed", "cancelled")


def profiles(world: World) -> str:
    """SetChargingProfile, GET of the active one, and ClearProfile: answers, and results at our response_url."""
    _needs(world, "set_charging_profile")
    assert world.session is not None
    limit = ChargingProfilePeriod(start_period=0, limit=Decimal(LIMIT))
    profile = ChargingProfile(charging_rate_unit="W", charging_profile_period=(limit,))
    for row in (
        charging_profiles.set_profile(world.session, profile),
        charging_profiles.ask_active_profile(world.session, 600),
        charging_profiles.clear_profile(world.session),
    ):
        _answered(row)
        eventually(f"the result of {row.kind}", partial(_result_of, row.pk))
        row.refresh_from_db()
        must(row.result == "ACCEPTED", f"the result of {row.kind} is {row.result}")
    told = ActiveProfile.objects.get(session=world.session).raw["charging_profile"]["charging_profile_period"]
    must(told[0]["limit"] == LIMIT, f"the active profile is {told}")
    return "set, read back, cleared"


def _result_of(request_id: UUID) -> str:
    return ProfileRequest.objects.get(pk=request_id).result


def preferences(world: World) -> str:
    """PUT of ChargingPreferences for a running Session."""
    _needs(world, "charging_preferences")
    assert world.session is not None
    row = _answered(charging_profiles.set_preferences(world.session, profile_type="GREEN"))
    return str(row.response)


def reserve(world: World) -> str:
    """RESERVE_NOW with its result; the EVSE shows RESERVED; the CPO gives it up with a second result."""
    evse = _free_evse(world)
    command = reservations.create_reserve_now(
        partner=world.partner,
        token=_token(world, "reserved"),
        location_id=evse.location.ocpi_id,
        evse_uid=evse.uid,
        expiry_date=timezone.now() + timedelta(minutes=30),
    )
    world.notes["reservation"] = command
    text = sent(command)
    eventually(f"{evse.uid} to be RESERVED", lambda: Evse.objects.get(pk=evse.pk).status == "RESERVED")
    return text


def cancel(world: World) -> str:
    """CANCEL_RESERVATION; where the version has none the CPO ends it by itself."""
    reservation = world.notes["reservation"]
    if "cancel_reservation" in world.version.models:
        return sent(reservations.create_cancel_reservation(reservation=reservation))
    world.cpo.control("POST", f"evses/{reservation.request['evse_uid']}/cancel-reservation")
    raise NotInVersion


def unlock(world: World) -> str:
    """UNLOCK_CONNECTOR, as the help desk sends it."""
    evse = _free_evse(world)
    return sent(
        commands.create_unlock_connector(
            partner=world.partner, location_id=evse.location.ocpi_id, evse_uid=evse.uid, connector_id="1"
        )
    )


def book(world: World) -> str:
    """Bookings: a place is read, booked, changed and cancelled; the CPO tells what becomes of it."""
    _needs(world, "booking_request")
    must(sync.run(request_sync(world.partner, "booking_locations").pk), "another worker pulls them")
    place = BookingLocation.objects.filter(partner=world.partner).order_by("pk")[0]
    soon = timezone.now().replace(microsecond=0) + timedelta(hours=2)
    row = _answered(
        bookings.request_booking(place, start=soon, end=soon + timedelta(hours=1), tokens=(_token(world, "booked"),))
    )

    def status() -> str:
        row.refresh_from_db()
        return row.booking.status if row.booking else ""

    eventually("the booking to be RESERVED", lambda: status() == "RESERVED")
    later = soon + timedelta(hours=2)
    _answered(bookings.change_booking(row.booking, start=soon, end=later))
    eventually("the longer booking", lambda: Booking.objects.get(pk=row.booking.pk).end_at == later)
    _answered(bookings.cancel_booking(row.booking))
    eventually("the booking to be CANCELED", lambda: status() == "CANCELED")
    return "RESERVED, changed, CANCELED"


def terminals(world: World) -> str:
    """Payments: the CPO asks for a terminal, we create it there, and it says where it stands and takes it away."""
    _needs(world, "terminal")
    call = {"module": "payments", "role": "SENDER"}
    wanted = {"reference": "SN-1", "location_ids": ["SITE-1"]}
    world.cpo.control("POST", "send", {**call, "method": "POST", "path": ["terminals", "activate"], "body": wanted})
    row = eventually("the activation", Terminal.objects.filter(partner=world.partner).first)
    must(payments.approve(row), "it is active without anybody's approval")
    _answered(TerminalRequest.objects.filter(terminal=row).order_by("-pk")[0])
    known = [one["terminal_id"] for one in world.cpo.state()["terminals"]]
    must(known == [row.terminal_id], f"the CPO knows {known}")
    path = ["terminals", row.terminal_id]
    body = {"evse_uids": [world.evse_uid]}
    world.cpo.control("POST", "send", {**call, "method": "PATCH", "path": path, "body": body})
    eventually("the EVSE of the terminal", lambda: Terminal.objects.get(pk=row.pk).evse_uids == [world.evse_uid])
    world.cpo.control("POST", "send", {**call, "method": "POST", "path": [*path, "deactivate"], "body": {}})
    eventually("the deactivation", lambda: Terminal.objects.get(pk=row.pk).state == Terminal.State.INACTIVE)
    return "activated, assigned, deactivated"


def receipt(world: World) -> str:
    """A charge that is paid at a terminal: once the money is settled, the CPO has the confirmation of the capture."""
    _needs(world, "financial_advice_confirmation")
    evse = _free_evse(world)
    request = StartRequest(evse=evse.code, channel=AdHocSession.Channel.TERMINAL.value)
    with world.workers():
        session, _ = start_session(request, at=evse)
        _until("charging", session)
        stop_session(session.pk)
        _until("settled", session)
        told = eventually("the confirmation", lambda: world.cpo.state()["financial_advice_confirmations"])
    must(len(told) == 1, f"the CPO has {len(told)} confirmations")
    costs, books = told[0]["total_costs"], world.cpo.state()["cdrs"][-1]["total_cost"]
    gross = sum((Decimal(str(tax["amount"])) for tax in costs["taxes"]), Decimal(str(costs["before_taxes"])))
    must(gross == Decimal(str(books["incl_vat"])), f"it says {gross}, the CDR {books}")
    found = (told[0]["authorization_reference"], told[0]["capture_status_code"])
    must(found == (session.attempts.get().authorization_reference, "SUCCESS"), f"it says {found}")
    return f"{gross:.2f} {told[0]['currency']} captured, told once"


def _until(state: str, session: AdHocSession) -> None:
    deadline = time.monotonic() + CHARGE_PATIENCE
    while session.state != state:
        over = time.monotonic() > deadline or session.state in ENDED
        must(not over, f"waited for a charge that is {state}: it is {session.state}")
        time.sleep(POLL)
        session.refresh_from_db()


def _needs(world: World, kind: str) -> None:
    if kind not in world.version.models:
        raise NotInVersion


def _answered(row: Any) -> Any:
    """Send what waits, as its worker would; raise Gap unless it is accepted."""
    outgoing.send(type(row), row.pk)
    row.refresh_from_db()
    must(row.state == Outgoing.State.ANSWERED, f"{row} is {row.state}: {row.failure}")
    must(row.response in ("ACCEPTED", "CREATED", "PENDING", "RESERVED", "CANCELED"), f"{row}: {row.response}")
    return row


def _free_evse(world: World) -> Evse:
    """A fast charger that nobody uses."""
    free = Evse.objects.filter(partner=world.partner, connectors__power_type="DC").exclude(uid=world.evse_uid)
    return eventually("a free charger", free.filter(status="AVAILABLE").order_by("uid").first)


def _token(world: World, name: str) -> Token:
    uid = f"{world.partner.code}-{name}"
    return Token.objects.create(
        uid=uid, contract_id=f"SK-SFP-{uid}", issuer="Smart Fuel Pass", last_updated=timezone.now()
    )
