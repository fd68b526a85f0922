"""Celery tasks of onboarding."""

from celery import shared_task
from django.utils import timezone

from onboarding import allowlist, connection_check, scorecard
from onboarding.alerts import sending
from onboarding.connection_check import nightly
from onboarding.connection_check.runs import CHECK_TASK
from onboarding.models import ConnectionCheck
from onboarding.testing import collecting
from partners.ground.enqueue import hand_out, moment_of


@shared_task(name="onboarding.tasks.sync_evidence_tick")
def sync_evidence_tick() -> int:
    """Look for evidence for every integration that is being tested; return how many there are."""
    return collecting.collect_all()


@shared_task(name="onboarding.tasks.sync_connection_checks_tick")
def sync_connection_checks_tick() -> int:
    """Hand out the connection checks whose next look is due."""
    return hand_out(ConnectionCheck, CHECK_TASK)


@shared_task(name=CHECK_TASK)
def sync_connection_check(run_id: int, held: str | None = None) -> None:
    """Look at the cases of one check, as far as it goes now."""
    connection_check.advance(run_id, moment_of(held))


@shared_task(name="onboarding.tasks.sync_nightly_checks")
def sync_nightly_checks() -> int:
    """Begin the connection checks of this night, a few at a time."""
    return nightly.begin_due(timezone.now())


@shared_task(name="onboarding.tasks.sync_scorecards")
def sync_scorecards() -> int:
    """Measure the days that are over, of every connected partner."""
    return scorecard.measure_due(timezone.now())


@shared_task(name="onboarding.tasks.mail_alerts_tick")
def mail_alerts_tick() -> int:
    """Tell channels of the incidents that are due; return how many were told."""
    return sending.send_due(timezone.now())


@shared_task(name="onboarding.tasks.sync_allowlist")
def sync_allowlist() -> int:
    """Take the next step with the allowlist at Cloudflare, if there is one and it is due."""
    return allowlist.advance_due(timezone.now())
