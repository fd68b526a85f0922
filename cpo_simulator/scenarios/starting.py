"""Ways in which START_SESSION comes to nothing, comes late, or takes another road."""

from cpo_simulator.scenarios.mischief import finish_untold, open_twin, stay_pending, tell_end, use_foreign_token
from cpo_simulator.scenarios.normal import BEGIN, END, HAPPY
from cpo_simulator.scenarios.scenario import SINCE_2_2, OnStop, Scenario
from cpo_simulator.scenarios.steps import (
    bill_nothing,
    deliver,
    deliver_untold,
    energise,
    fail_handshake,
    fail_handshake_and_end,
    free_the_connector,
    give_up,
    open_session,
    pause,
    plug_in,
    result,
    send_cdr,
    unplug,
)

_LATER = "give up at the end of the window; the late session is stopped and never billed"

STARTING = (
    Scenario(
        "never-plugged",
        "nobody plugs in: the EVSE stays AVAILABLE, START_SESSION times out after a while (knob connection_timeout)",
        "with wait-for-preparing never send START_SESSION; else wait to the end of the window; release the funds",
        (give_up,),
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
        "result-occupied",
        "START_SESSION is ACCEPTED, then the CommandResult says EVSE_OCCUPIED and no session comes",
        "GET sessions, then the attempt failed; release the funds",
        (result("EVSE_OCCUPIED", "Somebody else is charging"),),
        versions=SINCE_2_2,
    ),
    Scenario(
        "command-timeout-then-session",
        "the CommandResult says TIMEOUT, and still the charger starts",
        "GET sessions, keep waiting, follow the session when it comes",
        (result("TIMEOUT"), pause("late_plug"), plug_in, open_session, energise, deliver, *END),
    ),
    Scenario(
        "result-never",
        "no CommandResult is ever sent; the Session comes",
        "the result is only information: follow the session",
        HAPPY,
        mute=frozenset({"commands"}),
    ),
    Scenario(
        "session-before-response",
        "the Session overtakes the CommandResponse, which comes late (knob late_response)",
        "legal: follow the session",
        HAPPY,
        reply="late",
    ),
    Scenario(
        "session-late",
        "accepted and plugged in, but the Session appears only after the usual window (knob late_session)",
        _LATER,
        (result("ACCEPTED"), plug_in, pause("late_session"), open_session, energise, deliver, *END),
    ),
    Scenario(
        "session-late-unstoppable",
        "as session-late, but STOP_SESSION has no effect: the late session is charged to its end and gets a CDR",
        "give up at the end of the window; keep the late session's CDR, never bill it",
        (result("ACCEPTED"), plug_in, pause("late_session"), open_session, energise, deliver, *END),
        on_stop=OnStop(obeys=False),
    ),
    Scenario(
        "session-pending-forever",
        "the Session appears as PENDING and stays so (knob silence)",
        "PENDING starts nothing: give up at the end of the window, release the funds",
        (result("ACCEPTED"), plug_in, open_session, stay_pending),
    ),
    Scenario(
        "session-pending-then-late",
        "the Session appears as PENDING in time, but becomes ACTIVE only after the usual window (knob late_session)",
        _LATER,
        (result("ACCEPTED"), plug_in, open_session, pause("late_session"), energise, deliver, *END),
    ),
    Scenario(
        "no-push-get-works",
        "a normal charge, but no Session is pushed; GET sessions shows it",
        "find the session by GET and carry on as usual",
        HAPPY,
        mute=frozenset({"sessions"}),
    ),
    Scenario(
        "no-push-get-empty",
        "accepted and plugged in, but there is never a Session, neither pushed nor to be had by GET",
        "ask with GET at the end of the window, then release the funds",
        (result("ACCEPTED"), plug_in),
    ),
    Scenario(
        "get-sessions-fails",
        "no Session is pushed, and GET sessions answers HTTP 500 (fault sessions-get-500, from the START on)",
        "keep the funds reserved and escalate",
        HAPPY,
        mute=frozenset({"sessions", "cdrs"}),
        faults=frozenset({"sessions-get-500"}),
        whole_server=True,
    ),
    Scenario(
        "dc-handshake-failure-then-ok",
        "the first attempts (knob failures) show CHARGING at 0 kWh, fall back to BLOCKED; the next works",
        "try again by itself with the same reservation of funds",
        HAPPY,
        failing=(*BEGIN, fail_handshake),
    ),
    Scenario(
        "dc-handshake-failure-always",
        "every attempt shows CHARGING at 0 kWh, then its Session ends",
        "try again as often as agreed, then release the funds",
        (*BEGIN, fail_handshake_and_end),
    ),
    Scenario(
        "cdr-of-failed-attempt",
        "the first attempt gives 0 kWh and ends; its CDR comes when the next one charges (knob late_cdr)",
        "keep that CDR; it neither ends nor bills the attempt that charges",
        HAPPY,
        failing=(*BEGIN, fail_handshake_and_end, bill_nothing),
    ),
    Scenario(
        "connector-overtakes-end",
        "no sample is told; the EVSE is AVAILABLE long before the Session is told as COMPLETED (knob linger)",
        "ask with GET before the fall counts: energy was delivered, settle from the CDR",
        (*BEGIN, deliver_untold, finish_untold, free_the_connector, tell_end, send_cdr(), unplug),
    ),
    Scenario(
        "two-sessions-for-one-start",
        "a second Session appears for the same START_SESSION",
        "follow the first; stop the second and never bill it",
        (*BEGIN, open_twin, deliver, *END),
    ),
    Scenario(
        "session-for-unknown-token",
        "the charge runs under a token that nobody gave out, without authorization_reference",
        "whose session it is cannot be known: give up at the end of the window",
        (use_foreign_token, *HAPPY),
    ),
    Scenario(
        "cpo-down-at-start",
        "the server is gone when START_SESSION comes (POST /control/outage before); afterwards all is well",
        "try again, three times: the command cannot have arrived",
        HAPPY,
        whole_server=True,
    ),
    Scenario(
        "cpo-500-at-start",
        "START_SESSION answers HTTP 500 without an envelope, and nothing happens",
        "never send it again: it may have arrived; wait for the Session to the end of the window",
        reply="crash",
    ),
    Scenario(
        "cpo-hangs-at-start",
        "START_SESSION is carried out, but its answer takes too long (knob slow_answer)",
        "never send it again; follow the session",
        HAPPY,
        reply="never",
    ),
)
