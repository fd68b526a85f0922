"""CDRs that cannot be true, and charges that come to more money than there is."""

from cpo_simulator.charging.scenario import SINCE_2_2, OnStop, Scenario
from cpo_simulator.scenarios.normal import BEGIN, HAPPY
from cpo_simulator.scenarios.steps import deliver, finish, unplug
from cpo_simulator.scenarios.wrong_cdrs import (
    at_another_charger,
    at_another_connector,
    net_of_vat,
    send_spoiled,
    with_impossible_times,
    with_too_much_energy,
    without_energy,
)

_HELD = "hold the funds and escalate: this cannot be true"
_CHARGED = (*BEGIN, deliver, finish)

BILLING = (
    Scenario(
        "cdr-too-much-energy",
        "the CDR says 50 kWh more than the Session did",
        _HELD,
        (*_CHARGED, send_spoiled(with_too_much_energy), unplug),
    ),
    Scenario(
        "cdr-without-energy",
        "the CDR says 0 kWh, though its Session delivered, and has a total",
        _HELD,
        (*_CHARGED, send_spoiled(without_energy), unplug),
    ),
    Scenario(
        "cdr-impossible-times",
        "the CDR ends two days after its Session",
        _HELD,
        (*_CHARGED, send_spoiled(with_impossible_times), unplug),
    ),
    Scenario(
        "cdr-other-charger",
        "the CDR names another EVSE of the same Location",
        "never bill it: it is about another charger",
        (*_CHARGED, send_spoiled(at_another_charger), unplug),
    ),
    Scenario(
        "cdr-other-connector",
        "the CDR names a connector that the EVSE does not have",
        _HELD,
        (*_CHARGED, send_spoiled(at_another_connector), unplug),
    ),
    Scenario(
        "cdr-net-of-vat",
        "the costs in the CDR say nothing of VAT",
        "add the VAT before the driver pays",
        (*_CHARGED, send_spoiled(net_of_vat), unplug),
        versions=SINCE_2_2,
    ),
    Scenario(
        "limit-reached",
        "a normal charge for more money than is reserved; meter values carry kWh and no POWER",
        "send STOP_SESSION before the reservation is used up",
        HAPPY,
        with_power=False,
    ),
    Scenario(
        "limit-ignored",
        "as limit-reached, but STOP_SESSION has no effect: the battery is charged until it is full",
        "capture the reservation, and claim the rest from whom it is due",
        HAPPY,
        with_power=False,
        on_stop=OnStop(obeys=False),
    ),
)
