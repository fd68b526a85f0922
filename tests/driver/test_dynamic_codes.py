"""Dynamic QR codes (OCPP 2.1, C25): a link that the charger's display shows is checked before anything is reserved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils.html import escape
from django.utils.translation import gettext, override

from billing.models import PaymentAuthorization
from ocpi.models import Evse
from partners.ground import secrets
from partners.models import Partner
from sessions_adhoc import totp
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.driver.displays import keeping
from sessions_adhoc.models import AdHocSession, DisplaySecret
from sessions_adhoc.totp import Maker
from tests.driver import scene
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db
SECRET = "secure!Charging!"
NOW = datetime(2024, 5, 23, 0, 23, 5, tzinfo=UTC)
SHOWN = Maker(SECRET, 30, 12)
# Published with the reference implementation: OpenChargingCloud/DynamicQRCodes, TOTP/JavaScript/test/test.js.
LAST, THIS, NEXT = "MdPU0jCm5tXz", "CN63y502maVh", "dI54vnA25m2h"
STALE = (
    "This code is not valid any more. Please scan the code on the charger's display again. "
    "Nothing was reserved with it."
)
NEEDED = "To start here, please scan the code on the charger's display. It changes all the time."
API = "/api/v1/ad-hoc-sessions/"


def share(evse: Evse, **values: Any) -> DisplaySecret:
    given = {"partner": evse.partner, "secret": secrets.encrypt(SECRET), "validity": 30, "length": 12}
    return DisplaySecret.objects.create(**(given | values))


def shown(seconds: int = 0, maker: Maker = SHOWN) -> str:
    """What the display shows so many seconds from now."""
    return totp.code_at(maker, totp.interval_at(maker, NOW + timedelta(seconds=seconds)))


@pytest.fixture(autouse=True)
def moment() -> Any:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def display(evse: Evse) -> DisplaySecret:
    return share(evse, only_dynamic=True)


def nothing_was_reserved() -> bool:
    return not AdHocSession.objects.exists() and not PaymentAuthorization.objects.exists()


class TestTheAlgorithm:
    @pytest.mark.parametrize(
        ("validity", "length", "known"),
        [
            (30, 12, (LAST, THIS, NEXT)),
            (30, 23, ("MdPU0jCm5tXzkaPrPj61KwI", "CN63y502maVhAsv27Sd7JlE", "dI54vnA25m2hWW3bUcdY13q")),
            (60, 12, ("nTdkiuG6yUyg", "XJZr0L1DGKn0", "ft0ONZ62MdMj")),
        ],
    )
    def test_it_makes_the_codes_that_are_published(self, validity: int, length: int, known: tuple[str, ...]) -> None:
        maker = Maker(SECRET, validity, length)
        assert tuple(shown(far * validity, maker) for far in (-1, 0, 1)) == known

    def test_it_takes_this_interval_and_its_neighbours(self) -> None:
        taken = [far for far in range(-300, 301, 30) if totp.is_valid(SHOWN, shown(far), NOW)]
        assert taken == [-30, 0, 30]

    def test_it_says_how_far_off_a_code_is(self) -> None:
        assert [totp.seconds_from(SHOWN, shown(far), NOW, 600) for far in (-600, -90, 0, 240, 630)] == [
            -600,
            -90,
            0,
            240,
            None,
        ]


class TestThePage:
    @pytest.mark.parametrize("code", [LAST, THIS, NEXT])
    def test_a_code_that_is_shown_now_opens_the_page_and_pays(
        self, client: Client, evse: Evse, display: DisplaySecret, form: Callable[..., dict[str, Any]], code: str
    ) -> None:
        page = client.get(f"/c/{evse.code}?totp={code}&v=v1")
        assert page.status_code == 200
        assert 'id="payment"' in page.content.decode()
        paid = client.post(f"/c/{evse.code}", form())
        assert (paid.status_code, AdHocSession.objects.get().evse) == (302, evse)
        display.refresh_from_db()
        assert (display.refused, display.refusals, display.valid_at) == (0, [], NOW)

    def test_a_code_may_be_used_again_while_it_is_shown(self, evse: Evse, display: DisplaySecret) -> None:
        assert [Client().get(f"/c/{evse.code}?totp={THIS}").status_code for _ in range(2)] == [200, 200]

    def test_it_is_paid_within_half_an_hour_and_no_later(
        self,
        client: Client,
        evse: Evse,
        display: DisplaySecret,
        form: Callable[..., dict[str, Any]],
        moment: Any,
    ) -> None:
        client.get(f"/c/{evse.code}?totp={THIS}&v=v1")
        moment.shift(timedelta(minutes=29))
        assert client.get(f"/c/{evse.code}?totp={THIS}&lang=sk").status_code == 200
        moment.shift(timedelta(minutes=2))
        late = client.post(f"/c/{evse.code}", form())
        assert late.status_code == 409
        assert nothing_was_reserved()

    def test_a_try_again_needs_no_other_scan(
        self,
        client: Client,
        evse: Evse,
        display: DisplaySecret,
        form: Callable[..., dict[str, Any]],
        moment: Any,
    ) -> None:
        client.get(f"/c/{evse.code}?totp={THIS}&v=v1")
        moment.shift(timedelta(minutes=25))
        client.post(f"/c/{evse.code}", form())
        moment.shift(timedelta(minutes=25))
        assert 'id="payment"' in client.get(f"/c/{evse.code}").content.decode()

    @pytest.mark.parametrize("language", ["sk", "cs", "de", "en", "hu", "pl"])
    @pytest.mark.parametrize(
        ("query", "text", "noted"),
        [
            (f"?totp={shown(-60)}&v=v1", STALE, 1),
            (f"?totp={shown(60)}", STALE, 1),
            ("?totp=%F0%9F%94%8B", STALE, 1),
            ("", NEEDED, 0),
        ],
    )
    def test_another_is_told_to_scan_the_display(
        self, client: Client, evse: Evse, display: DisplaySecret, query: str, text: str, noted: int, language: str
    ) -> None:
        page = client.get(f"/c/{evse.code}{query}", headers={"Accept-Language": language})
        with override(language):
            said = gettext(text)
        assert (page.status_code, said != text) == (409, language != "en")
        html = page.content.decode()
        assert (escape(said) in html, 'id="payment"' in html, "0.6027" in html.replace(",", ".")) == (True, False, True)
        display.refresh_from_db()
        assert (display.refused, len(display.refusals)) == (noted, noted)

    def test_pressing_pay_without_one_reserves_nothing(
        self, client: Client, evse: Evse, display: DisplaySecret, form: Callable[..., dict[str, Any]]
    ) -> None:
        answer = client.post(f"/c/{evse.code}", form())
        assert (answer.status_code, escape(NEEDED) in answer.content.decode()) == (409, True)
        assert nothing_was_reserved()
        display.refresh_from_db()
        assert display.refusals[0]["why"] == "The link has no code, as on a sticker."

    def test_a_valid_scan_is_of_its_charger_alone(
        self, client: Client, evse: Evse, display: DisplaySecret, form: Callable[..., dict[str, Any]]
    ) -> None:
        other = scene.beside(evse, "SK*ION*E100*2")
        client.get(f"/c/{evse.code}?totp={THIS}&v=v1")
        assert client.post(f"/c/{other.code}", form()).status_code == 409
        client.cookies["sfp_scanned"] = other.code
        assert client.post(f"/c/{other.code}", form()).status_code == 409
        assert nothing_was_reserved()


class TestThePolicy:
    def test_a_sticker_starts_unless_the_cpo_says_that_all_displays_are_dynamic(
        self, client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
    ) -> None:
        share(evse)
        assert client.get(f"/c/{evse.code}?totp={shown(-90)}").status_code == 409
        assert client.get(f"/c/{evse.code}").status_code == 200
        assert client.post(f"/c/{evse.code}", form()).status_code == 302

    def test_where_nothing_is_shared_a_code_is_not_looked_at(self, client: Client, evse: Evse) -> None:
        assert client.get(f"/c/{evse.code}?totp=whatever").status_code == 200
        assert "sfp_scanned" not in client.cookies

    def test_the_narrowest_scope_counts(self, client: Client, evse: Evse) -> None:
        other = {"secret": secrets.encrypt("another-Secret-1")}
        share(evse, **other, only_dynamic=True)
        share(evse, **other, location_id=evse.location.ocpi_id.lower())
        share(evse, location_id=evse.location.ocpi_id, evse_uid="ELSEWHERE", only_dynamic=True)
        share(evse, **other, location_id=evse.location.ocpi_id, evse_uid=evse.uid, active=False)
        assert client.get(f"/c/{evse.code}").status_code == 200
        assert client.get(f"/c/{evse.code}?totp={THIS}").status_code == 409
        DisplaySecret.objects.filter(evse_uid=evse.uid).update(active=True, secret=secrets.encrypt(SECRET))
        assert client.get(f"/c/{evse.code}?totp={THIS}").status_code == 200

    def test_another_partners_secret_is_nobodys_else(self, client: Client, evse: Evse) -> None:
        stranger: Partner = scene.make(PartnerFactory)
        share(evse, partner=stranger, only_dynamic=True)
        assert client.get(f"/c/{evse.code}?totp=whatever").status_code == 200

    def test_codes_of_a_replaced_secret_are_taken_for_a_day(
        self, evse: Evse, display: DisplaySecret, moment: Any
    ) -> None:
        keeping.put(display, "another-Secret-1")
        display.save()

        def status() -> int:
            maker = Maker(SECRET, 30, 12)
            code = totp.code_at(maker, totp.interval_at(maker, datetime.now(UTC)))
            return Client().get(f"/c/{evse.code}?totp={code}").status_code

        assert status() == 200
        moment.shift(timedelta(hours=24, seconds=1))
        assert status() == 409


WHY = {
    f"?totp={shown(-180)}&v=v1": "Too old: shown about 180 s before. The link was kept, "
    "or the display's clock is behind.",
    f"?totp={shown(3600)}&v=V1": "Too early: shown about 3600 s later. The display's clock is ahead.",
    f"?totp={THIS}&v=v2": "The link is of version 'v2' of the TOTP algorithm; we know v1.",
    f"?totp={THIS[:8]}": "The code has 8 characters instead of 12: another Length, or no code.",
    "?totp=AAAAAAAAAAAA": "Not a code of this secret within 2 hours: another SharedSecret or ValidityTime, another "
    "charger's, or much older.",
}


class TestWhatStaffRead:
    @pytest.mark.parametrize("query", WHY)
    def test_why_a_scan_was_refused(self, client: Client, evse: Evse, display: DisplaySecret, query: str) -> None:
        client.get(f"/c/{evse.code}{query}")
        display.refresh_from_db()
        assert display.refusals == [{"at": NOW.isoformat(), "evse": scene.EVSE_ID, "why": WHY[query]}]

    def test_a_secret_that_cannot_be_read_refuses(
        self, client: Client, evse: Evse, display: DisplaySecret, settings: Any
    ) -> None:
        settings.FIELD_ENCRYPTION_KEYS = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
        assert client.get(f"/c/{evse.code}?totp={THIS}").status_code == 409
        display.refresh_from_db()
        assert "FIELD_ENCRYPTION_KEYS" in display.refusals[0]["why"]

    def test_only_the_newest_are_kept_and_a_flood_is_not_counted(
        self, client: Client, evse: Evse, display: DisplaySecret, settings: Any
    ) -> None:
        settings.LIMIT_STRANGERS = 25
        for number in range(40):
            client.get(f"/c/{evse.code}?totp=wrong{number:07}")
        display.refresh_from_db()
        assert (display.refused, len(display.refusals)) == (25, 20)


class TestTheApi:
    @pytest.fixture
    def app(self, db: None) -> Client:
        key = create_client_key("app")[1]
        return Client(headers={"Authorization": f"Bearer {key}"})

    @staticmethod
    def start(app: Client, evse: Evse, key: str = "", **fields: str) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return app.post(API, {"evse": evse.code, **fields}, content_type="application/json", headers=headers)

    def test_start_takes_the_code(self, app: Client, evse: Evse, display: DisplaySecret) -> None:
        answer = self.start(app, evse, totp=THIS, totp_version="v1")
        assert answer.status_code == 201, answer.content

    @pytest.mark.parametrize(
        ("fields", "code", "text"),
        [
            ({"totp": "AAAAAAAAAAAA"}, "scan_expired", STALE),
            ({}, "scan_needed", NEEDED),
            ({"scan": "x"}, "scan_needed", NEEDED),
        ],
    )
    @pytest.mark.parametrize("channel", ["web", "qr"])
    def test_it_is_refused_without(
        self,
        app: Client,
        evse: Evse,
        display: DisplaySecret,
        fields: dict[str, str],
        code: str,
        text: str,
        channel: str,
    ) -> None:
        answer = self.start(app, evse, channel=channel, **fields)
        assert (answer.status_code, answer.json()) == (409, {"detail": text, "field": "totp", "code": code})
        assert nothing_was_reserved()

    def test_a_quote_proves_a_scan_for_half_an_hour(
        self, app: Client, evse: Evse, display: DisplaySecret, moment: Any
    ) -> None:
        plain = app.get("/api/v1/quotes/", {"evse": evse.code}).json()
        assert (plain["scan_needed"], plain["scan"]) == (True, "")
        scan = app.get("/api/v1/quotes/", {"evse": evse.code, "totp": THIS}).json()["scan"]
        moment.shift(timedelta(minutes=29))
        assert self.start(app, evse, scan=scan).status_code == 201
        moment.shift(timedelta(minutes=2))
        assert self.start(app, evse, scan=scan).json()["code"] == "scan_needed"
        late = app.get("/api/v1/quotes/", {"evse": evse.code, "totp": THIS})
        assert (late.status_code, late.json()["code"]) == (409, "scan_expired")

    def test_what_was_started_with_it_is_told_again_later(
        self, app: Client, evse: Evse, display: DisplaySecret, moment: Any
    ) -> None:
        first = self.start(app, evse, "key-1", totp=THIS)
        moment.shift(timedelta(hours=1))
        again = self.start(app, evse, "key-1", totp=THIS)
        assert (first.status_code, again.status_code, again.json()["id"]) == (201, 200, first.json()["id"])
