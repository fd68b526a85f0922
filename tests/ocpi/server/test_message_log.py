"""The message log by itself: what is kept, what is masked, what happens when it cannot be written."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from ocpi.log.masking import mask_urls
from ocpi.log.message_log import INBOUND, OUTBOUND, Exchange, Outcome, delete_old, open_message
from ocpi.models import Message
from ocpi.versions import Fault, Lenience
from partners.models import Partner
from sfp_platform.configuration import logs
from tests.factories import PartnerFactory, session_data
from tests.ocpi.server.conftest import Cpo, last_message

SECRET = "b6f3c2a1-0d4e-4f5a-9b8c-7d6e5f4a3b2c"


def opened(**changes: Any) -> Message:
    given: dict[str, Any] = {"direction": OUTBOUND, "method": "POST", "url": "https://ion.example/ocpi/credentials"}
    open_message(Exchange(**given | changes))
    return last_message()


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Every test here writes messages."""


def test_an_exchange_is_there_from_its_beginning() -> None:
    partner = PartnerFactory.create()
    record = open_message(
        Exchange(
            direction=OUTBOUND,
            method="GET",
            url="https://ion.example/x",
            partner=partner,
            version="2.2.1",
            module="sessions",
        )
    )
    message = last_message()
    assert (message.pk, message.partner, message.version, message.http_status) == (record.id, partner, "2.2.1", None)
    assert not message.ok
    record.finish(
        Outcome(
            http_status=200,
            ocpi_status=1000,
            headers={"X-Limit": "50"},
            body='{"status_code":1000}',
            leniences=[Lenience("over_long", "name", "too long")],
            faults=[Fault("kwh", "must be a number", "x")],
            objects=["session:SK*ION/S-1"],
        )
    )
    message.refresh_from_db()
    assert message.ok
    assert (message.module, message.version, message.partner) == ("sessions", "2.2.1", partner)
    assert message.response_headers == {"X-Limit": "50"}
    assert message.leniences == [{"kind": "over_long", "path": "name", "detail": "too long"}]
    assert message.faults == [{"path": "kwh", "message": "must be a number"}]
    assert message.objects_touched == ["session:SK*ION/S-1"]


@pytest.mark.parametrize(
    "body",
    [
        f'{{"token": "{SECRET}"}}',
        f'{{"data": {{"token"\n:\t"{SECRET}", "url": "https://x"}}}}',
        f'{{"Token":"{SECRET}"}}',
        f'{{"\\u0074oke\\u006E":"{SECRET}"}}',
        f'[{{"token":"{SECRET}',
        f'{{"token":"{SECRET}"}}'.encode(),
        f'{{"token":"{SECRET}"}}'.encode("utf-16"),
        f'{{"token":"{SECRET}"}}'.encode("utf-8-sig"),
        f'{{"token":"\\"{SECRET}"}}',
        "x" * 100_000 + f'{{"token":"{SECRET}"}}',
    ],
)
def test_tokens_in_bodies_are_masked(body: bytes | str) -> None:
    assert SECRET[:-4] not in opened(body=body).request_body
    open_message(Exchange(direction=OUTBOUND, method="GET", url="/")).finish(Outcome(body=body))
    assert SECRET[:-4] not in last_message().response_body


def test_a_drivers_token_stays_readable() -> None:
    body = '{"token": {"uid": "TOKEN-1", "type": "AD_HOC_USER"}, "response_url": "https://x/1"}'
    assert opened(body=body).request_body == body


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("Authorization", f"Token {SECRET}", "Token …3b2c"),
        ("authorization", SECRET, "…3b2c"),
        ("Authorization", "Token short", "Token …"),
        ("Proxy-Authorization", f"Basic {SECRET}", "Basic …3b2c"),
        ("Cookie", f"session={SECRET}", "…3b2c"),
        ("X-Api-Key", SECRET, "…3b2c"),
        ("X-Request-ID", SECRET, SECRET),
    ],
)
def test_secrets_in_headers_are_masked(name: str, value: str, kept: str) -> None:
    assert opened(headers={name: value}).request_headers == {name: kept}


def test_an_encoded_token_is_masked_too() -> None:
    encoded = base64.b64encode(SECRET.encode()).decode()
    header = opened(headers={"Authorization": f"Token {encoded}"}).request_headers["Authorization"]
    assert header == f"Token …{encoded[-4:]}"


def test_what_postgresql_refuses_is_replaced() -> None:
    message = opened(
        direction=INBOUND,
        url="/ocpi/\x00" + "x" * 5000,
        method="PROPFIND-EXTENDED",
        headers={"X-Odd\x00": "\ud800", "X-Request-ID": "r\x00" + "x" * 200},
        body=b"abc\x00\xff\xed\xa0\x80",
        source_address="1" * 100,
    )
    assert message.request_body.startswith("abc\ufffd")
    assert "\x00" not in str(vars(message))
    assert (len(message.url), len(message.request_id)) == (2000, 64)


def test_a_body_beyond_the_limit_is_cut_with_a_note(settings: Settings) -> None:
    settings.OCPI_MESSAGE_BODY_LIMIT = 10
    assert opened(body="x" * 50).request_body == "xxxxxxxxxx\n[cut: 50 characters, 10 kept]"


def test_hundreds_of_notes_are_cut() -> None:
    record = open_message(Exchange(direction=INBOUND, method="PUT", url="/"))
    record.finish(Outcome(faults=[Fault("a" * 5000, "b" * 5000)] * 500, error="\x00"))
    message = last_message()
    assert (len(message.faults), len(message.faults[0]["path"])) == (100, 500)


def test_an_inbound_message_must_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("ocpi.log.message_log.run", broken)
    with pytest.raises(RuntimeError):
        open_message(Exchange(direction=INBOUND, method="PUT", url="/"))
    record = open_message(Exchange(direction=OUTBOUND, method="PUT", url="/"))
    assert record.id is None
    record.finish(Outcome(http_status=200))


def test_a_log_that_fails_spoils_no_transaction() -> None:
    with transaction.atomic():
        record = open_message(Exchange(direction=OUTBOUND, method="GET", url="/"))
        record.finish(Outcome(http_status=10**9))  # out of the column's range
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert last_message().pk == record.id


def test_old_messages_are_deleted_in_bites(settings: Settings) -> None:
    settings.OCPI_MESSAGE_DAYS = 90
    now = timezone.now()
    for days in (0, 89, 91, 92, 93):
        open_message(Exchange(direction=INBOUND, method="GET", url=f"/{days}"))
        Message.objects.filter(url=f"/{days}").update(at=now - timedelta(days=days))
    assert delete_old(limit=2) == 2
    assert sorted(Message.objects.values_list("url", flat=True)) == ["/0", "/89", "/91"]
    assert delete_old(limit=2) == 1
    assert delete_old(limit=2) == 0
    assert Message.objects.count() == 2


def test_messages_outlive_their_partner() -> None:
    partner = PartnerFactory.create()
    opened(partner=partner)
    Partner.objects.all().delete()
    assert last_message().partner is None


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        ({"http_status": 200, "ocpi_status": 1000}, False),
        ({"http_status": 200, "ocpi_status": 2001}, True),
        ({"http_status": 404, "ocpi_status": 2003}, True),
        ({"http_status": 200, "ocpi_status": 1000, "error": "broke"}, True),
        ({}, True),
    ],
)
def test_it_says_which_exchanges_failed(outcome: dict[str, Any], failed: bool) -> None:
    record = open_message(Exchange(direction=OUTBOUND, method="GET", url="/"))
    assert last_message().failed is False
    record.finish(Outcome(**outcome))
    assert last_message().failed is failed


def test_a_success_is_completed_without_touching_an_index(cpo: Cpo) -> None:
    """A heap-only update: PostgreSQL counts them, and can make one only where no indexed column changed."""
    cpo.put("sessions/SK/ION/S-1", session_data())
    before = updates_of_the_log()
    cpo.get("sessions/SK/ION/S-1")
    assert [after - earlier for after, earlier in zip(updates_of_the_log(), before, strict=True)] == [1, 1]


def updates_of_the_log() -> list[int]:
    """How many rows were updated so far, and how many of them heap-only."""
    with connection.cursor() as cursor:
        sums = "SELECT sum(n_tup_upd), sum(n_tup_hot_upd) FROM pg_stat_xact_user_tables"
        cursor.execute(f"{sums} WHERE relname LIKE 'ocpi_message%'")
        return list(cursor.fetchone())


class TestUrls:
    """Some peers put a token into a URL: it is masked wherever that URL is kept."""

    @pytest.mark.parametrize(
        ("url", "kept"),
        [
            (f"/ocpi/emsp/versions?token={SECRET}", "/ocpi/emsp/versions?token=…3b2c"),
            (f"https://x.example/v?a=1&Token={SECRET}&b=2", "https://x.example/v?a=1&Token=…3b2c&b=2"),
            (f"https://x.example/v?access_token={SECRET}#end", "https://x.example/v?access_token=…3b2c#end"),
            (f"https://x.example/v?api-key={SECRET};apikey={SECRET}", "https://x.example/v?api-key=…3b2c;apikey=…3b2c"),
            (f"https://x.example/v?t%6fken={SECRET}", "https://x.example/v?t%6fken=…3b2c"),
            (f"https://x.example/v?token[]={SECRET}", "https://x.example/v?token[]=…3b2c"),
            ("https://x.example/v?token=short&auth=pw", "https://x.example/v?token=…&auth=…"),
            (f"https://user:{SECRET}@x.example/v", "https://…@x.example/v"),
            ("/ocpi/x?type=RFID&date_from=2026-01-01T00:00:00Z", "/ocpi/x?type=RFID&date_from=2026-01-01T00:00:00Z"),
            ("https://x.example/tokens/T-1?token_uid=7", "https://x.example/tokens/T-1?token_uid=7"),
        ],
    )
    def test_the_log_has_no_secret_of_a_query(self, url: str, kept: str) -> None:
        assert opened(url=url).url == kept

    def test_nor_has_it_one_in_a_header_a_body_or_an_error(self) -> None:
        url = f"https://x.example/versions?token={SECRET}"
        record = open_message(
            Exchange(direction=OUTBOUND, method="GET", url=url, headers={"Referer": url}, body=f'{{"url":"{url}"}}')
        )
        record.finish(
            Outcome(
                http_status=302,
                headers={"Location": url, "Link": f'<{url}&offset=2>; rel="next"'},
                body=f'{{"url":"https://x.example/a?b=1\\u0026token={SECRET}"}}',
                error=f"they redirect to {url}",
            )
        )
        kept = " ".join(str(value) for value in vars(last_message()).values())
        assert SECRET not in kept
        assert kept.count("token=…3b2c") == 7

    def test_a_request_s_url_is_masked(self, cpo: Cpo) -> None:
        cpo.get(f"/ocpi/emsp/versions?token={SECRET}")
        assert last_message().url == "/ocpi/emsp/versions?token=…3b2c"

    def test_the_application_s_log_has_none_either(self) -> None:
        line = {
            "event": f"Not Found: /x?token={SECRET}",
            "url": f"https://x.example/?secret={SECRET}",
            "exception": f"ValueError: https://x.example/?access_token={SECRET}",
            "number": 7,
        }
        told = logs.mask_links(None, "warning", line)
        assert told == {
            "event": "Not Found: /x?token=…3b2c",
            "url": "https://x.example/?secret=…3b2c",
            "exception": "ValueError: https://x.example/?access_token=…3b2c",
            "number": 7,
        }

    @pytest.mark.parametrize(
        "name",
        [
            "q[token]",
            "q[token][]",
            "q[token][0]",
            "token[0]",
            "filter[auth][key]",
            "filter.token",
            "q%5Btoken%5D",
            "q%5btoken%5d%5b%5d",
            "q%255Btoken%255D",
            "%74oken",
            "a" * 200 + "_token",
        ],
    )
    def test_a_parameter_of_several_parts_is_masked(self, cpo: Cpo, name: str) -> None:
        cpo.get(f"/ocpi/emsp/versions?x=1&{name}={SECRET}&y=2")
        assert last_message().url == f"/ocpi/emsp/versions?x=1&{name}=…3b2c&y=2"
        line = {"event": f"Not Found: /x?{name}={SECRET}"}
        assert logs.mask_links(None, "warning", line) == {"event": f"Not Found: /x?{name}=…3b2c"}

    @pytest.mark.parametrize("name", ["q[uid]", "tokens_shown", "keys[0]", "offset"])
    def test_what_is_no_secret_stays(self, cpo: Cpo, name: str) -> None:
        cpo.get(f"/ocpi/emsp/versions?{name}=12")
        assert last_message().url == f"/ocpi/emsp/versions?{name}=12"

    def test_a_hostile_body_takes_no_longer_than_its_length(self) -> None:
        many = ("?" * 10**6, "&a" * 10**6, "https://" * 10**5, "?" + "a" * 10**6, "?token=" * 10**5)
        for hostile in (*many, "&" + "%25" * 10**5 + "=1", "?" + "[" * 10**6 + "=1"):
            assert len(mask_urls(hostile)) <= len(hostile)
