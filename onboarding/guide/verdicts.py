"""What evidence and the verdicts of both sides make of a functional test (guide 7.4)."""

from enum import StrEnum

from onboarding.guide.guide import TEST, Side

PASSED, FAILED = "passed", "failed"


class Verified(StrEnum):
    """The state of a functional test."""

    WAITING = "waiting"
    SEEN = "seen"
    PASSED_BY_SFP = "passed_by_sfp"
    PASSED_BY_CPO = "passed_by_cpo"
    PASSED = "passed"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """As people read it."""
        return {
            Verified.WAITING: "Waiting for traffic",
            Verified.SEEN: "Seen",
            Verified.PASSED_BY_SFP: "Passed by SFP",
            Verified.PASSED_BY_CPO: "Passed by CPO",
            Verified.PASSED: "Passed",
            Verified.FAILED: "Failed",
        }[self]


def verify(key: str, *, seen: bool, sfp: str, cpo: str) -> Verified:
    """The state of the test `key` from its evidence and the verdicts ("", "passed", "failed") of either side."""
    if FAILED in (sfp, cpo):
        return Verified.FAILED
    if not lacking(key, sfp=sfp, cpo=cpo):
        return Verified.PASSED
    if sfp == PASSED:
        return Verified.PASSED_BY_SFP
    if cpo == PASSED:
        return Verified.PASSED_BY_CPO
    return Verified.SEEN if seen else Verified.WAITING


def lacking(key: str, *, sfp: str, cpo: str) -> frozenset[Side]:
    """Who has to pass the test and did not yet."""
    passed = {side for side, verdict in ((Side.SFP, sfp), (Side.CPO, cpo)) if verdict == PASSED}
    return frozenset(TEST[key].validators - passed)
