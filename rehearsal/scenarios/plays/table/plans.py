"""Price plans, and charges that are settled without a CDR (ADR 13)."""

from decimal import Decimal

from rehearsal.scenarios.plays.case import Act, Case, Expected
from rehearsal.scenarios.plays.table.starting import ALL_THE_WAY
from sessions_adhoc.symptoms import PRICE_DIFFERS

RETAIL = {"kind": "retail", "currency": "EUR", "per_kwh": Decimal("0.79")}
OURS = ("billed by our own calculation", "priced as estimated")


def by_ourselves(*signs: str, money: str = "own", opened: tuple[str, ...] = ()) -> Expected:
    """It went on to its end and was billed by our own calculation."""
    return Expected("settled", money=money, sessions=("valid",), opened=opened, passes=ALL_THE_WAY, signs=signs)


PLANS = (
    Case(
        "retail-without-cdr",
        "ADR 13: at a price of our own nobody waits for a CDR",
        by_ourselves(*OURS, "settled within a minute"),
        course="cdr-never",
        plan=RETAIL,
        power_known=False,
        own_cpo=True,
        policy={"cdr_timeout": 2},
    ),
    Case(
        "price-changed-before-start",
        "nobody pays a price that changed between quote and START: another quote, and that price",
        by_ourselves(*OURS, "the driver was told: another price"),
        course="cdr-never",
        plan=RETAIL,
        power_known=False,
        own_cpo=True,
        acts=(Act("", "change the price"),),
    ),
    Case(
        "own-calculation-without-cdr",
        "ADR 13: no CDR in the time agreed: settled by the offer",
        by_ourselves(*OURS, "asked by GET cdrs"),
        course="cdr-never",
        power_known=False,
        policy={"cdr_timeout": 2, "own_calculation_after": 6},
    ),
    Case(
        "own-calculation-then-cdr",
        "ADR 13: the CDR that comes then agrees, and changes nothing",
        by_ourselves(*OURS, "one CDR kept"),
        course="cdr-late",
        power_known=False,
        policy={"own_calculation_after": 3},
    ),
    Case(
        "own-calculation-then-lower-cdr",
        "ADR 13: the CDR that comes then asks for less: the difference is given back",
        by_ourselves("billed by our own calculation", "money given back", money="captured"),
        course="cdr-wrong-total",
        power_known=False,
        policy={"own_calculation_after": 3},
        knobs={"wrong_total": 0.3, "cdr": 900},
    ),
    Case(
        "own-calculation-then-higher-cdr",
        "ADR 13, rule 32: the CDR that comes then asks beyond the price: nothing is taken, and it is a claim",
        by_ourselves(*OURS, money="price", opened=(PRICE_DIFFERS,)),
        course="cdr-wrong-total",
        power_known=False,
        policy={"own_calculation_after": 3},
        knobs={"cdr": 900},
    ),
)
