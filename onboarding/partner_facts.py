"""Gathering the facts about an integration: from its two connections, the message log, checks and incidents."""

from django.db.models import Count, Q
from django.utils import timezone

from ocpi.handshake.discovery import Offer, missing_modules
from ocpi.log.message_log import header_in
from ocpi.models import HandshakeRun, Message
from ocpi.routing import versions_url
from ocpi.versions import VERSIONS
from onboarding.guide import Facts, HandshakeFacts, Side, Stage, TestFacts
from onboarding.intake.entering import intake_missing
from onboarding.models import ConnectionCheck, ConnectionCheckCase, Onboarding
from partners.ground.secrets import ends_as
from partners.models import Incident, IssuedToken, Partner

Connection = Partner.Connection
NOT_STARTED = "No handshake was made yet: start it, or let them register with Token B."
NOT_REVOKED = (IssuedToken.State.PENDING, IssuedToken.State.ACTIVE)


def facts_of(onboarding: Onboarding) -> Facts:
    """All facts, in a constant number of queries; without what costs and no condition of the stage asks for."""
    partner, production = onboarding.partner, production_of(onboarding)
    stage = Stage(onboarding.stage)
    both = [partner] if production is None else [partner, production]
    return Facts(
        now=timezone.now(),
        stage=stage,
        suspended=any(one.connection == Connection.SUSPENDED for one in both),
        intake_missing=tuple(intake_missing(partner)) if stage == Stage.PRE_INTEGRATION else (),
        window_starts_at=partner.integration_window_starts_at,
        window_ends_at=partner.integration_window_ends_at,
        endpoint=versions_url(partner),
        endpoint_answers=onboarding.endpoint_answers,
        endpoint_text=onboarding.endpoint_text,
        token_b_issued=_token_b_issued(partner),
        setup_told=onboarding.setup_told_at is not None,
        handshake=handshake_facts(partner) if stage != Stage.LIVE else HandshakeFacts(),
        check_failed=failed_checks(partner),
        tests=_tests(onboarding),
        production_exists=production is not None,
        production_connected=production is not None and production.connection == Connection.CONNECTED,
        confirmed=_confirmations(onboarding),
        incidents_open=Incident.objects.filter(partner__in=both, closed_at=None).count(),
        overruled=_overruled_keys(onboarding),
    )


def production_of(onboarding: Onboarding) -> Partner | None:
    """The connection in production: a row of its own, or the only one, where there was no test system."""
    if onboarding.production is not None:
        return onboarding.production
    partner: Partner = onboarding.partner
    return partner if partner.environment == Partner.Environment.PRODUCTION else None


def _token_b_issued(partner: Partner) -> bool:
    """A token to register with, or one that they hold already."""
    return IssuedToken.objects.filter(partner=partner, state__in=NOT_REVOKED).exists()


def handshake_facts(partner: Partner) -> HandshakeFacts:
    """What is known of the registration. Three queries at most."""
    connected = partner.connection in (Connection.CONNECTED, Connection.SUSPENDED) and bool(partner.version)
    if not connected:
        return HandshakeFacts(problem=_problem(HandshakeRun.objects.filter(partner=partner).first()))
    offers = [Offer(row.module, row.role, row.url) for row in partner.endpoints.all()]
    return HandshakeFacts(
        connected=True,
        modules_missing=tuple(missing_modules(VERSIONS[partner.version], offers)),
        confirmed=is_confirmed(partner),
    )


def _problem(run: HandshakeRun | None) -> str:
    if run is None:
        return NOT_STARTED
    if run.state in (HandshakeRun.State.SCHEDULED, HandshakeRun.State.RUNNING):
        return f"A handshake is {run.get_state_display().lower()}: {run.get_step_display().lower()}."
    return f"{run.cause} {run.advice}".strip() or NOT_STARTED


def is_confirmed(partner: Partner) -> bool:
    """Guide 7.3: they read our versions with the token that they hold now, and were answered with HTTP 200."""
    token = (
        IssuedToken.objects.filter(
            partner=partner, purpose=IssuedToken.Purpose.CONNECTION, state=IssuedToken.State.ACTIVE
        )
        .order_by("-last_used_at", "-id")
        .first()
    )
    if token is None:
        return False
    asked = Message.objects.filter(
        partner=partner, direction=Message.Direction.INBOUND, module="versions", method="GET", http_status=200
    )
    headers = asked.filter(at__gte=token.created_at).order_by("-id").values_list("request_headers", flat=True)[:20]
    return any(ends_as(token.last4, header_in(each, "Authorization")) for each in headers)


def failed_checks(partner: Partner) -> int | None:
    """How many cases of the latest read-only connection check failed; None before the first that came to its end."""
    run = (
        ConnectionCheck.objects.filter(partner=partner, armed=False, state=ConnectionCheck.State.FINISHED)
        .annotate(failed=Count("cases", filter=Q(cases__verdict=ConnectionCheckCase.Verdict.FAILED)))
        .order_by("-id")
        .first()
    )
    return run.failed if run else None


def _tests(onboarding: Onboarding) -> tuple[TestFacts, ...]:
    if onboarding.pk is None:
        return ()
    return tuple(
        TestFacts(row.key, bool(row.seen_at), row.sfp_verdict, row.cpo_verdict, row.reason)
        for row in onboarding.tests.all()
    )


def _confirmations(onboarding: Onboarding) -> frozenset[tuple[str, Side]]:
    if onboarding.pk is None:
        return frozenset()
    return frozenset((row.action, Side(row.side)) for row in onboarding.go_live_actions.all())


def _overruled_keys(onboarding: Onboarding) -> frozenset[str]:
    if onboarding.pk is None:
        return frozenset()
    return frozenset(row.condition for row in onboarding.overrides.all())
