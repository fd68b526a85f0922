"""Charges at a CPO whose clock is wrong (knob ``clock``, from its start on), or is set while somebody charges."""

from cpo_simulator.charging.run import Run
from cpo_simulator.charging.scenario import Scenario
from cpo_simulator.scenarios.normal import BEGIN, END, HAPPY
from cpo_simulator.scenarios.steps import deliver, deliver_first


async def set_the_clock(run: Run) -> None:
    """The clock jumps (knob ``clock_jump``)."""
    run.set_clock(run.knobs.clock_jump)


CLOCKS = (
    Scenario(
        "clock-wrong",
        "a normal charge by a wrong clock (--knob clock=3600); the CDR is not pushed, GET cdrs shows it",
        "a constant clock keeps its order: follow the session, find the CDR, settle from it",
        HAPPY,
        mute=frozenset({"cdrs"}),
        whole_server=True,
    ),
    Scenario(
        "clock-wrong-no-push",
        "as clock-wrong, and no Session is pushed: GET sessions shows it",
        "ask from a moment that this clock had then; settle from the CDR",
        HAPPY,
        mute=frozenset({"sessions", "cdrs"}),
        whole_server=True,
    ),
    Scenario(
        "clock-jumps",
        "in the middle of the charge the clock jumps (knob clock_jump); what was told stays dated as it was",
        "no update shuts out those that come after it: follow the session, settle from the CDR",
        (*BEGIN, deliver_first, set_the_clock, deliver, *END),
        whole_server=True,
    ),
)
