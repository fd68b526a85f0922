"""What a row of the table is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ocpi.versions import VERSIONS

ALL_VERSIONS = tuple(VERSIONS)
SINCE_2_2 = tuple(number for number, version in VERSIONS.items() if version.has_roles)


@dataclass(frozen=True)
class Act:
    """Something that the driver does, once: `what` when the session has been in `state` for `after` seconds.

    `what` is `stop` or `cancel` (the driver's API), `plug` (the cable), `come` (another driver wants to charge there),
    `refund` (staff, as soon as the CDRs tell how much), `suspend` (staff, the whole partner), or `go away`: the CPO is
    gone for `lasting` seconds; or `change the price` of the plan, after the driver has seen a quote. In state `""` it
    is done before the start.
    """

    state: str
    what: str
    after: float = 0.0
    lasting: float = 0.0


@dataclass(frozen=True)
class Expected:
    """The outcome that the rules demand.

    Args:
        money: `captured` (exactly what the CPO billed, at most what was reserved, less what was given back),
            `price` (what the driver was shown; the rest of what the CPO billed is a claim), `all` (what was reserved;
            the rest of what the CPO billed is a receivable), `own` (our own calculation), `released`, `held` or
            `declined`.
        starts: START_SESSIONs in the CPO's own books; by default one per attempt.
        stops: STOP_SESSIONs in the CPO's own books.
        stops_each: how many of them a single Session may have had: one, unless the driver pressed again.
        sessions: validity of each OCPI session, in order of appearance.
        opened: symptoms of the incidents that are open at the end.
        closed: symptoms of the incidents that were opened and closed again.
        passes: states that it must pass through, in this order, others in between allowed.
        verdict: how the last attempt's verdict begins.
        signs: further facts, by their names in `outcome.SIGNS` and `play.SEEN`.
    """

    state: str
    reason: str = ""
    money: str = "released"
    attempts: int = 1
    starts: int | None = None
    stops: int = 0
    stops_each: int = 1
    sessions: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    verdict: str = ""
    signs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One scenario.

    Args:
        guide: what the guide and the session rules say, in one line.
        course: the simulated CPO's scenario; by default the one of the same name.
        policy: what is agreed for the charger, beyond `table.POLICY`.
        knobs: the simulated CPO's knobs at this charger, beyond `table.KNOBS`.
        least_kw: it wants a charger that can do so much.
        plan: the price plan of that CPO, which needs one of its own.
        power_known: whether the connector's power is known to us. A simulated minute takes a second, so that what is
            delivered is more than it could: where the meter bills by itself, it must not be.
        own_cpo: it spoils a whole CPO, and gets one of its own.
        clock: by how many seconds the clock of that CPO is ahead from its start on.
        differs: versions in which the outcome is another.
        patience: seconds within which the outcome must be there.
        lasts: it stays so; if not, it is not looked at again when all others are done.
    """

    name: str
    guide: str
    expected: Expected
    course: str = ""
    policy: Mapping[str, Any] = field(default_factory=dict)
    knobs: Mapping[str, float] = field(default_factory=dict)
    payment: str = "pm_sim_ok"
    acts: tuple[Act, ...] = ()
    dc: bool | None = None
    least_kw: float = 0
    plan: Mapping[str, Any] = field(default_factory=dict)
    power_known: bool = True
    own_cpo: bool = False
    clock: int = 0
    versions: tuple[str, ...] = ALL_VERSIONS
    differs: Mapping[str, Expected] = field(default_factory=dict)
    patience: float = 45.0
    lasts: bool = True

    @property
    def played(self) -> str:
        """The name of the CPO's scenario."""
        return self.course or self.name

    def outcome_in(self, version: str) -> Expected:
        """What must come of it in this OCPI version."""
        return self.differs.get(version, self.expected)
