"""What is written together is what the ORM would have written, one row after the other."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext

from ocpi.models import Command, Token
from partners.ground.writes import Writes, update_returning
from partners.models import Partner
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create(code="ion")


def token(partner: Partner, uid: str) -> Token:
    return Token(partner=partner, uid=uid, type="OTHER", contract_id=f"C-{uid}", issuer="SFP", last_updated=MOMENT)


def columns(row: models.Model, *but: str) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name not in but}


def test_new_and_changed_rows_in_one_statement(partner: Partner) -> None:
    known = token(partner, "1")
    known.save()
    known.uid, known.issuer, partner.name = "one", "ä'; --", "Another"
    command = Command(partner=partner, kind="STOP_SESSION", request={"a": ["ä", None, 1.5]}, created_at=MOMENT)
    fresh = [token(partner, "2"), token(partner, "3")]
    writes = Writes()
    writes.change(known, "uid")
    writes.change(known, "issuer")
    writes.change(partner, "name")
    writes.add(*fresh)
    writes.add(command)
    writes.change(command, "kind")
    command.kind = "START_SESSION"
    with CaptureQueriesContext(connection) as captured:
        writes.run()
    assert len(captured) == (1 if connection.vendor == "postgresql" else 4)
    stored = list(Token.objects.order_by("pk"))
    assert [row.uid for row in stored] == ["one", "2", "3"]
    assert columns(stored[0], "created_at") == columns(known, "created_at")
    assert [columns(row, "id") for row in stored[1:]] == [columns(row, "id") for row in fresh]
    assert columns(Command.objects.get()) == columns(command)
    assert Partner.objects.get(pk=partner.pk).name == "Another"
    assert not any(row._state.adding for row in (command, *fresh))


def test_it_is_forgotten_when_it_is_written(partner: Partner) -> None:
    writes = Writes()
    writes.add(token(partner, "1"))
    writes.run()
    with CaptureQueriesContext(connection) as captured:
        writes.run()
    assert (len(captured), Token.objects.count()) == (0, 1)


def test_all_of_it_or_nothing(partner: Partner) -> None:
    token(partner, "1").save()
    partner.name = "Another"
    writes = Writes()
    writes.change(partner, "name")
    writes.add(token(partner, "1"))
    with pytest.raises(IntegrityError), transaction.atomic():
        writes.run()
    assert Partner.objects.get(pk=partner.pk).name != "Another"


def test_an_update_returns_the_rows_as_they_are_now(partner: Partner) -> None:
    for uid in "123":
        token(partner, uid).save()
    found = update_returning(Token.objects.filter(uid__in=["1", "3"]), issuer="New", last_updated=MOMENT)
    assert {row.uid for row in found} == {"1", "3"}
    assert {row.pk: columns(row) for row in found} == {
        row.pk: columns(row) for row in Token.objects.filter(issuer="New")
    }
    assert update_returning(Token.objects.filter(uid="4"), issuer="New") == []
