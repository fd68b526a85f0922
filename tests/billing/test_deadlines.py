"""Claiming due rows: which, how many, until when; on PostgreSQL and SQLite."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from billing.models import PaymentAuthorization
from partners.ground.deadlines import claim_due
from tests.billing.conftest import START, fresh, opened

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)


def due_at(reference: str, moment: datetime) -> PaymentAuthorization:
    row = opened(reference=reference)
    row.start_reserving(moment)
    row.save()
    return row


def claim(limit: int = 10, now: datetime = START, **more: Any) -> list[Any]:
    return claim_due(PaymentAuthorization, now=now, lease=LEASE, limit=limit, **more)


def test_it_claims_what_is_due_now_and_nothing_later() -> None:
    past = due_at("past", START - timedelta(hours=1))
    now = due_at("now", START)
    later = due_at("later", START + timedelta(microseconds=1))
    never = opened(reference="never")
    assert set(claim()) == {past.pk, now.pk}
    assert fresh(past).next_check_at == fresh(now).next_check_at == START + LEASE
    assert fresh(later).next_check_at == START + timedelta(microseconds=1)
    assert fresh(never).next_check_at is None


def test_it_claims_once_until_the_lease_runs_out() -> None:
    row = due_at("row", START)
    assert claim() == [row.pk]
    assert claim() == []
    assert claim(now=START + LEASE - timedelta(microseconds=1)) == []
    assert claim(now=START + LEASE) == [row.pk]


def test_it_claims_the_longest_overdue_first_and_no_more_than_asked() -> None:
    rows = [due_at(str(n), START - timedelta(minutes=n)) for n in range(5)]
    assert set(claim(limit=2)) == {rows[4].pk, rows[3].pk}
    assert set(claim(limit=2)) == {rows[2].pk, rows[1].pk}
    assert claim(limit=2) == [rows[0].pk]


def test_it_claims_only_what_the_condition_allows() -> None:
    due_at("eur", START)
    other = opened(reference="czk", currency="CZK")
    other.start_reserving(START)
    other.save()
    assert claim(where=Q(currency="CZK")) == [other.pk]


def test_it_is_one_statement_that_uses_the_index() -> None:
    due_at("row", START)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        claim()
    statements = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
    assert len(statements) == 1
    assert statements[0].startswith("UPDATE")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        prefix = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{prefix} {statements[0]}")
        plan = str(cursor.fetchall())
    assert "billing_auth_due" in plan
