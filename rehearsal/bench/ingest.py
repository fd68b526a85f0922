"""Session PUT and PATCH over HTTP: ours with everything on, beside rivals that do less, in one run.

Ours is the platform on granian and PostgreSQL: token, party, merge, message log, news to the engine. The rivals:
extrawest-ocpi keeping sessions in a dict, one per process (of a Session that the other process was told of it finds one
made up, so that it works instead of refusing); FastAPI with SQLAlchemy that only upserts, in threads and on
the event loop; and the first of these with a log, in the same transaction. The load is `wrk`'s, which costs next to
nothing, in three cases: nobody waits for the Sessions, a driver waits for each, one in twenty is faulty.
"""

import base64
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path

from rehearsal.bench import stages
from rehearsal.bench.figures import cpu_seconds, database_use, median, say, vacuum, verdict
from rehearsal.stage import programs
from rehearsal.stage.environment import Stage
from rehearsal.stage.ports import free_port
from rehearsal.stage.processes import ROOT, Processes, answers

ROUNDS, SECONDS = 3, 2
CONNECTIONS, CASES = (8, 64), ("idle", "waiting", "faulty")
SESSIONS = 256
"""Under way at a time: more than there are connections, so that none is pushed by two of them at once."""
SCRIPT = ROOT / "rehearsal" / "bench" / "push.lua"
WORKERS = "2"
VENV = ROOT / "var" / "bench-venv"


@dataclass(frozen=True)
class Rival:
    """Who is compared with us, and how many times our requests a second and our share of processor time are to be.

    Args:
        rate: where nobody waits, and with a faulty one among twenty.
        rate_waiting: where a driver waits; None: no aim.
        share: of its processor time, at most; the second where a driver waits.
    """

    name: str
    module: str
    rate: float
    rate_waiting: float | None = None
    share: tuple[float, float] | None = None
    logs: bool = False


RIVALS = (
    Rival("extrawest-ocpi, a dict", "extrawest", 2.0, 1.5, share=(1 / 3, 1 / 2)),
    Rival("FastAPI + SQLAlchemy", "upsert", 1.5),
    Rival("the same, asyncio", "upsert_async", 1.5),
    Rival("FastAPI + SQLAlchemy, log", "upsert", 3.0, logs=True),
)
NEEDS = ROOT / "rehearsal" / "bench" / "rivals" / "requirements.txt"


@dataclass
class Rounds:
    """The figures of one server in one case."""

    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    wal_kb: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Medians. A push that was refused counts as answered: those of the faulty case are to be."""
        answered = f"{median(self.rates):6.0f}/s   p50 {median(self.p50):6.1f} ms   p99 {median(self.p99):6.1f} ms"
        cost = f"{median(self.cpu_ms):5.2f} ms + {median(self.database_ms):5.2f} ms PostgreSQL"
        return f"{answered}   {cost}   {median(self.wal_kb):4.1f} kB WAL   {median(self.refused):4.0%} refused"


@dataclass
class Server:
    """One of those that are compared, and its rounds by case and connections."""

    name: str
    port: int
    pid: int
    rival: Rival | None = None
    database: str = ""
    rounds: dict[tuple[str, int], Rounds] = field(default_factory=lambda: defaultdict(Rounds))


def main() -> int:
    """Start all, load them in turn, print the comparison."""
    with ExitStack() as stack:
        stage = stack.enter_context(stages.take("ingest"))
        stages.set_up_django(stage)
        from rehearsal.bench import charges, seed

        partner, token = seed.connected_partner()
        seed.stations(partner, 1, 1)
        charges.make(partner, SESSIONS)
        servers = [ours(stage, stack), *rivals(stage, token, stack)]
        numbers = count(1)
        warm_up(servers, token, numbers)
        for _ in range(ROUNDS):
            for case, connections in product(CASES, CONNECTIONS):
                for server in servers:
                    load(server, token, case, connections, next(numbers))
        report(servers, queries_per_request(token), flush_ms(stage.folder))
    return 0


def warm_up(servers: list[Server], token: str, numbers: Iterator[int]) -> None:
    """A first round of each that does not count."""
    for case, server in product(CASES, servers):
        load(server, token, case, CONNECTIONS[0], next(numbers))
        server.rounds.clear()
    vacuum()


def ours(stage: Stage, stack: ExitStack) -> Server:
    """The platform as production runs it."""
    processes = stack.enter_context(Processes(stage.folder, stage.environment(LIMIT_PARTNERS="0")))
    running = processes.start("ours", programs.web(stage.web_port, int(WORKERS)))
    processes.wait_until("ours", answers(f"{stage.web_url}/health/ready"))
    return Server("ours, everything on", stage.web_port, running.popen.pid)


def rivals(stage: Stage, token: str, stack: ExitStack) -> list[Server]:
    """Those rivals that can be installed here."""
    python = virtual_environment()
    if python is None:
        return []
    url = stage.variables["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://")
    more = {"BENCH_TOKEN": token, "BENCH_SQLALCHEMY_URL": url, "ENVIRONMENT": "production"}
    processes = stack.enter_context(Processes(stage.folder, stage.environment(**more)))
    started = []
    for number, rival in enumerate(RIVALS):
        port, name = free_port(), f"rival-{number}"
        options = ["--port", str(port), "--workers", WORKERS, "--no-access-log", "--log-level", "error"]
        program = [str(python), "-m", "uvicorn", f"rehearsal.bench.rivals.{rival.module}:app", *options]
        running = processes.start(name, ["env", f"BENCH_LOG={'on' if rival.logs else 'off'}", *program])
        processes.wait_until(name, answers(f"http://127.0.0.1:{port}/docs"))
        started.append(Server(rival.name, port, running.popen.pid, rival))
    return started


def virtual_environment() -> Path | None:
    """Make the rivals' environment once; None, with the reason printed, when it cannot be."""
    python, stamp = VENV / "bin" / "python", VENV / "installed.txt"
    if stamp.exists() and stamp.read_text() == NEEDS.read_text():
        return python
    uv = [sys.executable, "-m", "uv"]
    for command in (
        [*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)],
        [*uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(NEEDS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
        if done.returncode:
            say(f"  the rivals cannot be installed here: {done.stderr.strip()[-300:]}")
            return None
    stamp.write_text(NEEDS.read_text())
    return python


def load(server: Server, token: str, case: str, connections: int, number: int) -> None:
    """One round: the load generator in a process of its own."""
    encoded = base64.b64encode(token.encode()).decode()
    cpu, database, wal = cpu_seconds(server.pid), *database_use(server.database)
    options = ["-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", str(SCRIPT)]
    arguments = [f"http://127.0.0.1:{server.port}", "--", case, encoded, str(number), str(SESSIONS)]
    done = subprocess.run(["wrk", *options, *arguments], capture_output=True, text=True, timeout=60, check=True)  # noqa: S607
    found = re.search(r"(\d+) requests in", done.stdout)
    answered = int(found[1]) if found else 0
    if not answered:
        raise RuntimeError(f"{server.name} answered nothing: {done.stdout} {done.stderr}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    rounds, (database_after, wal_after) = server.rounds[case, connections], database_use(server.database)
    rounds.rates.append(answered / SECONDS)
    rounds.p50.append(milliseconds(done.stdout, 50))
    rounds.p99.append(milliseconds(done.stdout, 99))
    rounds.cpu_ms.append((cpu_seconds(server.pid) - cpu) * 1000 / answered)
    rounds.database_ms.append((database_after - database) * 1000 / answered)
    rounds.wal_kb.append((wal_after - wal) / 1024 / answered)
    rounds.refused.append(int(refused[1]) / answered if refused else 0)


def milliseconds(printed: str, percent: int) -> float:
    """A percentile as wrk prints it: `50%    1.23ms`."""
    found = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", printed)
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]] if found else float("nan")


def flush_ms(folder: Path) -> float:
    """How long the disk takes for one `fdatasync`: who waits for each of his own cannot be faster."""
    taken = []
    with (folder / "flush").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - started) * 1000)
    return median(taken)


def queries_per_request(token: str) -> dict[str, list[str]]:
    """Our statements per kind of request, counted in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from rehearsal.bench import wire

    encoded = base64.b64encode(token.encode()).decode()
    client, found = Client(headers={"authorization": f"Token {encoded}"}), defaultdict(list)
    for number, kind in enumerate(("PUT, new", "PATCH", "PUT, known", "PATCH, period")):
        method, session_id, body = wire.step("count", number)
        with CaptureQueriesContext(connection) as queries:
            url = f"/ocpi/emsp/2.2.1/sessions/SK/ION/{session_id}"
            answer = client.generic(method, url, body, content_type="application/json", HTTP_HOST="127.0.0.1")
        if answer.status_code not in (200, 201):
            raise RuntimeError(answer.content)
        found[kind] = [query["sql"].split()[0] for query in queries.captured_queries]
    return found


def report(servers: list[Server], queries: dict[str, list[str]], flush: float) -> None:
    """The tables, the ratios and whether they reach the aims."""
    say(f"  {ROUNDS} interleaved rounds of {SECONDS} s, {WORKERS} workers each; medians; fdatasync {flush:.1f} ms")
    mine, *others = servers
    for case, connections in product(CASES, CONNECTIONS):
        say(f"  {case}, {connections} connections")
        for server in servers:
            say(f"    {server.name:26} {server.rounds[case, connections].line()}")
        for other in others:
            compare(mine, other, case, connections)
    for kind, statements in queries.items():
        say(f"  statements of ours, {kind:14} {len(statements)}: {' '.join(statements)}")


def compare(mine: Server, other: Server, case: str, connections: int) -> None:
    """Ratios, round by round, beside what is aimed at."""
    assert other.rival is not None
    ours_then, theirs = mine.rounds[case, connections], other.rounds[case, connections]
    waiting, rival = case == "waiting", other.rival
    aim = rival.rate_waiting if waiting else rival.rate
    rate = ratio(ours_then.rates, theirs.rates)
    say(f"    against {rival.name:26} requests/s x {rate:.2f}{f': {verdict(rate, aim, at_least=True)}' if aim else ''}")
    slow = ratio(ours_then.p99, theirs.p99)
    say(f"    {'':34} p99 x {slow:.2f}{'' if waiting else f': {verdict(slow, 0.5)}'}")
    spent = ratio(ours_then.cpu_ms, theirs.cpu_ms)
    told = f": {verdict(spent, rival.share[waiting])}" if rival.share else ""
    say(f"    {'':34} processor time x {spent:.2f}{told}")


def ratio(mine: list[float], theirs: list[float]) -> float:
    return median([a / b for a, b in zip(mine, theirs, strict=True)])


if __name__ == "__main__":
    sys.exit(main())
