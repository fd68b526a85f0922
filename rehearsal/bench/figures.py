"""Figures of several rounds, and how they are printed."""

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def verdict(figure: float, limit: float, *, at_least: bool = False) -> str:
    """`ok` or `MISSED`, with the aim beside it."""
    good = figure >= limit if at_least else figure <= limit
    return f"{'ok' if good else 'MISSED'} (aim: {'at least' if at_least else 'at most'} {limit:g})"


def machine() -> str:
    """This machine in one line."""
    model = next(
        (line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or "unknown processor",
    )
    cores = sum(line.startswith("processor") for line in _read("/proc/cpuinfo"))
    memory = next((int(line.split()[1]) for line in _read("/proc/meminfo") if line.startswith("MemTotal")), 0)
    load = (_read("/proc/loadavg") or ["?"])[0].split()[0]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{model}, {cores} cores, {memory / 2**20:.0f} GiB, {python}, load {load} before the run"


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its children so far."""
    return sum(own_cpu_seconds(one) for one in offspring(pid))


def own_cpu_seconds(pid: int) -> float:
    """Processor time of a process alone. Raises OSError where it is no more."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def offspring(pid: int) -> list[int]:
    """A process, its children, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in offspring(int(child)))]


def resident_mb(pid: int | str = "self") -> float:
    """Memory of a process now, by default this one."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def database_use(name: str = "") -> tuple[float, float]:
    """Processor seconds of the connections to a database, by default this one, and bytes of write-ahead log, so far.

    The log is the whole server's: nothing else should run there.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = COALESCE(NULLIF(%s, ''), current_database())", [name]
        )
        pids = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        wal = float(cursor.fetchone()[0])
    return sum(cpu_seconds(pid) for pid in pids if Path(f"/proc/{pid}").exists()), wal


def vacuum() -> None:
    """What autovacuum does within a service's first minute: PostgreSQL plans as if all tables were empty before."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
