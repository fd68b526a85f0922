"""Staff in front of the admin."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoDbBlocker

from tests.admin import rows
from tests.admin.rows import World
from tests.support.shared import shared_rows


@pytest.fixture(scope="module")
def shared_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """For modules whose every test begins with this world: `pytestmark = pytest.mark.usefixtures("shared_world")`."""
    with shared_rows(django_db_blocker, rows.world) as made:
        yield made


@pytest.fixture
def world(request: pytest.FixtureRequest, db: None) -> World:
    if "shared_world" in request.fixturenames:
        shared: World = request.getfixturevalue("shared_world")
        return deepcopy(shared)
    return rows.world()


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss", "boss@sfp.example", "a-long-password")


@pytest.fixture
def page(boss: User) -> Client:
    """A browser in which a superuser is logged in."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def viewer(db: None) -> Client:
    """A browser of somebody who may see everything and change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client
