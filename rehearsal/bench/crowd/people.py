"""Partners with all that belongs to them, and staff."""

from django.contrib.auth.models import User

from ocpi.models import ClientInfo, HandshakeRun, HandshakeStep, PartnerQuirk, Terminal, TrafficHour
from onboarding.guide import TESTS, Stage
from onboarding.models import (
    AllowlistMirror,
    ConnectionCheck,
    ConnectionCheckCase,
    FunctionalTest,
    LinkEvent,
    Onboarding,
    PartnerLink,
    StageChange,
)
from partners.models import (
    AllowedNetwork,
    Contact,
    Document,
    FailedLogin,
    IssuedToken,
    Partner,
    PartnerRole,
    PartyOwner,
    Policy,
    ReceivedToken,
    RemoteEndpoint,
)
from rehearsal.bench.crowd.filling import DAYS, NOW, Span, fill, one_of, text
from sessions_adhoc.models import ClientKey, FallbackPull

MODULES = ["credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles"]
STAGES = [stage.value for stage in Stage]
PARTY = "lpad(upper(to_hex(n)), 3, '0')"
HOURS = 168


def fill_partners(span: Span) -> None:
    rows = span.rows("partners")
    fill(
        Partner,
        rows,
        id="n",
        code="'cpo-' || n",
        name="'Charging company ' || n",
        country_code="'SK'",
        party_id=PARTY,
        version="CASE WHEN n % 20 = 0 THEN '' ELSE '2.2.1' END",
        versions_url="'https://cpo-' || n || '.example/ocpi/versions'",
        environment="CASE WHEN n % 3 = 0 THEN 'test' ELSE 'production' END",
        connection="CASE WHEN n % 20 = 0 THEN 'not_connected' ELSE 'connected' END",
        connected_at=f"now() - interval '{DAYS} days'",
    )
    _fill_what_partners_have(rows)
    _fill_credentials(span, rows)
    _fill_onboarding(rows)
    _fill_jobs(rows)
    if span.before is None:
        _fill_singles()


def _many(rows: str, count: int) -> str:
    """Several rows, `m`, for each of `rows`."""
    return f"{rows} CROSS JOIN generate_series(1, {count}) AS m"


def _fill_what_partners_have(rows: str) -> None:
    environment = "CASE WHEN n % 3 = 0 THEN 'test' ELSE 'production' END"
    party = {"partner_id": "n", "country_code": "'SK'", "party_id": PARTY}
    fill(PartyOwner, rows, **party, environment=environment, approved="true", source="'agreed'")
    fill(PartnerRole, rows, partner_id="n", country_code="'SK'", party_id=PARTY, business_name="'Company ' || n")
    fill(Contact, _many(rows, 2), partner_id="n", name="'Ana ' || m", email="'ana' || m || '@cpo-' || n || '.example'")
    network = "'10.' || n / 256 || '.' || n % 256 || '.' || m * 16 || '/28'"
    fill(AllowedNetwork, _many(rows, 3), partner_id="n", network=network)
    fill(Policy, rows, partner_id="n", session_timeout="240")
    fill(
        PartnerQuirk,
        _many(rows, 4),
        partner_id="n",
        version="'2.2.1'",
        module=one_of(MODULES, "m"),
        kind="'kind-' || m",
        count="m * 1000",
        first_seen=NOW,
        last_seen=NOW,
        last_message_id="1",
    )
    fill(FallbackPull, _many(rows, 2), partner_id="n", module=one_of(["sessions", "cdrs"], "m"), last_ok_at=NOW)
    fill(
        ClientInfo,
        _many(rows, 3),
        partner_id="n",
        country_code="'SK'",
        party_id="'C' || lpad(m::text, 2, '0')",
        role="'CPO'",
        status="'CONNECTED'",
        version="'2.2.1'",
        raw="'{}'",
        last_updated=NOW,
    )
    fill(
        Terminal,
        _many(rows, 4),
        partner_id="n",
        terminal_id="'PT-' || m",
        terminal_key="'pt-' || m",
        version="'2.3.0'",
        raw="'{}'",
        last_updated=NOW,
    )
    fill(
        TrafficHour,
        f"{_many(rows, HOURS)} CROSS JOIN (VALUES ('in'), ('out')) AS ways (direction)",
        partner_id="n",
        hour="date_trunc('hour', now()) - (m - 1) * interval '1 hour'",
        direction="direction",
        total="100 + n % 50",
        failed="CASE WHEN n % 7 = 0 THEN 5 ELSE 0 END",
        answered="100",
        duration_ms="100 * (20 + n % 300)",
        slowest_ms="900",
    )
    fill(
        Document,
        _many(rows, 3),
        partner_id="n",
        kind="'data_sheet'",
        name="'data-sheet-' || m || '.pdf'",
        made_by="'jana'",
        content="decode(repeat(md5(n::text), 1000), 'hex')",
        size="16000",
        sha256="repeat(md5(n::text), 2)",
    )


def _fill_credentials(span: Span, rows: str) -> None:
    fill(
        IssuedToken,
        _many(rows, 3),
        partner_id="n",
        digest="repeat(md5(n || '-' || m), 2)",
        last4="lpad(n::text, 4, '0')",
        state="CASE WHEN m = 3 THEN 'active' ELSE 'revoked' END",
        last_used_at=NOW,
    )
    fill(
        ReceivedToken,
        _many(rows, 2),
        partner_id="n",
        ciphertext="''",
        last4="lpad(n::text, 4, '0')",
        state="CASE WHEN m = 2 THEN 'active' ELSE 'revoked' END",
    )
    fill(
        RemoteEndpoint,
        f"{rows} CROSS JOIN unnest(ARRAY[{', '.join(map(text, MODULES))}]) AS module",
        partner_id="n",
        version="'2.2.1'",
        module="module",
        role="'SENDER'",
        url="'https://cpo-' || n || '.example/ocpi/2.2.1/' || module",
    )
    first = span.first("partners")
    fill(
        PartnerLink,
        rows,
        partner_id="n",
        digest="repeat(md5(n || '-link'), 2)",
        given_to="'Ana'",
        created_by_id="(SELECT min(id) FROM auth_user)",
        expires_at="now() + interval '7 days'",
    )
    links = f"(SELECT id AS link FROM {PartnerLink._meta.db_table} WHERE partner_id >= {first}) AS links"
    fill(LinkEvent, _many(links, 10), link_id="link", kind="'checklist'", text="'Ticked'")


def _fill_onboarding(rows: str) -> None:
    long_ago = f"now() - interval '{DAYS} days'"
    fill(
        Onboarding,
        rows,
        id="n",
        partner_id="n",
        stage=f"CASE WHEN n % 4 = 0 THEN {one_of(STAGES, 'n / 4')} ELSE 'live' END",
        stage_since="now() - interval '2 days'",
        evidence_from=long_ago,
        endpoint_checked_at=NOW,
        endpoint_answers="true",
    )
    fill(
        StageChange,
        _many(rows, 3),
        onboarding_id="n",
        stage_from=one_of(STAGES, "m - 1"),
        stage_to=one_of(STAGES, "m"),
        at=NOW,
    )
    keys = ", ".join(text(test.key) for test in TESTS)
    source = f"{rows} CROSS JOIN unnest(ARRAY[{keys}]) AS key"
    fill(FunctionalTest, source, onboarding_id="n", key="key", sfp_verdict="'passed'", cpo_verdict="'passed'")


def _fill_jobs(rows: str) -> None:
    number = "(n - 1) * 5 + m"
    fill(
        HandshakeRun,
        _many(rows, 5),
        id=number,
        partner_id="n",
        state="CASE WHEN m = 5 AND n % 20 <> 0 THEN 'succeeded' ELSE 'failed' END",
        window_starts_at=NOW,
        window_ends_at=NOW,
        ended_at=NOW,
        cause="'They answered HTTP 401.'",
    )
    runs = f"{_many(rows, 5)} CROSS JOIN generate_series(1, 6) AS o"
    fill(HandshakeStep, runs, run_id=number, step="'versions'", ok="true", ended_at=NOW, text="'Read.'")
    number = "(n - 1) * 3 + m"
    fill(
        ConnectionCheck,
        _many(rows, 3),
        id=number,
        partner_id="n",
        version="'2.2.1'",
        state="'finished'",
        ended_at=NOW,
    )
    fill(
        ConnectionCheckCase,
        f"{_many(rows, 3)} CROSS JOIN generate_series(1, 40) AS o",
        run_id=number,
        position="o",
        key="'case-' || o",
        theme="'Theme ' || o / 8",
        title="'Case ' || o",
        verdict="CASE WHEN (n + o) % 11 = 0 THEN 'fail' ELSE 'pass' END",
        seen="'As it should be.'",
        ended_at=NOW,
    )


def _fill_singles() -> None:
    fill(AllowlistMirror, "generate_series(1, 1) AS n", list_id="'list-' || n", state="'in_step'")
    key = {"name": "'client ' || n", "digest": "repeat(md5(n::text), 2)", "last4": "'abcd'"}
    fill(ClientKey, "generate_series(1, 20) AS n", id="n", **key)
    fill(
        FailedLogin,
        "generate_series(1, 500) AS n",
        username="'user-' || n",
        ip_address="'10.0.0.1'",
        user_agent="'Browser'",
        http_accept="'*/*'",
        path_info="'/admin/login/'",
        get_data="''",
        post_data="''",
        failures_since_start="3",
    )
    names = {"username": "'staff-' || n", "first_name": "'Staff'", "last_name": "n::text", "password": "'!'"}
    fill(User, "generate_series(1, 60) AS n", email="''", is_staff="true", **names)
