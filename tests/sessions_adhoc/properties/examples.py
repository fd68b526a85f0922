"""How many examples the property tests try: few in the suite, `SFP_PROPERTY_EXAMPLES` of them when it is set.

More examples than the suite's are different ones on every run; the suite's are always the same.
"""

import os

from hypothesis import HealthCheck, Phase, settings

WANTED = int(os.environ.get("SFP_PROPERTY_EXAMPLES", "0"))


def examples(in_the_suite: int, steps: int = 50) -> settings:
    """Settings of one property test."""
    return settings(
        max_examples=WANTED or in_the_suite,
        stateful_step_count=steps,
        derandomize=not WANTED,
        deadline=None,
        phases=[phase for phase in Phase if phase is not Phase.explain],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
