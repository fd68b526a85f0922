"""What must hold to leave each stage and to enter the next one, and what exactly is missing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from onboarding.guide.guide import (
    BOTH,
    CPO_ONLY,
    GO_LIVE,
    GO_LIVE_ACTIONS,
    SFP_ONLY,
    TEST,
    TESTS,
    GoLiveInfo,
    Side,
    Stage,
    stage_after,
)
from onboarding.guide.stage_facts import Facts, TestFacts
from onboarding.guide.verdicts import Verified, lacking, verify

ARCHIVED = "archived"
IN_PRODUCTION = ("production", "production_check", "production_charge")
"""What shows that production works: before it, nobody confirms that it was tested."""
WHO = {SFP_ONLY: "we have", CPO_ONLY: "the CPO has", BOTH: "both sides have"}


@dataclass(frozen=True)
class Condition:
    """One condition: `missing` is empty when it is met. `owners` are those who have to bring what is missing."""

    key: str
    title: str
    missing: tuple[str, ...]
    owners: frozenset[Side]
    overruled: bool = False

    @property
    def met(self) -> bool:
        return not self.missing

    @property
    def holds(self) -> bool:
        """Met, or staff went on without it."""
        return self.met or self.overruled


@dataclass(frozen=True)
class _Rule:
    key: str
    title: str
    missing: Callable[[Facts], Iterable[str]]
    owners: frozenset[Side] | Callable[[Facts], frozenset[Side]]

    def of(self, facts: Facts) -> Condition:
        owners = self.owners(facts) if callable(self.owners) else self.owners
        return Condition(self.key, self.title, tuple(self.missing(facts)), owners, self.key in facts.overruled)


def _unless(holds: bool, text: str) -> list[str]:
    return [] if holds else [text]


def _window(facts: Facts) -> list[str]:
    if facts.handshake.connected:
        return []
    if facts.window_starts_at is None or facts.window_ends_at is None:
        return ["No integration window is agreed: agree on date and time with their technical team."]
    return _unless(facts.window_ends_at > facts.now, "The agreed integration window is over: agree on a new one.")


def _endpoint(facts: Facts) -> list[str]:
    why = facts.endpoint_text or "it was not checked yet"
    return _unless(facts.endpoint_answers, f"{facts.endpoint} is not known to answer: {why}.")


def _require_connected(facts: Facts) -> list[str]:
    return _unless(facts.handshake.connected, facts.handshake.problem or "No handshake was made yet.")


def _modules(facts: Facts) -> list[str]:
    if not facts.handshake.connected:
        return ["Their modules are only known after the handshake."]
    return [f"They do not offer {module}." for module in facts.handshake.modules_missing]


def _require_confirmed(facts: Facts) -> list[str]:
    return _unless(
        facts.handshake.confirmed,
        "Not seen yet: a GET of our versions endpoint with the token that they hold now, answered with HTTP 200.",
    )


def _check(facts: Facts) -> list[str]:
    return _clean(facts.check_failed, "")


def _clean(failed: int | None, where: str) -> list[str]:
    if failed is None:
        return [f"The connection check was not run{where} yet."]
    cases = "case" if failed == 1 else "cases"
    return _unless(failed == 0, f"The latest connection check{where} failed in {failed} {cases}.")


def _checker(failed: int | None) -> frozenset[Side]:
    """We run the check; what it finds wrong the CPO mends."""
    return SFP_ONLY if failed is None else CPO_ONLY


def _check_production(facts: Facts) -> list[str]:
    return _clean(facts.production_check_failed, " in production")


def _charge_production(facts: Facts) -> list[str]:
    return _unless(
        facts.production_charged,
        "Not seen yet: a charge in production that was started through us, brought energy, and whose CDR came.",
    )


def _test_of(facts: Facts, key: str) -> TestFacts:
    return next((test for test in facts.tests if test.key == key), TestFacts(key))


def _test(key: str) -> Callable[[Facts], list[str]]:
    def missing(facts: Facts) -> list[str]:
        test = _test_of(facts, key)
        state = verify(key, seen=test.seen, sfp=test.sfp, cpo=test.cpo)
        if state == Verified.PASSED:
            return []
        if state == Verified.FAILED:
            return [f"Failed: {_sentence(test.reason or 'no reason was given')}"]
        who = WHO[lacking(key, sfp=test.sfp, cpo=test.cpo)]
        if state == Verified.WAITING:
            return [f"Not seen yet: {TEST[key].looks_for}. Then {who} to pass it."]
        return [f"{state.label}: {who} to pass it."]

    return missing


def _sentence(text: str) -> str:
    """With its full stop, where whoever wrote it left that out."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _test_owners(key: str) -> Callable[[Facts], frozenset[Side]]:
    def owners(facts: Facts) -> frozenset[Side]:
        test = _test_of(facts, key)
        return lacking(key, sfp=test.sfp, cpo=test.cpo) or TEST[key].validators

    return owners


def _undone(action: GoLiveInfo, facts: Facts) -> frozenset[Side]:
    return frozenset(side for side in action.sides if (action.key, side) not in facts.confirmed)


def _action(action: GoLiveInfo) -> _Rule:
    def missing(facts: Facts) -> list[str]:
        undone = _undone(action, facts)
        return [f"{WHO[undone][0].upper()}{WHO[undone][1:]} to do this."] if undone else []

    return _Rule(
        action.key,
        action.title,
        missing,
        lambda facts: _undone(action, facts) or action.sides,
    )


def before_archiving(facts: Facts) -> list[GoLiveInfo]:
    """The actions that the dossier is to hold, and that are not done: it is archived when the others are over."""
    others = [action for action in GO_LIVE_ACTIONS if action.key != ARCHIVED]
    return [action for action in others if _undone(action, facts) and action.key not in facts.overruled]


def _require_archived() -> _Rule:
    """The last one: its turn comes when the others are done."""

    def missing(facts: Facts) -> list[str]:
        if not _undone(GO_LIVE[ARCHIVED], facts):
            return []
        waits = before_archiving(facts)
        return ["Comes last: the dossier holds the confirmations and signatures." if waits else "We have to do this."]

    def owners(facts: Facts) -> frozenset[Side]:
        waits = before_archiving(facts) if _undone(GO_LIVE[ARCHIVED], facts) else []
        return frozenset(side for action in waits for side in _undone(action, facts)) or SFP_ONLY

    return _Rule(ARCHIVED, GO_LIVE[ARCHIVED].title, missing, owners)


def _production(facts: Facts) -> list[str]:
    if not facts.production_exists:
        return ["There is no connection in production yet: add it, with its own endpoint code and tokens."]
    return _unless(facts.production_connected, "The connection in production is not made yet: start its handshake.")


def _incidents(facts: Facts) -> list[str]:
    count = facts.incidents_open
    return _unless(count == 0, f"{count} {'is' if count == 1 else 'are'} open. Close what is solved, solve the rest.")


LEAVING: dict[Stage, tuple[_Rule, ...]] = {
    Stage.PRE_INTEGRATION: (
        _Rule("information", "Everything of guide 3.1 and 3.2", lambda facts: facts.intake_missing, CPO_ONLY),
        _Rule("window", "Integration window agreed", _window, BOTH),
    ),
    Stage.INFRASTRUCTURE: (
        _Rule("endpoint", "Our endpoint is provisioned and answers", _endpoint, SFP_ONLY),
        _Rule(
            "token_b",
            "Token B issued",
            lambda facts: _unless(facts.token_b_issued, "There is no Token B for them yet: issue it."),
            SFP_ONLY,
        ),
        _Rule(
            "setup_told",
            "CPO told that setup is complete",
            lambda facts: _unless(facts.setup_told, "The CPO was not sent the data sheet yet."),
            SFP_ONLY,
        ),
    ),
    Stage.HANDSHAKE: (
        _Rule("connected", "Both systems registered each other", _require_connected, BOTH),
        _Rule("modules", "All required modules offered", _modules, CPO_ONLY),
        _Rule("confirmed", "Handshake confirmed by a test request", _require_confirmed, CPO_ONLY),
    ),
    Stage.TESTING: (
        _Rule(
            "connection_check",
            "Connection check without a failure",
            _check,
            lambda facts: _checker(facts.check_failed),
        ),
        *(_Rule(f"test_{test.key}", test.title, _test(test.key), _test_owners(test.key)) for test in TESTS),
    ),
    Stage.GO_LIVE: (
        _Rule("production", "Connected in production", _production, BOTH),
        _Rule(
            "production_check",
            "Connection check in production without a failure",
            _check_production,
            lambda facts: _checker(facts.production_check_failed),
        ),
        _Rule("production_charge", "One real charge in production", _charge_production, BOTH),
        *(_action(action) for action in GO_LIVE_ACTIONS if action.key != ARCHIVED),
        _require_archived(),
    ),
}
NOT_SUSPENDED = _Rule(
    "not_suspended",
    "Not suspended",
    lambda facts: _unless(not facts.suspended, "The partner is suspended: resume it first."),
    SFP_ONLY,
)
NO_INCIDENTS = _Rule("no_incidents", "All incidents settled", _incidents, BOTH)
ENTERING: dict[Stage, tuple[_Rule, ...]] = {
    Stage.INFRASTRUCTURE: (NOT_SUSPENDED,),
    Stage.HANDSHAKE: (NOT_SUSPENDED,),
    Stage.TESTING: (NOT_SUSPENDED,),
    Stage.GO_LIVE: (NOT_SUSPENDED, NO_INCIDENTS),
    Stage.LIVE: (NOT_SUSPENDED, NO_INCIDENTS),
}
TITLES = {rule.key: rule.title for rules in (*LEAVING.values(), *ENTERING.values()) for rule in rules}


def ahead(facts: Facts) -> list[Condition]:
    """What must hold to leave the stage that `facts` is in and to enter the next one; empty at the end of the way.

    What must not be (a suspension, incidents) is told only while it is.
    """
    following = stage_after(facts.stage)
    if following is None:
        return []
    leaving = [rule.of(facts) for rule in LEAVING[facts.stage]]
    entering = [rule.of(facts) for rule in ENTERING[following]]
    return [*leaving, *(one for one in entering if not one.met)]


def blocking(facts: Facts) -> list[Condition]:
    """Those that keep it from moving on."""
    return [one for one in ahead(facts) if not one.holds]


def condition(facts: Facts, key: str) -> Condition | None:
    """The condition `key` of the way ahead, if it belongs to it."""
    return next((one for one in ahead(facts) if one.key == key), None)


def what_next(facts: Facts) -> Condition | None:
    """The condition to work on now: what blocks everything first, then ours, then what the CPO has to bring."""
    blocked = blocking(facts)
    if facts.suspended and (suspended := condition(facts, NOT_SUSPENDED.key)):
        return suspended
    return next((one for one in blocked if Side.SFP in one.owners), blocked[0] if blocked else None)


def unproven(facts: Facts) -> list[Condition]:
    """What of the evidence from production is missing, and was not overruled."""
    return [one for one in blocking(facts) if one.key in IN_PRODUCTION]
