"""The version stands in one place, and is shown to staff and to monitoring."""

import tomllib

from django.conf import settings
from django.test import Client

from sfp_platform import __version__


def test_the_project_takes_it_from_there() -> None:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    assert "version" not in project
    assert project["dynamic"] == ["version"]


def test_health_tells_it(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "ok", "version": __version__}


def test_the_admin_shows_it(admin_client: Client) -> None:
    assert f"Integration platform {__version__}" in admin_client.get("/admin/").content.decode()
