"""Lists and statistics are read from the copy; whoever decides something reads the database itself."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models.functions import Now
from django.test import Client, RequestFactory
from pytest_django import Settings

from billing.models import PaymentAuthorization
from ocpi.models import Message
from partners.models import Partner
from rehearsal.stage.servers import own_server, postgres
from sfp_platform.broker.pulse import What, sign
from sfp_platform.middleware import only_shows
from sfp_platform.models import Heartbeat
from sfp_platform.postgresql import replica
from tests.support.processes import eventually, free_port

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
    try:
        for seconds, follows in ((None, False), (31, False), (20, True)):
            if seconds is not None:
                sign(What.BEAT, "host-1")
                Heartbeat.objects.update(seen_at=Now() - timedelta(seconds=seconds))
            replica.following.until = 0.0
            for path in SHOWN:
                assert admin_client.get(path).status_code == 200
            assert replica.following.follows is follows
    finally:
        del connections[replica.REPLICA]
        replica.following.until = 0.0


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_real_follower_is_used_while_it_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own replication: made by pg_basebackup, then cut off, then following again."""
    programs, user = postgres.programs(), own_server.unprivileged_user("postgres")
    assert programs is not None
    monkeypatch.setattr(replica, "MOST_BEHIND", 3)
    with ExitStack() as stack:
        one, two = (stack.enter_context(own_server.private_folder("sfp-follow-", user)) for _ in range(2))
        ports = [free_port(), free_port()]
        postgres.initialise(programs, one, user, "secret")
        urls = [f"postgres://postgres:secret@127.0.0.1:{port}/postgres" for port in ports]
        lead = postgres.server_command(programs, one, ports[0], ["wal_level=replica"])
        stack.enter_context(own_server.running(lead, one, user, lambda: postgres.refusal(urls[0]) is None))
        leader = stack.enter_context(psycopg.connect(urls[0], autocommit=True))
        leader.execute("CREATE TABLE sfp_platform_heartbeat (seen_at timestamptz)")
        backup = [str(programs / "pg_basebackup"), "-D", str(two / "data"), "-d", urls[0], "-R", "-X", "stream"]
        subprocess.run(backup, check=True, **own_server.demote(user))  # type: ignore[call-overload]
        follow = postgres.server_command(programs, two, ports[1], [])
        stack.enter_context(own_server.running(follow, two, user, lambda: is_there(urls[1])))
        copy = connections["default"].copy(replica.REPLICA)
        own = {"HOST": "127.0.0.1", "PORT": str(ports[1]), "NAME": "postgres", "USER": "postgres", "PASSWORD": "secret"}
        copy.settings_dict = {**copy.settings_dict, **own}
        connections[replica.REPLICA] = copy
        try:
            assert not replica.Following()  # nothing was ever written
            leader.execute("INSERT INTO sfp_platform_heartbeat VALUES (now())")
            eventually(lambda: bool(replica.Following()), seconds=10, what="following")
            with psycopg.connect(urls[1], autocommit=True) as follower:
                follower.execute("SELECT pg_wal_replay_pause()")
                leader.execute("UPDATE sfp_platform_heartbeat SET seen_at = now()")
                eventually(lambda: not replica.Following(), seconds=10, what="not following")
                follower.execute("SELECT pg_wal_replay_resume()")
            leader.execute("UPDATE sfp_platform_heartbeat SET seen_at = now()")
            eventually(lambda: bool(replica.Following()), seconds=10, what="following again")
        finally:
            copy.close()
            del connections[replica.REPLICA]


def is_there(url: str) -> bool:
    """A follower refuses what `refusal` asks for."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True
