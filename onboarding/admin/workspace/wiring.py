"""The tabs about the connection itself: handshakes, checks, endpoints, syncs, tokens, networks."""

from typing import Any

from django.db.models import Count, Q
from django.utils.safestring import SafeString

from ocpi.models import HandshakeRun, SyncRun
from onboarding.admin.workspace.tables import MOST, Table, of_partner
from onboarding.models import ConnectionCheck
from partners import clocks
from partners.admin.kit.showing import DANGER, SUCCESS, ago, at, badge, code, link, nowrap, state_badge
from partners.models import Partner, PartnerClock

NEWEST = 5


def connection(partner: Partner) -> list[Table]:
    return [_handshakes(partner), _checks(partner), _endpoints(partner), _syncs(partner), _clocks(partner)]


def _handshakes(partner: Partner) -> Table:
    rows = [
        [
            link(row, nowrap(f"Run {row.pk}")),
            row.get_kind_display(),
            state_badge(row),
            row.get_step_display(),
            ago(row.ended_at),
            row.cause,
        ]
        for row in HandshakeRun.objects.filter(partner=partner)[:NEWEST]
    ]
    head = ("Run", "Kind", "State", "Step", "Ended", "Cause")
    return Table("Handshakes", head, rows, "No handshake was made yet.", of_partner(HandshakeRun, partner))


def _checks(partner: Partner) -> Table:
    failed = Count("cases", filter=Q(cases__verdict="fail"))
    rows = [
        [
            link(row, f"Check {row.pk}"),
            _outcome(row),
            row.count,
            "with a test charge" if row.armed else "read-only",
            ago(row.ended_at),
        ]
        for row in partner.connection_checks.annotate(count=Count("cases"), failed_count=failed)[:NEWEST]
    ]
    head = ("Check", "State", "Cases", "Kind", "Ended")
    return Table("Connection checks", head, rows, "The connection was not checked yet. Press “Check connection”.")


def _endpoints(partner: Partner) -> Table:
    rows = [[row.module, row.role.lower(), code(row.url), row.version] for row in partner.endpoints.all()]
    head = ("Module", "Role", "URL", "Version")
    return Table("Their endpoints", head, rows, "They are known after the handshake.")


def _syncs(partner: Partner) -> Table:
    rows = [
        [
            link(row, f"{row.module} {row.pk}"),
            state_badge(row),
            row.received,
            row.stored,
            row.refused,
            ago(row.ended_at),
        ]
        for row in SyncRun.objects.filter(partner=partner)[:NEWEST]
    ]
    head = ("Sync", "State", "Received", "Stored", "Refused", "Ended")
    return Table("Syncs", head, rows, "Nothing was pulled yet.", of_partner(SyncRun, partner))


def _clocks(partner: Partner) -> Table:
    rows = [[row.get_source_display(), _offset(row), ago(row.measured_at)] for row in partner.clocks.all()]
    head = ("Measured by", "Beside ours", "Last measured")
    return Table("Their clock", head, rows, "It was never seen to differ from ours by more than a few seconds.")


def _offset(clock: PartnerClock) -> SafeString:
    """How far ahead or behind it is; red where it is an incident (rule 31)."""
    text = f"{abs(clock.offset):.0f} s {'ahead' if clock.offset > 0 else 'behind'}"
    return badge(text, DANGER if abs(clock.offset) > clocks.WRONG.total_seconds() else SUCCESS)


def _outcome(run: Any) -> SafeString:
    """What a connection check came to, as on its own page; where it has not ended well, how far it got."""
    if run.state != ConnectionCheck.State.FINISHED:
        return state_badge(run)
    return badge(f"{run.failed_count} failed", DANGER) if run.failed_count else badge("Passed", SUCCESS)


def credentials(partner: Partner) -> list[Table]:
    return [
        Table(
            "Tokens that they call us with",
            ("Token", "State", "For", "Last used", "Issued"),
            [
                [
                    link(row, f"…{row.last4}"),
                    state_badge(row),
                    row.get_purpose_display(),
                    ago(row.last_used_at) if row.last_used_at else "never",
                    at(row.created_at),
                ]
                for row in partner.issued_tokens.all()[:MOST]
            ],
            "We issued none yet: an integrator presses “Issue Token B”, or starts the handshake.",
        ),
        Table(
            "Tokens that we call them with",
            ("Token", "State", "For", "Received"),
            [
                [code(f"…{row.last4}"), state_badge(row), row.get_purpose_display(), at(row.created_at)]
                for row in partner.received_tokens.all()[:MOST]
            ],
            "They gave us none yet: Token A is entered on their page, or under “Settings”.",
        ),
        Table(
            "Where they may call from",
            ("Network", "Note", "Added"),
            [[code(row.network), row.note, at(row.created_at)] for row in partner.allowed_networks.all()],
            "No address is listed: they may call from anywhere.",
        ),
    ]
