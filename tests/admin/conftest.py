"""Staff in front of the admin."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.admin import rows
from tests.admin.rows import World


@pytest.fixture
def world(db) -> World:
    return rows.world()


@pytest.fixture
def boss(db) -> User:
    return User.objects.create_superuser("boss", "boss@sfp.example", "a-long-password")


@pytest.fixture
def page(boss) -> Client:
    """A browser in which a superuser is logged in."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def viewer(db) -> Client:
    """A browser of somebody who may see everything and change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client
