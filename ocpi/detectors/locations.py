"""Chargers that drivers do not see: no locations, pushes that stopped, pulls that fail (guide 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, Max, OuterRef
from django.db.models.functions import Coalesce

from ocpi.detectors.answers import SILENT
from ocpi.detectors.objects import REFUSED
from ocpi.detectors.refused import THEY_BAR_US
from ocpi.handshake.advance import TOKEN_REFUSED
from ocpi.models import Evse, Location, SyncRun
from partners.ground.persons import to_you
from partners.incidents.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Report
from partners.models import Incident, IssuedToken, Partner, RemoteEndpoint

NONE, STOPPED, PULL = "without-locations", "stopped-pushes", "failed-pulls"
SAYS_WHY = (f"{PULL}:locations", f"{REFUSED}:locations", SILENT, TOKEN_REFUSED, THEY_BAR_US)
FIRST_LOCATIONS = timedelta(hours=1)
WITHOUT_PULLS = 7
"""Times `DETECT_SILENCE_HOURS`: where nothing can be pulled, silence may mean that nothing changes."""
SURELY_LATER = timedelta(minutes=10)  # between their last call and a change that they did not push
EVERY = timedelta(minutes=5)
SYMPTOM = "Locations not visible in SFP system"
RESOLUTION = "Check your outbound request logs. Confirm the SFP Locations endpoint URL is correct."
CAUSE = "Locations not pushed or push failing, and none could be pulled. "
CONNECTED = Partner.Connection.CONNECTED


def without_locations(window: Window) -> list[Finding]:
    """Connected for some time, not one location, and nothing else that says why. One statement."""
    theirs = Location.objects.filter(partner=OuterRef("pk"), missing_since=None)
    told = Incident.objects.filter(partner=OuterRef("pk"), closed_at=None, key__in=SAYS_WHY)
    rows = Partner.objects.filter(connection=CONNECTED, connected_at__lte=window.now - FIRST_LOCATIONS)
    return [
        Finding(partner.pk, _none(partner), since := partner.connected_at + FIRST_LOCATIONS, since)
        for partner in rows.filter(~Exists(theirs), ~Exists(told))
        if partner.connected_at is not None
    ]


def _none(partner: Partner) -> Report:
    since = moment(partner.connected_at) if partner.connected_at else "the handshake"
    return Report(
        key=NONE,
        symptom=SYMPTOM,
        cause=CAUSE.strip(),
        resolution=f"{RESOLUTION} Or sync their locations from the partner's page.",
        place="no location at all",
        to_do="Press Sync locations on the partner's page: if it brings none, they have to push them.",
        evidence=[evidence(f"Connected since {since}; no location is known.")],
        letter=f"We are connected since {since} and have not received any of your Locations. Please push each with "
        "PUT to our Locations endpoint, or offer GET /locations. Check your outbound request logs and confirm that "
        "the SFP Locations endpoint URL is correct.",
    )


def silent_partners(window: Window) -> list[Finding]:
    """They did not call for long, though a pull shows that their chargers changed. Three statements.

    Without any change, silence is in order; where nothing can be pulled, it is for a week.
    """
    limit = window.now - _silence()
    last = IssuedToken.objects.filter(partner=OuterRef("pk")).order_by().values("partner")
    rows = Partner.objects.filter(connection=CONNECTED, connected_at__lte=limit).annotate(
        last_call=Coalesce(last.annotate(at=Max("last_used_at")).values("at"), "connected_at")
    )
    silent: dict[int, datetime] = dict(rows.filter(last_call__lte=limit).values_list("pk", "last_call"))
    if not silent:
        return []
    evses = Evse.objects.filter(partner__in=silent).values_list("partner_id").annotate(Max("last_updated")).order_by()
    asked = RemoteEndpoint.objects.filter(partner__in=silent, module="locations").exclude(role="RECEIVER")
    changed, pulled = dict(evses), set(asked.values_list("partner_id", flat=True))
    found = []
    for partner_id, last_call in silent.items():
        change = changed.get(partner_id) if partner_id in pulled else None
        if change is not None and change > last_call + SURELY_LATER:
            found.append(_stopped_finding(partner_id, last_call, change))
        elif partner_id not in pulled and window.now > last_call + WITHOUT_PULLS * _silence():
            found.append(_stopped_finding(partner_id, last_call, None))
    return found


def _silence() -> timedelta:
    return timedelta(hours=settings.DETECT_SILENCE_HOURS)


def _stopped_finding(partner_id: int, last_call: datetime, changed: datetime | None) -> Finding:
    pieces = [evidence(f"The last request to us came on {moment(last_call)}.")]
    if changed is not None:
        pieces.append(evidence(f"A pull brought a change of {moment(changed)} that had not been pushed."))
    report = Report(
        key=STOPPED,
        symptom=SYMPTOM,
        cause="Locations not pushed or push failing: the CPO's server sends no updates any more.",
        resolution=RESOLUTION,
        place=f"no request since {moment(last_call)}",
        to_do="Press Sync locations on the partner's page, so that drivers see the truth, and write to them.",
        evidence=pieces,
        letter=f"Since {moment(last_call)} we have not received any request from your server, although the status of "
        "your chargers has to be pushed when it changes. Please check your outbound request logs.",
    )
    since = last_call + _silence() * (1 if changed else WITHOUT_PULLS)
    return Finding(partner_id, report, since, since)


def failed_pulls(window: Window) -> list[Finding]:
    """Pulls that failed after all their tries, the newest of each module. One statement, over an index of them."""
    runs = SyncRun.objects.filter(state=SyncRun.State.FAILED, ended_at__gte=window.since)
    newest = {(run.partner_id, run.module): run for run in runs.order_by("ended_at")}
    return [
        replace(Finding(run.partner_id, _failed_report(run), run.ended_at, run.ended_at), fresh=1)
        for run in newest.values()
        if run.ended_at is not None
    ]


def _failed_report(run: SyncRun) -> Report:
    visible = run.module == "locations"
    why = run.error or "it did not succeed"
    return Report(
        key=f"{PULL}:{run.module}",
        symptom=SYMPTOM if visible else f"GET /{run.module} fails",
        cause=f"{CAUSE if visible else ''}The CPO's list of {run.module} could not be read: {why}",
        resolution=f"{f'{RESOLUTION} ' if visible else ''}GET /{run.module} has to be corrected.",
        place=f"GET /{run.module}",
        to_do="Open the sync: it says what was wrong. When they have mended it, press Pull again.",
        evidence=[{"sync": run.pk, "text": f"Sync {run.pk} of {run.module} failed: {why}"}],
        letter=f"We could not read your {run.module} with GET: {to_you(why)} Please check your server's log.",
    )


def pulled_again(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """A later pull of the module succeeded. One statement."""
    runs: Any = SyncRun.objects.filter(
        partner__in={row.partner_id for row in rows},
        module__in={row.key.partition(":")[2] for row in rows},
        state=SyncRun.State.SUCCEEDED,
        ended_at__gt=min(row.last_seen_at for row in rows),
    )
    good = runs.values_list("partner_id", "module").annotate(Max("ended_at")).order_by()
    newest = {(partner_id, f"{PULL}:{module}"): at for partner_id, module, at in good}
    return {
        key: "A later pull succeeded."
        for row in rows
        if (at := newest.get(key := (row.partner_id, row.key))) is not None and at > row.last_seen_at
    }


DETECTORS = (
    Detector(NONE, without_locations, over="Locations have arrived, or another incident says why not.", every=EVERY),
    Detector(STOPPED, silent_partners, over="They call us again.", every=EVERY),
    Detector(PULL, failed_pulls, pulled_again, quiet=False),
)
