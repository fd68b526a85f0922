"""The message log: finding an exchange, and reading both sides of it."""

import shlex
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from ocpi.admin.curl import as_curl
from ocpi.models import Message
from partners.models import Partner
from tests.admin.rows import World, message
from tests.factories import PartnerFactory

LIST = "admin:ocpi_message_changelist"


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create()


def found(page: Any, **params: Any) -> list[Any]:
    return [row.pk for row in page.get(reverse(LIST), params).context["cl"].result_list]


def shown(page: Client, row: Message) -> str:
    return page.get(reverse("admin:ocpi_message_change", args=[row.pk])).content.decode()


class TestFinding:
    @pytest.fixture
    def good(self, partner: Partner) -> Message:
        return message(
            partner, correlation_id="corr-1", request_id="req-1", url="/sessions/SK/ION/S-77", subject="s-77"
        )

    @pytest.fixture
    def bad(self, partner: Partner) -> Message:
        faults = [{"path": "kwh", "message": "is no number"}]
        return message(partner, http_status=400, ocpi_status=2001, faults=faults, method="PATCH", url="/x")

    @pytest.fixture
    def lost(self, partner: Partner) -> Message:
        values = {"http_status": None, "ocpi_status": None, "error": "The connection was refused.", "module": "cdrs"}
        return message(None, direction="out", url="https://cpo.example/cdrs", **values)

    @pytest.fixture(autouse=True)
    def three(self, good: Message, bad: Message, lost: Message) -> tuple[Any, Any, Any]:
        return good, bad, lost

    @pytest.mark.parametrize("term", ["S-77", "corr-1", "req-1"])
    def test_by_any_id(self, page: Client, good: Message, term: str) -> None:
        assert found(page, q=term) == [good.pk]

    def test_by_its_number(self, page: Client, bad: Message) -> None:
        assert bad.pk in found(page, q=str(bad.pk))

    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({"outcome": "failed"}, {"bad", "lost"}),
            ({"outcome": "ok"}, {"good"}),
            ({"http": "2"}, {"good"}),
            ({"http": "4"}, {"bad"}),
            ({"http": "none"}, {"lost"}),
            ({"ocpi": "2"}, {"bad"}),
            ({"ocpi": "none"}, {"lost"}),
            ({"module": "cdrs"}, {"lost"}),
            ({"method": "PATCH"}, {"bad"}),
            ({"direction__exact": "out"}, {"lost"}),
        ],
    )
    def test_by_filter(
        self, page: Client, good: Message, bad: Message, lost: Message, params: dict[str, str], expected: set[str]
    ) -> None:
        names = {good.pk: "good", bad.pk: "bad", lost.pk: "lost"}
        assert {names[pk] for pk in found(page, **params)} == expected

    def test_leniently_read_ones(self, page: Client, partner: Partner) -> None:
        odd = message(partner, leniences=[{"kind": "number", "path": "kwh", "detail": "a text"}])
        assert found(page, outcome="odd") == [odd.pk]

    def test_the_list_is_never_counted(
        self, page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(12) as captured:
            page.get(reverse(LIST))
        counts = [query["sql"] for query in captured if "COUNT(" in query["sql"] and "ocpi_message" in query["sql"]]
        assert counts == []


class TestReading:
    def test_both_sides_are_shown(self, page: Client, partner: Partner) -> None:
        row = message(partner)
        text = shown(page, row)
        assert "&quot;kwh&quot;: 1.5" in text
        assert "&quot;status_code&quot;: 1000" in text

    def test_what_a_partner_wrote_is_escaped(self, page: Client, partner: Partner) -> None:
        evil = "<script>alert(1)</script>"
        row = message(
            partner,
            request_body=evil,
            response_body=evil,
            url=f"/{evil}",
            request_headers={evil: evil},
            faults=[{"path": evil, "message": evil}],
            leniences=[{"path": evil, "kind": evil, "detail": evil}],
            objects_touched=[evil],
            error=evil,
        )
        assert evil not in shown(page, row)
        assert evil not in page.get(reverse(LIST)).content.decode()

    def test_faults_are_shown_by_path(self, page: Client, partner: Partner) -> None:
        row = message(partner, faults=[{"path": "cdr_token.uid", "message": "is missing"}])
        assert "cdr_token.uid" in shown(page, row)

    def test_objects_are_links(self, page: Client, world: World) -> None:
        session = world.ocpi_session
        name = f"session:{session.country_code}*{session.party_id}/{session.ocpi_id}"
        row = message(world.partner, objects_touched=[name, "session:SK*ION/unknown", "nonsense"])
        text = shown(page, row)
        assert reverse("admin:ocpi_ocpisession_change", args=[session.pk]) in text
        assert "nonsense" in text

    def test_an_evse_is_a_link(self, page: Client, world: World) -> None:
        evse = world.evse
        row = message(world.partner, objects_touched=[f"evse:SK*ION/{evse.location.ocpi_id}/{evse.uid}"])
        assert reverse("admin:ocpi_evse_change", args=[evse.pk]) in shown(page, row)

    def test_messages_of_one_correlation_are_a_thread(self, page: Client, partner: Partner) -> None:
        first, second = (message(partner, correlation_id="corr-1") for _ in range(2))
        message(partner, correlation_id="")
        address = reverse("admin:ocpi_message_change", args=[second.pk])
        thread = page.get(address).context["thread"]
        assert [one["row"].pk for one in thread] == [first.pk, second.pk]


class TestCurl:
    def test_the_token_is_left_to_the_shell(self, partner: Partner) -> None:
        assert '-H "Authorization: Token $TOKEN"' in as_curl(message(partner))

    def test_what_a_partner_wrote_cannot_leave_its_quotes(self, partner: Partner) -> None:
        evil = "'; rm -rf / #\n$(id) `id`"
        row = message(partner, url=f"/{evil}", request_body=evil, request_headers={"X-Evil": evil})
        parts = shlex.split(as_curl(row).replace("\\\n", " "))
        assert parts[parts.index("--data-raw") + 1] == evil
        assert f"X-Evil: {evil}" in parts

    def test_an_inbound_message_gets_our_host(self, partner: Partner) -> None:
        assert "http://127.0.0.1:8000/ocpi/emsp" in as_curl(message(partner))
