"""Coverage is taken only from the tests that are there for it, though all run in the same processes.

The measured packages ([tool.coverage.run]) are pure code, tested directly. The other tests would take twice as long
under a tracer, and could only hide that a case has no test of its own.
"""

import importlib
import pkgutil
from typing import Any

import pytest
from coverage import Coverage

COVERING = (
    "tests/billing/",
    "tests/ocpi/versions/",
    "tests/sessions_adhoc/decide/",
    "tests/sessions_adhoc/properties/test_decide.py",
)


def import_measured(config: pytest.Config) -> None:
    """Import all that is measured while somebody looks: some of it waits for its first use, which may be unmeasured.

    Nobody looks afterwards. pytest-cov begins one measurement when a worker reads its arguments and a second one, the
    controller's, when it is told that it is a worker: the end of the second would let the first go on tracing.
    """
    if controller := controller_of(config):
        for package in controller.cov.config.source_pkgs:
            module = importlib.import_module(package)
            for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{package}."):
                importlib.import_module(found.name)
        controller.pause()
        while forgotten := Coverage.current():
            forgotten.stop()


def look_on(item: pytest.Item) -> None:
    """Measure this test if it is there for it, and else not."""
    controller = controller_of(item.config)
    if controller is None or controller.started == item.nodeid.startswith(COVERING):
        return
    if controller.started:
        controller.pause()
    else:
        controller.resume()


def controller_of(config: pytest.Config) -> Any:
    """What measures in this process; None where nothing is measured (or by the process that only hands out tests)."""
    plugin = config.pluginmanager.getplugin("_cov")
    return getattr(plugin, "cov_controller", None)
