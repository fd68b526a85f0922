"""What holds for every test: no outside network, no worker needed, and a test that cannot run fails."""

import gc
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from django.conf import settings
from pytest_django.plugin import blocking_manager_key

from partners import clocks
from tests.support import covering, emptying, examples, network, preparing, sampling, tasks, template, vacuuming

NO_SKIPS = "a test that cannot run fails here; it was to be skipped: "

examples.use()


def pytest_configure(config: pytest.Config) -> None:
    """Django's test runner already replaces mail; passwords need a hash that is not slow on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Every client would look for all static files first, which took longer than most tests: look when asked for one.
    settings.WHITENOISE_AUTOREFRESH = True
    # A test moves clocks and drops databases under a pool's own threads. Processes of their own use one.
    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)
    # All tests come from one address; those that are about limits set their own.
    settings.LIMIT_STRANGERS = settings.LIMIT_PARTNERS = settings.LIMIT_DRIVERS = settings.LIMIT_CLIENTS = 0
    template.use(migrating=not config.getoption("nomigrations") and not config.getoption("collectonly"))
    patch = pytest.MonkeyPatch()
    network.install(patch)
    emptying.install(patch)
    preparing.install(patch)
    config.add_cleanup(patch.undo)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for processes of its own begins first: others fill the time, and nobody waits for it at the end."""
    sampling.leave_out(items)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the garbage collector from looking through all modules and tests again and again: a tenth of the time."""
    covering.import_measured(session.config)
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    covering.look_on(item)
    done = yield
    with item.config.stash[blocking_manager_key].unblock():
        vacuuming.after_a_test()
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Turn a skipped test into a failed one, with the reason. An expected failure stays one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", NO_SKIPS + skip_reason(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """The same for a whole module that skips itself while it is imported."""
    report = yield
    if report.outcome == "skipped":
        report.outcome, report.longrepr = "failed", NO_SKIPS + skip_reason(report)
    return report


def skip_reason(report: Any) -> str:
    """A skip's details are (file, line, reason)."""
    details = report.longrepr
    return str(details[2]) if isinstance(details, tuple) else str(details)


@pytest.fixture(scope="session", autouse=True)
def celery_in_memory() -> None:
    """`.delay()` needs no worker and no server: see `tests.support.tasks`."""
    tasks.use_memory_broker()


@pytest.fixture(autouse=True)
def no_waiting_tasks(celery_in_memory: None) -> Iterator[None]:
    """Every test begins and ends with empty queues."""
    tasks.purge()
    yield
    tasks.purge()


@pytest.fixture
def run_tasks() -> Callable[..., list[tasks.Ran]]:
    """`run_tasks()` runs the waiting tasks in order, and what they cause; returns [(name, arguments)]."""
    return tasks.run_tasks


@pytest.fixture
def waiting_tasks() -> Callable[[], list[tasks.Ran]]:
    """`waiting_tasks()` returns [(name, arguments)] of what is queued, without running it."""
    return tasks.waiting_tasks


@pytest.fixture(autouse=True)
def no_clock_was_noticed() -> None:
    """What a process noticed of the partners' clocks is no other test's."""
    clocks.forget()
