"""Whose move it is: the one thing that staff should do now, or none, while only others can go on.

The page of a partner and the queue ask here, so that they never tell two things.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onboarding.guide.conditions import Condition, before_archiving, blocking, condition
from onboarding.guide.guide import ORDER, Side, Stage
from onboarding.guide.stage_facts import Facts
from onboarding.guide.verdicts import FAILED

MOVE_ON, LINK, WINDOW, TEST_CHARGE = "advance", "link", "window", "test_charge"
WITHOUT_A_CHARGE = "test_locations"
WINDOW_STAGES = (Stage.PRE_INTEGRATION, Stage.INFRASTRUCTURE, Stage.HANDSHAKE)


@dataclass(frozen=True)
class Turn:
    """It is our turn. `key` is that of a condition, MOVE_ON, or LINK; `text` says what is missing."""

    key: str
    text: str


def our_turn(facts: Facts) -> Turn | None:
    """What we do now; None where only waiting helps, or where other rows of the queue (incidents) say it."""
    if facts.stage not in ORDER or facts.stage == Stage.LIVE:
        return None
    blocked = blocking(facts)
    if not blocked:
        return Turn(MOVE_ON, "Everything that this stage asks for is there.")
    if facts.suspended:
        suspended = condition(facts, "not_suspended")
        return Turn("not_suspended", " ".join(suspended.missing)) if suspended else None
    if facts.suggested and facts.stage in WINDOW_STAGES and not facts.handshake.connected:
        return Turn(WINDOW, f"They suggest a window: “{facts.suggested}”")
    return _first([turn for one in blocked if (turn := _turn(one, facts))], facts)


def _first(turns: list[Turn], facts: Facts) -> Turn | None:
    """The first of them; before verdicts a charge that shows what they judge, unless somebody found a fault."""
    first = turns[0] if turns else None
    judged = any(FAILED in (test.sfp, test.cpo) for test in facts.tests)
    if first is None or not first.key.startswith("test_") or judged:
        return first
    return next((turn for turn in turns if turn.key == TEST_CHARGE), first)


def their_turn(facts: Facts) -> Turn | None:
    """What the CPO does now; None while it is our turn, or where only time has to pass."""
    if facts.stage not in ORDER or facts.stage == Stage.LIVE or our_turn(facts) is not None:
        return None
    asked = (one for one in blocking(facts) if Side.CPO in one.owners and not _comes_later(one.key, facts))
    return next((Turn(one.key, f"{one.title}: {' '.join(one.missing)}") for one in asked), None)


def _comes_later(key: str, facts: Facts) -> bool:
    """Whether the CPO can do nothing about it yet."""
    if key in ("modules", "confirmed") and not facts.handshake.connected:
        return True
    if key == "cpo_confirmed":
        return WAITS["production_tested"](facts)
    return (waits := WAITS.get(key)) is not None and waits(facts)


def _turn(one: Condition, facts: Facts) -> Turn | None:
    if one.key == "information" and not facts.link_open:
        return Turn(LINK, "Send them the link to their page: they enter what is missing themselves.")
    if _failed_by_them(one.key, facts):
        return Turn(one.key, f"{one.title}: {' '.join(one.missing)}")
    if Side.SFP not in one.owners or ((waits := WAITS.get(one.key)) is not None and waits(facts)):
        return None
    text = " ".join(one.missing)
    if _needs_a_charge(one.key, facts):
        return Turn(TEST_CHARGE, f"{one.title}: {text}")
    return Turn(one.key, text if one.key in SAYS_WHAT else f"{one.title}: {text}")


def _needs_a_charge(key: str, facts: Facts) -> bool:
    """A test whose evidence is a charge that nobody made yet."""
    seen = {f"test_{test.key}" for test in facts.tests if test.seen}
    return key.startswith("test_") and key not in {WITHOUT_A_CHARGE, *seen}


def _failed_by_them(key: str, facts: Facts) -> bool:
    """A test that one side found wrong: both mend it together, and we begin."""
    return any(key == f"test_{test.key}" and FAILED in (test.sfp, test.cpo) for test in facts.tests)


def _window_ahead(facts: Facts) -> bool:
    return facts.window_starts_at is not None and facts.window_starts_at > facts.now


def _may_sign(facts: Facts) -> bool:
    """They have signed, or production is tested: before, nobody has to hurry."""
    return (
        ("signed_off", Side.CPO) in facts.confirmed
        or not {("production_tested", side) for side in Side} - facts.confirmed
        or "production_tested" in facts.overruled
    )


WAITS: Mapping[str, Callable[[Facts], bool]] = {
    "window": lambda facts: bool(facts.intake_missing),
    "setup_told": lambda facts: facts.sheet_on_its_way,
    "connected": lambda facts: facts.handshake_live or _window_ahead(facts),
    "connection_check": lambda facts: facts.check_live,
    "production": lambda facts: facts.production_exists and facts.production_handshake_live,
    "production_check": lambda facts: facts.production_check_live or not facts.production_connected,
    "production_charge": lambda facts: facts.production_check_failed != 0,
    "production_tested": lambda facts: not facts.production_charged and "production_charge" not in facts.overruled,
    "signed_off": lambda facts: not _may_sign(facts),
    "archived": lambda facts: bool(before_archiving(facts)),
    "no_incidents": lambda facts: True,
}
"""Conditions that are ours too, and for which nothing has to be pressed yet."""

SAYS_WHAT = frozenset({"window", "endpoint", "token_b", "setup_told", "connected", "production", "production_check"})
"""Conditions whose words say of what they speak."""
