"""`manage.py clientkey`: a key is shown once, listed without its text, and dies when revoked."""

import json
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from sessions_adhoc.driver.clients import find_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def running(*arguments: str) -> str:
        call_command("clientkey", *arguments)
        return str(capsys.readouterr().out)

    return running


def test_create_shows_a_key_that_works(run: Callable[..., str]) -> None:
    key = run("create", "web shop").splitlines()[0]
    client = find_client(key)
    assert client is not None
    assert client.name == "web shop"


def test_create_speaks_json(run: Callable[..., str]) -> None:
    data = json.loads(run("create", "shop", "--json"))
    assert data["name"] == "shop"
    assert find_client(data["key"]) is not None


def test_a_name_is_used_once(run: Callable[..., str]) -> None:
    run("create", "shop")
    with pytest.raises(CommandError, match="already"):
        run("create", "shop")


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_name_is_needed(run: Callable[..., str], name: str) -> None:
    with pytest.raises(CommandError, match="1 to 100"):
        run("create", name)


def test_list_shows_keys_without_their_text(run: Callable[..., str]) -> None:
    assert "no key yet" in run("list")
    key = run("create", "shop").splitlines()[0]
    out = run("list")
    assert "shop" in out
    assert key not in out
    assert f"...{key[-4:]}" in out
    assert json.loads(run("list", "--json"))[0]["state"] == "active"


def test_a_revoked_key_is_dead(run: Callable[..., str]) -> None:
    key = run("create", "shop").splitlines()[0]
    assert "is revoked" in run("revoke", "shop")
    assert find_client(key) is None
    assert "was revoked already" in run("revoke", "shop")
    assert json.loads(run("revoke", "shop", "--json"))["state"] == "revoked"


def test_an_unknown_key_is_said_in_words(run: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match="no key called 'nobody'"):
        run("revoke", "nobody")
