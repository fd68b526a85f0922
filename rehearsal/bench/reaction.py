"""From an EVSE's BLOCKED, arriving over HTTP, to START_SESSION at the CPO; idle, and under 200 OCPI writes a second.

Web server, Celery worker and beat are the real processes, on Redis.
"""

import base64
import http.client
import json
import subprocess
import sys
import time
from contextlib import ExitStack

from ocpi.models import Evse
from partners.models import Partner, Policy
from rehearsal.bench import stub, wire
from rehearsal.bench.figures import percentile, say, verdict
from rehearsal.stage import programs
from rehearsal.stage.environment import Stage
from rehearsal.stage.processes import ROOT, Processes, answers
from sessions_adhoc.driver.services import StartRequest, start_session
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from sfp_platform.celery import QUEUES

ENGINE = "engine"
DRIVERS, PAUSE, PATIENCE, MOST_SECONDS = 40, 0.05, 5.0, 25.0
WRITERS, WRITES_PER_SECOND = 20, 200
LOAD_SECONDS = 30.0


def measure(stage: Stage, partner: Partner, token: str, cpo: stub.Cpo) -> None:
    """Print p50 and p99, idle and under load."""
    Policy.objects.create(partner=partner, start_strategy=Policy.StartStrategy.WAIT_FOR_PREPARING)
    with ExitStack() as stack:
        start_processes(stage, stack)
        idle = react(stage.web_port, token, cpo, waiting_drivers(0))
        report("idle", idle, 25)
        waiting = waiting_drivers(DRIVERS)
        stack.callback(load(stage.web_port, token).wait)
        time.sleep(2)
        report(f"under {WRITES_PER_SECOND} writes/s", react(stage.web_port, token, cpo, waiting), 50)


def start_processes(stage: Stage, stack: ExitStack) -> None:
    """As production: granian, a worker for the engine, one for the rest, beat."""
    running = stack.enter_context(Processes(stage.folder, stage.environment()))
    running.start("web", programs.web(stage.web_port, 2))
    quiet = ["--without-mingle", "--without-gossip", "--without-heartbeat"]
    for name, queues in (("engine", ENGINE), ("rest", ",".join(set(QUEUES.split(",")) - {ENGINE}))):
        running.start(name, programs.celery("worker", "-n", name, "--queues", queues, "--concurrency", "2", *quiet))
    running.start("beat", programs.beat(stage.folder))
    running.wait_until("web", answers(f"{stage.web_url}/health/ready"))


def waiting_drivers(first: int) -> list[str]:
    """Drivers who have paid and now wait for their cable to be plugged in; the uids of their EVSEs."""
    evses = [f"L{number}-1" for number in range(first, first + DRIVERS)]
    for code in Evse.objects.filter(uid__in=evses).order_by("pk").values_list("code", flat=True):
        start_session(StartRequest(evse=code))
    waiting = AdHocSession.objects.filter(evse__uid__in=evses, state=State.WAITING_FOR_CONNECTOR)
    deadline = time.monotonic() + MOST_SECONDS
    while waiting.count() < DRIVERS and time.monotonic() < deadline:
        time.sleep(0.2)
    return list(Evse.objects.filter(ad_hoc_sessions__in=waiting).values_list("uid", flat=True))


def react(port: int, token: str, cpo: stub.Cpo, evses: list[str]) -> list[float]:
    """Milliseconds for each EVSE that is plugged in; the patience, for one whose START never came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    encoded = base64.b64encode(token.encode()).decode()
    headers = {"Authorization": f"Token {encoded}", "Content-Type": "application/json"}
    taken: list[float] = []
    ends = time.monotonic() + MOST_SECONDS
    for uid in evses:
        if time.monotonic() > ends:
            break
        change = json.dumps({"status": "BLOCKED", "last_updated": wire.moment(60)})
        url = f"/ocpi/emsp/2.2.1/locations/SK/ION/{uid.partition('-')[0]}/{uid}"
        sent = time.perf_counter()
        connection.request("PATCH", url, change, headers)
        connection.getresponse().read()
        came = cpo.wait_for(uid, PATIENCE)
        taken.append((came - sent) * 1000 if came is not None else PATIENCE * 1000)
        time.sleep(PAUSE)
    return taken


def load(port: int, token: str) -> "subprocess.Popen[bytes]":
    """Session writes at a steady pace, from a process of their own."""
    encoded = base64.b64encode(token.encode()).decode()
    spec = {"port": port, "connections": WRITERS, "seconds": LOAD_SECONDS, "token": encoded, "prefix": "w"}
    spec["rate"] = WRITERS / WRITES_PER_SECOND
    command = [sys.executable, "-m", "rehearsal.bench.load", json.dumps(spec)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def report(when: str, taken: list[float], most: float) -> None:
    """Print them, the median to be at most so many ms."""
    if not taken:
        say(f"  BLOCKED to START_SESSION, {when}: no driver got to wait for a cable: MISSED")
        return
    middle, slow = percentile(taken, 50), percentile(taken, 99)
    say(f"  BLOCKED to START_SESSION, {when}: {len(taken)} times, p50 {middle:.0f} ms: {verdict(middle, most)}")
    say(f"  {'':26} p99 {slow:.0f} ms: {verdict(slow, 150)}")
