"""Hand-written statements do what the ORM would: the same rows in, the same rows out, on every database."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import InterfaceError, connection, models
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from ocpi.log import message_log
from ocpi.log.message_log import INBOUND, MESSAGES, Exchange, Outcome, open_message
from ocpi.models import Connector, Evse, Location, Message, OcpiSession
from ocpi.store import Party, patch_evse, put_location, put_session
from partners import tokens
from partners.ground.rows import Table, run, soon
from partners.models import IssuedToken, Partner
from tests.factories import (
    AllowedNetworkFactory,
    PartnerRoleFactory,
    issue_token,
    location_data,
    period_data,
    session_data,
)

LATER = "2026-11-22T10:05:00Z"


def columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def stored(party: Party) -> None:
    put_location(party, "LOC-1", location_data())
    put_session(party, "S-1", session_data(kwh=12.3456, charging_periods=[period_data(POWER=40)]))
    open_message(Exchange(direction=INBOUND, method="PUT", url="/", headers={"X-A": "ä"})).finish(
        Outcome(http_status=200)
    )


@pytest.mark.parametrize("model", [Location, Evse, Connector, OcpiSession, Message, Partner])
@pytest.mark.usefixtures("stored")
def test_it_reads_what_the_orm_reads(model: type[Any]) -> None:
    rows = Table(model).all("ORDER BY id", [])
    assert [columns(row) for row in rows] == [columns(row) for row in model.objects.order_by("id")]
    assert not any(row._state.adding for row in rows)


@pytest.mark.usefixtures("stored")
def test_it_writes_what_the_orm_writes() -> None:
    table, row = Table(OcpiSession), OcpiSession.objects.get()
    row.raw = {"a": ["ä", None, 1.5], "b": {"c": "'; --"}}
    row.kwh, row.start_at = Decimal("0.1000"), datetime(2026, 1, 1, 1, 2, 3, 456, tzinfo=UTC)
    row.end_at, row.needs_pull = None, True
    table.update(row)
    assert columns(OcpiSession.objects.get()) == columns(row)
    row.ocpi_key = "another"
    row.pk = None
    table.insert(row)
    assert columns(OcpiSession.objects.get(ocpi_key="another")) == columns(row)
    row.refresh_from_db()
    assert OcpiSession.objects.count() == 2


def test_it_finds_who_calls_in_one_statement(partner: Partner) -> None:
    text = issue_token(partner)
    for network in ("10.0.0.0/8", "192.0.2.1"):
        AllowedNetworkFactory.create(partner=partner, network=network)
    PartnerRoleFactory.create(partner=partner, country_code="CZ", party_id="ABC")
    PartnerRoleFactory.create(partner=partner, country_code="SK", party_id="ION")
    with CaptureQueriesContext(connection) as queries:
        found = tokens.find_issued(text)
    assert found is not None
    assert len(queries) == 1
    row = IssuedToken.objects.select_related("partner").get()
    assert columns(found.token) == columns(row)
    assert columns(found.token.partner) == columns(row.partner)
    assert sorted(found.networks) == ["10.0.0.0/8", "192.0.2.1"]
    assert found.parties == {("CZ", "ABC"), ("SK", "ION")}
    tokens.revoke(row)
    assert tokens.find_issued(text) is None


def test_a_partner_without_networks_and_roles_is_found(partner: Partner) -> None:
    found = tokens.find_issued(issue_token(partner))
    assert found is not None
    assert (found.networks, found.parties) == ([], frozenset())


@pytest.mark.usefixtures("stored", "news")
def test_a_status_takes_few_queries(party: Party) -> None:
    with CaptureQueriesContext(connection) as queries:
        patch_evse(party, "LOC-1", "EVSE-1", {"status": "CHARGING", "last_updated": LATER})
    statements = [query["sql"].split()[0] for query in queries.captured_queries]
    # location, EVSE, connectors, EVSE, location, between the savepoint that a test's transaction makes of ours
    assert statements == ["SAVEPOINT", "SELECT", "SELECT", "SELECT", "UPDATE", "UPDATE", "RELEASE"]


@pytest.mark.django_db(transaction=True)
def test_the_log_does_not_wait_for_the_disk_and_nobody_else_inherits_that() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO ON")
    open_message(Exchange(direction=INBOUND, method="PUT", url="/")).finish(Outcome(http_status=200))
    assert Message.objects.get().http_status == 200
    if connection.vendor == "postgresql":
        assert "synchronous_commit" in soon()
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
            cursor.execute("RESET synchronous_commit")


def test_inside_a_transaction_the_log_changes_nothing_of_it(db: None) -> None:
    assert soon() == "1 = 1"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_is_replaced(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restart of the database: the first statement of a request fails, and is tried once more."""
    tries = []

    def dying(statement: str, params: Any) -> list[Any]:
        tries.append(statement)
        if len(tries) == 1:
            raise InterfaceError("the connection is closed")
        return run(statement, params)

    connection.ensure_connection()
    monkeypatch.setattr(connection, "health_check_done", False)
    monkeypatch.setattr(message_log, "run", dying)
    assert open_message(Exchange(direction=INBOUND, method="PUT", url="/")).id
    assert len(tries) == 2
    assert MESSAGES.first("", []) is not None


@pytest.mark.django_db(transaction=True)
def test_postgresql_plans_a_statement_once() -> None:
    connection.close()
    for number in range(3):
        open_message(Exchange(direction=INBOUND, method="PUT", url=f"/{number}"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO ocpi_message%%'", []
        )
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_it_does_without_prepared_statements(settings: Settings) -> None:
    settings.DATABASE_PREPARED_STATEMENTS = False
    connection.close()
    open_message(Exchange(direction=INBOUND, method="PUT", url="/")).finish(Outcome(http_status=200))
    assert Message.objects.get().http_status == 200
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            assert cursor.fetchone() == (0,)
