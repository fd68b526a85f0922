"""Whole charges, from the driver's wish to the captured amount: how many a minute one core gets through.

All of it is real: web server, worker, beat, PostgreSQL and Redis. What is counted is the processor time of web, worker,
beat and of PostgreSQL's own processes; the CPO, which answers at once, and the drivers are threads of this process.
"""

import base64
import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import connection

from ocpi.models import Evse
from partners.models import Partner, Policy
from rehearsal.bench import stub, wire
from rehearsal.bench.figures import cpu_seconds, database_use, say, vacuum, verdict
from rehearsal.stage import programs
from rehearsal.stage.environment import Stage
from rehearsal.stage.processes import Processes, answers
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

CHARGES, AT_ONCE, WARM_UP, MOST_SECONDS = 600, 12, 200, 60.0
AIM = 1200
KWH = (0.0, 0.02, 0.04, 0.06)
"""What the four pushes of a charge say; the last one ends it. Little, for only moments pass between them."""


class Driver:
    """A thread that begins a charge, plays its CPO to the end, and begins the next."""

    def __init__(self, stage: Stage, key: str, token: str, cpo: stub.Cpo) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", stage.web_port, timeout=30)
        self.key, self.token, self.cpo = key, base64.b64encode(token.encode()).decode(), cpo

    def charge(self, number: int) -> None:
        """Raise RuntimeError where something was not taken."""
        evse, begun, session_id = f"L{number}-1", now(), f"B-{number}"
        own = self.begin(evse)
        for kwh in KWH:
            self.push(session_id, own, begun, kwh, "COMPLETED" if kwh == KWH[-1] else "ACTIVE")
        ended = {"start_date_time": begun, "end_date_time": now(), "last_updated": now()}
        self.call("POST", "/ocpi/emsp/2.2.1/cdrs", bill(session_id, evse, own) | ended)

    def begin(self, evse: str) -> dict[str, Any]:
        """Ask to charge, and wait for START_SESSION; return what Sessions and the CDR say of whose they are."""
        self.call("POST", "/api/v1/ad-hoc-sessions/", {"evse": code_of(evse)}, f"Bearer {self.key}")
        if self.cpo.wait_for(evse, 20) is None:
            raise RuntimeError(f"no START_SESSION for {evse}")
        return named(evse, self.cpo.arrived[evse][1])

    def push(self, session_id: str, own: dict[str, Any], begun: str, kwh: float, status: str) -> None:
        """PUT the Session as it is now."""
        stamps = {"start_date_time": begun, "last_updated": now(), "charging_periods": []}
        data = wire.session(session_id, 0, kwh, status=status, **own, **stamps)
        self.call("PUT", f"/ocpi/emsp/2.2.1/sessions/SK/ION/{session_id}", data)

    def call(self, method: str, path: str, body: dict[str, Any], authorization: str = "") -> None:
        headers = {"Authorization": authorization or f"Token {self.token}", "Content-Type": "application/json"}
        self.connection.request(method, path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:300]!r}")


def code_of(evse: str) -> str:
    """As the driver reads it from the QR code."""
    try:
        return Evse.objects.values_list("code", flat=True).get(uid=evse)
    finally:
        connection.close()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def named(evse: str, start: dict[str, Any]) -> dict[str, Any]:
    """What Sessions and CDR say of whose they are, and of the place."""
    return {
        "authorization_reference": start["authorization_reference"],
        "cdr_token": {**wire.session("", 0, 0)["cdr_token"], "uid": start["token"]["uid"]},
        "location_id": start["location_id"],
        "evse_uid": evse,
    }


def bill(session_id: str, evse: str, own: dict[str, Any]) -> dict[str, Any]:
    """The CDR over what the last push said."""
    cost, energy = {"excl_vat": 0.05, "incl_vat": 0.06}, {"type": "ENERGY", "volume": KWH[-1]}
    periods = [{"start_date_time": now(), "dimensions": [energy]}]
    told = {"total_cost": cost, "total_energy": KWH[-1], "total_time": 0.001, "charging_periods": periods}
    return wire.cdr(session_id, evse, own) | told


def measure(stage: Stage, partner: Partner, token: str, cpo: stub.Cpo, first: int) -> None:
    """Print charges per minute of processor time. The stations from number `first` on are free."""
    Policy.objects.filter(partner=partner).update(start_strategy=Policy.StartStrategy.IMMEDIATE)
    _, key = create_client_key("bench")
    numbers = count(first)
    with ExitStack() as stack:
        pids = start_processes(stage, stack)
        play(stage, key, token, cpo, numbers, WARM_UP)
        vacuum()
        before, database, began = spent(pids), database_use()[0], time.perf_counter()
        settled = play(stage, key, token, cpo, numbers, CHARGES)
        after, took = spent(pids), time.perf_counter() - began
        costs = {name: (after[name] - before[name]) * 1000 / CHARGES for name in pids}
        costs["PostgreSQL"] = (database_use()[0] - database) * 1000 / CHARGES
    all_of_them = verdict(settled / CHARGES, 1, at_least=True)
    say(f"  {CHARGES} charges with 4 pushes, {AT_ONCE} at once, all settled: {all_of_them}")
    if settled < CHARGES:
        return
    per_core = 60_000 / sum(costs.values())
    say(f"  {'':2} {', '.join(f'{name} {cost:.1f} ms' for name, cost in costs.items())} each;")
    say(f"  {'':2} {per_core:.0f} a minute per core: {verdict(per_core, AIM, at_least=True)};")
    say(f"  {'':2} {CHARGES / took * 60:.0f} a minute by the clock, drivers and CPO on the same machine")


def start_processes(stage: Stage, stack: ExitStack) -> dict[str, int]:
    """Web server, worker and beat, as production has them; their pids by name."""
    running = stack.enter_context(Processes(stage.folder, stage.environment(LIMIT_PARTNERS="0", LIMIT_CLIENTS="0")))
    web, beat = programs.web(stage.web_port, 2), programs.beat(stage.folder)
    commands = {"web": web, "worker": programs.worker(), "beat": beat}
    pids = {name: running.start(f"charges-{name}", command).popen.pid for name, command in commands.items()}
    running.wait_until("charges-web", answers(f"{stage.web_url}/health/ready"))
    return pids


def spent(pids: dict[str, int]) -> dict[str, float]:
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def play(stage: Stage, key: str, token: str, cpo: stub.Cpo, numbers: Iterator[int], charges: int) -> int:
    """Play so many charges, some at once, and wait until they are settled; return how many are."""
    before, left, failures = settled_charges(), count(1), list[str]()

    def work() -> None:
        driver = Driver(stage, key, token, cpo)
        while next(left) <= charges:
            try:
                driver.charge(next(numbers))
            except (RuntimeError, OSError) as error:
                failures.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures[:3]:
        say(f"  {failure}")
    ends = time.monotonic() + MOST_SECONDS
    while settled_charges() - before < charges - len(failures) and time.monotonic() < ends:
        time.sleep(0.2)
    return settled_charges() - before


def settled_charges() -> int:
    return AdHocSession.objects.filter(state=State.SETTLED).count()
