"""The page of a handshake that fails while somebody looks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ocpi.models import HandshakeRun, HandshakeStep
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(db: None) -> HandshakeRun:
    """It reads their versions."""
    now = timezone.now()
    run = HandshakeRun.objects.create(
        partner=PartnerFactory.create(),
        state="running",
        window_starts_at=now,
        window_ends_at=now + timedelta(minutes=30),
        next_check_at=now,
    )
    HandshakeStep.objects.create(run=run, step="versions")
    return run


def end(run: Any, **state: Any) -> None:
    """What the worker writes, in one transaction, when the step fails."""
    now = timezone.now()
    HandshakeStep.objects.filter(run=run).update(ok=False, ended_at=now, text="HTTP 401.", advice="Ask them.")
    HandshakeRun.objects.filter(pk=run.pk).update(**state)


OVER = {"state": "failed", "cause": "HTTP 401.", "advice": "Ask them.", "next_check_at": None}


def page_of(page: Client, run: HandshakeRun) -> Any:
    return page.get(reverse("admin:ocpi_handshakerun_change", args=[run.pk]))


@pytest.mark.parametrize("table", ["ocpi_handshakerun", "ocpi_handshakestep"])
def test_a_run_that_ends_while_it_is_read_is_never_said_to_go_on(page: Client, run: HandshakeRun, table: str) -> None:
    """The rival writes right after the page has read one of the two tables."""
    written: list[str] = []

    def rival(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if not written and sql.startswith("SELECT") and f'FROM "{table}"' in sql:
            written.append(sql)
            end(run, **OVER)
        return answer

    with connection.execute_wrapper(rival):
        shown = page_of(page, run).content.decode()
    assert written
    assert "We try again until" not in shown


def test_while_it_goes_on_it_says_until_when(page: Client, run: HandshakeRun) -> None:
    end(run)
    said = page_of(page, run).context["standing"]
    assert said.label == "Running"
    assert said.text.startswith("HTTP 401. We try again until ")


def test_both_are_registered_when_only_the_confirmation_fails(page: Client, run: HandshakeRun) -> None:
    end(run, step="finish")
    text = page_of(page, run).context["standing"].text
    assert text == "HTTP 401. Both sides are registered; we try some more times to confirm it."


def test_the_window_names_its_day_once(page: Client, run: HandshakeRun) -> None:
    start = timezone.make_aware(datetime(2026, 11, 23, 3, 2))  # noqa: DTZ001
    HandshakeRun.objects.update(window_starts_at=start, window_ends_at=start + timedelta(minutes=30))
    assert page_of(page, run).context["facts"]["Window"] == "23 Nov 2026, 03:02:00 to 03:32:00"
    HandshakeRun.objects.update(window_ends_at=start + timedelta(days=1))
    assert page_of(page, run).context["facts"]["Window"] == "23 Nov 2026, 03:02:00 to 24 Nov 2026, 03:02:00"
