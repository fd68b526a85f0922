"""Lists and statistics are read from the copy; whoever decides something reads the database itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, RequestFactory
from pytest_django import Settings

from billing.models import PaymentAuthorization
from ocpi.models import Message
from partners.models import Partner
from sfp_platform.middleware import only_shows
from sfp_platform.postgresql import replica

SHOWN = ["/admin/", "/admin/ocpi/message/", "/admin/sessions_adhoc/adhocsession/?queue=live"]
DECIDING = ["/admin/ocpi/message/1/change/", "/admin/partners/partner/add/", "/admin/nothing/"]


@pytest.fixture(params=[True, False], ids=["follows", "away"])
def follows(request: pytest.FixtureRequest, settings: Settings) -> Iterator[bool]:
    """With a copy that follows, or that nobody reaches."""
    settings.DATABASE_ROUTERS = ["sfp_platform.postgresql.replica.Router"]
    replica.following.until, replica.following.follows = float("inf"), request.param
    yield request.param
    replica.following.until = 0.0


def test_only_what_is_shown_comes_from_it(follows: bool) -> None:
    assert Message.objects.all().db == "default"
    with replica.showing():
        expected = replica.REPLICA if follows else "default"
        assert [Message.objects.all().db, PaymentAuthorization.objects.all().db] == [expected] * 2
        # Who somebody is, what is agreed and who may call is never asked of a copy.
        assert [User.objects.all().db, Partner.objects.all().db] == ["default"] * 2
        assert replica.Router().db_for_write(Message) == "default"
    assert Message.objects.all().db == "default"
    assert not replica.Router().allow_migrate(replica.REPLICA, "ocpi")


def test_lists_only_show_and_everything_else_may_decide() -> None:
    get, post = RequestFactory().get, RequestFactory().post
    assert [only_shows(get(path)) for path in SHOWN + DECIDING] == [True] * 3 + [False] * 3
    assert not any(only_shows(post(path)) for path in SHOWN + DECIDING)


@pytest.mark.django_db
def test_a_copy_that_nobody_reaches_is_not_asked(settings: Settings) -> None:
    away = connections["default"].copy(replica.REPLICA)
    away.settings_dict = {**away.settings_dict, "HOST": "127.0.0.1", "PORT": "1"}
    connections[replica.REPLICA] = away
    try:
        assert not replica.Following()
    finally:
        del connections[replica.REPLICA]


@pytest.mark.django_db
def test_pages_are_as_without_it(admin_client: Client, settings: Any) -> None:
    """The test's database is its own copy: a copy with nothing in it would show nothing."""
    settings.DATABASE_ROUTERS = ["sfp_platform.postgresql.replica.Router"]
    own = connections["default"]
    connections[replica.REPLICA] = own
    replica.following.until = 0.0
    try:
        for path in SHOWN:
            assert admin_client.get(path).status_code == 200
        assert replica.following.follows
    finally:
        del connections[replica.REPLICA]
        replica.following.until = 0.0
