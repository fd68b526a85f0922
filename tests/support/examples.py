"""How many examples the property tests try: few in the suite, the same ones on every run.

More are different ones each time: `SFP_PROPERTY_TIMES` as many (`make heavy` wants ten times), or
`SFP_PROPERTY_EXAMPLES` of them in each test. Every property test goes by the profile that `use()` makes; one that
needs other numbers is marked with `@examples(number)`.
"""

import os

from hypothesis import HealthCheck, Phase, settings

WANTED = int(os.environ.get("SFP_PROPERTY_EXAMPLES", "0"))
TIMES = int(os.environ.get("SFP_PROPERTY_TIMES", "1"))
USUAL = 50


def use() -> None:
    """Make it the profile of this process. No deadline, and no complaint about slowness: machines are busy."""
    settings.register_profile(
        "suite",
        max_examples=how_many(USUAL),
        derandomize=not WANTED and TIMES == 1,
        deadline=None,
        phases=[phase for phase in Phase if phase is not Phase.explain],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    settings.load_profile("suite")


def how_many(in_the_suite: int) -> int:
    return WANTED or in_the_suite * TIMES


def examples(in_the_suite: int, steps: int = 50) -> settings:
    """Settings of one property test: the profile's, but for its numbers."""
    return settings(max_examples=how_many(in_the_suite), stateful_step_count=steps)
