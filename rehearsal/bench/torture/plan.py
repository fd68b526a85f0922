"""Everything that is left to chance, decided from the seed before anything runs."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

CASTS: tuple[tuple[int, str, str], ...] = (
    # How often, the CPO's scenario, the payment method.
    (6, "happy", "pm_sim_ok"),
    (3, "happy", "pm_sim_slow"),
    (3, "happy", "pm_sim_captures_then_times_out"),
    (2, "happy", "pm_sim_reserves_then_times_out"),
    (1, "happy", "pm_sim_declined"),
    (1, "happy", "pm_sim_unreachable"),
    (1, "happy", "pm_sim_capture_refused"),
    (3, "local-stop", "pm_sim_ok"),
    (1, "full-battery", "pm_sim_ok"),
    (1, "plugged-in-late", "pm_sim_slow"),
    (1, "command-rejected", "pm_sim_ok"),
    (1, "command-timeout-then-session", "pm_sim_ok"),
    (1, "result-failed", "pm_sim_ok"),
    (1, "session-before-response", "pm_sim_ok"),
    (2, "session-late", "pm_sim_slow"),
    (1, "session-late-unstoppable", "pm_sim_ok"),
    (1, "session-pending-then-late", "pm_sim_ok"),
    (3, "no-push-get-works", "pm_sim_ok"),
    (1, "no-push-get-empty", "pm_sim_slow"),
    (2, "dc-handshake-failure-then-ok", "pm_sim_ok"),
    (1, "dc-handshake-failure-always", "pm_sim_ok"),
    (1, "two-sessions-for-one-start", "pm_sim_ok"),
    (1, "cpo-500-at-start", "pm_sim_ok"),
    (1, "cpo-hangs-at-start", "pm_sim_ok"),
    (1, "connector-available-while-active", "pm_sim_ok"),
    (1, "connector-available-while-active-0kwh", "pm_sim_ok"),
    (1, "flapping-connector", "pm_sim_ok"),
    (1, "stale-session", "pm_sim_ok"),
    (1, "out-of-order-meter", "pm_sim_ok"),
    (1, "stop-refused", "pm_sim_ok"),
    (1, "stop-ignored", "pm_sim_ok"),
    (1, "cdr-before-completed", "pm_sim_slow"),
    (2, "cdr-late", "pm_sim_ok"),
    (2, "cdr-not-pushed", "pm_sim_captures_then_times_out"),
    (2, "cdr-duplicate", "pm_sim_ok"),
    (1, "cdr-wrong-currency", "pm_sim_ok"),
    (1, "cdr-wrong-total", "pm_sim_ok"),
    (1, "cdr-never", "pm_sim_ok"),
)
WISHES: tuple[tuple[int, str], ...] = ((64, ""), (26, "stop"), (10, "cancel"))
AFTERWARDS: tuple[tuple[int, str], ...] = ((70, ""), (15, "refund"), (8, "dispute won"), (7, "dispute lost"))
"""What becomes of a charge that was paid."""
WISH_AFTER = {"stop": (2.0, 12.0), "cancel": (0.1, 5.0)}
TARGETS: tuple[tuple[int, str], ...] = (
    (4, "worker-engine"),
    (4, "worker-calls"),
    (2, "beat"),
    (3, "web"),
    (4, "redis"),
    (1, "cpo"),
)
DOWN_SECONDS = (0.5, 3.0)
KILL_EVERY = 6.0
FIRST_KILL = 3.0


@dataclass(frozen=True)
class Visit:
    """One driver: when, what the CPO plays, how it is paid, what the driver wants `after` so many seconds, and what
    becomes of the money `afterwards`."""

    number: int
    at: float
    scenario: str
    payment: str
    wish: str = ""
    after: float = 0.0
    afterwards: str = ""
    knobs: Mapping[str, float] = field(default_factory=dict)

    @property
    def needs_dc(self) -> bool:
        return self.scenario.startswith("dc-")


@dataclass(frozen=True)
class Blow:
    """Something is killed at `at`, and started again `down` seconds later."""

    at: float
    target: str
    down: float


@dataclass(frozen=True)
class Plan:
    """What happens in one run, in seconds from its beginning."""

    seed: int
    seconds: float
    visits: tuple[Visit, ...]
    blows: tuple[Blow, ...]


def make(seed: int, sessions: int, seconds: float, kills: int | None = None) -> Plan:
    """The plan of this seed; by default something is killed every few seconds."""
    chance = random.Random(seed)
    visits = tuple(_visits(chance, sessions, seconds))
    wanted = max(1, round(seconds / KILL_EVERY)) if kills is None else kills
    return Plan(seed, seconds, visits, tuple(_blows(chance, wanted, seconds)))


def _visits(chance: random.Random, sessions: int, seconds: float) -> Iterator[Visit]:
    moments = sorted(chance.uniform(0, seconds) for _ in range(sessions))
    for number, at in enumerate(moments):
        _often, scenario, payment = chance.choices(CASTS, [cast[0] for cast in CASTS])[0]
        wish = chance.choices(WISHES, [one[0] for one in WISHES])[0][1]
        after = chance.uniform(*WISH_AFTER[wish]) if wish else 0.0
        knobs = {"car_kwh": chance.choice((1.0, 2.0, 4.0, 8.0))}
        afterwards = chance.choices(AFTERWARDS, [one[0] for one in AFTERWARDS])[0][1]
        yield Visit(number, at, scenario, payment, wish, after, afterwards, knobs)


def _blows(chance: random.Random, kills: int, seconds: float) -> Iterator[Blow]:
    """PostgreSQL is hit once, the others by turns; of few blows none is wasted on the same target."""
    first = min(FIRST_KILL, seconds / 4)
    moments = sorted(chance.uniform(first, seconds) for _ in range(kills))
    database = chance.randrange(kills) if kills > 1 else -1
    for number, at in enumerate(moments):
        target = chance.choices(TARGETS, [one[0] for one in TARGETS])[0][1]
        yield Blow(at, "postgres" if number == database else target, chance.uniform(*DOWN_SECONDS))
