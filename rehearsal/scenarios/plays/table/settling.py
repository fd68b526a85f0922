"""The money: CDRs, the gateway, reservations (G2.2, G5.12)."""

from rehearsal.scenarios.plays.case import SINCE_2_2, Act, Case, Expected
from rehearsal.scenarios.plays.table.charging import settled
from rehearsal.scenarios.plays.table.starting import ALL_THE_WAY, SETTLED
from sessions_adhoc.decide.settle import CDR_MISSING, CDR_UNUSABLE, MONEY_STUCK
from sessions_adhoc.symptoms import BILL_CHANGED, PRICE_DIFFERS, RESERVATION_ENDS

SETTLING = (
    Case(
        "cdr-before-completed", "rule 27: a CDR before the Session's end settles it", settled(), knobs={"linger": 240}
    ),
    Case(
        "cdr-late",
        "rule 27: ask by GET meanwhile, settle when it comes",
        settled("asked by GET cdrs"),
        policy={"cdr_timeout": 2},
    ),
    Case(
        "cdr-not-pushed",
        "G5.4 for CDRs: found by GET, it settles as if it had been pushed",
        settled("asked by GET cdrs", "one CDR kept"),
        policy={"cdr_timeout": 3},
    ),
    Case(
        "cdr-never",
        "rule 24: no CDR in time: the funds stay held, escalate",
        Expected(
            "escalated",
            "cdr_missing",
            money="held",
            sessions=("valid",),
            opened=(CDR_MISSING,),
            passes=("charging", "awaiting_cdr", "escalated"),
            signs=("asked by GET cdrs",),
        ),
        policy={"cdr_timeout": 2, "cdr_deadline": 10},
        patience=60,
    ),
    Case("cdr-duplicate", "rule 26: the same CDR twice is the same CDR", settled("one CDR kept")),
    Case(
        "cdr-wrong-currency",
        "rule 26: a credit CDR cancels the one that it names; the next one is billed",
        Expected(
            "settled",
            money="captured",
            sessions=("valid",),
            closed=(CDR_UNUSABLE,),
            passes=("awaiting_cdr", "escalated", "settled"),
        ),
        versions=SINCE_2_2,
    ),
    Case(
        "cdr-credit-then-new",
        "rules 26, 32: the driver pays the price shown; the CPO corrects its CDR, and the claim is withdrawn",
        Expected(
            "settled",
            money="captured",
            sessions=("valid",),
            closed=(PRICE_DIFFERS, BILL_CHANGED),
            passes=ALL_THE_WAY,
        ),
        knobs={"between_cdrs": 240},
        versions=SINCE_2_2,
    ),
    Case(
        "cdr-wrong-total",
        "rule 32: the tariff that was shown does not explain the total: the driver pays the price, the rest is a claim",
        Expected("settled", money="price", sessions=("valid",), opened=(PRICE_DIFFERS,), passes=ALL_THE_WAY),
    ),
    Case(
        "gateway-declines",
        "G5.12: without reserved funds no START_SESSION",
        Expected("failed", "payment_declined", money="declined", attempts=0, passes=("authorizing", "failed")),
        course="happy",
        payment="pm_sim_declined",
    ),
    Case(
        "gateway-captures-then-times-out",
        "rule 29: the gateway is asked what became of it, not asked to capture again",
        SETTLED,
        course="happy",
        payment="pm_sim_captures_then_times_out",
    ),
    Case(
        "gateway-refuses-capture",
        "rule 24: what cannot be captured stays held with an open incident",
        Expected(
            "escalated",
            "payment_lost",
            money="held",
            sessions=("valid",),
            opened=(MONEY_STUCK,),
            passes=("awaiting_cdr", "escalated"),
        ),
        course="happy",
        payment="pm_sim_capture_refused",
    ),
    Case(
        "cancel-while-paying",
        "rule 24: cancelled before the start: void whatever the gateway did",
        Expected("cancelled", "cancelled_by_driver", attempts=0, passes=("authorizing", "cancelled")),
        course="happy",
        payment="pm_sim_slow",
        acts=(Act("authorizing", "cancel"),),
    ),
    Case(
        "reservation-expires",
        "rule 28: before the reservation expires without a CDR: escalate",
        Expected(
            "escalated",
            "reservation_expires",
            money="held",
            sessions=("valid",),
            opened=(RESERVATION_ENDS, CDR_MISSING),
        ),
        course="cdr-never",
        payment="pm_sim_expires",
        policy={"cdr_timeout": 60, "cdr_deadline": 300},
        patience=60,
        lasts=False,
    ),
)
