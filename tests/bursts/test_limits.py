"""Strangers cost little: refused before they cost anything, kept by a kilobyte, told of once."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.test import Client
from django.urls import reverse

from ocpi.models import Message, OcpiSession
from partners.ground import limiting
from partners.models import Incident, Partner
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from tests.factories import (
    AllowedNetworkFactory,
    ConnectorFactory,
    EvseFactory,
    LocationFactory,
    PartnerFactory,
    issue_token,
    session_data,
)
from tests.ocpi.server.conftest import Cpo

SESSION = "sessions/SK/ION/S-1"
HOST = "ocpi-ion.smartfuelpass.com"
JUNK = {"HTTP_AUTHORIZATION": "Token junk", "HTTP_HOST": HOST}


@pytest.fixture(autouse=True)
def fresh(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Counters of this test's own, at the middle of a minute."""
    settings.REDIS_URL = ""
    settings.OCPI_BASE_URL_TEMPLATE, settings.ALLOWED_HOSTS = "https://ocpi-{code}.smartfuelpass.com", ["*"]
    monkeypatch.setattr("partners.ground.limiting.time.time", lambda: 1_800_000_030.0)
    limiting.forget()
    yield
    limiting.forget()


@pytest.fixture
def ion(db: None) -> Partner:
    made: Partner = PartnerFactory.create(code="ion", party_id="ION")
    return made


@pytest.fixture
def cpo(ion: Partner) -> Cpo:
    return Cpo(ion)


class TestStrangers:
    def test_a_flood_of_wrong_tokens(self, cpo: Cpo, ion: Partner, settings: Any) -> None:
        settings.LIMIT_STRANGERS = 5
        answers = [cpo.post("cdrs", "x" * 64_000, **JUNK) for _ in range(20)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 15
        assert answers[-1].headers["Retry-After"] == "30"
        assert answers[-1].json()["status_code"] == 2000
        kept = Message.objects.all()
        assert len(kept) == 6, "the first that was too many is kept as well, and no other"
        assert {len(message.request_body) for message in kept} == {1024}

    def test_they_are_filed_beside_the_partner_whose_host_they_name(self, cpo: Cpo, ion: Partner) -> None:
        cpo.put(SESSION, session_data("S-1"), **JUNK)
        message = Message.objects.get()
        assert (message.partner, message.entrance, message.http_status) == (None, ion, 401)

    def test_a_flood_is_told_once_and_not_to_the_cpo(self, cpo: Cpo, ion: Partner, settings: Any) -> None:
        settings.LIMIT_STRANGERS = 2
        for _ in range(10):
            cpo.put(SESSION, session_data("S-1"), **JUNK)
        incident = Incident.objects.get()
        assert (incident.partner, incident.key, incident.tell_cpo) == (ion, "flood:127.0.0.1", False)
        assert incident.occurrences == 1

    def test_a_right_token_from_the_same_address_goes_on(self, cpo: Cpo, settings: Any) -> None:
        settings.LIMIT_STRANGERS = 2
        for _ in range(5):
            cpo.put(SESSION, session_data("S-1"), **JUNK)
        assert cpo.put(SESSION, session_data("S-1"), HTTP_HOST=HOST).status_code == 201

    def test_another_address_goes_on(self, cpo: Cpo, settings: Any) -> None:
        settings.LIMIT_STRANGERS = 2
        for _ in range(5):
            cpo.put(SESSION, session_data("S-1"), **JUNK)
        assert cpo.put(SESSION, session_data("S-1"), REMOTE_ADDR="10.1.1.1", **JUNK).status_code == 401

    def test_the_next_minute_is_another_one(self, cpo: Cpo, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.LIMIT_STRANGERS = 1
        assert [cpo.get("tokens", **JUNK).status_code for _ in range(3)] == [401, 429, 429]
        monkeypatch.setattr("partners.ground.limiting.time.time", lambda: 1_800_000_061.0)
        assert cpo.get("tokens", **JUNK).status_code == 401

    def test_no_token_at_all(self, cpo: Cpo, settings: Any, django_assert_num_queries: Any) -> None:
        settings.LIMIT_STRANGERS = 1
        assert [cpo.get("tokens", HTTP_AUTHORIZATION=None).status_code for _ in range(2)] == [401, 429]
        with django_assert_num_queries(0):
            assert cpo.get("tokens", HTTP_AUTHORIZATION=None).status_code == 429

    @pytest.mark.parametrize(("network", "told"), [("10.0.0.0/8", 0), ("127.0.0.0/8", 1), ("", 1)])
    def test_a_strangers_wrong_token_accuses_nobody(
        self, cpo: Cpo, ion: Partner, run_detectors: Any, network: str, told: int
    ) -> None:
        """Where a CPO's addresses are known, a call from elsewhere is not the CPO's."""
        if network:
            AllowedNetworkFactory.create(partner=ion, network=network)
        for _ in range(5):
            cpo.put(SESSION, session_data("S-1"), **JUNK)
        run_detectors()
        assert Incident.objects.filter(key="their-token").count() == told


class TestPartners:
    def test_one_partner_is_slowed_down_and_no_other(
        self, cpo: Cpo, settings: Any, django_assert_num_queries: Any
    ) -> None:
        settings.LIMIT_PARTNERS = 3
        statuses = [cpo.put(SESSION, session_data("S-1"), HTTP_HOST=HOST).status_code for _ in range(4)]
        assert statuses == [201, 200, 200, 429]
        with django_assert_num_queries(0):
            answer = cpo.put(SESSION, session_data("S-1", kwh=9), HTTP_HOST=HOST)
        assert (answer.status_code, answer.headers["Retry-After"], answer.json()["status_code"]) == (429, "30", 2000)
        assert OcpiSession.objects.get().kwh != 9
        other = PartnerFactory.create(code="grn", party_id="GRN")
        grn = Cpo(other, token=issue_token(other))
        data = session_data("S-1", party_id="GRN")
        assert grn.put("sessions/SK/GRN/S-1", data, HTTP_HOST="ocpi-grn.smartfuelpass.com").status_code == 201


class TestDrivers:
    @pytest.fixture
    def evse(self, ion: Partner) -> Any:
        made = EvseFactory.create(location=LocationFactory.create(partner=ion))
        ConnectorFactory.create(evse=made)
        return made

    def test_of_one_client(self, evse: Any, settings: Any) -> None:
        settings.LIMIT_CLIENTS = 2
        keys = [create_client_key(name)[1] for name in ("terminal", "app")]
        asked = [self.ask(key, "nowhere").status_code for key in (keys[0], keys[0], keys[0], keys[1])]
        assert asked == [409, 409, 429, 409]
        assert self.ask(keys[0], "nowhere").headers["Retry-After"] == "30"

    def test_without_a_key(self, evse: Any, settings: Any, django_assert_num_queries: Any) -> None:
        settings.LIMIT_STRANGERS = 2
        assert [self.ask("sfp_wrong", "x").status_code for _ in range(4)] == [401, 401, 429, 429]
        with django_assert_num_queries(0):
            self.ask("sfp_wrong", "x")

    def test_of_one_network_on_the_page(self, evse: Any, settings: Any) -> None:
        settings.LIMIT_DRIVERS = 2
        settings.LANGUAGE_CODE = "en"
        url = reverse("driver:charger", args=[evse.code])
        answers = [Client().post(url, {}) for _ in range(3)]
        assert answers[-1].status_code == 429
        assert answers[-1].headers["Retry-After"] == "30"
        assert "Too many charges were asked for from your network" in answers[-1].content.decode()
        assert 429 not in [answer.status_code for answer in answers[:2]]
        assert AdHocSession.objects.count() <= 2

    def ask(self, key: str, evse: str) -> Any:
        return Client().post(
            "/api/v1/ad-hoc-sessions/",
            data={"evse": evse},
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )


class TestCounting:
    LIMIT = limiting.Limit("test", "LIMIT_STRANGERS")

    def test_all_processes_count_together(self, settings: Any, worker_redis: str) -> None:
        settings.LIMIT_STRANGERS, settings.REDIS_URL = 2, worker_redis
        assert [limiting.hit(self.LIMIT, "k") for _ in range(2)] == [0, 0]
        limiting.forget()  # another process
        assert limiting.hit(self.LIMIT, "k") == 30

    def test_a_redis_that_is_away_refuses_nobody(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.LIMIT_STRANGERS, settings.REDIS_URL = 2, "redis://127.0.0.1:1/0"
        monkeypatch.setattr(limiting, "_away_until", 0.0)
        limiting._server.cache_clear()
        assert [limiting.hit(self.LIMIT, "k") for _ in range(3)] == [0, 0, 30]
        limiting._server.cache_clear()

    def test_an_ipv6_customer_is_one_place(self) -> None:
        assert limiting.place_of("2001:db8:1:2:aaaa::1") == limiting.place_of("2001:db8:1:2:bbbb::9")
        assert limiting.place_of("2001:db8:1:3::1") != limiting.place_of("2001:db8:1:2::1")
        assert limiting.place_of("::ffff:10.0.0.1") != limiting.place_of("::ffff:10.0.0.2")

    def test_memory_is_bounded(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.LIMIT_STRANGERS = 5
        monkeypatch.setattr(limiting, "MOST_KEYS", 10)
        for number in range(100):
            limiting.hit(self.LIMIT, str(number))
        assert len(limiting._counts) <= 10


@pytest.fixture
def worker_redis() -> Iterator[str]:
    import os

    url = os.environ["REDIS_URL"]
    limiting._server.cache_clear()
    yield url
    with redis.Redis.from_url(url) as server:
        for key in server.scan_iter(f"{os.environ.get('REDIS_KEY_PREFIX', '')}limit:test:*"):
            server.delete(key)
    limiting._server.cache_clear()


@pytest.fixture
def run_detectors() -> Any:
    from django.utils import timezone

    from partners.incidents import detecting

    return lambda: detecting.run_due(timezone.now())
