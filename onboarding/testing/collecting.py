"""Evidence is gathered by itself: looked for every few seconds while an integration is being tested."""

from onboarding.models import Onboarding
from onboarding.testing import functional_tests
from onboarding.testing.evidence import look
from onboarding.testing.functional_tests import TESTABLE


def collect(onboarding: Onboarding) -> set[str]:
    """Keep what the traffic shows; return the tests that have all they need. Again, it changes nothing."""
    seen = look(onboarding)
    functional_tests.add_evidence(onboarding, seen.found, seen.complete)
    return seen.complete


def collect_all() -> int:
    """Look for evidence for every integration that is being tested; return how many there are."""
    rows = Onboarding.objects.filter(stage__in=sorted(TESTABLE)).select_related("partner", "production")
    count = 0
    for onboarding in rows:
        collect(onboarding)
        count += 1
    return count
