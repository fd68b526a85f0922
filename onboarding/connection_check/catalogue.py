"""Every case, in the order of the report, and in the order in which they are looked at."""

from onboarding.connection_check import access, inbound, listing, manners, network, objects, offer
from onboarding.connection_check.armed import ARMED
from onboarding.connection_check.case import Case

TITLES = (("locations", "Locations"), ("sessions", "Sessions"), ("cdrs", "CDRs"), ("tariffs", "Tariffs"))
# A test charge leaves something in these lists, so they are looked at closely after it.
_AFTER_CHARGE = tuple(f"{module}.{what}" for module in listing.OF_LATE for what in ("paging", "dates", "objects"))

CASES: tuple[Case, ...] = (
    *network.CASES,
    *access.CASES,
    *offer.CASES,
    *(case for module, title in TITLES for case in listing.cases_of(module, title)),
    *(objects.case_of(module, title) for module, title in TITLES),
    *ARMED,
    *manners.CASES,
    *inbound.CASES,
)
POSITIONS = {case.key: number for number, case in enumerate(CASES, 1)}
TITLE_OF = {case.key: case.title for case in CASES}


def _stage(case: Case) -> int:
    if case.key in access.FIRST or case in network.CASES:
        return 0
    if case in offer.CASES:
        return 1
    if case.armed:
        return 4
    if case.key in _AFTER_CHARGE or case in (*manners.CASES, *inbound.CASES):
        return 5
    return 3 if case in access.CASES else 2


_IN_ORDER = sorted(CASES, key=_stage)


def plan(armed: bool) -> list[Case]:
    """The cases of a run, as they are looked at: each after those that it needs."""
    return [case for case in _IN_ORDER if armed or not case.armed]
