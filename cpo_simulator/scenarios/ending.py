"""CDRs that come early, late, twice, wrong or never."""

from cpo_simulator.charging.scenario import SINCE_2_2, Scenario
from cpo_simulator.scenarios.mischief import (
    finish_untold,
    send_cdr_credit_it_and_send_another,
    send_cdr_in_wrong_currency,
    send_cdr_twice,
    send_wrong_cdr,
    tell_end,
)
from cpo_simulator.scenarios.normal import BEGIN
from cpo_simulator.scenarios.steps import deliver, finish, send_cdr, unplug

ENDING = (
    Scenario(
        "cdr-before-completed",
        "the CDR comes while the Session is still ACTIVE; its end is told later",
        "the CDR ends the charge: settle from it",
        (*BEGIN, deliver, finish_untold, send_cdr(), tell_end, unplug),
    ),
    Scenario(
        "cdr-late",
        "a normal charge whose CDR comes long after the end (knob late_cdr)",
        "ask for the CDR with GET cdrs meanwhile, settle when it comes",
        (*BEGIN, deliver, finish, unplug, send_cdr("late_cdr")),
    ),
    Scenario(
        "cdr-never",
        "a normal charge without a CDR, neither pushed nor to be had by GET",
        "ask again and again, then keep the funds reserved and escalate",
        (*BEGIN, deliver, finish, unplug),
    ),
    Scenario(
        "cdr-not-pushed",
        "the CDR is made in time but not pushed; GET cdrs shows it",
        "find it by GET, settle from it",
        (*BEGIN, deliver, finish, send_cdr(), unplug),
        mute=frozenset({"cdrs"}),
    ),
    Scenario(
        "cdr-duplicate",
        "the same CDR is POSTed twice",
        "the same CDR is the same CDR: settle once",
        (*BEGIN, deliver, finish, send_cdr_twice, unplug),
    ),
    Scenario(
        "cdr-wrong-currency",
        "a CDR in a wrong currency, then the credit CDR that takes it back, then the right one",
        "hold the funds and escalate the wrong one; settle from the right one",
        (*BEGIN, deliver, finish, send_cdr_in_wrong_currency, unplug),
        versions=SINCE_2_2,
    ),
    Scenario(
        "cdr-credit-then-new",
        "a CDR over twice what it should be, later the credit CDR that takes it back, then the right one",
        "settle from the first; give back what was taken too much",
        (*BEGIN, deliver, finish, send_cdr_credit_it_and_send_another, unplug),
        versions=SINCE_2_2,
    ),
    Scenario(
        "cdr-wrong-total",
        "the CDR's total has nothing to do with the tariff (knob wrong_total)",
        "never capture more than was reserved",
        (*BEGIN, deliver, finish, send_wrong_cdr, unplug),
    ),
)
