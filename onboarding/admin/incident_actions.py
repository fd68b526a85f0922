"""What staff can do with an incident: add the refused address to the allowlist, or close it with a reason."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from ocpi.detectors.refused import source_of
from partners import incidents
from partners.admin.kit.actions import DEFAULT, PRIMARY, PageAction, Refused
from partners.agreed import networks
from partners.models import Incident
from partners.models.contact import validate_network


class CloseForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label="Reason",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What was done, or why nothing needs to be. It stays with the incident.",
    )


class AllowForm(forms.Form):
    """Why, and whether more than the one address."""

    reason = forms.CharField(
        label="Reason",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Who confirmed that it is theirs. It stays with the network.",
    )
    network = forms.CharField(
        label="Range instead of the one address",
        required=False,
        validators=[validate_network],
        widget=UnfoldAdminTextInputWidget(),
        help_text="Leave empty to allow the address that they called from. A range looks like 1.2.3.0/24.",
    )


def close(request: HttpRequest, incident: Incident, data: dict[str, Any]) -> str:
    if not incidents.close_by_staff(incident.pk, request.user, data["reason"]):
        raise Refused("This incident was closed already.")
    return f"Closed: {data['reason'].strip()}"


def allow(request: HttpRequest, incident: Incident, data: dict[str, Any]) -> str:
    """Add the address to the partner's list; the incident closes with it."""
    address = source_of(incident)
    network = data["network"].strip() or address
    if not networks.holds(network, address):
        raise Refused(f"{network} does not contain {address}: they would still be refused.")
    try:
        networks.allow(incident.partner, network, data["reason"])
    except (networks.AlreadyAllowed, ValidationError) as error:
        raise Refused(str(error)) from error
    text = f"{network} was added to the allowlist: {data['reason'].strip()}"
    incidents.close_by_staff(incident.pk, request.user, text)
    return f"{text} They may call from there at once."


ACTIONS = (
    PageAction(
        "allow",
        "Add this address to the allowlist",
        "partners.change_allowlist",
        "From then on the partner may call us from there. Confirm with them first that it is theirs.",
        allow,
        icon="add_moderator",
        tone=PRIMARY,
        form=AllowForm,
        possible=lambda incident: incident.closed_at is None and bool(source_of(incident)),
    ),
    PageAction(
        "close",
        "Close incident",
        "partners.close_incident",
        "It leaves the queue, and what was seen so far is settled. If it happens again, a new incident opens.",
        close,
        icon="task_alt",
        tone=lambda incident: DEFAULT if source_of(incident) else PRIMARY,
        form=CloseForm,
        possible=lambda incident: incident.closed_at is None,
    ),
)
