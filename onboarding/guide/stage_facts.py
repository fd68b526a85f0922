"""All that the conditions look at."""

from dataclasses import dataclass
from datetime import datetime

from onboarding.guide.guide import Side, Stage


@dataclass(frozen=True)
class HandshakeFacts:
    """The registration. `problem` says in plain words why there is none.

    Args:
        modules_missing: as `commands (RECEIVER)`; only known once connected.
        confirmed: a GET of our versions with the token that they hold now was answered with HTTP 200 (guide 7.3).
    """

    connected: bool = False
    problem: str = ""
    modules_missing: tuple[str, ...] = ()
    confirmed: bool = False


@dataclass(frozen=True)
class TestFacts:
    """One functional test: evidence, and the verdicts ("", "passed", "failed") of either side."""

    __test__ = False

    key: str
    seen: bool = False
    sfp: str = ""
    cpo: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Facts:
    """An integration at one moment.

    Args:
        intake_missing: what of guide 3.1 and 3.2 is missing or invalid, each in words.
        endpoint: of ours; `endpoint_text` is what it answered when we last called it.
        check_failed: cases of the latest read-only connection check that failed; None: it was never run to its end.
        link_open: whether they have a page to enter things on.
        suggested: the window that they suggested and nobody answered, in their words.
        handshake_live, check_live: one is scheduled or under way; nobody has to press anything.
        handshake_failed: the newest one, and there is no connection.
        sheet_on_its_way: the data sheet was sent off, and a worker has it.
        production_check_failed: like `check_failed`, of the connection in production.
        production_charged: in production a charge was started through us, brought energy, and its CDR came.
        confirmed: (action, side) of the actions of going live that were done.
        overruled: keys of conditions that staff went on without.
    """

    now: datetime
    stage: Stage
    suspended: bool = False
    intake_missing: tuple[str, ...] = ()
    window_starts_at: datetime | None = None
    window_ends_at: datetime | None = None
    endpoint: str = ""
    endpoint_answers: bool = False
    endpoint_text: str = ""
    token_b_issued: bool = False
    setup_told: bool = False
    handshake: HandshakeFacts = HandshakeFacts()
    check_failed: int | None = None
    tests: tuple[TestFacts, ...] = ()
    link_open: bool = False
    suggested: str = ""
    suggested_at: datetime | None = None
    handshake_live: bool = False
    handshake_failed: bool = False
    check_live: bool = False
    sheet_on_its_way: bool = False
    production_exists: bool = False
    production_connected: bool = False
    production_handshake_live: bool = False
    production_handshake_failed: bool = False
    production_check_failed: int | None = None
    production_check_live: bool = False
    production_charged: bool = False
    confirmed: frozenset[tuple[str, Side]] = frozenset()
    incidents_open: int = 0
    overruled: frozenset[str] = frozenset()
