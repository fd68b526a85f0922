"""Pulls of whole modules: paging, bad objects, missing Locations, tries, leases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ocpi import sync
from ocpi.models import Cdr, Location, Message, OcpiSession, SyncRun, Tariff
from ocpi.store import Party, put_location
from ocpi.versions import VERSIONS
from partners.models import Partner, PartnerRole
from tests.factories import cdr_data, location_data, session_data, tariff_data
from tests.ocpi.cpo import Answer, ScriptedCpo, Seen, envelope, react_to
from tests.ocpi.sync.conftest import carried_out, paged, pulled

SINCE = datetime(2026, 11, 22, 8, tzinfo=UTC)


def locations(*ids: str) -> list[dict[str, Any]]:
    return [location_data(one) for one in ids]


def test_it_reads_every_page(cpo: ScriptedCpo, partner: Partner) -> None:
    paged(cpo, "locations", locations("L1", "L2", "L3", "L4", "L5"))
    run = pulled(partner)
    assert (run.state, run.error, run.next_check_at) == ("succeeded", "", None)
    assert (run.pages, run.received, run.stored, run.refused) == (3, 5, 5, 0)
    assert [seen.query.get("offset") for seen in cpo.seen] == [None, "2", "4"]
    assert cpo.seen[0].query["limit"] == "100"
    assert set(Location.objects.values_list("ocpi_id", flat=True)) == {"L1", "L2", "L3", "L4", "L5"}
    assert Message.objects.filter(module="locations", direction="out").count() == 3


def test_it_goes_on_by_offset_where_link_is_missing(cpo: ScriptedCpo, partner: Partner) -> None:
    paged(cpo, "locations", locations("L1", "L2", "L3"), link=False)
    assert pulled(partner).received == 3


def test_a_list_on_one_page_needs_no_headers(cpo: ScriptedCpo, partner: Partner) -> None:
    paged(cpo, "locations", locations("L1", "L2"), link=False, total=False)
    run = pulled(partner)
    assert (run.pages, run.received) == (1, 2)


def test_null_is_an_empty_list(cpo: ScriptedCpo, partner: Partner) -> None:
    cpo.on("/locations", envelope(None))
    assert (pulled(partner).state, Location.objects.count()) == ("succeeded", 0)


@pytest.mark.parametrize(
    ("module", "items", "model"),
    [
        ("tariffs", [tariff_data("T1"), tariff_data("T2")], Tariff),
        ("sessions", [session_data("S1")], OcpiSession),
        ("cdrs", [cdr_data("C1"), cdr_data("C1")], Cdr),
    ],
)
def test_it_reads_each_module(
    cpo: ScriptedCpo, partner: Partner, module: str, items: list[dict[str, Any]], model: Any
) -> None:
    paged(cpo, module, items)
    run = pulled(partner, module, full=module == "tariffs", date_from=None if module == "tariffs" else SINCE)
    assert (run.state, run.refused) == ("succeeded", 0)
    assert model.objects.count() == len({item["id"] for item in items})
    if module != "tariffs":
        assert cpo.seen[0].query["date_from"] == "2026-11-22T08:00:00Z"


def test_a_bad_object_spoils_only_itself(cpo: ScriptedCpo, partner: Partner) -> None:
    items = [
        location_data("L1"),
        location_data("BAD", coordinates=None, country="SVK"),
        "no object",
        location_data("FOREIGN", party_id="ABC"),
        location_data("L2"),
    ]
    paged(cpo, "locations", items)
    run = pulled(partner)
    assert (run.state, run.received, run.stored, run.refused) == ("succeeded", 5, 3, 2)
    assert [item["id"] for item in run.faults] == ["BAD", "", "FOREIGN"], "BAD was stored without its coordinates"
    assert run.faults[0]["faults"][0]["path"] == "coordinates"
    assert run.faults[2]["faults"] == [{"path": "party_id", "message": "SK*ABC is no party of ION Charging"}]
    assert set(Location.objects.values_list("ocpi_id", flat=True)) == {"L1", "BAD", "L2"}
    assert Location.objects.get(ocpi_id="BAD").latitude is None


def test_a_changed_cdr_is_reported_and_not_taken(cpo: ScriptedCpo, partner: Partner) -> None:
    paged(cpo, "cdrs", [cdr_data("C1"), cdr_data("C1", total_energy=99)])
    run = pulled(partner, "cdrs", full=False, date_from=SINCE)
    assert (run.stored, run.refused) == (1, 1)
    assert "stored with another content" in run.faults[0]["faults"][0]["message"]


def test_another_party_of_the_platform_is_taken(cpo: ScriptedCpo, partner: Partner) -> None:
    PartnerRole.objects.create(partner=partner, country_code="CZ", party_id="CZ1")
    paged(cpo, "locations", [location_data("L1", country_code="cz", party_id="cz1")])
    assert pulled(partner).stored == 1


class TestMissing:
    """What a full pull no longer brings is no longer valid (OCPI 2.2.1 §8.2.1)."""

    def test_it_is_marked_and_comes_back(self, cpo: ScriptedCpo, partner: Partner) -> None:
        paged(cpo, "locations", locations("L1", "L2", "L3"))
        pulled(partner)
        paged(cpo, "locations", locations("l1", "L3"))
        pulled(partner)
        assert Location.objects.get(ocpi_key="l2").missing_since
        assert Location.objects.filter(missing_since=None).count() == 2
        paged(cpo, "locations", locations("L1", "L2", "L3"))
        pulled(partner)
        assert not Location.objects.exclude(missing_since=None).exists()

    def test_a_refused_object_is_not_missing(self, cpo: ScriptedCpo, partner: Partner) -> None:
        paged(cpo, "locations", locations("L1"))
        pulled(partner)
        paged(cpo, "locations", [location_data("L1", coordinates=None)])
        pulled(partner)
        assert Location.objects.get().missing_since is None

    @pytest.mark.parametrize("spoiler", ["no id", "no object", "failure", "delta", "shrinking"])
    def test_an_uncertain_pull_marks_nothing(self, cpo: ScriptedCpo, partner: Partner, spoiler: str) -> None:
        paged(cpo, "locations", locations("L1", "L2", "L3"))
        pulled(partner)
        rest: Any = {"no id": {**location_data(), "id": None}, "no object": 7}.get(spoiler)
        paged(cpo, "locations", [*locations("L1"), *([rest] if rest else [])])
        if spoiler == "failure":
            cpo.on("/locations", Answer("", 500))
        if spoiler == "shrinking":
            shrinking(cpo)
        pulled(partner, date_from=SINCE if spoiler == "delta" else None)
        assert not Location.objects.exclude(missing_since=None).exists()

    def test_what_was_pushed_meanwhile_is_not_missing(self, cpo: ScriptedCpo, partner: Partner) -> None:
        paged(cpo, "locations", locations("L1"))
        pulled(partner)
        # Pushed after the pull began: the row's time is later than the pull's.
        Location.objects.update(updated_at=timezone.now() + timedelta(minutes=1))
        paged(cpo, "locations", [])
        pulled(partner)
        assert Location.objects.get().missing_since is None


def shrinking(cpo: ScriptedCpo) -> None:
    """Two pages, and an object vanishes in between: what was on the border is never seen."""
    totals = iter(["4", "3"])

    def react(seen: Any) -> Answer:
        last = "offset" in seen.query
        link = {} if last else {"Link": f'<{cpo.url}/locations?offset=2>; rel="next"'}
        items = locations("L4") if last else locations("L1", "L2")
        return envelope(items, headers={"X-Total-Count": next(totals), **link})

    cpo.on("/locations", react)


class TestPaging:
    """Links that lead astray."""

    def error(self, cpo: ScriptedCpo, partner: Partner) -> str:
        run = pulled(partner)
        assert run.state == "due"
        return run.error

    def test_another_host_never_sees_our_token(self, cpo: ScriptedCpo, partner: Partner) -> None:
        cpo.on("/locations", envelope([], headers={"Link": '<https://evil.example/locations>; rel="next"'}))
        assert "leads to another host: evil.example" in self.error(cpo, partner)

    def test_a_circle_ends(self, cpo: ScriptedCpo, partner: Partner) -> None:
        cpo.on("/locations", envelope(locations("L1"), headers={"Link": '</locations?offset=1>; rel="next"'}))
        assert "in a circle" in self.error(cpo, partner)
        assert len(cpo.seen) == 2

    def test_an_ignored_offset_ends(self, cpo: ScriptedCpo, partner: Partner) -> None:
        cpo.on("/locations", envelope(locations("L1"), headers={"X-Total-Count": "9"}))
        assert "repeat themselves" in self.error(cpo, partner)
        assert len(cpo.seen) == 2

    def test_a_link_of_an_inner_server_is_set_right(self, cpo: ScriptedCpo, partner: Partner) -> None:
        items = locations("L1", "L2")

        def react(seen: Any) -> Answer:
            if "offset" in seen.query:
                return envelope(items[1:])
            return envelope(items[:1], headers={"Link": '<https://127.0.0.1:9/locations?offset=1>; rel="next"'})

        cpo.on("/locations", react)
        assert pulled(partner).received == 2

    def test_what_is_no_list_is_refused(self, cpo: ScriptedCpo, partner: Partner) -> None:
        cpo.on("/locations", envelope({"id": "L1"}))
        assert "no list in data" in self.error(cpo, partner)


class TestTries:
    """A partner that is away, and workers that die."""

    def test_it_is_tried_again_and_given_up(self, cpo: ScriptedCpo, partner: Partner) -> None:
        cpo.on("/locations", Answer("", 503))
        run = sync.request_sync(partner, "locations")
        waits = []
        for _ in range(4):
            SyncRun.objects.filter(pk=run.pk).update(next_check_at=timezone.now())
            done = carried_out(run)
            waits.append(done.next_check_at and round((done.next_check_at - timezone.now()).total_seconds()))
        assert waits == [60, 120, 240, None]
        assert (done.state, done.tries) == ("failed", 4)
        assert done.error.startswith("Their server failed (HTTP 503).")

    def test_what_is_not_offered_is_not_tried_again(self, cpo: ScriptedCpo, partner: Partner) -> None:
        partner.endpoints.filter(module="tariffs").delete()
        run = pulled(partner, "tariffs")
        assert run.state == "failed"
        assert "does not offer tariffs" in run.error

    def test_a_run_that_kills_its_workers_ends(self, cpo: ScriptedCpo, partner: Partner) -> None:
        run = sync.request_sync(partner, "locations")
        SyncRun.objects.filter(pk=run.pk).update(tries=4)
        done = carried_out(run)
        assert (done.state, done.error) == ("failed", "The worker ended each time.")
        assert cpo.seen == []

    def test_one_worker_has_it(self, cpo: ScriptedCpo, partner: Partner) -> None:
        paged(cpo, "locations", [])
        run = sync.request_sync(partner, "locations")
        SyncRun.objects.filter(pk=run.pk).update(next_check_at=timezone.now() + timedelta(minutes=1))
        assert sync.run(run.pk) is None

    def test_a_worker_that_lost_its_lease_stops(self, cpo: ScriptedCpo, partner: Partner) -> None:
        run = sync.request_sync(partner, "locations")
        pages = iter([1, 2, 3])
        paged(cpo, "locations", locations("L1", "L2", "L3"), size=1)
        normal = cpo.script["/locations"]
        job_until = []

        def react(seen: Seen) -> Answer:
            job_until.append(next(pages))
            return react_to(normal, seen)

        cpo.on("/locations", react)
        from ocpi.sync import runs

        write = runs._Job._write

        def taken_over(self: Any, *args: Any, **values: Any) -> None:
            if values.get("pages") == 2:
                SyncRun.objects.filter(pk=run.pk).update(next_check_at=timezone.now() + timedelta(hours=1))
            write(self, *args, **values)

        patch = pytest.MonkeyPatch()
        patch.setattr(runs._Job, "_write", taken_over)
        try:
            done = carried_out(run)
        finally:
            patch.undo()
        assert (done.state, done.pages) == ("running", 1)
        assert len(job_until) == 2


def test_one_pull_of_a_module_at_a_time(partner: Partner) -> None:
    first = sync.request_sync(partner, "locations")
    assert sync.request_sync(partner, "locations").pk == first.pk
    assert sync.request_sync(partner, "tariffs").pk != first.pk


@pytest.mark.parametrize(
    ("module", "full", "text"),
    [("tokens", True, "cannot be pulled"), ("sessions", True, "from which time"), ("cdrs", False, "from which time")],
)
def test_what_makes_no_sense_is_refused(partner: Partner, module: str, full: bool, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        sync.request_sync(partner, module, full)


def test_one_page_takes_the_same_queries_whatever_was_read_before(
    cpo: ScriptedCpo, partner: Partner, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Per object what storing takes, per page a fixed number: nothing grows with the length of the list."""
    paged(cpo, "tariffs", [tariff_data(f"T{n}") for n in range(20)], size=5)
    with django_assert_max_num_queries(20 * 8 + 4 * 10 + 12):
        pulled(partner, "tariffs")


def test_a_pull_in_2_1_1_belongs_to_the_agreed_party(cpo: ScriptedCpo, partner: Partner) -> None:
    party = Party(partner, "SK", "ION", VERSIONS["2.2.1"])
    put_location(party, None, location_data("L1"))
    partner.endpoints.update(version="2.1.1", role="")
    Partner.objects.filter(pk=partner.pk).update(version="2.1.1")
    wire = VERSIONS["2.1.1"].dump(VERSIONS["2.2.1"].parse("location", location_data("L2")).obj)
    assert "party_id" not in wire
    paged(cpo, "locations", [wire])
    assert pulled(Partner.objects.get(pk=partner.pk)).stored == 1
    assert Location.objects.get(ocpi_id="L2").party_id == "ION"
