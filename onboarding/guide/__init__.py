"""What has to hold for an integration to move on (guide 7). Pure: no framework, no database.

conditions = ahead(facts)                  # of the stage that `facts` is in, met and unmet
blocked = [one for one in conditions if not one.holds]
"""

from onboarding.guide.conditions import (
    TITLES,
    Condition,
    ahead,
    before_archiving,
    blocking,
    condition,
    unproven,
    what_next,
)
from onboarding.guide.guide import (
    BOTH,
    GO_LIVE,
    GO_LIVE_ACTIONS,
    ORDER,
    STAGE,
    STAGES,
    TEST,
    TESTS,
    Side,
    Stage,
    stage_after,
)
from onboarding.guide.stage_facts import Facts, HandshakeFacts, TestFacts
from onboarding.guide.turns import Turn, our_turn, their_turn
from onboarding.guide.verdicts import FAILED, PASSED, Verified, lacking, verify

__all__ = [
    "BOTH",
    "FAILED",
    "GO_LIVE",
    "GO_LIVE_ACTIONS",
    "ORDER",
    "PASSED",
    "STAGE",
    "STAGES",
    "TEST",
    "TESTS",
    "TITLES",
    "Condition",
    "Facts",
    "HandshakeFacts",
    "Side",
    "Stage",
    "TestFacts",
    "Turn",
    "Verified",
    "ahead",
    "before_archiving",
    "blocking",
    "condition",
    "lacking",
    "our_turn",
    "stage_after",
    "their_turn",
    "unproven",
    "verify",
    "what_next",
]
