"""Checks that the tests guard all 40 session rules: `python scripts/mutate_rules.py [--rule N] [--list] [--check]`.

Each entry of `tests/sessions_adhoc/rules.toml` is a small fault. It is put into a temporary copy of the tree, never
into the tree itself, and the tests named beside it are run there: one of them must fail. Exits 1 if a fault is noticed
by no test, no longer fits the code, or if a rule has no entry; prints the table of rules and tests. `--check` runs no
test: it looks whether each fault still fits the code and its tests still exist.

As many faults at a time as there are processors, each in a copy and a test database of its own, made once. The server
is the one of `DATABASE_URL` (see `scripts/with_services.py`).
"""

import argparse
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "sessions_adhoc" / "rules.toml"
RULES = range(1, 41)
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "var", "__pycache__", ".hypothesis", ".*_cache", "htmlcov")
OPTIONS = ("-x", "-q", "-n", "0", "--no-cov", "-p", "no:cacheprovider", "--reuse-db", "--nomigrations")
NO_TEST_FAILED, SOME_TEST_FAILED, INTERNAL_ERROR = 0, 1, 3
ORIGINAL = frozenset({ROOT, ROOT / "scripts"})
LIBRARIES = (
    "celery",
    "django.test",
    "hypothesis",
    "psycopg",
    "pydantic",
    "requests",
    "time_machine",
    "cryptography.x509",
)
LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Mutant:
    """A fault: in `file`, `old` becomes `new`; one of `tests` must notice."""

    rule: int
    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def read_table(path: Path) -> list[Mutant]:
    entries = tomllib.loads(path.read_text())["mutant"]
    return [Mutant(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def run_tests(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests in a copy of the tree; return (exit code, output).

    In a child process that inherits the libraries, which take longer to load than most of these tests take to run.
    """
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            become_pytest(tree, tests)
        _pid, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read()


def become_pytest(tree: Path, tests: Sequence[str]) -> NoReturn:
    """Run tests in this process, in the copy and with nothing of the original on the path, and end it."""
    code = INTERNAL_ERROR
    try:
        signal.alarm(LONGEST_SECONDS)
        os.chdir(tree)
        sys.path[:] = [str(tree), *(place for place in sys.path if Path(place or ".").resolve() not in ORIGINAL)]
        code = int(pytest.main([*OPTIONS, *tests]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def misfits(mutant: Mutant) -> list[str]:
    """What keeps the fault from being tried: text that is not there exactly once, or tests that are gone."""
    path = ROOT / mutant.file
    found = path.read_text().count(mutant.old) if path.is_file() else 0
    wrong = [] if found == 1 else [f"found {found} times in {mutant.file}"]
    if mutant.old == mutant.new:
        wrong.append("changes nothing")
    return wrong + [f"no such test: {test}" for test in mutant.tests if not exists(test)]


def exists(test: str) -> bool:
    """Whether a file or folder of tests is there, and the function in it if one is named."""
    name, _, function = test.partition("::")
    path = ROOT / name
    return path.exists() and (not function or f"def {function}(" in path.read_text())


def verdict(tree: Path, mutant: Mutant) -> str:
    """Put the fault into the copy, run its tests, take it out again; "" when a test noticed."""
    path = tree / mutant.file
    text = path.read_text()
    if (found := text.count(mutant.old)) != 1:
        return f"no longer fits: found {found} times in {mutant.file}"
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        code, output = run_tests(tree, mutant.tests)
    finally:
        path.write_text(text)
    if code == SOME_TEST_FAILED:
        return ""
    if code == NO_TEST_FAILED:
        return "noticed by no test"
    return f"the tests could not run (exit code {code}):\n{output[-4000:]}"


def settle_in(folder: str) -> None:
    """Give this process a copy of the tree and a database of its own."""
    os.environ["DATABASE_URL"] = f"{os.environ['DATABASE_URL']}_mutants_{os.getppid()}_{os.getpid()}"
    shutil.copytree(ROOT, own_tree(folder), ignore=LEFT_OUT)


def drop_databases() -> None:
    """Remove the test databases that this run made."""
    server, _, name = os.environ["DATABASE_URL"].rpartition("/")
    mine = f"test_{name}_mutants_{os.getpid()}_%"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        for (found,) in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [mine]).fetchall():
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(found)))


def own_tree(folder: str) -> Path:
    return Path(folder) / str(os.getpid()) / "tree"


def judge(folder: str, mutant: Mutant | None, tests: Sequence[str]) -> str:
    """Try one fault, in a process that has settled in; `None`: the tests without any, which must not fail."""
    if mutant is not None:
        return verdict(own_tree(folder), mutant)
    code, output = run_tests(own_tree(folder), tests)
    return "" if code == NO_TEST_FAILED else f"The tests fail without any fault:\n{output[-4000:]}"


def check(mutants: Sequence[Mutant], jobs: int) -> int:
    """Try each fault; return how many nobody noticed, or all if the tests fail without any."""
    survivors = 0
    everything = sorted({test for mutant in mutants for test in mutant.tests})
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), settle_in, (folder,))
        with pool:
            sound = pool.submit(judge, folder, None, everything)
            tried = {pool.submit(judge, folder, mutant, ()): mutant for mutant in mutants}
            for future in as_completed(tried):
                mutant, said = tried[future], future.result()
                survivors += bool(said)
                say(f"rule {mutant.rule:2}  {mutant.what}: {said or 'noticed'}")
            if said := sound.result():
                say(said)
                survivors = len(mutants)
    drop_databases()
    return survivors


def look_over(mutants: Sequence[Mutant]) -> int:
    """Say of each fault that cannot be tried why; return how many there are."""
    stale = {mutant: wrong for mutant in mutants if (wrong := misfits(mutant))}
    for mutant, wrong in stale.items():
        say(f"rule {mutant.rule:2}  {mutant.what}: {'; '.join(wrong)}")
    say(f"{len(mutants) - len(stale)} of {len(mutants)} faults fit the code.")
    return len(stale)


def print_table(mutants: Sequence[Mutant]) -> None:
    say("\nRule  Tests")
    for rule in RULES:
        tests = sorted({test for mutant in mutants if mutant.rule == rule for test in mutant.tests})
        for number, test in enumerate(tests or ["none"]):
            say(f"{'' if number else rule:>4}  {test.removeprefix('tests/')}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Do the tests notice a fault in each session rule?")
    parser.add_argument("--rule", type=int, choices=RULES, action="append", help="only this rule (repeatable)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--list", action="store_true", help="print the table of rules and tests, and do nothing")
    parser.add_argument("--check", action="store_true", help="only look whether each fault still fits the code")
    parser.add_argument("--table", type=Path, default=TABLE, help="another list of faults")
    options = parser.parse_args(arguments)
    table = read_table(options.table)
    missing = sorted(set(RULES) - {mutant.rule for mutant in table})
    if missing:
        say(f"Rules without a fault: {', '.join(map(str, missing))}")
    if options.list:
        print_table(table)
        return bool(missing)
    if options.check:
        return bool(look_over(table) or missing)
    sys.dont_write_bytecode = True
    for library in LIBRARIES:
        importlib.import_module(library)
    chosen = [mutant for mutant in table if not options.rule or mutant.rule in options.rule]
    survivors = check(chosen, options.jobs)
    print_table(table)
    say(f"\n{len(chosen) - survivors} of {len(chosen)} faults noticed.")
    return bool(survivors or missing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
