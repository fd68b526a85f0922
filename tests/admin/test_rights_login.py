"""How staff get in: password, second factor, lock-out, and what an administrator can do about it."""

import re
import time
from base64 import b32decode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from pytest_django import Settings

from partners.models import AuthenticatorApp, HistoryEntry
from partners.people import second_factor

PASSWORD = "a-long-password"
HOME, LOGIN = reverse("admin:index"), reverse("admin:login")
ENTER, SET_UP = reverse("admin:second_factor"), reverse("admin:second_factor_set_up")


@pytest.fixture
def ana(db: None) -> User:
    return User.objects.create_user("ana", password=PASSWORD, is_staff=True)


@pytest.fixture
def key(ana: User) -> bytes:
    """The key in Ana's app, which she set up a while ago."""
    key = second_factor.new_key()
    assert second_factor.set_up(ana, key, code_of(key))
    AuthenticatorApp.objects.update(last_t=-1)
    return key


def code_of(key: bytes, steps: int = 0) -> str:
    return f"{totp(key, t0=0, drift=steps):06}"


def wrong_code(key: bytes) -> str:
    near = {code_of(key, steps) for steps in range(-3, 4)}
    return next(code for code in (f"{number:06}" for number in range(10)) if code not in near)


def log_in(client: Client, password: str = PASSWORD, **headers: Any) -> Any:
    return client.post(LOGIN, {"username": "ana", "password": password, "next": HOME}, **headers)


def enter(client: Client, code: str) -> Any:
    return client.post(ENTER, {"code": code, "next": HOME})


def admin_addresses(patterns: Any = None, above: str = HOME) -> Iterator[str]:
    """Every address of the admin, with 1 for whatever it names."""
    for found in admin.site.get_urls() if patterns is None else patterns:
        route = str(found.pattern)
        if hasattr(found, "url_patterns"):
            yield from admin_addresses(found.url_patterns, above + route)
        elif not route.startswith("^"):
            yield above + re.sub("<[^>]+>", "1", route)


def labels() -> list[str]:
    return list(HistoryEntry.objects.exclude(label="").order_by("pk").values_list("label", flat=True))


class TestPasswordAlone:
    def test_it_is_enough_where_no_second_factor_is_set_up_or_required(self, client: Client, ana: User) -> None:
        assert log_in(client)["Location"] == HOME
        assert client.get(HOME).status_code == 200

    def test_where_one_is_required_it_leads_to_setting_one_up_and_nowhere_else(
        self, client: Client, ana: User, settings: Settings
    ) -> None:
        settings.ADMIN_SECOND_FACTOR_REQUIRED = True
        assert log_in(client)["Location"].startswith(ENTER)
        assert client.get(ENTER)["Location"] == SET_UP
        assert client.get(SET_UP).status_code == 200
        assert client.get(HOME)["Location"].startswith(LOGIN)
        assert client.get(LOGIN)["Location"].startswith(ENTER)

    def test_it_opens_no_address_of_the_admin(self, client: Client, ana: User, settings: Settings) -> None:
        """Whatever Django, Unfold and our own pages have there, also what belongs to no model."""
        settings.ADMIN_SECOND_FACTOR_REQUIRED = True
        User.objects.update(is_superuser=True)
        log_in(client)
        addresses = set(admin_addresses()) - {LOGIN, ENTER, SET_UP, reverse("admin:logout")}
        assert {reverse("admin:jsi18n"), reverse("admin:password_change"), reverse("admin:search")} <= addresses
        for address in addresses:
            answer = client.post(address) if "/do/" in address else client.get(address)
            assert answer.status_code == 302, address
            assert answer["Location"].startswith(LOGIN), address

    def test_somebody_who_is_no_staff_gets_to_no_page(self, client: Client, ana: User) -> None:
        User.objects.update(is_staff=False)
        client.force_login(ana)
        for address in (HOME, ENTER, SET_UP, reverse("admin:second_factor_own")):
            assert client.get(address)["Location"].startswith(LOGIN)


class TestSecondFactor:
    def test_it_is_asked_for_after_the_password(self, client: Client, ana: User, key: bytes) -> None:
        answer = log_in(client)
        assert answer["Location"].startswith(ENTER)
        assert client.get(HOME)["Location"].startswith(LOGIN)
        assert enter(client, code_of(key))["Location"] == HOME
        assert client.get(HOME).status_code == 200

    def test_a_wrong_code_opens_nothing_and_slows_the_next_try_down(
        self, client: Client, ana: User, key: bytes
    ) -> None:
        log_in(client)
        answer = enter(client, wrong_code(key))
        assert "wrong or was used already. The next try counts in 1 s." in answer.content.decode()
        assert "The next try counts in" in enter(client, code_of(key)).content.decode()
        assert client.get(HOME)["Location"].startswith(LOGIN)

    def test_a_code_counts_once(self, client: Client, ana: User, key: bytes) -> None:
        log_in(client)
        code = code_of(key)
        assert enter(client, code).status_code == 302
        other = Client()
        log_in(other)
        assert "wrong or was used already" in enter(other, code).content.decode()

    def test_a_code_of_somebody_else_is_wrong(self, client: Client, ana: User, key: bytes) -> None:
        bob = User.objects.create_user("bob", password=PASSWORD, is_staff=True)
        foreign = second_factor.new_key()
        second_factor.set_up(bob, foreign, code_of(foreign))
        log_in(client)
        assert enter(client, code_of(foreign, 1)).status_code == 200
        assert client.get(HOME)["Location"].startswith(LOGIN)

    def test_the_session_gets_a_new_key(self, client: Client, ana: User, key: bytes) -> None:
        log_in(client)
        before = client.session.session_key
        enter(client, code_of(key))
        assert client.session.session_key != before

    def test_it_does_not_lead_to_foreign_sites(self, client: Client, ana: User, key: bytes) -> None:
        log_in(client)
        answer = client.post(ENTER, {"code": code_of(key), "next": "https://evil.example/"})
        assert answer["Location"] == HOME


class TestSettingUp:
    def key_on(self, shown: str) -> bytes:
        found = re.search(r'<code class="sfp-code">([A-Z2-7 ]+)</code>', shown)
        assert found is not None
        text = found[1].replace(" ", "")
        return b32decode(text + "=" * (-len(text) % 8))

    def test_it_is_on_once_the_app_shows_the_right_code(self, client: Client, ana: User, settings: Settings) -> None:
        settings.ADMIN_SECOND_FACTOR_REQUIRED = True
        log_in(client)
        key = self.key_on(client.get(SET_UP).content.decode())
        assert "data:image/svg+xml" in client.get(SET_UP).content.decode()
        wrong = client.post(SET_UP, {"code": wrong_code(key)})
        assert "This code is wrong" in wrong.content.decode()
        assert not AuthenticatorApp.objects.exists()
        done = client.post(SET_UP, {"code": code_of(key)})
        assert len(done.context["codes"]) == second_factor.CODES
        assert "no-store" in done["Cache-Control"]
        assert client.get(HOME).status_code == 200
        assert labels() == ["Second factor set up", "Recovery codes made"]

    def test_neither_key_nor_codes_are_stored_in_the_clear(self, client: Client, ana: User) -> None:
        log_in(client)
        key = self.key_on(client.get(SET_UP).content.decode())
        codes = client.post(SET_UP, {"code": code_of(key)}).context["codes"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT key FROM otp_totp_totpdevice")
            assert key.hex() not in cursor.fetchone()[0]
        stored = set(StaticToken.objects.values_list("token", flat=True))
        assert len(stored) == second_factor.CODES
        assert stored.isdisjoint({code.replace("-", "") for code in codes})
        history = str(list(HistoryEntry.objects.values()))
        assert not any(code in history for code in [*codes, key.hex()])

    def test_a_password_alone_cannot_replace_it(self, client: Client, ana: User, key: bytes) -> None:
        log_in(client)
        assert client.get(SET_UP)["Location"] == ENTER
        assert client.post(SET_UP, {"code": "123456"})["Location"] == ENTER
        assert AuthenticatorApp.objects.get().bin_key == key

    def test_another_phone_replaces_the_first(self, client: Client, ana: User, key: bytes) -> None:
        log_in(client)
        enter(client, code_of(key))
        fresh = self.key_on(client.get(SET_UP).content.decode())
        client.post(SET_UP, {"code": code_of(fresh)})
        assert AuthenticatorApp.objects.get().bin_key == fresh
        assert client.get(HOME).status_code == 200


class TestRecoveryCodes:
    def test_each_opens_the_account_once(self, ana: User, key: bytes) -> None:
        code = second_factor.make_recovery_codes(ana)[0]
        first, second = Client(), Client()
        for browser in (first, second):
            log_in(browser)
        assert enter(first, code.upper())["Location"] == HOME
        assert first.get(HOME).status_code == 200
        assert "wrong or was used already" in enter(second, code).content.decode()
        assert second_factor.recovery_codes_left(ana) == second_factor.CODES - 1
        used = HistoryEntry.objects.get(label="Recovery code used")
        assert (used.actor, used.outcome) == (ana, "9 left.")

    def test_new_ones_are_made_by_post_and_end_the_old_ones(self, client: Client, ana: User, key: bytes) -> None:
        old = second_factor.make_recovery_codes(ana)
        log_in(client)
        enter(client, code_of(key))
        address = reverse("admin:recovery_codes")
        assert client.get(address).status_code == 405
        new = client.post(address).context["codes"]
        assert set(new).isdisjoint(old)
        assert second_factor.check(ana, old[0]).device is None
        assert second_factor.recovery_codes_left(ana) == second_factor.CODES


class TestLockOut:
    def fail(self, client: Client, times: int, **headers: str) -> int:
        statuses: list[int] = [log_in(client, "wrong", **headers).status_code for _ in range(times)]
        return statuses[-1]

    def test_it_begins_after_five_wrong_passwords_and_says_when_it_ends(self, client: Client, ana: User) -> None:
        assert self.fail(client, 4) == 200
        answer = log_in(client, "wrong")
        assert answer.status_code == 429
        until = AccessAttempt.objects.get().attempt_time + timedelta(minutes=15)
        assert f"Try again at {timezone.localtime(until):%H:%M}" in answer.content.decode()
        assert log_in(client).status_code == 429
        assert client.get(HOME)["Location"].startswith(LOGIN)

    def test_tries_while_it_lasts_do_not_make_it_longer(self, client: Client, ana: User) -> None:
        self.fail(client, 5)
        before = AccessAttempt.objects.get().attempt_time
        self.fail(client, 2)
        assert AccessAttempt.objects.get().attempt_time == before

    def test_it_ends_by_itself(self, client: Client, ana: User) -> None:
        self.fail(client, 5)
        AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
        assert log_in(client)["Location"] == HOME

    def test_it_does_not_tell_who_exists(self, client: Client, ana: User) -> None:
        for name in ("ana", "nobody"):
            answers = [client.post(LOGIN, {"username": name, "password": "wrong"}) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]

    def test_it_holds_for_one_address_only(self, client: Client, ana: User) -> None:
        self.fail(client, 5, REMOTE_ADDR="1.1.1.1")
        assert log_in(client, REMOTE_ADDR="2.2.2.2").status_code == 302

    def test_behind_a_trusted_proxy_the_address_is_the_forwarded_one(
        self, client: Client, ana: User, settings: Settings
    ) -> None:
        settings.OCPI_TRUSTED_PROXIES = ["10.0.0.0/8"]
        proxy = {"REMOTE_ADDR": "10.0.0.1"}
        self.fail(client, 5, HTTP_X_FORWARDED_FOR="6.6.6.6, 1.1.1.1", **proxy)
        assert AccessAttempt.objects.get().ip_address == "1.1.1.1"
        assert log_in(client, HTTP_X_FORWARDED_FOR="1.1.1.1", **proxy).status_code == 429
        assert log_in(client, HTTP_X_FORWARDED_FOR="2.2.2.2", **proxy).status_code == 302

    def test_nobody_frees_themselves_with_a_header(self, client: Client, ana: User) -> None:
        self.fail(client, 5, REMOTE_ADDR="1.1.1.1")
        assert log_in(client, REMOTE_ADDR="1.1.1.1", HTTP_X_FORWARDED_FOR="2.2.2.2").status_code == 429

    def test_no_password_is_kept(self, client: Client, ana: User) -> None:
        self.fail(client, 2)
        assert "wrong" not in str(AccessAttempt.objects.values().get())

    @pytest.mark.parametrize("place", ["user", "attempt"])
    def test_an_administrator_unlocks(self, client: Client, page: Client, ana: User, place: str) -> None:
        self.fail(client, 5)
        address = {
            "user": reverse("admin:auth_user_do_unlock", args=[ana.pk]),
            "attempt": reverse("admin:partners_failedlogin_do_unlock", args=[AccessAttempt.objects.get().pk]),
        }[place]
        page.post(address)
        assert log_in(client)["Location"] == HOME
        assert labels() == ["Unlock"]


class TestResetting:
    def address(self, user: User) -> str:
        return reverse("admin:auth_user_do_reset-second-factor", args=[user.pk])

    def test_it_needs_a_reason_which_stays_in_the_history(
        self, page: Client, boss: User, ana: User, key: bytes
    ) -> None:
        page.post(self.address(ana), {"reason": " "})
        assert second_factor.has_app(ana)
        page.post(self.address(ana), {"reason": "Lost her phone; I called her back."})
        assert not second_factor.has_app(ana)
        entry = HistoryEntry.objects.get(label="Reset second factor")
        assert (entry.actor, entry.reason, entry.result) == (boss, "Lost her phone; I called her back.", "done")

    def test_her_sessions_owe_a_new_one(
        self, client: Client, page: Client, ana: User, key: bytes, settings: Settings
    ) -> None:
        settings.ADMIN_SECOND_FACTOR_REQUIRED = True
        log_in(client)
        enter(client, code_of(key))
        assert client.get(HOME).status_code == 200
        second_factor.reset(ana)
        assert client.get(HOME)["Location"].startswith(LOGIN)

    def test_an_administrator_does_not_reset_a_superuser(self, client: Client, boss: User, ana: User) -> None:
        ana.groups.add(Group.objects.get(name="admin"))
        key = second_factor.new_key()
        second_factor.set_up(boss, key, code_of(key))
        client.force_login(ana)
        client.post(self.address(boss), {"reason": "Please"})
        assert second_factor.has_app(boss)
        assert client.post(reverse("admin:auth_user_change", args=[boss.pk]), {}).status_code == 403
        assert client.post(reverse("admin:auth_user_password_change", args=[boss.pk]), {}).status_code == 403


def test_a_page_costs_one_query_more_whether_the_second_factor_is_given_or_not(
    client: Client, ana: User, key: bytes, settings: Settings
) -> None:
    """The device of the session, or whether there is one."""
    log_in(client)
    with CaptureQueriesContext(connection) as refused:
        client.get(HOME)
    assert len([query for query in refused if "otp_" in query["sql"]]) == 1
    enter(client, code_of(key))
    with CaptureQueriesContext(connection) as given:
        client.get(HOME)
    assert len([query for query in given if "otp_" in query["sql"]]) == 1


def test_codes_follow_the_clock(key: bytes) -> None:
    """RFC 6238: the code of the step before is still taken, one of an hour ago is not."""
    ana = User.objects.get()
    assert second_factor.check(ana, f"{totp(key, t0=3600):06}").device is None
    AuthenticatorApp.objects.update(throttling_failure_count=0)
    assert second_factor.check(ana, code_of(key, -1)).device is not None
    assert AuthenticatorApp.objects.get().last_t >= time.time() // 30 - 2
