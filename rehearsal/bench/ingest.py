"""Session PUT and PATCH over HTTP: ours with everything on, beside two rivals that do less, in one run.

Ours is the platform on granian and PostgreSQL: message log before and after, token, party, merge, news to the engine.
The rivals: extrawest-ocpi keeping sessions in a dict, and FastAPI with SQLAlchemy that only upserts.
"""

import base64
import json
import subprocess
import sys
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.bench import stages
from rehearsal.bench.figures import cpu_seconds, median, percentile, say, verdict
from rehearsal.stage import programs
from rehearsal.stage.environment import Stage
from rehearsal.stage.ports import free_port
from rehearsal.stage.processes import ROOT, Processes, answers

ROUNDS, SECONDS, CONNECTIONS = 5, 4.0, 8
WORKERS = "2"
VENV = ROOT / "var" / "bench-venv"
NEEDS = ROOT / "rehearsal" / "bench" / "rivals" / "requirements.txt"


@dataclass
class Server:
    """One of those that are compared, and its rounds."""

    name: str
    port: int
    pid: int
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    failed: int = 0

    def line(self) -> str:
        figures = f"{median(self.rates):6.0f}/s   p50 {median(self.p50):6.1f} ms   p99 {median(self.p99):6.1f} ms"
        text = f"  {self.name:24} {figures}   {median(self.cpu_ms):5.2f} ms of processor each"
        return text + (f"   {self.failed} FAILED" if self.failed else "")


def main() -> int:
    """Start all, load them in turn, print the comparison."""
    with ExitStack() as stack:
        stage = stack.enter_context(stages.take("ingest"))
        stages.set_up_django(stage)
        from rehearsal.bench import seed

        partner, token = seed.connected_partner()
        seed.stations(partner, 1, 1)
        servers = [ours(stage, stack), *rivals(stage, token, stack)]
        for number in range(ROUNDS):
            for server in servers:
                load(server, token, f"{number}")
        report(servers, queries_per_request(token))
    return 0


def ours(stage: Stage, stack: ExitStack) -> Server:
    """The platform as production runs it."""
    processes = stack.enter_context(Processes(stage.folder, stage.environment()))
    running = processes.start("ours", programs.web(stage.web_port, int(WORKERS)))
    processes.wait_until("ours", answers(f"{stage.web_url}/health/"))
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
    for name, module in (("extrawest-ocpi, a dict", "extrawest"), ("FastAPI + SQLAlchemy", "upsert")):
        port = free_port()
        options = ["--port", str(port), "--workers", WORKERS, "--no-access-log", "--log-level", "error"]
        running = processes.start(
            module, [str(python), "-m", "uvicorn", f"rehearsal.bench.rivals.{module}:app", *options]
        )
        processes.wait_until(module, answers(f"http://127.0.0.1:{port}/docs"))
        started.append(Server(name, port, running.popen.pid))
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


def load(server: Server, token: str, prefix: str) -> None:
    """One round: the load generator in a process of its own."""
    encoded = base64.b64encode(token.encode()).decode()
    spec = {"port": server.port, "connections": CONNECTIONS, "seconds": SECONDS, "token": encoded, "prefix": prefix}
    before = cpu_seconds(server.pid)
    command = [sys.executable, "-m", "rehearsal.bench.load", json.dumps(spec)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    result = json.loads(done.stdout)
    taken = result["taken"]
    if not taken:
        raise RuntimeError(f"{server.name} answered nothing: {result['failed']} failures")
    server.failed += result["failed"]
    server.rates.append(len(taken) / result["seconds"])
    server.p50.append(percentile(taken, 50))
    server.p99.append(percentile(taken, 99))
    server.cpu_ms.append((cpu_seconds(server.pid) - before) * 1000 / (len(taken) * 1.125))


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


def report(servers: list[Server], queries: dict[str, list[str]]) -> None:
    """The table, the ratios and whether they reach the aims."""
    say(f"  {ROUNDS} interleaved rounds of {SECONDS:g} s, {CONNECTIONS} connections, {WORKERS} workers each; medians")
    for server in servers:
        say(server.line())
    mine = servers[0]
    for rival, aim in zip(servers[1:], (2.0, 1.5), strict=False):
        rate = median([a / b for a, b in zip(mine.rates, rival.rates, strict=True)])
        slow = median([a / b for a, b in zip(mine.p99, rival.p99, strict=True)])
        say(f"  against {rival.name:22} requests/s x {rate:.2f}: {verdict(rate, aim, at_least=True)}")
        say(f"  {'':30} p99 x {slow:.2f}: {verdict(slow, 0.5)}")
    for kind, statements in queries.items():
        say(f"  statements of ours, {kind:14} {len(statements)}: {' '.join(statements)}")


if __name__ == "__main__":
    sys.exit(main())
