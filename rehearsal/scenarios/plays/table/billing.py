"""What may be captured: implausible CDRs, taxes, the end of the money, idle time (rules 32-35)."""

from dataclasses import replace

from rehearsal.scenarios.plays.case import SINCE_2_2, Case, Expected
from rehearsal.scenarios.plays.table.charging import STOPPED, settled
from rehearsal.scenarios.plays.table.starting import ALL_THE_WAY
from sessions_adhoc.decide.settle import CDR_ELSEWHERE, CDR_ENERGY
from sessions_adhoc.symptoms import BEYOND_RESERVATION, FOREIGN_CDR


def held(reason: str, *opened: str) -> Expected:
    """The money stays reserved, and people are told."""
    return Expected(
        "escalated",
        reason,
        money="held",
        sessions=("valid",),
        opened=opened,
        passes=("charging", "awaiting_cdr", "escalated"),
        signs=("one CDR kept",),
    )


BILLING = (
    Case(
        "cdr-too-much-energy",
        "rule 32: more energy than was metered and could be delivered: held",
        held("cdr_energy", CDR_ENERGY),
    ),
    Case(
        "cdr-without-energy",
        "rule 32: no energy for a Session that delivered: held",
        held("cdr_without_energy", CDR_ENERGY),
    ),
    Case(
        "cdr-impossible-times",
        "rule 32: its times are not inside the Session's: held",
        held("cdr_times", CDR_ELSEWHERE),
    ),
    Case(
        "cdr-other-charger",
        "rules 7, 32: the CDR of another charger is not this driver's: held until another comes",
        held("cdr_place", FOREIGN_CDR, CDR_ELSEWHERE),
        policy={"cdr_timeout": 4, "cdr_deadline": 8},
    ),
    Case(
        "cdr-other-connector",
        "rule 32: its connector is not the attempt's: held",
        held("cdr_place", CDR_ELSEWHERE),
    ),
    Case(
        "cdr-net-of-vat",
        "rule 34: where a CDR states no tax it is added before the driver pays",
        settled("one CDR kept"),
        versions=SINCE_2_2,
    ),
    Case(
        "limit-reached",
        "rule 33: the energy ends before the money does: STOP before the reservation is used up",
        settled("stopped at the limit", "priced as estimated", stops=1, passes=STOPPED),
        policy={"reservation_amount": 300, "reservation_minimum": 100, "meter_interval": 8},
        knobs={"car_kwh": 40},
        dc=False,
    ),
    Case(
        "limit-ignored",
        "rule 33: the charge went on: all that is reserved is captured, the rest is a receivable",
        Expected(
            "settled",
            money="all",
            sessions=("valid",),
            stops=1,
            opened=(BEYOND_RESERVATION,),
            passes=("charging", "stopping", "charging", "awaiting_cdr", "settled"),
            signs=("stopped at the limit",),
        ),
        policy={"reservation_amount": 150, "reservation_minimum": 100, "meter_interval": 4, "stop_timeout": 2},
        knobs={"car_kwh": 6},  # over within a minute of the first STOP, even where everything takes four times as long
        dc=False,
        patience=60,
    ),
    Case(
        "idle-fee",
        "rule 35: the time for which a full car stays costs as shown, and the estimate says so",
        replace(settled("idle time billed", "priced as estimated"), passes=ALL_THE_WAY),
        course="full-battery",
        knobs={"suspended": 300},
        least_kw=300,
        patience=60,
    ),
)
