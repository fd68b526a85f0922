"""Evidence is gathered by itself: looked for every few seconds while an integration is being tested."""

from partners.models import Onboarding
from partners.onboarding import functional
from partners.onboarding.functional import TESTABLE
from sfp_platform.onboarding.evidence import look


def collect(onboarding: Onboarding) -> set[str]:
    """Keep what the traffic shows; return the tests that have all they need. Again, it changes nothing."""
    seen = look(onboarding)
    functional.add_evidence(onboarding, seen.found, seen.complete)
    return seen.complete


def collect_all() -> int:
    """Look for evidence for every integration that is being tested; return how many there are."""
    rows = Onboarding.objects.filter(stage__in=sorted(TESTABLE)).select_related("partner", "production")
    count = 0
    for onboarding in rows:
        collect(onboarding)
        count += 1
    return count
