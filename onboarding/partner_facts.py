"""Gathering the facts about integrations: from their two connections, the message log, checks and incidents.

All is read for any number of integrations at once, in a constant number of queries: the queue looks at every one that
is under way.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone

from ocpi.handshake.discovery import Offer, missing_modules
from ocpi.log.message_log import header_in
from ocpi.models import HandshakeRun, Message
from ocpi.routing import versions_url
from ocpi.versions import VERSIONS
from onboarding.connection_facts import offers_of
from onboarding.guide import Facts, HandshakeFacts, Side, Stage, TestFacts
from onboarding.guide.turns import WINDOW_STAGES
from onboarding.intake.entering import missing_of
from onboarding.models import (
    ConnectionCheck,
    ConnectionCheckCase,
    FunctionalTest,
    GoLiveAction,
    LinkEvent,
    Onboarding,
    PartnerLink,
    StageOverride,
)
from onboarding.testing.charged import charged_partners
from partners.ground.secrets import ends_as
from partners.models import Incident, IssuedToken, Mail, Partner

Connection = Partner.Connection
NOT_STARTED = "No handshake was made yet: start it, or let them register with Token B."
NOT_REVOKED = (IssuedToken.State.PENDING, IssuedToken.State.ACTIVE)
UNDER_WAY = (HandshakeRun.State.SCHEDULED, HandshakeRun.State.RUNNING)
CHECKING = (ConnectionCheck.State.DUE, ConnectionCheck.State.RUNNING)
MOST_READS = 20
"""Of our versions by one partner: the token that it holds now is in the newest ones."""


def facts_of(onboarding: Onboarding) -> Facts:
    """All facts, in a constant number of queries; without what costs and no condition of the stage asks for."""
    return facts_of_all([onboarding])[0]


def facts_of_all(onboardings: Sequence[Onboarding]) -> list[Facts]:
    """The same for several, in their order, and in as many queries as for one."""
    read = _read(onboardings)
    return [_facts(onboarding, read) for onboarding in onboardings]


def production_of(onboarding: Onboarding) -> Partner | None:
    """The connection in production: a row of its own, or the only one, where there was no test system."""
    if onboarding.production is not None:
        return onboarding.production
    partner: Partner = onboarding.partner
    return partner if partner.environment == Partner.Environment.PRODUCTION else None


@dataclass
class _Read:
    """What was read of all of them: by partner, or by integration."""

    now: datetime
    missing: Mapping[int, Sequence[str]]
    token_b: set[int]
    links: set[int]
    suggested: Mapping[int, LinkEvent]
    handshakes: Mapping[int, HandshakeFacts]
    live_handshakes: set[int]
    failed_handshakes: set[int]
    checks: Mapping[int, int]
    live_checks: set[int]
    sheets: set[int]
    charged: set[int]
    incidents: Counter[int]
    tests: dict[int, list[TestFacts]] = field(default_factory=lambda: defaultdict(list))
    confirmed: dict[int, set[tuple[str, Side]]] = field(default_factory=lambda: defaultdict(set))
    overruled: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))


def _read(onboardings: Sequence[Onboarding]) -> _Read:
    tested = [one.partner for one in onboardings]
    both = {one.pk: one for one in tested} | {
        one.production.pk: one.production for one in onboardings if one.production
    }
    at = {stage: [one for one in onboardings if one.stage == stage] for stage in Stage}
    setting_up = _ids_of(at[Stage.INFRASTRUCTURE])
    runs, confirmed = _newest_runs(both), confirmed_of([one.partner for one in at[Stage.HANDSHAKE]])
    beginning = [one.partner for one in at[Stage.PRE_INTEGRATION]]
    registering = [one.partner for one in onboardings if one.stage != Stage.LIVE]
    offers = offers_of({*beginning, *_connected(registering)})
    checks, live_checks = _checks(both)
    read = _Read(
        now=timezone.now(),
        missing=missing_of(beginning, offers),
        token_b=_with_token_b(setting_up),
        links=_with_link(_ids_of(at[Stage.PRE_INTEGRATION])),
        suggested=_suggestions(_ids_of(one for stage in WINDOW_STAGES for one in at[stage])),
        handshakes=_handshakes(registering, runs, offers, confirmed),
        live_handshakes={pk for pk, run in runs.items() if run.state in UNDER_WAY},
        failed_handshakes={pk for pk, run in runs.items() if _came_to_nothing(both[pk], run)},
        checks=checks,
        live_checks=live_checks,
        sheets=_sheets_on_their_way(setting_up),
        charged=charged_partners(_since(at[Stage.GO_LIVE])),
        incidents=_open_incidents(both),
    )
    _add_stored(read, at)
    return read


def _ids_of(onboardings: Iterable[Onboarding]) -> list[int]:
    """Of their partners."""
    return [one.partner_id for one in onboardings]


def _facts(onboarding: Onboarding, read: _Read) -> Facts:
    partner, production = onboarding.partner, production_of(onboarding)
    stage, real = Stage(onboarding.stage), production.pk if production else 0
    both = {partner.pk: partner} | ({production.pk: production} if production else {})
    suggestion = _unanswered(onboarding, read.suggested.get(partner.pk))
    return Facts(
        now=read.now,
        stage=stage,
        suspended=any(one.connection == Connection.SUSPENDED for one in both.values()),
        intake_missing=tuple(read.missing.get(partner.pk, ())),
        window_starts_at=partner.integration_window_starts_at,
        window_ends_at=partner.integration_window_ends_at,
        endpoint=versions_url(partner),
        endpoint_answers=onboarding.endpoint_answers,
        endpoint_text=onboarding.endpoint_text,
        token_b_issued=partner.pk in read.token_b,
        setup_told=onboarding.setup_told_at is not None,
        handshake=read.handshakes.get(partner.pk, HandshakeFacts()),
        check_failed=read.checks.get(partner.pk),
        tests=tuple(read.tests.get(onboarding.pk, ())),
        link_open=partner.pk in read.links,
        suggested=suggestion.text if suggestion else "",
        suggested_at=suggestion.at if suggestion else None,
        handshake_live=partner.pk in read.live_handshakes,
        handshake_failed=partner.pk in read.failed_handshakes,
        check_live=partner.pk in read.live_checks,
        sheet_on_its_way=partner.pk in read.sheets,
        production_exists=production is not None,
        production_connected=production is not None and production.connection == Connection.CONNECTED,
        production_handshake_live=real in read.live_handshakes,
        production_handshake_failed=real in read.failed_handshakes,
        production_check_failed=read.checks.get(real),
        production_check_live=real in read.live_checks,
        production_charged=real in read.charged,
        confirmed=frozenset(read.confirmed.get(onboarding.pk, ())),
        incidents_open=sum(read.incidents[pk] for pk in both),
        overruled=frozenset(read.overruled.get(onboarding.pk, ())),
    )


def _unanswered(onboarding: Onboarding, event: LinkEvent | None) -> LinkEvent | None:
    """What they suggested after a window was agreed last, or while none is."""
    if event is None:
        return None
    agreed = onboarding.window_agreed_at
    open_still = event.at > agreed if agreed else onboarding.partner.integration_window_starts_at is None
    return event if open_still else None


# --- by partner: one query each, none where there are none
def _with_token_b(ids: Iterable[int]) -> set[int]:
    """Those with a token to register with, or one that they hold already."""
    rows = IssuedToken.objects.filter(partner__in=list(ids), state__in=NOT_REVOKED)
    return set(rows.order_by().values_list("partner_id", flat=True))


def _with_link(ids: Iterable[int]) -> set[int]:
    rows = PartnerLink.objects.filter(partner__in=list(ids), revoked_at=None, expires_at__gt=timezone.now())
    return set(rows.order_by().values_list("partner_id", flat=True))


def _suggestions(ids: Iterable[int]) -> dict[int, LinkEvent]:
    """The window that each suggested last."""
    rows = LinkEvent.objects.filter(link__partner__in=list(ids), kind=LinkEvent.Kind.WINDOW).select_related("link")
    return {row.link.partner_id: row for row in rows.order_by("id")}


def _newest_runs(ids: Iterable[int]) -> dict[int, HandshakeRun]:
    newest = HandshakeRun.objects.filter(partner=OuterRef("partner")).order_by("-id").values("pk")[:1]
    rows = HandshakeRun.objects.filter(partner__in=list(ids), pk=Subquery(newest))
    return {row.partner_id: row for row in rows}


def _checks(ids: Iterable[int]) -> tuple[dict[int, int], set[int]]:
    """(How many cases of the latest read-only connection check failed, who is looked at now).

    The first has nobody in it before a check of theirs came to its end.
    """
    finished = ConnectionCheck.objects.filter(armed=False, state=ConnectionCheck.State.FINISHED)
    newest = finished.filter(partner=OuterRef("partner")).order_by("-id").values("pk")[:1]
    failed = Count("cases", filter=Q(cases__verdict=ConnectionCheckCase.Verdict.FAILED))
    rows = ConnectionCheck.objects.filter(Q(pk=Subquery(newest)) | Q(state__in=CHECKING), partner__in=list(ids))
    read = list(rows.annotate(failed=failed).order_by().values_list("partner_id", "state", "failed"))
    counts = {pk: count for pk, state, count in read if state not in CHECKING}
    return counts, {pk for pk, state, _ in read if state in CHECKING}


def _sheets_on_their_way(ids: Iterable[int]) -> set[int]:
    rows = Mail.objects.filter(document__partner__in=list(ids), sent_at=None, error="", next_check_at__isnull=False)
    return set(rows.order_by().values_list("document__partner_id", flat=True))


def _open_incidents(ids: Iterable[int]) -> Counter[int]:
    rows = Incident.objects.filter(partner__in=list(ids), closed_at=None).values_list("partner_id").order_by()
    return Counter(dict(rows.annotate(Count("pk"))))


def _since(onboardings: Iterable[Onboarding]) -> dict[int, datetime]:
    """The connections in production of those that go live, with since when their charges count."""
    pairs = ((production_of(one), one.evidence_from) for one in onboardings)
    return {production.pk: since for production, since in pairs if production is not None}


# --- the handshake
def _handshakes(
    partners: Sequence[Partner],
    runs: Mapping[int, HandshakeRun],
    offers: Mapping[int, Sequence[Offer]],
    confirmed: set[int],
) -> dict[int, HandshakeFacts]:
    """What is known of the registrations."""
    found = {one.pk: HandshakeFacts(problem=_problem(runs.get(one.pk))) for one in partners}
    for one in _connected(partners):
        missing = tuple(missing_modules(VERSIONS[one.version], offers[one.pk]))
        found[one.pk] = HandshakeFacts(connected=True, modules_missing=missing, confirmed=one.pk in confirmed)
    return found


def _connected(partners: Iterable[Partner]) -> list[Partner]:
    return [one for one in partners if one.connection != Connection.NOT_CONNECTED and one.version]


def _came_to_nothing(partner: Partner, run: HandshakeRun) -> bool:
    return partner.connection == Connection.NOT_CONNECTED and run.state == HandshakeRun.State.FAILED


def _problem(run: HandshakeRun | None) -> str:
    if run is None:
        return NOT_STARTED
    if run.state in UNDER_WAY:
        return f"A handshake is {run.get_state_display().lower()}: {run.get_step_display().lower()}."
    return f"{run.cause} {run.advice}".strip() or NOT_STARTED


def confirmed_of(partners: Sequence[Partner]) -> set[int]:
    """Guide 7.3: those that read our versions with the token that they hold now, and were answered with HTTP 200.

    Two queries; none where there are no partners.
    """
    if not partners:
        return set()
    mine = IssuedToken.objects.filter(
        partner__in=partners, purpose=IssuedToken.Purpose.CONNECTION, state=IssuedToken.State.ACTIVE
    )
    ordered = sorted(mine, key=lambda token: (token.last_used_at or token.created_at, token.pk))
    held, reads = {token.partner_id: token for token in ordered}, _reads_of(partners)
    return {pk for pk, token in held.items() if _was_used(token, reads[pk])}


def _was_used(token: IssuedToken, reads: Iterable[tuple[datetime, Any]]) -> bool:
    later = (headers for at, headers in reads if at >= token.created_at)
    return any(ends_as(token.last4, header_in(headers, "Authorization")) for headers in later)


def _reads_of(partners: Sequence[Partner]) -> dict[int, list[tuple[datetime, Any]]]:
    """When each read our versions lately and was answered well, with the headers sent."""
    asked = Message.objects.filter(
        partner__in=partners, direction=Message.Direction.INBOUND, module="versions", method="GET", http_status=200
    )
    reads: dict[int, list[tuple[datetime, Any]]] = defaultdict(list)
    newest = asked.order_by("-id").values_list("partner_id", "at", "request_headers")[: MOST_READS * len(partners)]
    for partner_id, at, headers in newest:
        reads[partner_id].append((at, headers))
    return reads


# --- by integration
def _add_stored(read: _Read, at: Mapping[Stage, Sequence[Onboarding]]) -> None:
    """Tests, confirmations and overruled conditions of those that are stored, each where the stage asks for it."""
    stored = {stage: [one.pk for one in onboardings if one.pk is not None] for stage, onboardings in at.items()}
    for row in FunctionalTest.objects.filter(onboarding__in=stored[Stage.TESTING]):
        facts = TestFacts(row.key, bool(row.seen_at), row.sfp_verdict, row.cpo_verdict, row.reason)
        read.tests[row.onboarding_id].append(facts)
    for action in GoLiveAction.objects.filter(onboarding__in=stored[Stage.GO_LIVE]):
        read.confirmed[action.onboarding_id].add((action.action, Side(action.side)))
    for override in StageOverride.objects.filter(onboarding__in=[pk for ids in stored.values() for pk in ids]):
        read.overruled[override.onboarding_id].add(override.condition)
