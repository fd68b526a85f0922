"""The demo's partner goes through its stages as any partner does: each is left when all that it asks for is there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from onboarding import connection_check
from onboarding.checklist import set_ticks
from onboarding.connection_check.runs import latest_finished
from onboarding.documents.mailing import send_data_sheet
from onboarding.guide import STAGE, Stage, blocking
from onboarding.guide.checklist import ITEMS
from onboarding.models import ConnectionCheck, ConnectionCheckCase, FunctionalTest
from onboarding.partner_facts import facts_of
from onboarding.stages import endpoint, moving
from partners.models import Partner
from partners.services import issue_registration_token
from rehearsal.demo.printing import Printer
from rehearsal.demo.story import StoryFailed, wait_for

ENGINEER = "Simulated Engineer"


def prepare(partner: Partner, user: Any, out: Printer) -> None:
    """Stages 0 and 1: what the CPO confirms, the window, our endpoint, Token B, the data sheet."""
    ready = [item.key for item in ITEMS if item.needed]
    set_ticks(partner, ready, ENGINEER, among=ready)
    now = timezone.now()
    moving.agree_window(partner, now, now + timedelta(hours=1))
    _leave(partner, user, Stage.PRE_INTEGRATION, out)
    endpoint.check(partner)
    issue_registration_token(partner)
    send_data_sheet(partner, ["engineer@ion.example"], user)
    _leave(partner, user, Stage.INFRASTRUCTURE, out)


def connected(partner: Partner, user: Any, out: Printer) -> None:
    """Stage 2 is over when they called us with the new token."""
    _leave(partner, user, Stage.HANDSHAKE, out)


def look_at_server(partner: Partner, user: Any, out: Printer) -> None:
    """The connection check of stage 3; it only reads."""
    connection_check.start(partner, user=user)
    run: ConnectionCheck = wait_for("the connection check", lambda: latest_finished(partner))
    verdicts = list(run.cases.values_list("verdict", flat=True))
    failed = verdicts.count(ConnectionCheckCase.Verdict.FAILED)
    out.event(f"Connection check: {len(verdicts)} cases, {failed} failed")


def tell_evidence(partner: Partner, out: Printer) -> None:
    """What the charge has shown of the functional tests; they wait for people's verdicts."""
    seen = FunctionalTest.objects.filter(onboarding__partner=partner, seen_at__isnull=False)
    wait_for("evidence of the tests", lambda: seen.filter(key="session_start").exists())
    titles = ", ".join(sorted(row.get_key_display() for row in seen))
    out.event(f"Seen of the functional tests: {titles}. What is missing, and the verdicts, are yours")


def _leave(partner: Partner, user: Any, stage: Stage, out: Printer) -> None:
    """Move on as soon as nothing is missing. Raises `StoryFailed` with what is."""

    def complete() -> bool:
        return not _missing(partner)

    _wait(complete, partner, stage)
    moving.advance(partner, user, expected=stage.value)
    now = STAGE[Stage(moving.of(partner).stage)]
    out.event(f"Stage {STAGE[stage].number} is complete: now {now.number} {now.title}")


def _wait(complete: Callable[[], bool], partner: Partner, stage: Stage) -> None:
    try:
        wait_for(f"stage {STAGE[stage].number}", complete, patience=60)
    except StoryFailed as late:
        raise StoryFailed(f"stage {STAGE[stage].number} is not complete: {' '.join(_missing(partner))}") from late


def _missing(partner: Partner) -> list[str]:
    """What keeps it from moving on, as the database has it now."""
    facts = facts_of(moving.of(Partner.objects.get(pk=partner.pk)))
    return [text for one in blocking(facts) for text in one.missing]
