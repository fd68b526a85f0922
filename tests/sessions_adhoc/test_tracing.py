"""One id from the driver's or the CPO's request, through tasks, to our calls and each line of the log."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from ocpi.models import Message
from partners.ground import tracing
from sfp_platform.configuration.logs import configure
from sfp_platform.settings import LOGGING
from tests.sessions_adhoc.conftest import Cpo, Driver

OF_THE_APP = "app-4711"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What was logged, as production writes it."""
    configure({"level": "INFO", "json": True})
    handler: Any = logging.getLogger().handlers[-1]
    stream = handler.setStream(io.StringIO())
    written = handler.stream
    try:
        yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    finally:
        handler.setStream(stream)
        configure(LOGGING)


def test_it_goes_with_a_charge_from_the_app_to_the_cpo(cpo: Cpo, driver: Driver, run_tasks: Callable[..., Any]) -> None:
    cpo.accept("START_SESSION")
    body = {"evse": "SK*ION*EEVSE-1"}
    assert driver.call("POST", body=body, **{"X-Correlation-ID": OF_THE_APP}).status_code == 201
    run_tasks()
    [start] = cpo.sent("START_SESSION")
    assert start.headers["x-correlation-id"] == OF_THE_APP
    assert start.headers["x-request-id"] != OF_THE_APP
    assert Message.objects.get(direction="out", module="commands").correlation_id == OF_THE_APP
    assert tracing.current() == ""


def test_it_is_in_each_line_whoever_writes_it(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with tracing.carrying(OF_THE_APP):
        structlog.get_logger("ours").info("something_happened", number=1)
        logging.getLogger("a.library").warning("It said so.")
    structlog.get_logger("ours").info("something_else")
    assert [line.get("correlation_id") for line in lines()] == [OF_THE_APP, OF_THE_APP, None]


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "Žltý", "a\x7fb"])
def test_what_cannot_be_one_is_replaced(given: str) -> None:
    with tracing.carrying(given) as chosen:
        assert tracing.current() == chosen
        assert len(chosen) == 36
        with tracing.carrying("inner"):
            assert structlog.contextvars.get_contextvars()["correlation_id"] == "inner"
        assert tracing.current() == chosen
    assert tracing.current() == ""
