"""While energy flows, or seems to (G5.5, G5.7, G5.8, G5.10, G5.11)."""

from dataclasses import replace

from rehearsal.scenarios.plays.case import SINCE_2_2, Act, Case, Expected
from rehearsal.scenarios.plays.table.starting import ALL_THE_WAY, SETTLED

STOPPED = ("charging", "stopping", "awaiting_cdr", "settled")
NOT_STOPPED = ("charging", "stopping", "charging", "awaiting_cdr", "settled")


def settled(
    *signs: str, verdict: str = "Charging is over.", stops: int = 0, passes: tuple[str, ...] = ALL_THE_WAY
) -> Expected:
    """It went on to its end and was billed."""
    return Expected(
        "settled", money="captured", sessions=("valid",), stops=stops, passes=passes, verdict=verdict, signs=signs
    )


CHARGING = (
    Case(
        "happy",
        "G5.1, G5.5, G5.12: reserve, start, observe energy, settle from the CDR",
        settled("power told", "one CDR kept"),
        differs={"2.1.1": settled("power derived", "one CDR kept")},
    ),
    Case(
        "driver-stops",
        "G5.10, rule 20: STOP_SESSION is a request; what was delivered is billed",
        settled(stops=1, passes=STOPPED),
        course="happy",
        knobs={"car_kwh": 40},
        acts=(Act("charging", "stop", 0.5),),
    ),
    Case("local-stop", "G5.10: the end is what the Session says, whoever stopped", settled()),
    Case(
        "full-battery",
        "rule 18: updates that repeat the same kWh keep the session alive",
        settled(),
        policy={"silence_timeout": 6, "meter_interval": 4},
        knobs={"suspended": 540},
        patience=60,
    ),
    Case(
        "stop-refused",
        "G5.10, rule 19: a refused STOP leaves it charging, and the driver is told",
        settled("driver was told", stops=1, passes=NOT_STOPPED),
        knobs={"car_kwh": 5},
        acts=(Act("charging", "stop"),),
        dc=True,
    ),
    Case(
        "stop-ignored",
        "G5.10, rule 19: a STOP without effect: ask by GET, go on charging, tell the driver",
        settled("driver was told", "asked by GET sessions", stops=1, passes=NOT_STOPPED),
        policy={"stop_timeout": 3},
        knobs={"car_kwh": 13},
        acts=(Act("charging", "stop"),),
        dc=True,
        patience=60,
    ),
    Case(
        "stop-refused-while-validating",
        "rule 19: a STOP that was refused before energy flowed is told; pressing again sends a new one",
        Expected(
            "failed",
            "stopped_by_driver",
            sessions=("valid",),
            stops=2,
            stops_each=2,
            passes=("validating", "failed"),
            signs=("refusal was told",),
        ),
        knobs={"silence": 1800},
        acts=(Act("validating", "stop", 0.3), Act("validating", "stop", 11)),
        patience=60,
    ),
    Case(
        "energy-after-the-end",
        "rule 19: a Session whose kWh rises after its end is stopped once by itself; the CDR covers it",
        settled(stops=1, verdict="The connector is free since"),
        policy={"flap_delay": 2},
        knobs={"car_kwh": 40},
    ),
    Case(
        "energy-after-the-end-stop-refused",
        "rules 19, 27: that STOP is refused; the driver presses, and it is stopped; the CDR covers all of it",
        replace(settled(stops=2, verdict="The connector is free since"), stops_each=2),
        policy={"flap_delay": 2},
        knobs={"car_kwh": 40},
        acts=(Act("awaiting_cdr", "stop", 12),),
        dc=False,
        patience=60,
    ),
    Case(
        "second-driver",
        "rule 36: one EVSE, one driver: another is refused in words before any money is touched",
        settled("another driver was told: in use", "nobody else got in"),
        course="happy",
        knobs={"session": 120, "energise": 180, "car_kwh": 4},
        acts=(Act("starting", "come"), Act("charging", "come")),
    ),
    Case(
        "partner-suspended",
        "rule 37: new charges are refused at once, a live one is finished: its STOP and its CDR pass",
        settled("another driver was told: not connected", "nobody else got in", stops=1, passes=STOPPED),
        course="happy",
        knobs={"car_kwh": 40},
        acts=(Act("charging", "suspend"), Act("charging", "come", 1), Act("charging", "stop", 3)),
        own_cpo=True,
    ),
    Case(
        "connector-flaps-while-validating",
        "rule 13: a fall of the connector before energy flowed counts only if it lasts",
        settled(),
        policy={"flap_delay": 9},
        knobs={"flap": 3},
    ),
    Case(
        "connector-available-while-active-0kwh",
        "G5.7, rule 13: the connector is right: failed, stop the session; release",
        Expected(
            "failed",
            "no_energy",
            sessions=("valid",),
            stops=1,
            passes=("validating", "failed"),
            verdict="No energy; the connector fell back",
        ),
        dc=False,
    ),
    Case(
        "connector-available-while-active",
        "G5.7, rule 15: the connector is right: charging is over; settle from the CDR",
        settled(verdict="The connector is free since"),
        policy={"flap_delay": 2},
        knobs={"linger": 900},
    ),
    Case(
        "flapping-connector",
        "rule 15: only a fall that lasts counts; chargers flap",
        settled(),
        policy={"flap_delay": 12},
        knobs={"car_kwh": 6},
        dc=True,
    ),
    Case(
        "stale-session",
        "G5.8, rule 17: no news: ask by GET, then stop tracking; settle from the CDR",
        settled("asked by GET sessions", verdict="No news for"),
        policy={"silence_timeout": 8, "meter_interval": 3},
        knobs={"silence": 900},
        patience=60,
    ),
    Case(
        "no-kw",
        "G5.11, rule 21: power is derived from two samples, and marked so",
        settled("power derived"),
        versions=SINCE_2_2,
    ),
    Case(
        "slow-meter",
        "G5.11, rule 17: a sample is overdue: ask by GET; the charge goes on",
        settled("asked by GET sessions"),
        policy={"meter_interval": 2},
        knobs={"car_kwh": 11},
        dc=True,
        patience=60,
    ),
    Case(
        "out-of-order-meter",
        "G5.11, rule 22: an older sample is kept as ignored and changes nothing",
        settled("old sample ignored"),
        knobs={"car_kwh": 3},
    ),
    Case(
        "falling-kwh",
        "G5.11, rule 22: less kWh than before is kept as ignored and changes nothing",
        settled("less energy ignored"),
        knobs={"car_kwh": 3},
    ),
    Case(
        "cpo-down-for-ten-minutes",
        "G5.8, rule 17: keep asking; silence shorter than agreed ends nothing",
        settled(),
        policy={"meter_interval": 3},
        knobs={"car_kwh": 13},
        dc=True,
        own_cpo=True,
        patience=60,
    ),
    Case(
        "gateway-slow",
        "G5.12, rule 24: nothing starts before the money is reserved",
        SETTLED,
        course="happy",
        payment="pm_sim_slow",
    ),
)
