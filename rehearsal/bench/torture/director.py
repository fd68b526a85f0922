"""Carries out a plan: drivers come, things are killed, and in the end everything must come to rest."""

import heapq
import itertools
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import requests
from django.db import DatabaseError, close_old_connections

from ocpi.models import Evse
from rehearsal.bench.torture import checks
from rehearsal.bench.torture.acquirers import Acquirer
from rehearsal.bench.torture.desk import Desk
from rehearsal.bench.torture.drivers import Api, Ride
from rehearsal.bench.torture.plan import Blow, Plan, Visit
from rehearsal.bench.torture.targets import Targets, free_chargers
from rehearsal.demo.printing import Printer
from rehearsal.scenarios.plays.cpo import Charger, Cpo
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import WITHOUT_CLOCK

DRIVERS_AT_ONCE = 32
LOOK = 0.05
TRY_AGAIN = 0.5
STEADY = 3.0
DESK_EVERY = 1.0

Errand = tuple[float, Callable[[], None]]
"""What else is to be done, and at which second."""


class Director:
    """One run."""

    def __init__(
        self, plan: Plan, targets: Targets, acquirer: Acquirer, out: Printer, errands: Sequence[Errand] = ()
    ) -> None:
        self.plan, self.targets, self.acquirer, self.out, self.errands = plan, targets, acquirer, out, errands
        self.chance = random.Random(plan.seed)
        self.rides: list[Ride] = []
        self.desk = Desk(acquirer, self.rides)
        self.outages = 0
        self.began = time.monotonic()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._evses: dict[tuple[int, str], tuple[str, str]] = {}
        self._over = set[str]()

    def run(self, patience: float) -> float:
        """Play the plan and wait for rest; return how many seconds that took after the last driver and blow.

        It ends: whoever found no free charger within the patience is turned away, which counts as a broken promise.
        """
        self._read_evses()
        _client, key = create_client_key(f"torture {self.plan.seed}")
        self.api = Api(self.targets.web_url, key)
        self.began = time.monotonic()
        for visit in self.plan.visits:
            self._plan(visit.at, partial(self._arrive, visit))
        for blow in self.plan.blows:
            self._plan(blow.at, partial(self._strike, blow))
        self._plan(DESK_EVERY, self._work_at_the_desk)
        for at, what in self.errands:
            self._plan(at, what)
        with ThreadPoolExecutor(DRIVERS_AT_ONCE) as self.pool:
            closes = self.began + self.plan.seconds + patience
            while self._agenda and time.monotonic() < closes:
                self._next()
            self._turn_away()
            ended = time.monotonic()
            self._wait_for_rest(ended + patience)
        return time.monotonic() - ended

    def _plan(self, at: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), what))

    def _next(self) -> None:
        self.targets.look_after()
        at, _order, what = self._agenda[0]
        wait = self.began + at - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, LOOK))
            return
        heapq.heappop(self._agenda)
        what()

    def _now(self) -> float:
        return time.monotonic() - self.began

    def _strike(self, blow: Blow) -> None:
        done = self.targets.kill(blow.target)
        if not done:
            return
        self.outages += 1
        self.out.event(f"{done}, back in {blow.down:.1f} s" if blow.target != "cpo" else done)
        self._plan(self._now() + blow.down, lambda: self.targets.revive(blow.target))

    def _arrive(self, visit: Visit) -> None:
        """Send the driver to a free charger; without one the driver waits in the car park."""
        found = self._charger(visit)
        if found is None:
            self._plan(self._now() + TRY_AGAIN, lambda: self._arrive(visit))
            return
        cpo, charger = found
        code, connector = self._evses[(cpo.partner_id, charger.uid.lower())]
        ride = Ride(visit, charger.uid, key=self._key(visit))
        self.rides.append(ride)
        body = {"evse": code, "connector": connector, "payment_method": self.acquirer.method(visit.payment)}
        self.pool.submit(self.api.ride, ride, body)

    def _work_at_the_desk(self) -> None:
        """Now and then while there are drivers and blows to come."""
        self.desk.work()
        if self._agenda:
            self._plan(self._now() + DESK_EVERY, self._work_at_the_desk)

    def _turn_away(self) -> None:
        """Those who still wait for a charger go home; what was killed is started again."""
        came = {ride.visit.number for ride in self.rides}
        for visit in [one for one in self.plan.visits if one.number not in came]:
            ride = Ride(visit, "", key=self._key(visit), trouble="no charger came free in time")
            ride.done.set()
            self.rides.append(ride)
        for target in list(self.targets.down):
            self.targets.revive(target)

    def _key(self, visit: Visit) -> str:
        return f"torture-{self.plan.seed}-{visit.number}"

    def _charger(self, visit: Visit) -> tuple[Cpo, Charger] | None:
        try:
            taken = self._taken()
            for cpo in self.chance.sample(self.targets.cpos, len(self.targets.cpos)):
                free = [one for one in free_chargers(cpo, taken) if one.is_dc or not visit.needs_dc]
                if free:
                    charger = self.chance.choice(free)
                    cpo.prepare(charger, visit.scenario, visit.knobs)
                    return cpo, charger
        except (requests.RequestException, DatabaseError):
            close_old_connections()
        return None

    def _taken(self) -> set[str]:
        """Chargers that somebody of ours is at, or on the way to."""
        begun = [ride for ride in self.rides if ride.session_id and ride.session_id not in self._over]
        found = AdHocSession.objects.filter(pk__in=[ride.session_id for ride in begun], state__in=WITHOUT_CLOCK)
        self._over.update(map(str, found.values_list("pk", flat=True)))
        on_the_way = {ride.charger for ride in self.rides if not ride.session_id and not ride.done.is_set()}
        return {ride.charger for ride in begun if ride.session_id not in self._over} | on_the_way

    def _read_evses(self) -> None:
        for evse in Evse.objects.prefetch_related("connectors"):
            connector = evse.connectors.order_by("connector_id").first()
            name = connector.connector_id if connector else ""
            self._evses[(evse.partner_id, evse.uid.lower())] = (evse.code, name)

    def _wait_for_rest(self, deadline: float) -> None:
        """Wait until nothing is under way for a while, or until the deadline; the report names what is not at rest."""
        quiet_since: float | None = None
        while time.monotonic() < deadline:
            now = time.monotonic()
            self.targets.look_after()
            self.desk.work()
            if self._is_quiet():
                quiet_since = quiet_since or now
                if now >= quiet_since + STEADY:
                    return
            else:
                quiet_since = None
            time.sleep(TRY_AGAIN)

    def _is_quiet(self) -> bool:
        if not all(ride.done.is_set() for ride in self.rides):
            return False
        try:
            return (
                self.desk.is_done()
                and not checks.under_way()
                and all(cpo.state()["runs"] == 0 for cpo in self.targets.cpos)
            )
        except (requests.RequestException, DatabaseError):
            close_old_connections()
            return False
