"""Starting connection checks, again and with a test charge, and calling them off."""

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from ocpi.models import Evse
from onboarding import connection_check
from onboarding.admin.document import download
from onboarding.connection_check.runs import LIVE
from onboarding.connection_facts import report_of
from onboarding.documents.archive import archive
from onboarding.documents.connection_check import write_connection_check
from onboarding.models import ConnectionCheck
from partners.admin.kit.actions import DANGER, DEFAULT, PRIMARY, PageAction, Refused
from partners.admin.kit.showing import url_of
from partners.models import Document, Partner

RUN = "onboarding.run_connection_check"
READ_ONLY = (
    "We call their server about forty times, only to read: nothing is changed there, no charger is touched. It takes "
    "less than a minute. The report names what they should change."
)
ARMED = (
    "A real charge starts at the test charger that you name. Somebody must be there with a car, plug it in when the "
    "page asks for it, and unplug it at the end. We start, follow and stop the charge with a token of its own; no "
    "driver pays. The CPO sends a CDR for it: agree with them beforehand."
)


class ChargerForm(forms.Form):
    """Where to charge."""

    charger = forms.CharField(
        label="Test charger",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "SK*ION*E0103"}),
        help_text="Its EVSE UID, or the EVSE ID on its sticker.",
    )
    location = forms.CharField(
        label="Location ID",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Only where several locations have such a charger.",
    )
    connector = forms.CharField(
        label="Connector ID", required=False, widget=UnfoldAdminTextInputWidget, help_text="Empty: the first one."
    )
    interval = forms.IntegerField(
        label="Seconds between meter values",
        initial=60,
        min_value=1,
        max_value=900,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="As agreed with the CPO; the guide says about 60.",
    )
    ready = forms.BooleanField(
        label="A car is ready, and the CPO knows that a real charge will start", widget=UnfoldBooleanWidget
    )


def _charger(partner: Partner, data: dict[str, Any]) -> connection_check.TestCharger:
    """The one charger that is meant."""
    name, place = data["charger"].strip(), data["location"].strip()
    found = Evse.objects.filter(Q(uid_key=name.lower()) | Q(evse_id__iexact=name), partner=partner)
    if place:
        found = found.filter(location__ocpi_key=place.lower())
    evses = list(found.select_related("location")[:5])
    if not evses:
        raise Refused(f"We know no charger {name} of {partner.name}. Sync their locations first, and check the id.")
    if len(evses) > 1:
        places = ", ".join(evse.location.ocpi_id for evse in evses)
        raise Refused(f"Several locations have a charger {name}: {places}. Say which one.")
    evse = evses[0]
    return connection_check.TestCharger(evse.location.ocpi_id, evse.uid, data["connector"].strip(), data["interval"])


def _start(request: HttpRequest, partner: Partner, charger: connection_check.TestCharger | None) -> HttpResponse:
    try:
        run = connection_check.start(partner, user=request.user, charger=charger)
    except connection_check.CheckRefusedError as refused:
        raise Refused(str(refused)) from refused
    return HttpResponseRedirect(url_of(ConnectionCheck, run.pk))


def check(request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> HttpResponse:
    return _start(request, partner, None)


def check_armed(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> HttpResponse:
    return _start(request, partner, _charger(partner, data))


def again(request: HttpRequest, run: ConnectionCheck, _data: dict[str, Any]) -> HttpResponse:
    return _start(request, run.partner, None)


def again_armed(request: HttpRequest, run: ConnectionCheck, data: dict[str, Any]) -> HttpResponse:
    return _start(request, run.partner, _charger(run.partner, data))


def cancel(_request: HttpRequest, run: ConnectionCheck, _data: dict[str, Any]) -> str:
    try:
        connection_check.cancel(run.pk)
    except connection_check.CheckRefusedError as refused:
        raise Refused(str(refused)) from refused
    if run.armed:
        return "The check is called off. A charge that it began is being stopped; look here until it has ended."
    return "The check is called off."


def pdf(request: HttpRequest, run: ConnectionCheck, _data: dict[str, Any]) -> HttpResponse:
    """The report of a check that is over never changes: it is kept once, and downloaded as often as wanted."""
    written = write_connection_check(run.partner, report_of(run))
    kept = Document.objects.filter(partner=run.partner, kind=Document.Kind.CONNECTION_CHECK, name=written.name).first()
    document = kept or archive(run.partner, Document.Kind.CONNECTION_CHECK, written, request.user.get_username())
    return download(document)


def with_partner_busy(rows: QuerySet[ConnectionCheck]) -> QuerySet[ConnectionCheck]:
    """Each with whether a check of its partner is under way, read with the row: two buttons of its page ask."""
    live = ConnectionCheck.objects.filter(partner=OuterRef("partner"), state__in=LIVE)
    return rows.annotate(partner_busy=Exists(live))


def _can_be_checked(partner: Partner) -> bool:
    return partner.connection != Partner.Connection.SUSPENDED and bool(partner.versions_url)


def _can_charge(partner: Partner) -> bool:
    return partner.connection == Partner.Connection.CONNECTED and bool(partner.versions_url)


def _idle(partner: Partner) -> bool:
    return not ConnectionCheck.objects.filter(partner=partner, state__in=LIVE).exists()


PARTNER_ACTIONS = (
    PageAction(
        "check",
        "Check connection",
        RUN,
        READ_ONLY,
        check,
        icon="fact_check",
        possible=lambda partner: _can_be_checked(partner) and _idle(partner),
        asks=False,
    ),
    PageAction(
        "check-armed",
        "Check with test charge",
        RUN,
        ARMED,
        check_armed,
        icon="ev_station",
        form=ChargerForm,
        possible=lambda partner: _can_charge(partner) and _idle(partner),
    ),
)
PDF = PageAction(
    "pdf",
    "PDF",
    "onboarding.view_connectioncheck",
    "The report is downloaded as a PDF that can be sent to the CPO, and kept with the partner's documents.",
    pdf,
    icon="picture_as_pdf",
    possible=lambda run: not run.is_live,
)
RUN_ACTIONS = (
    PageAction(
        "again",
        "Check again",
        RUN,
        READ_ONLY,
        again,
        icon="refresh",
        tone=lambda run: PRIMARY if getattr(run, "failed_count", 0) else DEFAULT,
        possible=lambda run: _can_be_checked(run.partner) and not run.partner_busy,
        asks=False,
    ),
    PageAction(
        "again-armed",
        "Check with test charge",
        RUN,
        ARMED,
        again_armed,
        icon="ev_station",
        form=ChargerForm,
        possible=lambda run: _can_charge(run.partner) and not run.partner_busy,
    ),
    PDF,
    PageAction(
        "cancel",
        "Call off",
        RUN,
        "Nothing more is looked at. A charge that the check began is stopped, and its token made invalid.",
        cancel,
        icon="cancel",
        tone=DANGER,
        possible=lambda run: run.is_live and not run.stopping,
    ),
)
