"""Charges that go as they should, and the ordinary ways to end one."""

from cpo_simulator.charging.scenario import OnStop, Scenario
from cpo_simulator.scenarios.steps import (
    deliver,
    deliver_until_local_stop,
    energise,
    finish,
    open_session,
    pause,
    plug_in,
    result,
    send_cdr,
    stay_full,
    stay_without_energy,
    unplug,
)

BEGIN = (result("ACCEPTED"), plug_in, open_session, energise)
END = (finish, send_cdr(), unplug)
HAPPY = (*BEGIN, deliver, *END)

NORMAL = (
    Scenario(
        "happy",
        "everything works: charging until the battery is full or somebody stops, then the CDR",
        "follow the session, settle from the CDR",
        HAPPY,
    ),
    Scenario(
        "happy-wait-for-preparing",
        "the cable goes in first and the EVSE shows BLOCKED; START_SESSION then works as usual",
        "send nothing while the EVSE is AVAILABLE, START_SESSION once it is BLOCKED",
        HAPPY,
    ),
    Scenario(
        "plugged-in-late",
        "the driver takes long to plug in (knob late_plug), but is in time",
        "wait: the Session comes within the window",
        (result("ACCEPTED"), pause("late_plug"), plug_in, open_session, energise, deliver, *END),
    ),
    Scenario(
        "local-stop",
        "the driver stops at the charger after a few kWh (knob local_stop_kwh)",
        "notice the end by itself, settle from the CDR",
        (*BEGIN, deliver_until_local_stop, *END),
    ),
    Scenario(
        "full-battery",
        "the battery is full, the car stays connected: the same kWh is repeated before the session ends",
        "keep the session alive while it repeats, settle from the CDR",
        (*BEGIN, deliver, stay_full, *END),
    ),
    Scenario(
        "stop-refused",
        "STOP_SESSION is answered REJECTED; charging goes on until the battery is full",
        "tell the driver, go on charging, settle from the CDR",
        HAPPY,
        on_stop=OnStop("REJECTED", "", obeys=False),
    ),
    Scenario(
        "stop-ignored",
        "STOP_SESSION is ACCEPTED and so is its result, but charging goes on until the battery is full",
        "ask for the session, go on charging and tell the driver, settle from the CDR",
        HAPPY,
        on_stop=OnStop(obeys=False),
    ),
    Scenario(
        "stop-refused-while-validating",
        "the Session is ACTIVE and no energy flows; the first STOP_SESSION is answered REJECTED, the next is obeyed",
        "tell the driver, who presses again; release the funds",
        (*BEGIN, stay_without_energy, finish, unplug),
        on_stop=OnStop(refusals=1),
    ),
    Scenario(
        "cancel-before-session",
        "a normal charge for a driver who gives up before there is a Session (turn knob session up)",
        "remember the wish, send STOP_SESSION once the Session appears, bill what was delivered",
        HAPPY,
    ),
)
