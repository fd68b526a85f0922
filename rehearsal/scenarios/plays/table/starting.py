"""From START_SESSION to a Session, or to none (G5.1-G5.4, G5.6, G5.9)."""

from dataclasses import replace

from rehearsal.scenarios.plays.case import SINCE_2_2, Act, Case, Expected
from sessions_adhoc.decide.start import GET_SESSIONS_ERROR, START_ERROR
from sessions_adhoc.symptoms import FOREIGN_SESSION, LATE_SESSION

NO_SESSION = Expected("failed", "no_session", signs=("asked by GET sessions",))
ALL_THE_WAY = ("authorized", "starting", "validating", "charging", "awaiting_cdr", "settled")
SETTLED = Expected("settled", money="captured", sessions=("valid",), passes=ALL_THE_WAY)
SETTLED_AFTER_ASKING = Expected(
    "settled", money="captured", sessions=("valid",), passes=ALL_THE_WAY, signs=("asked by GET sessions",)
)
REFUSED = Expected("failed", "start_refused", opened=(START_ERROR,), signs=("asked by GET sessions",))
WAIT = {"start_strategy": "wait_for_preparing"}
SOON = {"session_timeout": 4}

STARTING = (
    Case(
        "happy-wait-for-preparing",
        "G5.9.2, rule 2: START_SESSION is sent once the connector shows BLOCKED",
        Expected("settled", money="captured", sessions=("valid",), passes=("waiting_for_connector", *ALL_THE_WAY[1:])),
        policy=WAIT,
        acts=(Act("waiting_for_connector", "plug", 1.5),),
    ),
    Case("plugged-in-late", "G5.2, rule 3: the window is there to be waited for", SETTLED),
    Case(
        "never-plugged",
        "G5.9.2, rule 2: while the connector is AVAILABLE nothing is sent; then release",
        Expected("failed", "connector_never_ready", attempts=0, passes=("waiting_for_connector", "failed")),
        policy={**WAIT, "connector_timeout": 3},
    ),
    Case(
        "never-plugged-after-start",
        "G5.3, rule 4: a result TIMEOUT is worth a GET; at the end of the window release",
        NO_SESSION,
        course="never-plugged",
        policy=SOON,
    ),
    Case(
        "command-rejected",
        "G5.1, rule 3: a refused START_SESSION failed at once; release",
        Expected("failed", "command_rejected", opened=(START_ERROR,), passes=("starting", "failed")),
    ),
    Case(
        "command-timeout-then-session",
        "rule 4: after a result TIMEOUT the charger may still start",
        SETTLED_AFTER_ASKING,
    ),
    Case(
        "result-failed",
        "rule 4: after FAILED ask by GET and keep waiting; then release",
        NO_SESSION,
        policy={"session_timeout": 9},
        # 2.1.1 has no word for FAILED: its CPOs say REJECTED, and that is a refusal.
        differs={"2.1.1": REFUSED},
    ),
    Case(
        "result-nonsense",
        "rules 3, 4: a CommandResult that is none is refused, and does not stand in the way of the true one",
        REFUSED,
    ),
    Case(
        "result-occupied",
        "rule 4: a refusing result, and GET shows no Session: failed; release",
        REFUSED,
        versions=SINCE_2_2,
    ),
    Case("result-never", "rule 4: the CommandResult is only information", SETTLED),
    Case("session-before-response", "rule 6: the Session may overtake the CommandResponse", SETTLED),
    Case(
        "session-late",
        "G5.3, rule 10: after the window it is invalid: stop it once, never bill it",
        Expected("failed", "no_session", sessions=("late",), stops=1, opened=(LATE_SESSION,)),
        policy=SOON,
        patience=60,
    ),
    Case(
        "session-late-unstoppable",
        "G5.3, rule 27: the CDR of a late session is kept and not eligible",
        Expected(
            "failed",
            "no_session",
            sessions=("late",),
            stops=1,
            opened=(LATE_SESSION,),
            signs=("CDR kept, not eligible",),
        ),
        policy=SOON,
        patience=60,
    ),
    Case(
        "session-pending-forever",
        "G5.1, rules 6, 8: PENDING starts nothing; at the end of the window release",
        Expected("failed", "no_session", sessions=("valid",), passes=("starting", "failed")),
        policy=SOON,
        knobs={"silence": 1500},
    ),
    Case(
        "session-pending-then-late",
        "rules 8, 10: a PENDING one that turns ACTIVE after the window is late: stop it, never bill it",
        Expected("failed", "no_session", sessions=("late",), stops=1, opened=(LATE_SESSION,)),
        policy=SOON,
        patience=60,
    ),
    Case(
        "session-renamed",
        "rule 7: PENDING under one id and ACTIVE under another is one charge",
        replace(SETTLED, sessions=("renamed", "valid")),
    ),
    Case(
        "session-id-again",
        "rule 7: an id that comes back with another start is another Session, and never rewrites the first",
        Expected(
            "settled",
            money="captured",
            attempts=2,
            sessions=("valid", "valid"),
            passes=("starting", "validating", "charging", "settled"),
        ),
        dc=True,
    ),
    Case(
        "session-id-of-a-stranger",
        "rule 7: the next charge under the id, and its CDR, are somebody else's and change nothing",
        replace(SETTLED, signs=("one CDR kept", "a stranger's CDR kept")),
    ),
    Case(
        "first-value-above-zero",
        "rule 11: a first value above 0 is energy when the Session began after the START",
        SETTLED,
        policy={"energy_timeout": 5},
        knobs={"car_kwh": 4},
        dc=False,
    ),
    Case(
        "first-value-is-old",
        "rule 11: a first value above 0 of a Session that began before the START must rise",
        Expected(
            "failed",
            "no_energy",
            sessions=("valid",),
            stops=1,
            passes=("validating", "failed"),
            verdict="No energy for",
        ),
        policy={"energy_timeout": 4},
        dc=False,
    ),
    Case(
        "no-push-get-works",
        "G5.4, rule 8: found by GET, it is tracked as if it had been pushed",
        Expected(
            "settled",
            money="captured",
            sessions=("valid",),
            stops=1,
            passes=ALL_THE_WAY,
            signs=("found by GET sessions",),
        ),
        policy={**SOON, "meter_interval": 3},
        knobs={"car_kwh": 40},
        acts=(Act("charging", "stop", 1),),
        dc=True,
    ),
    Case("no-push-get-empty", "G5.3, G5.4: no Session exists: release", NO_SESSION, policy=SOON),
    Case(
        "get-sessions-fails",
        "G5.4, rule 8: GET fails three times: the funds stay reserved, escalate",
        Expected("escalated", "sessions_unavailable", money="held", opened=(GET_SESSIONS_ERROR,)),
        policy=SOON,
        own_cpo=True,
    ),
    Case(
        "dc-handshake-failure-then-ok",
        "G5.6, rule 13: CHARGING at 0 kWh and back to BLOCKED: try again on the same reservation",
        Expected(
            "settled",
            money="captured",
            attempts=2,
            stops=1,
            sessions=("valid", "valid"),
            passes=("starting", "validating", "starting", "validating", "charging", "settled"),
        ),
        # Its charger is busy until the STOP has arrived, and a START that comes before it would be refused.
        policy={"retry_delay": 4},
        dc=True,
        knobs={"linger": 900},
    ),
    Case(
        "dc-handshake-failure-always",
        "G5.6, rule 13: after the agreed number of attempts failed; release",
        Expected("failed", "no_energy", attempts=3, sessions=("valid",) * 3),
        dc=True,
    ),
    Case(
        "ac-handshake-failure",
        "G5.6, rule 13: automatic retry is for DC: failed; release",
        Expected("failed", "no_energy", sessions=("valid",), passes=("starting", "failed")),
        course="dc-handshake-failure-always",
        dc=False,
    ),
    Case(
        "cdr-of-failed-attempt",
        "rule 7: the CDR of the attempt that failed neither ends nor bills the one that charges",
        Expected(
            "settled",
            money="captured",
            attempts=2,
            sessions=("valid", "valid"),
            passes=("starting", "validating", "charging", "settled"),  # the first may be over before anybody looks
        ),
        knobs={"late_cdr": 4},
        dc=True,
    ),
    Case(
        "connector-overtakes-end",
        "rules 13, 15: a fall of the connector counts only after GET /sessions: energy was delivered, it is owed",
        Expected(
            "settled", money="captured", sessions=("valid",), passes=ALL_THE_WAY, signs=("found by GET sessions",)
        ),
        policy={"flap_delay": 2},
        knobs={"linger": 600},
    ),
    Case(
        "two-sessions-for-one-start",
        "rules 7, 12: one attempt has one valid session: the second is stopped once, never billed",
        Expected(
            "settled",
            money="captured",
            sessions=("valid", "duplicate"),
            stops=1,
            opened=(FOREIGN_SESSION,),
            passes=ALL_THE_WAY,
        ),
    ),
    Case(
        "session-for-unknown-token",
        "rule 7: whose session it is cannot be known; none is ours: release",
        Expected("failed", "no_session", signs=("asked by GET sessions", "stray session kept")),
        policy=SOON,
    ),
    Case(
        "cpo-down-at-start",
        "rule 5: what cannot have arrived is tried three times; then release",
        Expected("failed", "cpo_unreachable", starts=0, opened=(START_ERROR,)),
        acts=(Act("", "go away", lasting=20),),
        own_cpo=True,
        patience=60,
    ),
    Case(
        "cpo-500-at-start",
        "rule 5: it may have arrived: never sent again; no Session: release",
        NO_SESSION,
        policy=SOON,
    ),
    Case("cpo-hangs-at-start", "rule 5: it may have arrived: never sent again, and the Session comes", SETTLED),
    Case(
        "cancel-before-session",
        "G5.10, rule 19: the wish is kept, STOP_SESSION goes out once the Session appears",
        Expected("failed", "stopped_by_driver", sessions=("valid",), stops=1),
        knobs={"session": 150, "energise": 360},
        acts=(Act("starting", "cancel", 0.5),),
    ),
    Case(
        "cancel-and-no-session",
        "rule 19: no Session ever appears: release at the end of the window",
        Expected("failed", "stopped_by_driver", signs=("asked by GET sessions",)),
        course="no-push-get-empty",
        policy=SOON,
        acts=(Act("starting", "cancel", 0.5),),
    ),
)
