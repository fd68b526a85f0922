"""Messages in any order and number: nothing gets older or changes twice, and the next whole object mends all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import example, given

from ocpi import store
from ocpi.models import Connector, Evse, Location, OcpiSession
from ocpi.store import NotFound, Party, Stored
from ocpi.versions import VERSIONS
from rehearsal.interop.meaning import differences
from tests.factories import PartnerFactory
from tests.ocpi.conformance.streams import (
    CONNECTOR_ID,
    EVSE_UID,
    LOCATION_ID,
    SESSION_ID,
    Delivery,
    Update,
    evse_deliveries,
    session_deliveries,
    taken_back,
)
from tests.support.examples import examples

pytestmark = pytest.mark.django_db
many = examples(10)
PERIODS = "charging_periods"


@contextmanager
def party_of_its_own() -> Iterator[Party]:
    """An example leaves nothing behind for the next."""
    with transaction.atomic():
        yield Party(PartnerFactory.create(country_code="SK", party_id="ION"), "SK", "ION", VERSIONS["2.2.1"])
        transaction.set_rollback(True)


def equal(expected: Any, found: Any) -> bool:
    return not list(differences(by_start(expected), by_start(found)))


def by_start(session: Any) -> Any:
    """Charging periods mean the same in any order: each says when it starts."""
    periods = sorted(session.get(PERIODS) or [], key=lambda period: period["start_date_time"])
    return {**session, **({PERIODS: periods} if PERIODS in session else {})}


def send_session(party: Party, update: Update) -> Stored[OcpiSession]:
    """As a CPO does: a PATCH of what is unknown is followed by a PUT of the whole (OCPI 2.2.1 §4.1.4)."""
    if update.method == "PATCH":
        try:
            return store.patch_session(party, SESSION_ID, update.body)
        except NotFound:
            pass
    return store.put_session(party, SESSION_ID, update.truth)


def kept_session() -> tuple[Any, ...]:
    return tuple(OcpiSession.objects.values_list("raw", "last_updated", "status", "kwh", "first_kwh", "end_at").get())


@many
@given(delivery=session_deliveries)
def test_no_value_of_a_session_gets_older_than_what_was_accepted_for_it(delivery: Delivery) -> None:
    with party_of_its_own() as party:
        newest: dict[str, str] = {}
        value: dict[str, Any] = {}
        for update in delivery.arriving:
            known = OcpiSession.objects.exists()
            result = send_session(party, update)
            body = update.body if known and update.method == "PATCH" else update.truth
            if not result.stale:
                for name in body.keys() - {PERIODS}:
                    assert body["last_updated"] >= newest.get(name, ""), f"{name} became older"
                    newest[name], value[name] = body["last_updated"], body[name]
            row = OcpiSession.objects.get()
            assert value.items() <= row.raw.items()
            assert row.last_updated.strftime("%Y-%m-%dT%H:%M:%SZ") == max(newest.values())
            assert (float(row.kwh), row.status) == (row.raw["kwh"], row.raw["status"])


@many
@example(delivery=taken_back())
@given(delivery=session_deliveries)
def test_a_session_message_that_comes_again_changes_nothing(delivery: Delivery) -> None:
    with party_of_its_own() as party:
        seen: list[Update] = []
        for update in delivery.arriving:
            send_session(party, update)
            seen.append(update)
            before = kept_session()
            for one in (update, seen[len(seen) // 2]):
                assert not send_session(party, one).changed
                assert kept_session() == before


@many
@example(delivery=taken_back())
@given(delivery=session_deliveries)
def test_a_session_is_complete_or_marked_and_the_next_whole_one_mends_it(delivery: Delivery) -> None:
    with party_of_its_own() as party:
        for update in delivery.arriving:
            send_session(party, update)
        row = OcpiSession.objects.get()
        assert row.needs_pull or equal(delivery.truth, row.raw)
        for name, source in ((SESSION_ID, "PUT"), (None, "GET")):
            with transaction.atomic():
                assert not store.put_session(party, name, delivery.truth, source=source).stale
                assert equal(delivery.truth, store.session_wire(party, SESSION_ID, party.version))
                assert not OcpiSession.objects.get().needs_pull
                transaction.set_rollback(True)


def send_part(party: Party, update: Update) -> Stored[Any]:
    """As a CPO does: what belongs to an unknown Location is followed by a PUT of the whole."""
    part: dict[str, tuple[str, ...]] = {
        "location": (LOCATION_ID,),
        "evse": (LOCATION_ID, EVSE_UID),
        "connector": (LOCATION_ID, EVSE_UID, CONNECTOR_ID),
    }
    call: Callable[..., Stored[Any]] = getattr(store, f"{update.method.lower()}_{update.level}")
    try:
        return call(party, *part[update.level], update.body)
    except NotFound:
        return store.put_location(party, LOCATION_ID, update.truth)


def kept_tree() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values_list("raw", "last_updated", *more))
        for model, more in ((Location, ("name",)), (Evse, ("status",)), (Connector, ("tariff_ids",)))
    ]


def moments() -> tuple[Any, ...]:
    location, evse, connector = Location.objects.get(), Evse.objects.get(), Connector.objects.get()
    return location.last_updated, evse.last_updated, connector.last_updated


@many
@given(delivery=evse_deliveries)
def test_nothing_in_a_location_gets_older(delivery: Delivery) -> None:
    with party_of_its_own() as party:
        accepted: dict[str, tuple[str, Any]] = {}
        before: tuple[Any, ...] = ()
        for update in delivery.arriving:
            known = Location.objects.exists()
            result = send_part(party, update)
            if not result.stale:
                note_accepted(accepted, update, whole=not known)
            now = moments()
            assert not before or all(new >= old for new, old in zip(now, before, strict=True))
            assert now[0] >= now[1] >= now[2]
            before = now
            found = (Location.objects.get().name, Evse.objects.get().status, Connector.objects.get().tariff_ids)
            assert found == tuple(accepted[level][1] for level in ("location", "evse", "connector"))


def note_accepted(accepted: dict[str, tuple[str, Any]], update: Update, *, whole: bool) -> None:
    """What an accepted message says of each level, where it is not older than what was accepted for that level."""
    location = update.truth
    evse = location["evses"][0]
    says = {
        "location": (location["last_updated"], location["name"]),
        "evse": (evse["last_updated"], evse["status"]),
        "connector": (evse["connectors"][0]["last_updated"], evse["connectors"][0]["tariff_ids"]),
    }
    levels = list(says)
    below = levels if whole else levels[levels.index(update.level) :]
    for level in below if whole or update.method == "PUT" else [update.level]:
        if level not in accepted or says[level][0] >= accepted[level][0]:
            accepted[level] = says[level]


@many
@given(delivery=evse_deliveries)
def test_a_location_message_that_comes_again_changes_nothing(delivery: Delivery) -> None:
    with party_of_its_own() as party:
        seen: list[Update] = []
        for update in delivery.arriving:
            send_part(party, update)
            seen.append(update)
            before = kept_tree()
            for one in (update, seen[len(seen) // 2]):
                send_part(party, one)
                assert kept_tree() == before


@many
@given(delivery=evse_deliveries)
def test_the_next_whole_location_mends_all(delivery: Delivery) -> None:
    with party_of_its_own() as party:
        for update in delivery.arriving:
            send_part(party, update)
        for location_id, asked in ((LOCATION_ID, None), (None, timezone.now())):
            with transaction.atomic():
                assert not store.put_location(party, location_id, delivery.truth, asked=asked).stale
                assert equal(delivery.truth, store.location_wire(party, LOCATION_ID, party.version))
                transaction.set_rollback(True)
