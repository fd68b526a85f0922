"""Ad-hoc sessions with tokens, payments, commands and attempts; of some the CPO told: sessions, CDRs, timelines.

The newest ones charge, a few are escalated, most are settled. Session 1 has a long story.
"""

from billing.models import PaymentAuthorization, PaymentEvent, SimulatedCharge, SimulatedOperation
from ocpi.models import Cdr, Command, FinancialAdvice, OcpiSession, ProfileRequest, TerminalRequest, Token, TokenPush
from rehearsal.bench import wire
from rehearsal.bench.crowd.filling import EMPTY_OBJECT, NOW, Span, fill, one_of, template, uuid
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample, TimelineEvent

LONG_STORY = 600
TOLD = 5
"""Of every fifth session the CPO told."""
SIMULATED = 10


def fill_charging(span: Span) -> None:
    _fill_tokens(span)
    _fill_sessions(span)
    _fill_told(span)
    _fill_stories(span)
    _fill_further_modules(span)


def state_of(span: Span) -> str:
    """The newest two thousandth charge; every 20,000th is escalated."""
    last = span.last("sessions")
    return (
        f"CASE WHEN n > {last} - {last} / 2000 THEN 'charging' WHEN n % 20000 = 7 THEN 'escalated'"
        " WHEN n % 17 = 0 THEN 'failed' WHEN n % 23 = 0 THEN 'cancelled' ELSE 'settled' END"
    )


def _fill_tokens(span: Span) -> None:
    moment = span.moment("sessions")
    given = {"issuer": "'Smart Fuel Pass'", "last_updated": moment, "created_at": moment}
    number = span.rows("sessions")
    valid = f"{state_of(span)} IN ('charging', 'escalated')"
    fill(Token, number, id="n", uid="'AD-' || md5(n::text)", contract_id="'SK-SFP-C' || n", valid=valid, **given)
    given |= {"last_updated": NOW, "created_at": NOW}
    long_lived = f"{span.rows('tokens')}"
    first = 2_000_000_000
    names = {"uid": "'CARD' || n", "contract_id": "'SK-SFP-D' || n", "type": "'RFID'"}
    fill(Token, long_lived, id=f"{first} + n", **names, **given)
    partners = f"generate_series(1, {span.last('partners')}) AS p"
    fill(
        TokenPush,
        f"{long_lived} CROSS JOIN {partners} WHERE p % 10 = 1",
        token_id=f"{first} + n",
        partner_id="p",
        wanted=NOW,
        pushed=NOW,
        pushed_at=NOW,
        version="'2.2.1'",
        pushed_raw=EMPTY_OBJECT,
        tries="CASE WHEN n % 500 = 1 THEN 9 ELSE 0 END",
        error="CASE WHEN n % 500 = 1 THEN 'They answered HTTP 500.' ELSE '' END",
    )


def _fill_sessions(span: Span) -> None:
    moment, state = span.moment("sessions"), state_of(span)
    rows = f"(SELECT n, {moment} AS at, {state} AS state FROM {span.rows('sessions')}) AS given"
    over = "CASE WHEN state IN ('settled', 'failed', 'cancelled') THEN at + interval '45 minutes' END"
    payment = "CASE state WHEN 'settled' THEN 'captured' WHEN 'failed' THEN 'released' "
    fill(
        PaymentAuthorization,
        rows,
        id=uuid("payment"),
        reference=f"{uuid('session')}::text",
        gateway="'simulated'",
        payment_method="'pm_sim_ok'",
        amount="4000",
        currency="'EUR'",
        state=payment + "WHEN 'cancelled' THEN 'released' ELSE 'reserved' END",
        captured_amount="CASE state WHEN 'settled' THEN 1230 ELSE 0 END",
        capture_amount="CASE state WHEN 'settled' THEN 1230 END",
        state_since="at",
        next_check_at="CASE WHEN state IN ('charging', 'escalated') THEN now() + interval '5 days' END",
        gateway_reference="'sim_' || n",
        expires_at="at + interval '7 days'",
        created_at="at",
        updated_at="at",
    )
    evse = f"CASE WHEN n % 100 = 1 THEN 1 ELSE 1 + n::bigint * 7919 % {span.last('evses')} END"
    joined = f"{rows} JOIN ocpi_evse e ON e.id = {evse}"
    fill(
        AdHocSession,
        joined,
        id=uuid("session"),
        state="state",
        state_since="at",
        next_check_at="CASE WHEN state = 'charging' THEN now() + interval '1 hour' END",
        partner_id="e.partner_id",
        evse_id="e.id",
        connector_id="e.id * 2 + 1",
        connector_number="'1'",
        is_dc="true",
        channel="CASE WHEN n % 4 = 0 THEN 'web' ELSE 'qr' END",
        token_id="n",
        authorization_id=uuid("payment"),
        amount="4000",
        currency="'EUR'",
        client_id="CASE WHEN n % 2 = 0 THEN 1 + n % 20 END",
        funds_reserved_at="at",
        created_at="at",
        ended_at=over,
        reason="CASE state WHEN 'escalated' THEN 'cdr_missing' ELSE '' END",
    )
    _fill_attempts(joined)
    charge = {"id": "'sim_' || n", "reference": uuid("session") + "::text", "payment_method": "'pm_sim_ok'"}
    few = f"{rows} WHERE n % {SIMULATED} = 1"
    fill(SimulatedCharge, few, amount="4000", currency="'EUR'", expires_at="at", created_at="at", **charge)
    verbs = f"{rows} CROSS JOIN (VALUES ('reserve'), ('capture')) AS verbs (verb) WHERE n % {SIMULATED} = 1"
    operation = {"key": f"{uuid('payment')} || ':' || verb", "charge_id": "'sim_' || n", "outcome": "'done'"}
    fill(SimulatedOperation, verbs, verb="verb", payload=EMPTY_OBJECT, created_at="at", **operation)


def _fill_attempts(joined: str) -> None:
    fill(
        Command,
        joined,
        id=uuid("command"),
        partner_id="e.partner_id",
        kind="'START_SESSION'",
        version="'2.2.1'",
        state="'answered'",
        reference=f"{uuid('session')}::text",
        response="CASE WHEN state = 'failed' THEN 'REJECTED' ELSE 'ACCEPTED' END",
        result="CASE WHEN state = 'failed' THEN '' ELSE 'ACCEPTED' END",
        message_id="n",
        created_at="at",
        sent_at="at",
        answered_at="at",
        result_at="at",
    )
    fill(
        Command,
        f"{joined} WHERE n % {TOLD} = 1 AND state = 'settled'",
        id=uuid("stop"),
        partner_id="e.partner_id",
        kind="'STOP_SESSION'",
        version="'2.2.1'",
        state="'answered'",
        reference=f"{uuid('session')}::text",
        response="'ACCEPTED'",
        result="'ACCEPTED'",
        message_id="n",
        created_at="at + interval '45 minutes'",
        sent_at="at + interval '45 minutes'",
    )
    fill(
        ChargingAttempt,
        joined,
        id="n",
        session_id=uuid("session"),
        number="1",
        authorization_reference=f"{uuid('attempt')}::text",
        command_id=uuid("command"),
        stop_command_id=f"CASE WHEN n % {TOLD} = 1 AND state = 'settled' THEN {uuid('stop')} END",
        created_at="at",
        ended_at="CASE WHEN state IN ('settled', 'failed', 'cancelled') THEN at + interval '45 minutes' END",
        energy_at="at",
    )


def _fill_told(span: Span) -> None:
    """OCPI session n belongs to ad-hoc session 5n - 4, so that the first has the first."""
    adhoc = f"(n * {TOLD} - {TOLD - 1})"
    moment = span.moment("told")
    session = uuid("session", adhoc)
    joined = (
        f"{span.rows('told')} JOIN sessions_adhoc_adhocsession s ON s.id = {session}"
        " JOIN ocpi_evse e ON e.id = s.evse_id JOIN partners_partner p ON p.id = s.partner_id"
    )
    mirrored = {
        "id": "n",
        "partner_id": "p.id",
        "country_code": "p.country_code",
        "party_id": "p.party_id",
        "version": "'2.2.1'",
        "token_uid": f"'AD-' || md5({adhoc}::text)",
        "authorization_reference": f"{uuid('attempt', adhoc)}::text",
        "location_id": "'LOC-' || e.location_id",
        "evse_uid": "e.uid",
        "currency": "'EUR'",
        "start_at": moment,
        "last_updated": moment,
        "created_at": moment,
    }
    fill(
        OcpiSession,
        joined,
        ocpi_id="'S-' || n",
        ocpi_key="'s-' || n",
        status="CASE s.state WHEN 'charging' THEN 'ACTIVE' ELSE 'COMPLETED' END",
        kwh="20.5",
        first_seen_at=moment,
        first_active_at=moment,
        news_at=moment,
        whole_at=moment,
        end_at=moment,
        connector_id="'1'",
        raw=template(wire.session("S-@n@", 60, 20.5), n="n"),
        **mirrored,
    )
    own = {"cdr_token": {"uid": "T"}, "authorization_reference": "R", "location_id": "L"}
    fill(
        Cdr,
        joined,
        ocpi_id="'CDR-' || n",
        ocpi_key="'cdr-' || n",
        uuid=uuid("cdr"),
        session_id="'S-' || n",
        session_key="'s-' || n",
        end_at=moment,
        total_net="10",
        total_gross="12.30",
        total_energy="20.5",
        content_digest="repeat(md5(n::text), 2)",
        credit="n % 5000 = 0",
        conflicting="n % 7000 = 0",
        raw=template(wire.cdr("S-@n@", "EVSE-1", own), n="n"),
        **mirrored,
    )
    tie = {"attempt_id": adhoc, "ocpi_session_id": "n", "validity": "'valid'"}
    fill(AttemptSession, span.rows("told"), id="n", linked_at=moment, **tie)


def _fill_stories(span: Span) -> None:
    """Three lines, payment events and readings each; session 1 has as much as a long charge leaves behind."""
    adhoc = f"(n * {TOLD} - {TOLD - 1})"
    moment = span.moment("told")
    source = f"{span.rows('told')} CROSS JOIN generate_series(1, 3) AS m"
    if span.before is None:
        source = f"(SELECT n, m FROM {source} UNION ALL SELECT 1, generate_series(4, {LONG_STORY})) AS rows"
    later = f"{moment} + m * interval '1 minute'"
    fill(
        TimelineEvent,
        source,
        session_id=uuid("session", adhoc),
        at=later,
        kind=one_of(["driver", "command", "session"], "m"),
        text="'Something happened: ' || m",
        message_id=f"{adhoc} + m",
    )
    fill(
        Sample,
        source,
        attempt_id=adhoc,
        ocpi_session_id="n",
        at=later,
        received_at=later,
        kwh="m * 0.8",
        kw="48.5",
        source="'push'",
        message_id=f"{adhoc} + m",
    )
    events = f"{span.rows('told')} CROSS JOIN generate_series(1, 3) AS m"
    fill(
        PaymentEvent,
        events,
        authorization_id=uuid("payment", adhoc),
        at=later,
        action="'answered'",
        to_state=one_of(["reserving", "reserved", "captured"], "m"),
        amount="4000",
    )


def _fill_further_modules(span: Span) -> None:
    rows = f"{span.rows('partners')} CROSS JOIN generate_series(1, 10) AS m"
    number = "((n - 1) * 10 + m)"
    given = {"partner_id": "n", "state": "'answered'", "response": "'ACCEPTED'"}
    fill(ProfileRequest, rows, id=uuid("profile", number), session_id="1 + n % 2", kind="'SET'", **given)
    references = {"authorization_reference": f"{uuid('attempt', number)}::text", "advice_id": uuid("advice", number)}
    own = {"raw": EMPTY_OBJECT, "last_updated": NOW}
    fill(FinancialAdvice, rows, id=uuid("confirmation", number), **given, **references, **own)
    terminals = "ocpi_terminal t"
    terminal = {"partner_id": "t.partner_id", "terminal_id": "t.id", "state": "'answered'"}
    fill(
        TerminalRequest,
        f"{terminals} WHERE t.partner_id >= {span.first('partners')}",
        id=uuid("terminal", "t.id"),
        **terminal,
    )
