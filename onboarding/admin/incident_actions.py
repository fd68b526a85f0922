"""What staff can do with an incident: add the refused address to the allowlist, or close it with a reason."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from ocpi.detectors.refused import source_of
from partners import history, incidents
from partners.admin.kit.actions import DEFAULT, PRIMARY, PageAction, Refused
from partners.agreed import networks
from partners.history import Result
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


def close_several(model_admin: Any, request: HttpRequest, rows: QuerySet[Incident]) -> HttpResponse | None:
    """Close those that are still open, each with the same reason; the page that asks for it, while there is none."""
    form = CloseForm(request.POST if "reason" in request.POST else None, auto_id="do-close-%s", label_suffix="")
    chosen = list(rows.filter(closed_at=None).select_related("partner"))
    if not form.is_valid():
        context = {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "title": "Close several incidents",
            "form": form,
            "rows": chosen,
            "action": "close_selected",
        }
        return TemplateResponse(request, "admin/partners/incident/close_several.html", context)
    closed = 0
    for row in chosen:
        line = history.begin(request.user, row, "Close incident", form.cleaned_data["reason"])
        done = incidents.close_by_staff(row.pk, request.user, form.cleaned_data["reason"])
        history.finish(line, Result.DONE if done else Result.REFUSED, "" if done else "It was closed already.")
        closed += done
    messages.success(request, f"{closed} incident{'s were' if closed != 1 else ' was'} closed.")
    return None


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
