"""Reserving an EVSE for a driver (OCPI 2.2.1 §13.3.1, §13.3.4): commands beside those of `ocpi.calls.commands`.

A reservation may be cancelled by the CPO later: then CANCELED_RESERVATION comes as a second result of RESERVE_NOW.
"""

import secrets
from datetime import datetime

from ocpi.calls.commands import token_arguments
from ocpi.calls.outgoing import version_with
from ocpi.models import Command, Token
from partners.models import Partner

LARGEST_ID = 2**31 - 1


def create_reserve_now(
    *,
    partner: Partner,
    token: Token,
    location_id: str,
    expiry_date: datetime,
    evse_uid: str = "",
    authorization_reference: str = "",
    reservation_id: str = "",
    reference: str = "",
) -> Command:
    """Write a RESERVE_NOW to be sent. No I/O.

    Args:
        evse_uid: empty for any EVSE of the location.
        reservation_id: of the reservation that this one replaces; a new one is made up otherwise. Digits only:
            OCPI 2.1.1 has numbers.

    Raises:
        ValueError: a reservation id that is no number.
    """
    if reservation_id and not (reservation_id.isascii() and reservation_id.isdigit()):
        raise ValueError("A reservation id consists of digits.")
    request = {
        "token": token_arguments(token),
        "location_id": location_id,
        "evse_uid": evse_uid,
        "expiry_date": expiry_date.isoformat(),
        "reservation_id": reservation_id or _new_id(partner),
        "authorization_reference": authorization_reference,
    }
    return Command.objects.create(partner=partner, kind=Command.Kind.RESERVE_NOW, reference=reference, request=request)


def create_cancel_reservation(*, reservation: Command, reference: str = "") -> Command:
    """Write a CANCEL_RESERVATION for what a RESERVE_NOW reserved. No I/O.

    Raises:
        ValueError: that command reserved nothing.
        Unsupported: OCPI 2.1.1 cannot cancel: a reservation ends with its `expiry_date`.
    """
    if reservation.kind != Command.Kind.RESERVE_NOW:
        raise ValueError("Only a RESERVE_NOW can be cancelled.")
    version_with(reservation.partner, "cancel_reservation")
    # The location tells whom it is for, behind a hub.
    request = {name: reservation.request[name] for name in ("reservation_id", "location_id")}
    return Command.objects.create(
        partner=reservation.partner,
        kind=Command.Kind.CANCEL_RESERVATION,
        reference=reference or reservation.reference,
        request=request,
    )


def _new_id(partner: Partner) -> str:
    """A number that no reservation of the partner has: sending one again would replace that reservation."""
    while True:
        number = str(secrets.randbelow(LARGEST_ID) + 1)
        if not Command.objects.filter(partner=partner, request__reservation_id=number).exists():
            return number
