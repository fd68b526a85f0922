"""Commands from the pages of a charger, a session and a reservation. Each goes on to the command's page, live."""

from typing import Any

from django import forms
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldAdminTextInputWidget

from ocpi.calls import charger_commands
from ocpi.models import Command, Connector, Evse, OcpiSession
from partners.admin.kit.actions import DANGER, PageAction, Refused
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import url_of
from partners.models import Partner

PERMISSION = "ocpi.send_command"
LONGEST_RESERVATION = 120
OPEN = ("ACTIVE", "PENDING", "RESERVATION")


class ConnectorForm(ReasonForm):
    """Which connector, where there are several."""

    connector = forms.CharField(
        label="Connector ID",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="As it is listed on this page. Empty: the only one.",
    )
    field_order = ("connector", "reason")


class ReserveForm(ReasonForm):
    """For how long."""

    minutes = forms.IntegerField(
        min_value=1, max_value=LONGEST_RESERVATION, initial=15, widget=UnfoldAdminTextInputWidget()
    )
    field_order = ("minutes", "reason")


def connector_of(evse: Evse, wanted: str) -> Connector | None:
    """The connector that was named, or the only one."""
    found = list(evse.connectors.all())
    if wanted.strip():
        named = [one for one in found if one.connector_key == wanted.strip().lower()]
        if not named:
            raise Refused(f"This EVSE has no connector {wanted}.")
        return named[0]
    return found[0] if len(found) == 1 else None


def to_page(command: Command) -> HttpResponse:
    return HttpResponseRedirect(url_of(Command, command.pk))


def start(_request: HttpRequest, evse: Evse, data: dict[str, Any]) -> HttpResponse:
    try:
        return to_page(charger_commands.start(evse, connector_of(evse, data["connector"])))
    except charger_commands.CannotSend as refused:
        raise Refused(str(refused)) from refused


def unlock(_request: HttpRequest, evse: Evse, data: dict[str, Any]) -> HttpResponse:
    try:
        return to_page(charger_commands.unlock(evse, connector_of(evse, data["connector"])))
    except charger_commands.CannotSend as refused:
        raise Refused(str(refused)) from refused


def reserve(_request: HttpRequest, evse: Evse, data: dict[str, Any]) -> HttpResponse:
    return to_page(charger_commands.reserve(evse, data["minutes"]))


def stop(_request: HttpRequest, session: OcpiSession, _data: dict[str, Any]) -> HttpResponse:
    return to_page(charger_commands.stop(session))


def cancel(_request: HttpRequest, command: Command, _data: dict[str, Any]) -> HttpResponse:
    try:
        return to_page(charger_commands.cancel(command))
    except charger_commands.CannotSend as refused:
        raise Refused(str(refused)) from refused


def is_connected(row: Any) -> bool:
    return bool(row.partner.connection == Partner.Connection.CONNECTED)


def stoppable(session: OcpiSession) -> bool:
    """Open, and no driver's: those are stopped where their money is looked after."""
    try:
        ours = session.attempt_link is not None
    except ObjectDoesNotExist:
        ours = False
    return session.status in OPEN and not ours and is_connected(session)


ON_EVSE = (
    PageAction(
        "command-start",
        "Start without a driver",
        PERMISSION,
        "START_SESSION is sent, with a token made for it. What is charged belongs to no driver: nobody is billed, and "
        "the CPO will want its money from us. Stop it on the page of the OCPI session.",
        start,
        icon="play_arrow",
        form=ConnectorForm,
        possible=is_connected,
    ),
    PageAction(
        "command-unlock",
        "Unlock connector",
        PERMISSION,
        "UNLOCK_CONNECTOR is sent: for a driver whose cable does not come loose. A session that runs there may end.",
        unlock,
        icon="lock_open",
        form=ConnectorForm,
        possible=is_connected,
    ),
    PageAction(
        "command-reserve",
        "Reserve",
        PERMISSION,
        "RESERVE_NOW is sent: until it ends or is cancelled no driver can charge there.",
        reserve,
        icon="event_seat",
        form=ReserveForm,
        possible=is_connected,
    ),
)
STOP = PageAction(
    "command-stop",
    "Stop",
    PERMISSION,
    "STOP_SESSION is sent. It belongs to no ad-hoc session of ours, so no driver's money depends on it.",
    stop,
    icon="stop_circle",
    tone=DANGER,
    form=ReasonForm,
    possible=stoppable,
)
CANCEL = PageAction(
    "command-cancel",
    "Cancel reservation",
    PERMISSION,
    "CANCEL_RESERVATION is sent: drivers can charge there again.",
    cancel,
    icon="event_busy",
    tone=DANGER,
    form=ReasonForm,
    possible=lambda command: (
        command.kind == Command.Kind.RESERVE_NOW and command.response == "ACCEPTED" and is_connected(command)
    ),
)
