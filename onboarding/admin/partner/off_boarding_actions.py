"""Suspending a partner, letting it back, and ending an integration."""

from typing import Any

from django.http import HttpRequest

from onboarding import off_boarding
from onboarding.admin.partner.stage_actions import ask, not_ended
from onboarding.stages import suspension
from partners.admin.kit.actions import DANGER, DEFAULT, PRIMARY, PageAction
from partners.admin.kit.reasons import ReasonForm
from partners.models import Partner
from sessions_adhoc.news import finishing

SUSPEND, OFF_BOARD = "partners.suspend_partner", "partners.offboard_partner"
Connection = Partner.Connection


def suspend(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    ask(suspension.suspend, partner, data["reason"], request.user)
    told = f"{partner.name} is suspended: their requests are answered with HTTP 403 and no driver can start there."
    count = finishing.live(partner.pk).count()
    return f"{told} {_in_words(count)} still finished." if count else told


def _in_words(count: int) -> str:
    return "1 charge that is live is" if count == 1 else f"{count} charges that are live are"


def what_suspending_does(partner: Partner) -> str:
    """How many drivers it concerns is said before the button is pressed (rule 37)."""
    count = finishing.live(partner.pk).count()
    finished = f"{_in_words(count)} finished: what it takes still passes, for 24 hours at most."
    return (
        "All their requests are answered with HTTP 403 until you resume, and drivers cannot start at their chargers. "
        f"{finished if count else 'No charge is live there now.'} Data and tokens are kept."
    )


def resume(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    if ask(suspension.resume, partner, data["reason"], request.user):
        return f"{partner.name} is connected again."
    return f"{partner.name} is no longer suspended, but has no usable token: start a handshake."


def off_board(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    runs = ask(off_boarding.off_board, partner, data["reason"], request.user)
    numbers = ", ".join(str(run.pk) for run in runs)
    return f"{partner.name} is off-boarded. They are being told by DELETE (run {numbers}); all data is kept."


ENDING_ACTIONS = (
    PageAction(
        "suspend",
        "Suspend",
        SUSPEND,
        what_suspending_does,
        suspend,
        icon="pause_circle",
        tone=DANGER,
        form=ReasonForm,
        possible=lambda partner: partner.connection == Connection.CONNECTED,
    ),
    PageAction(
        "resume",
        "Resume",
        SUSPEND,
        "Their requests are answered again, and drivers can start at their chargers.",
        resume,
        icon="play_circle",
        tone=lambda partner: PRIMARY if not_ended(partner) else DEFAULT,
        form=ReasonForm,
        possible=lambda partner: partner.connection == Connection.SUSPENDED and not_ended(partner),
    ),
    PageAction(
        "off-board",
        "Off-board",
        OFF_BOARD,
        "The integration ends, in test and production. Traffic is refused at once, the CPO is told by DELETE, and all "
        "tokens are revoked in both directions. Their data, sessions, CDRs and messages are kept.",
        off_board,
        icon="link_off",
        tone=DANGER,
        form=ReasonForm,
        possible=not_ended,
    ),
)
