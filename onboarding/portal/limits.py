"""How often the CPO's page may be used: enough for people, too little for programs."""

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from onboarding.models import LinkEvent, PartnerLink

WRONG_LINKS, WRONG_LINKS_IN = 20, 60
CHECKS, CHECKS_IN = 120, 60
SUBMISSIONS, SUBMISSIONS_IN = 60, timedelta(minutes=10)


def _count(key: str, seconds: int) -> int:
    """Count one more in this process's window; each web process keeps its own."""
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key))
    except ValueError:  # the window ended between the two
        return 1


def too_many_wrong_links(address: str) -> bool:
    return _count(f"portal-wrong-link:{address}", WRONG_LINKS_IN) > WRONG_LINKS


def too_many_checks(link: PartnerLink) -> bool:
    return _count(f"portal-check:{link.pk}", CHECKS_IN) > CHECKS


def too_many_submissions(link: PartnerLink) -> bool:
    """Whether the link was used to send more than people send. Counted in what was recorded, for all processes."""
    return LinkEvent.objects.filter(link=link, at__gt=timezone.now() - SUBMISSIONS_IN).count() >= SUBMISSIONS
