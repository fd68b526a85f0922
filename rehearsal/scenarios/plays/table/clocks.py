"""A CPO's clock that is an hour wrong, or is set while somebody charges (rules 7, 16, 31)."""

from rehearsal.scenarios.plays.case import Act, Case
from rehearsal.scenarios.plays.table.charging import settled

HOUR = 3600
ASKING = {"session_timeout": 4, "meter_interval": 3, "cdr_timeout": 3}


def told(name: str, rules: str, clock: int) -> Case:
    """Everything is pushed, but for the CDR."""
    expected = settled("clock known", "asked by GET cdrs", "one CDR kept")
    policy = {"cdr_timeout": 3}
    return Case(name, rules, expected, course="clock-wrong", policy=policy, own_cpo=True, clock=clock)


def asked(name: str, rules: str, clock: int) -> Case:
    """Nothing is pushed but the connector."""
    return Case(
        name,
        rules,
        settled("clock known", "found by GET sessions", "asked by GET cdrs", "one CDR kept", stops=1, verdict=""),
        course="clock-wrong-no-push",
        policy=ASKING,
        knobs={"car_kwh": 40},
        acts=(Act("charging", "stop", 1),),
        dc=True,
        own_cpo=True,
        patience=60,
        clock=clock,
    )


def jumping(name: str, rules: str, clock: int, by: int) -> Case:
    """It is set in the middle of the charge."""
    return Case(
        name,
        rules,
        settled("one CDR kept"),
        course="clock-jumps",
        knobs={"clock_jump": by, "car_kwh": 4},
        own_cpo=True,
        clock=clock,
    )


CLOCKS = (
    told("clock-ahead", "rules 16, 31: a constant clock keeps its order, an hour ahead", HOUR),
    asked("clock-behind", "rules 8, 31: what is asked for reaches back to where this clock is, an hour behind", -HOUR),
    jumping("clock-jumps-ahead", "rule 31: stamps of the future shut out nothing that comes later", 0, HOUR),
    jumping("clock-jumps-back", "rules 16, 31: a clock that was set right heals within one GET", HOUR, -HOUR),
)
