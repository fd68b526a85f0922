"""The handshake as the CPO sees it: how far it is, and why it failed."""

from dataclasses import dataclass
from datetime import datetime

from ocpi.client.failures import sentence
from ocpi.models import HandshakeRun, HandshakeStep
from partners.ground.persons import advice_to_you, to_you
from partners.models import Partner

State = HandshakeRun.State
TONES = {State.FAILED: "bad", State.SUCCEEDED: "good"}
OURS = {
    HandshakeRun.Step.VERSIONS: "Read your versions",
    HandshakeRun.Step.DETAILS: "Read the details of the version",
    HandshakeRun.Step.MODULES: "Check your modules",
    HandshakeRun.Step.CREDENTIALS: "Exchange credentials",
    HandshakeRun.Step.FINISH: "Confirm the connection",
    HandshakeRun.Step.LEAVE: "End the connection",
}


@dataclass(frozen=True)
class HandshakeTold:
    """The newest handshake in words for the CPO.

    Attributes:
        tone: of the page: calm, act, bad, good.
        cause, advice: why the last try did not work, and what to change; empty where nothing went wrong.
        steps: (title, whether it worked, moment) of those that were tried, the newest try of each.
        again_at: when we try again by ourselves; None where we do not.
    """

    tone: str
    state: str
    cause: str
    advice: str
    steps: tuple[tuple[str, bool, datetime | None], ...]
    until: datetime
    again_at: datetime | None = None


def handshake_told(partner: Partner) -> HandshakeTold | None:
    """The newest one; None before the first, and when both sides are connected. Two queries."""
    run = HandshakeRun.objects.filter(partner=partner).exclude(state=State.CANCELLED).order_by("-id").first()
    if run is None or run.state == State.SUCCEEDED:
        return None
    tried = list(HandshakeStep.objects.filter(run=run, ok__isnull=False).order_by("id"))
    last = tried[-1] if tried and not tried[-1].ok else None
    cause = run.cause or (last.text if last else "")
    advice = run.advice or (last.advice if last else "")
    newest = {step.step: (OURS[HandshakeRun.Step(step.step)], bool(step.ok), step.ended_at) for step in tried}
    live = run.state in (State.SCHEDULED, State.RUNNING)
    return HandshakeTold(
        tone="bad" if run.state == State.FAILED else "act" if cause else "calm",
        state=_state(run, bool(cause)),
        cause=sentence(to_you(cause)),
        advice=advice_to_you(advice),
        steps=tuple(newest.values()),
        until=run.window_ends_at,
        again_at=run.next_check_at if live and cause else None,
    )


def _state(run: HandshakeRun, troubled: bool) -> str:
    if run.state == State.FAILED:
        return "The handshake failed"
    if run.state == State.SCHEDULED:
        return "The handshake begins when the window opens"
    return "The handshake does not get on" if troubled else "The handshake is under way"
