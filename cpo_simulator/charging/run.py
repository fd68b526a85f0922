"""One START_SESSION and everything that comes of it: what the steps of a scenario play on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from typing import Any
from uuid import uuid4

from cpo_simulator.charging import sessions
from cpo_simulator.charging.car import Car
from cpo_simulator.charging.pricing import Bill, Slice, bill
from cpo_simulator.charging.scenario import Scenario
from cpo_simulator.charging.sessions import Start
from cpo_simulator.network.bay import Bay
from cpo_simulator.office import Office
from cpo_simulator.settings.knobs import Knobs
from cpo_simulator.wire.shapes import Object

_TICK = 0.2


class AbandonedError(Exception):
    """The run cannot go on, e.g. because nobody plugged in."""


class Run:
    """State of one attempt to charge, and the moves a step can make."""

    def __init__(self, office: Office, runs: "Runs", bay: Bay, start: Start, scenario: "Course") -> None:
        knobs = office.behaviour.knobs_at(bay.uid)
        self.office = office
        self.runs = runs
        self.bay = bay
        self.start = start
        self.scenario = scenario
        self.knobs: Knobs = knobs
        self.car = Car(knobs.car_kwh, knobs.car_dc_kw, knobs.car_ac_kw)
        self.id = str(uuid4())
        self.session: Object | None = None
        self.slices: list[Slice] = []
        self.stopping = asyncio.Event()
        self.stop_reason = ""
        self.limit_kw: float | None = None
        self.idling = False
        self.untold = 0
        self.stops_refused = 0
        self.last_part: Object | None = None
        self._energy = 0.0
        self._metered = 0
        self._read_at = 0.0

    @property
    def wh(self) -> int:
        """The meter: whole watt hours delivered so far."""
        return int(self._energy + 1e-6)

    @property
    def tariff(self) -> Object:
        """The tariff of the connector in use."""
        tariff = self.office.store.tariffs.get(self.start.connector["tariff_ids"][0])
        if tariff is None:
            raise AbandonedError("the connector's tariff is gone")
        return tariff

    async def play(self) -> None:
        """Play the scenario's steps for this attempt, and leave the EVSE in order whatever happens."""
        try:
            for step in self.scenario.steps(self.bay.attempts[self.scenario.name], self.knobs):
                await step(self)
        except AbandonedError as reason:
            self.note(f"gave up: {reason}")
        finally:
            self.release()
        await self._leave()

    def release(self) -> None:
        """The EVSE is no longer this run's; energy delivered clears the count of failed attempts."""
        self.runs.remove(self)
        if self.bay.run is self:
            self.bay.run = None
        if self.wh:
            self.bay.attempts[self.scenario.name] = 0

    def seconds(self, knob: str) -> float:
        """A knob in real seconds: simulated ones shrink with --speed."""
        value = float(getattr(self.knobs, knob))
        return value / self.office.config.speed if Knobs.unit(knob).startswith("simulated") else value

    async def pause(self, knob: str) -> None:
        """Wait as long as a knob says. A wish to stop ends the wait."""
        await self.wait_for_stop(self.seconds(knob))

    async def rest(self, knob: str) -> None:
        """Like ``pause``, for after the end: no wish to stop cuts it short."""
        await asyncio.sleep(self.seconds(knob))

    async def wait_for_cable(self) -> None:
        """Wait for a hand on the cable; a charger gives up after its connection timeout."""
        try:
            await asyncio.wait_for(self.bay.cable_in.wait(), self.seconds("connection_timeout"))
        except TimeoutError:
            raise AbandonedError("nobody plugged in") from None

    async def wait_for_stop(self, real_seconds: float) -> bool:
        """True if somebody wished to stop within this time, or before."""
        try:
            await asyncio.wait_for(self.stopping.wait(), real_seconds)
        except TimeoutError:
            return False
        return True

    def request_stop(self, reason: str) -> None:
        """The eMSP (``remote``), the driver (``local``) or the cable (``unplugged``) wants an end."""
        self.stop_reason = self.stop_reason or reason
        self.stopping.set()

    def result(self, result: str, message: str = "") -> None:
        """Send the CommandResult of the START_SESSION."""
        if "commands" not in self.scenario.mute:
            self.office.pusher.result(self.bay.uid, self.start.response_url, result, message)

    def show(self, status: str) -> None:
        """Change the EVSE's status, with a push unless the scenario holds it back."""
        self.bay.show(status, push="locations" not in self.scenario.mute)

    def open_session(self, status: str, tell: bool = True) -> None:
        """Create the Session and PUT it (OCPI 2.2.1 §9.3.1), unless it is not to be told yet."""
        currency, moment = self.tariff["currency"], self.office.clock.now()
        self.session = sessions.session(self.id, self.start, self.bay, currency, moment) | {"status": status}
        self.office.store.sessions.put(self.session["id"], self.session)
        if tell:
            self.push_session()

    def take_id(self, session_id: str) -> None:
        """Go on under another Session id. What was told under the one before stays as it is."""
        self.runs.remove(self)
        self.id = session_id.casefold()
        self.runs.add(self)
        if self.session is not None:
            self.session = {**self.session, "id": self.id}
            self.office.store.sessions.put(self.id, self.session)

    def update(self, **changes: Any) -> Object:
        """Change the Session; returns the changes with their ``last_updated``, fit for a PATCH."""
        session = self._session()
        changes["last_updated"] = self.office.clock.later_than(session["last_updated"])
        session |= changes
        return changes

    def push_session(self, part: Object | None = None) -> None:
        """PUT the whole Session, or PATCH a part of it."""
        session = self._session()
        if "sessions" in self.scenario.mute:
            return
        path = self.office.pusher.owned_path(session["id"])
        method, body = ("PUT", session) if part is None else ("PATCH", part)
        self.office.pusher.push(self.bay.uid, method, "sessions", path, "session", body)

    def switch_on(self) -> None:
        """Current may flow from now: the meter starts."""
        self._read_at = monotonic()
        self.slices = []
        self.update(status="ACTIVE", start_date_time=self.office.clock.now())

    async def deliver(self, until_wh: int, on_sample: "Callable[[Run], None] | None" = None) -> None:
        """Charge in real time (times speed) until that much, a full battery, or a wish to stop."""
        target = min(until_wh, self.car.needs_wh)
        sampled = monotonic()
        interval = self.office.config.meter_seconds
        while self.wh < target:
            stopped = await self.wait_for_stop(min(_TICK, interval))
            self._integrate(target)
            if stopped:
                return
            if monotonic() - sampled >= interval - 0.001 and self.wh < target:
                sampled = monotonic()
                (on_sample or self.scenario.on_sample or Run.sample)(self)

    async def idle(self, seconds: float) -> None:
        """Stay connected without energy for this many real seconds, still reporting."""
        interval = self.office.config.meter_seconds
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            stopped = await self.wait_for_stop(min(left, interval))
            self.sample(charging=False)
            self._read_at = monotonic()
            if stopped:
                return

    def sample(self, charging: bool = True) -> None:
        """Read the meter: one more charging period, PATCHed with kwh and the cost so far."""
        part = self.reading(charging)
        if part is not None:
            self.push_session(part)

    def reading(self, charging: bool = True) -> Object | None:
        """Read the meter into the Session; returns what a PATCH says of it, None if no time passed."""
        period = self.read_meter(charging)
        if period is None:
            return None
        total = self.bill().total if self.wh else None
        return {**self.update(kwh=self.kwh, total_cost=total), "charging_periods": [period]}

    def read_meter(self, charging: bool = True) -> Object | None:
        """Close the slice since the last reading; returns its charging period, None if no time passed."""
        session = self._session()
        start = self.slices[-1].end if self.slices else session["start_date_time"]
        end = self.office.clock.now()
        if end <= start:
            return None
        piece = Slice(start, end, self.wh - self._metered, self._kw() if charging else Decimal(0), charging)
        self._metered = self.wh
        self.slices.append(piece)
        period = sessions.period(piece, self.car.soc(self.wh) if self.bay.is_dc else None, self.tariff["id"])
        if not self.scenario.with_power:
            period["dimensions"] = [one for one in period["dimensions"] if one["type"] != "POWER"]
        session["charging_periods"] = [*session["charging_periods"], period]
        return period

    def finish(self, status: str, charging: bool = True, tell: bool = True) -> None:
        """The Session's last words: the meter is read, the end is set, the whole Session is PUT if ``tell``."""
        if self.is_active:
            self.read_meter(charging)
        end = self.slices[-1].end if self.slices else self.office.clock.now()
        total = self.bill().total if self.wh else None
        self.update(status=status, end_date_time=end, kwh=self.kwh, total_cost=total)
        if tell:
            self.push_session()
        self.release()

    def set_clock(self, by: float) -> None:
        """Set the CPO's clock, by so many seconds: what was metered is dated anew, what was told stays as it is."""
        self.office.behaviour.set_clock(by)
        ahead = timedelta(seconds=by)
        self.slices = [replace(one, start=one.start + ahead, end=one.end + ahead) for one in self.slices]

    @property
    def is_active(self) -> bool:
        """Whether the Session is ACTIVE."""
        return self.session is not None and self.session["status"] == "ACTIVE"

    @property
    def kwh(self) -> Decimal:
        """Energy so far in kWh, to the watt hour."""
        return Decimal(self.wh) / 1000

    def bill(self) -> Bill:
        """What the charge costs so far."""
        return bill(self.tariff, self.slices, self.bay.location["time_zone"])

    def note(self, text: str) -> None:
        """A remark in the log."""
        self.office.exchanges.note(f"{self.bay.uid} {self.scenario.name}: {text}")

    def _session(self) -> Object:
        if self.session is None:
            raise AbandonedError("there is no session")
        return self.session

    def _power(self) -> float:
        evse_kw = min(self.start.connector["max_electric_power"] / 1000, self.limit_kw or 1e9)
        return self.car.power(self._energy, evse_kw, self.bay.is_dc)

    def _kw(self) -> Decimal:
        return round(Decimal(str(self._power())), 2)

    def _integrate(self, target: int) -> None:
        moment = monotonic()
        hours = (moment - self._read_at) / 3600 * self.office.config.speed
        self._read_at = moment
        self._energy = min(target, self._energy + self._power() * hours * 1000)

    async def _leave(self) -> None:
        """A driver whose charge came to nothing pulls the cable after a while, unless trying anew."""
        if self.office.behaviour.driver == "auto" and self.bay.cable_in.is_set():
            await self.rest("patience")
            if self.bay.run is None:
                self.bay.unplug()


class Runs:
    """The runs under way, by session id."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def get(self, session_id: str) -> Run | None:
        """The run whose Session is still live."""
        return self._runs.get(session_id.casefold())

    def add(self, run: Run) -> None:
        """Remember a run."""
        self._runs[run.id] = run

    def remove(self, run: Run) -> None:
        """Forget a run."""
        self._runs.pop(run.id, None)

    def __len__(self) -> int:
        return len(self._runs)


Step = Callable[[Run], Awaitable[None]]
Course = Scenario[Run]
