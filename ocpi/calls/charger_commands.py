"""Commands that staff send to a charger, outside of any ad-hoc session: for tests and for the help desk.

What is charged this way belongs to no driver and is never billed. Each command is a row first; a worker sends it.
"""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from ocpi import receivers
from ocpi.calls import commands, reservations
from ocpi.calls.outgoing import Unsupported
from ocpi.models import Command, Connector, Evse, OcpiSession
from ocpi.store.tokens import new_one_off_token
from partners.ground.enqueue import enqueue_after_commit

SEND_TASK = "ocpi.tasks.send_command"


class CannotSend(Exception):
    """This command makes no sense here; the text says why to staff."""


def start(evse: Evse, connector: Connector | None) -> Command:
    """START_SESSION with a token of its own, which nobody else can use.

    Raises:
        CannotSend: a driver of ours is charging there.
    """
    if why := receivers.why_occupied(evse.pk):
        raise CannotSend(why)
    with transaction.atomic():
        return _send(
            commands.create(
                commands.start_session(
                    partner=evse.partner,
                    token=new_one_off_token(evse.partner),
                    location_id=evse.location.ocpi_id,
                    evse_uid=evse.uid,
                    connector_id=connector.connector_id if connector else "",
                    authorization_reference=secrets.token_hex(16),
                    reference="",
                    party=(evse.location.country_code, evse.location.party_id),
                )
            )
        )


def unlock(evse: Evse, connector: Connector | None) -> Command:
    """UNLOCK_CONNECTOR. OCPI 2.2.1 §13.1: for the help desk, when a cable does not come loose.

    Raises:
        CannotSend: no connector was named.
    """
    if connector is None:
        raise CannotSend("Say which connector is to be unlocked.")
    with transaction.atomic():
        return _send(
            commands.create_unlock_connector(
                partner=evse.partner,
                location_id=evse.location.ocpi_id,
                evse_uid=evse.uid,
                connector_id=connector.connector_id,
            )
        )


def reserve(evse: Evse, minutes: int) -> Command:
    """RESERVE_NOW for a token of its own, so that nobody else can charge there for some minutes."""
    with transaction.atomic():
        return _send(
            reservations.create_reserve_now(
                partner=evse.partner,
                token=new_one_off_token(evse.partner),
                location_id=evse.location.ocpi_id,
                expiry_date=timezone.now() + timedelta(minutes=minutes),
                evse_uid=evse.uid,
            )
        )


def cancel(reservation: Command) -> Command:
    """CANCEL_RESERVATION.

    Raises:
        CannotSend: the version in use has none, or that command reserved nothing.
    """
    try:
        with transaction.atomic():
            return _send(reservations.create_cancel_reservation(reservation=reservation))
    except (ValueError, Unsupported) as error:
        raise CannotSend(str(error)) from error


def stop(session: OcpiSession) -> Command:
    """STOP_SESSION of a session that is none of a driver's: those are stopped on the page of the ad-hoc session."""
    with transaction.atomic():
        return _send(
            commands.create(
                commands.stop_session(
                    partner=session.partner,
                    session_id=session.ocpi_id,
                    reference="",
                    party=(session.country_code, session.party_id),
                )
            )
        )


def _send(command: Command) -> Command:
    enqueue_after_commit(SEND_TASK, str(command.pk))
    return command
