"""What the test bench starts, how often it may, and what came of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from ocpi.models import Evse
from onboarding import connection_check
from onboarding.checklist import Checklist
from onboarding.connection_check.runs import LIVE, CheckRefusedError
from onboarding.connection_facts import CheckReport
from onboarding.guide import Stage
from onboarding.models import ConnectionCheck, LinkEvent
from onboarding.portal.guard import Visit
from onboarding.portal.partner_place import Place, place_of
from onboarding.stages.refusals import NotPossible
from onboarding.testing import test_run
from partners.models import Partner
from sessions_adhoc.models import AdHocSession

Kind = LinkEvent.Kind
DAY = timedelta(days=1)
LIMITS = {Kind.BENCH_CHECK: 12, Kind.BENCH_CHARGE: 20}
"""How often in 24 hours, over all links of a partner."""
CHARGE_IN = (Stage.HANDSHAKE, Stage.TESTING, Stage.GO_LIVE)
NEEDED = frozenset({"versions_url", "token_a", "agreed_version"})
ENTER_FIRST = "Enter your OCPI Versions URL, Token A and OCPI version first: our calls carry the token."
MOST_EVSES, MOST_CHARGES = 50, 5


@dataclass(frozen=True)
class Bench:
    """What stands on the page.

    Attributes:
        why_no_check, why_no_charge: why it cannot be started now; empty where it can.
        running: the check that is under way.
        chargers: (code, words) of those that a charge can be tried at.
        charges: the newest ones, with the path that each took.
    """

    checks_left: int
    charges_left: int
    why_no_check: str
    why_no_charge: str
    running: ConnectionCheck | None
    report: CheckReport | None
    chargers: Sequence[tuple[str, str]]
    charges: Sequence[AdHocSession]


def bench_of(partner: Partner, place: Place, report: CheckReport | None, checklist: Checklist) -> Bench | None:
    """None in production and after the integration ended: real drivers are there. `report` is the newest check."""
    if not _is_for_tests(partner, place):
        return None
    why_no_charge, used = _why_no_charge(partner, place), _used(partner)
    charges = AdHocSession.objects.filter(partner=partner, channel=AdHocSession.Channel.WEB).select_related("evse")
    return Bench(
        checks_left=_left(used, Kind.BENCH_CHECK),
        charges_left=_left(used, Kind.BENCH_CHARGE),
        why_no_check="" if _is_entered(checklist) else ENTER_FIRST,
        why_no_charge=why_no_charge,
        running=ConnectionCheck.objects.filter(partner=partner, state__in=LIVE).first(),
        report=report,
        chargers=() if why_no_charge else _chargers(partner),
        charges=[] if why_no_charge else list(charges.order_by("-created_at")[:MOST_CHARGES]),
    )


def start_check(visit: Visit) -> ConnectionCheck:
    """Have their server looked at; it only reads. Raises `NotPossible`."""
    with transaction.atomic():
        partner = _taken(visit, Kind.BENCH_CHECK)
        if not partner.versions_url or not partner.agreed_version:
            raise NotPossible(ENTER_FIRST)
        try:
            run = connection_check.start(partner)
        except CheckRefusedError as refused:
            raise NotPossible(str(refused)) from refused
        visit.record(Kind.BENCH_CHECK, f"Started connection check {run.pk}")
    return run


def start_charge(visit: Visit, code: str) -> AdHocSession:
    """Have a simulated driver charge at one of their test chargers. Raises `NotPossible`."""
    with transaction.atomic():
        partner = _taken(visit, Kind.BENCH_CHARGE)
        if why := _why_no_charge(partner, place_of(partner)):
            raise NotPossible(why)
        evse = Evse.objects.filter(partner=partner, code=code.replace("\x00", "")).first()
        if evse is None:
            raise NotPossible("There is no such charger among yours.")
        session = test_run.start(partner, evse, "", visit.who)
        visit.record(Kind.BENCH_CHARGE, f"Started a test charge at {evse}: {session.pk}")
    return session


def stop_charge(visit: Visit, session_id: str) -> None:
    """End a charge of the bench. Raises `NotPossible`."""
    if not _is_for_tests(visit.partner, place_of(visit.partner)):
        raise NotPossible("The test bench is for the test environment.")
    try:
        known = str(UUID(session_id))
    except ValueError:
        raise NotPossible("There is no such charge.") from None
    test_run.stop(visit.partner, known, visit.who)


def _taken(visit: Visit, kind: LinkEvent.Kind) -> Partner:
    """The partner's row, held, so that two who press at once are counted; refused where the day's number is used up."""
    partner = Partner.objects.select_for_update(no_key=True).get(pk=visit.partner.pk)
    if not _is_for_tests(partner, place_of(partner)):
        raise NotPossible("The test bench is for the test environment.")
    if _left(_used(partner), kind) <= 0:
        raise NotPossible(f"{LIMITS[kind]} in 24 hours is the limit. Go on tomorrow, or write to us.")
    return partner


def _is_for_tests(partner: Partner, place: Place) -> bool:
    if place.stage == Stage.OFF_BOARDED or partner.connection == Partner.Connection.SUSPENDED:
        return False
    return partner.environment == Partner.Environment.TEST


def _used(partner: Partner) -> Counter[str]:
    """What was started in the last 24 hours, over all links."""
    since = timezone.now() - DAY
    events = LinkEvent.objects.filter(link__partner=partner, kind__in=LIMITS, at__gt=since)
    return Counter(events.order_by().values_list("kind", flat=True))


def _left(used: Counter[str], kind: LinkEvent.Kind) -> int:
    return max(0, LIMITS[kind] - used[kind.value])


def _is_entered(checklist: Checklist) -> bool:
    """Whether we know whom to call, and with what."""
    return all(line.done for line in checklist.lines if line.item.key in NEEDED)


def _why_no_charge(partner: Partner, place: Place) -> str:
    if partner.connection != Partner.Connection.CONNECTED:
        return "A charge needs the handshake: a command names an address for its result, and a token that you gave us."
    if place.stage not in CHARGE_IN and place.stage != Stage.LIVE:
        return "A test charge is possible from the handshake on."
    if not Evse.objects.filter(partner=partner).exists():
        return "We know none of your chargers yet: your Locations are read after the handshake."
    return ""


def _chargers(partner: Partner) -> list[tuple[str, str]]:
    rows = Evse.objects.filter(partner=partner).exclude(status="REMOVED").select_related("location")
    return [
        (row.code, f"{row} at {row.location.name or row.location.ocpi_id} ({row.status})")
        for row in rows.order_by("pk")[:MOST_EVSES]
    ]
