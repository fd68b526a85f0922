"""The charging scenarios, as data."""

from collections.abc import Mapping

from cpo_simulator.scenarios.scenario import Scenario
from cpo_simulator.scenarios.steps import (
    deliver,
    deliver_until_local_stop,
    energise,
    fail_handshake,
    finish,
    open_session,
    pause,
    plug_in,
    result,
    send_cdr,
    stay_full,
    unplug,
)

_BEGIN = (result("ACCEPTED"), plug_in, open_session, energise)
_END = (finish, send_cdr(), unplug)
_HAPPY = (*_BEGIN, deliver, *_END)

_ALL = (
    Scenario(
        "happy",
        "everything works: charging until the battery is full or somebody stops, then the CDR",
        "follow the session, settle from the CDR",
        _HAPPY,
    ),
    Scenario(
        "command-rejected",
        "START_SESSION is answered REJECTED; nothing else happens",
        "the attempt failed at once; release the funds",
        answer="REJECTED",
        message="The charger refuses remote starts just now",
    ),
    Scenario(
        "result-failed",
        "START_SESSION is ACCEPTED, then the CommandResult says FAILED and no session comes",
        "GET sessions, keep waiting to the end of the window, then release the funds",
        (result("FAILED", "The charger did not react"),),
    ),
    Scenario(
        "no-push-get-works",
        "a normal charge, but no Session is pushed; GET sessions shows it",
        "find the session by GET and carry on as usual",
        _HAPPY,
        mute=frozenset({"sessions"}),
    ),
    Scenario(
        "local-stop",
        "the driver stops at the charger after a few kWh (knob local_stop_kwh)",
        "notice the end by itself, settle from the CDR",
        (*_BEGIN, deliver_until_local_stop, *_END),
    ),
    Scenario(
        "full-battery",
        "the battery is full, the car stays connected: the same kWh is repeated before the session ends",
        "keep the session alive while it repeats, settle from the CDR",
        (*_BEGIN, deliver, stay_full, *_END),
    ),
    Scenario(
        "cdr-late",
        "a normal charge whose CDR comes long after the end (knob late_cdr)",
        "ask for the CDR with GET cdrs meanwhile, settle when it comes",
        (*_BEGIN, deliver, finish, unplug, send_cdr("late_cdr")),
    ),
    Scenario(
        "dc-handshake-failure-then-ok",
        "the first attempts (knob failures) show CHARGING at 0 kWh, fall back to BLOCKED; the next works",
        "try again by itself with the same reservation of funds",
        _HAPPY,
        failing=(*_BEGIN, fail_handshake),
    ),
    Scenario(
        "session-late",
        "accepted and plugged in, but the Session appears only after the usual window (knob late_session)",
        "give up at the end of the window; the late session is stopped and never billed",
        (result("ACCEPTED"), plug_in, pause("late_session"), open_session, energise, deliver, *_END),
    ),
)

SCENARIOS: Mapping[str, Scenario] = {one.name: one for one in _ALL}
