"""The guide's section 7 as data: stages, the seven functional tests, the four actions of going live.

Guidance, owners and durations are the guide's own.
"""

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    PRE_INTEGRATION = "pre_integration"
    INFRASTRUCTURE = "infrastructure"
    HANDSHAKE = "handshake"
    TESTING = "testing"
    GO_LIVE = "go_live"
    LIVE = "live"
    OFF_BOARDED = "off_boarded"


class Side(StrEnum):
    SFP = "sfp"
    CPO = "cpo"


BOTH = frozenset(Side)
SFP_ONLY, CPO_ONLY = frozenset({Side.SFP}), frozenset({Side.CPO})


@dataclass(frozen=True)
class StageInfo:
    """A stage as the guide's table has it (guide 7). `number` is empty after the last one."""

    key: Stage
    number: str
    title: str
    owners: frozenset[Side]
    duration: str
    guidance: str


STAGES = (
    StageInfo(
        Stage.PRE_INTEGRATION,
        "0",
        "Pre-integration",
        BOTH,
        "1-2 days",
        "Exchange of information and credentials. Agree on OCPI version and schedule. The CPO's server must be "
        "running and publicly reachable at the agreed time.",
    ),
    StageInfo(
        Stage.INFRASTRUCTURE,
        "1",
        "SFP infrastructure setup",
        SFP_ONLY,
        "2-4 hours",
        "We set up the dedicated OCPI endpoint for this integration on our side, and notify the CPO when setup is "
        "complete and ready for handshake.",
    ),
    StageInfo(
        Stage.HANDSHAKE,
        "2",
        "OCPI handshake",
        BOTH,
        "30-90 minutes",
        "Automated or manual exchange of credentials. Both systems register each other.",
    ),
    StageInfo(
        Stage.TESTING,
        "3",
        "Functional testing",
        BOTH,
        "1-3 hours",
        "Locations sync, token authorisation, session flow, CDRs, commands. The CPO's technical contact should be "
        "available during this stage.",
    ),
    StageInfo(
        Stage.GO_LIVE,
        "4",
        "Go-live & sign-off",
        BOTH,
        "",
        "Production deployment and confirmation from both sides.",
    ),
    StageInfo(Stage.LIVE, "", "Live", frozenset(), "", "The integration is signed off and carries drivers."),
    StageInfo(Stage.OFF_BOARDED, "", "Off-boarded", frozenset(), "", "The integration was ended. Its data is kept."),
)
STAGE = {stage.key: stage for stage in STAGES}
ORDER = (Stage.PRE_INTEGRATION, Stage.INFRASTRUCTURE, Stage.HANDSHAKE, Stage.TESTING, Stage.GO_LIVE, Stage.LIVE)


def stage_after(stage: Stage) -> Stage | None:
    """The next stage; None where there is none."""
    at = ORDER.index(stage) if stage in ORDER else len(ORDER)
    return ORDER[at + 1] if at + 1 < len(ORDER) else None


@dataclass(frozen=True)
class FunctionalTestInfo:
    """One of the seven tests (guide 7.4): who validates it, and what in the traffic shows it."""

    key: str
    title: str
    text: str
    validators: frozenset[Side]
    looks_for: str


TESTS = (
    FunctionalTestInfo(
        "locations",
        "Locations sync",
        "Station data is visible in our system.",
        BOTH,
        "a location with an EVSE, pushed by them or pulled by us",
    ),
    FunctionalTestInfo(
        "session_start",
        "Session start",
        "Charging session starts and is tracked correctly.",
        BOTH,
        "an ACTIVE Session that belongs to a START_SESSION of ours, in time",
    ),
    FunctionalTestInfo(
        "cdr",
        "CDR received",
        "Charge Detail Record arrives after session ends (remote or local stop).",
        SFP_ONLY,
        "a CDR of a session that was started through us",
    ),
    FunctionalTestInfo(
        "command",
        "Remote command",
        "START_SESSION or STOP_SESSION executes correctly.",
        BOTH,
        "a command that was answered ACCEPTED and executed",
    ),
    FunctionalTestInfo(
        "timeout",
        "Session timeout handling",
        "Session behaviour observed if charging does not start.",
        BOTH,
        "a charge that did not start, ended by us with the funds released",
    ),
    FunctionalTestInfo(
        "connector",
        "Connector state transitions",
        "AVAILABLE → PREPARING → CHARGING flow verified.",
        BOTH,
        "an EVSE that went from AVAILABLE over BLOCKED (PREPARING) to CHARGING",
    ),
    FunctionalTestInfo(
        "meter_values",
        "Meter values",
        "kWh and kW received within expected interval.",
        SFP_ONLY,
        "samples with kWh and kW, each within the expected interval of the one before",
    ),
)
TEST = {test.key: test for test in TESTS}


@dataclass(frozen=True)
class GoLiveInfo:
    """One of the four actions of going live, and who does it (guide 7.5)."""

    key: str
    title: str
    sides: frozenset[Side]


GO_LIVE_ACTIONS = (
    GoLiveInfo("production_tested", "Production environment tested and confirmed", BOTH),
    GoLiveInfo("cpo_confirmed", "CPO confirms a successful end-to-end test from its side", CPO_ONLY),
    GoLiveInfo("signed_off", "Sign-off form completed by both parties", BOTH),
    GoLiveInfo("archived", "Integration documented and archived", SFP_ONLY),
)
GO_LIVE = {action.key: action for action in GO_LIVE_ACTIONS}
