"""What can go wrong while energy flows, or seems to."""

from cpo_simulator.charging.scenario import SINCE_2_2, OnStop, Scenario
from cpo_simulator.scenarios.mischief import (
    fall_silent,
    flap,
    flap_without_energy,
    keep_most_samples,
    let_meter_fall,
    lose_connector,
    lose_connector_without_energy,
    outage,
    repeat_old_sample,
)
from cpo_simulator.scenarios.normal import BEGIN, END, HAPPY
from cpo_simulator.scenarios.steps import deliver, deliver_first, free_the_connector, send_cdr, unplug

UNDER_WAY = (
    Scenario(
        "connector-available-while-active-0kwh",
        "the EVSE shows CHARGING at 0 kWh, then AVAILABLE, while the Session stays ACTIVE",
        "the connector is right: the attempt failed; stop the session, release the funds",
        (*BEGIN, lose_connector_without_energy),
    ),
    Scenario(
        "connector-available-while-active",
        "energy was delivered, then the EVSE is AVAILABLE while the Session stays ACTIVE for long (knob linger)",
        "the connector is right: charging is over; settle from the CDR",
        (*BEGIN, deliver_first, lose_connector, send_cdr(), unplug),
    ),
    Scenario(
        "energy-after-the-end",
        "energy was delivered, then the EVSE is AVAILABLE; the Session stays ACTIVE and its energy rises on",
        "charging was over: send STOP_SESSION once by itself; the CDR covers all of it",
        (*BEGIN, deliver_first, free_the_connector, deliver, *END),
    ),
    Scenario(
        "energy-after-the-end-stop-refused",
        "as energy-after-the-end; the first STOP_SESSION is answered REJECTED, the next is obeyed",
        "the driver may press stop again; the CDR covers all of it",
        (*BEGIN, deliver_first, free_the_connector, deliver, *END),
        on_stop=OnStop(refusals=1),
    ),
    Scenario(
        "connector-flaps-while-validating",
        "the EVSE shows AVAILABLE for a moment before any energy has flowed (knob flap)",
        "wait for the correction: no handshake has failed",
        (*BEGIN, flap_without_energy, deliver, *END),
    ),
    Scenario(
        "flapping-connector",
        "the EVSE shows AVAILABLE for a moment while charging, twice (knob flap)",
        "wait for the correction: the charge goes on",
        (*BEGIN, deliver_first, flap, flap, deliver, *END),
    ),
    Scenario(
        "stale-session",
        "after some energy the Session stays ACTIVE and the EVSE CHARGING, but nothing is told any more (knob silence)",
        "ask with GET, then stop tracking; settle from the CDR when it comes",
        (*BEGIN, deliver_first, fall_silent, send_cdr(), unplug),
    ),
    Scenario(
        "no-kw",
        "meter values carry kWh and no POWER",
        "derive the power from two readings, and say so",
        HAPPY,
        with_power=False,
        versions=SINCE_2_2,
    ),
    Scenario(
        "slow-meter",
        "most meter values are neither pushed nor shown by GET (knob slow_meter)",
        "ask with GET sessions when one is overdue; the charge goes on",
        HAPPY,
        on_sample=keep_most_samples,
    ),
    Scenario(
        "out-of-order-meter",
        "after each meter value an older one arrives once more",
        "ignore the older one",
        HAPPY,
        on_sample=repeat_old_sample,
    ),
    Scenario(
        "falling-kwh",
        "now and then a newer meter value has less energy than the one before",
        "ignore it",
        HAPPY,
        on_sample=let_meter_fall,
    ),
    Scenario(
        "cpo-down-for-ten-minutes",
        "in the middle of the charge the server is gone for ten minutes (knob outage): no pushes, no answers",
        "keep asking, carry on when it is back, settle from the CDR",
        (*BEGIN, deliver_first, outage("outage"), deliver, *END),
        whole_server=True,
    ),
)
