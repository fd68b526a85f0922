"""`manage.py partner`: what support types, and what it prints."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from partners import tokens
from partners.models import Partner
from tests.ocpi.cpo import TOKEN_A, TOKEN_C, Answer, ScriptedCpo
from tests.ocpi.sync.conftest import paged
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db


@pytest.fixture
def cpo() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


def partner(*arguments: str) -> str:
    out = StringIO()
    call_command("partner", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def as_json(*arguments: str) -> Any:
    return json.loads(partner(*arguments, "--json"))


def add(url: str, *more: str) -> Any:
    return as_json(
        *("add", "--code", "ion", "--name", "Ion", "--country", "sk", "--party", "ion", "--versions-url", url),
        *("--token-a", TOKEN_A, "--contact", "Jana,jana@ion.example,+421 2 123", "--ip", "203.0.113.0/24", *more),
    )


def test_adding_shows_token_b_once(cpo: ScriptedCpo) -> None:
    added = add(cpo.register_normally())
    assert tokens.find_issued(added["token_b"])
    assert added["our_versions_url"] == "http://127.0.0.1:8000/ocpi/emsp/versions"
    assert added["party"] == "SK*ION"
    assert added["contacts"] == ["Jana <jana@ion.example> +421 2 123"]
    assert added["allowed_networks"] == ["203.0.113.0/24"]
    shown = partner("show", "ion") + partner("show", "ion", "--json")
    assert added["token_b"] not in shown
    assert TOKEN_A not in shown
    assert f"…{added['token_b'][-4:]}" in shown


def test_adding_says_everything_that_is_wrong_at_once() -> None:
    with pytest.raises(CommandError) as refused:
        partner(
            *("add", "--code", "Ion Charging", "--name", "Ion", "--country", "SVK", "--party", "I"),
            *("--versions-url", "ftp://x", "--contact", "Jana,nowhere", "--ip", "1.2.3", "--token-a", "a b"),
        )
    text = str(refused.value)
    for part in ("code:", "country code:", "party id:", "versions url:", "email:", "network:", "token a:"):
        assert part in text, text
    assert Partner.objects.count() == 0


def test_a_code_is_unique(cpo: ScriptedCpo) -> None:
    add(cpo.url)
    with pytest.raises(CommandError, match="already exists"):
        add(cpo.url)


def test_a_handshake_prints_its_steps(cpo: ScriptedCpo) -> None:
    add(cpo.register_normally())
    printed = partner("handshake", "ion", "--inline")
    for line in ("versions     ok", "details      ok", "modules      ok", "credentials  ok", "finish       ok"):
        assert line in printed
    assert printed.rstrip().endswith("Connected over OCPI 2.2.1.")
    assert TOKEN_A not in printed
    assert TOKEN_C not in printed


def test_a_failed_handshake_says_what_to_do(cpo: ScriptedCpo) -> None:
    add(cpo.register_normally())
    cpo.on("/versions", Answer("<html>"))
    with pytest.raises(CommandError) as failed:
        partner("handshake", "ion", "--inline")
    assert "web page (HTML)" in str(failed.value)
    assert "What to do: The URL is probably wrong" in str(failed.value)


def test_a_failed_handshake_in_json_exits_with_1(cpo: ScriptedCpo) -> None:
    add(cpo.register_normally())
    cpo.on("/versions", Answer("<html>"))
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("partner", "handshake", "ion", "--inline", "--json", stdout=out)
    assert ended.value.code == 1
    data = json.loads(out.getvalue())
    assert (data["state"], data["steps"][0]["ok"]) == ("failed", False)


def test_a_handshake_left_to_the_workers(cpo: ScriptedCpo, run_tasks: Callable[..., list[Ran]]) -> None:
    add(cpo.register_normally())
    assert as_json("handshake", "ion", "--no-wait")["state"] == "scheduled"
    with pytest.raises(CommandError, match="under way already"):
        partner("handshake", "ion", "--no-wait")
    assert partner("cancel", "ion").strip() == "Called off."
    with pytest.raises(CommandError, match="No handshake"):
        partner("cancel", "ion")


def test_a_wrong_token_a_is_refused_before_anything(cpo: ScriptedCpo) -> None:
    add(cpo.register_normally())
    with pytest.raises(CommandError, match="printable characters"):
        partner("handshake", "ion", "--token-a", "x" * 65)


def test_pulling_says_what_was_refused(cpo: ScriptedCpo) -> None:
    from tests.factories import location_data

    add(cpo.register_normally())
    partner("handshake", "ion", "--inline")
    paged(
        cpo,
        "2.2.1/locations",
        [location_data("L1"), location_data("L2", coordinates=None), location_data("L3", id=None)],
    )
    paged(cpo, "2.2.1/tariffs", [])
    printed = partner("sync", "ion", "--inline")
    assert "3 received, 2 stored, 1 refused" in printed
    assert "(no id): id" in printed
    assert as_json("sync", "ion", "locations", "--since", "2026-11-22", "--inline")[0]["full"] is False


def test_a_failed_pull_exits_with_1(cpo: ScriptedCpo) -> None:
    add(cpo.register_normally())
    partner("handshake", "ion", "--inline")
    Partner.objects.get().endpoints.filter(module="cdrs").delete()
    with pytest.raises(SystemExit) as ended:
        partner("sync", "ion", "cdrs", "--inline")
    assert ended.value.code == 1


@pytest.mark.parametrize("arguments", [("sync", "ion", "tokens"), ("sync", "ion", "sessions")])
def test_a_pull_that_makes_no_sense_is_refused(cpo: ScriptedCpo, arguments: tuple[str, str, str]) -> None:
    add(cpo.url)
    with pytest.raises(CommandError):
        partner(*arguments, "--inline")


def test_a_new_token_b_ends_the_earlier_one(cpo: ScriptedCpo) -> None:
    first = add(cpo.url)["token_b"]
    second = as_json("token", "ion")["token_b"]
    assert tokens.find_issued(first) is None
    assert tokens.find_issued(second)


def test_showing_everything(cpo: ScriptedCpo) -> None:
    add(cpo.register_normally())
    partner("handshake", "ion", "--inline")
    shown = partner("show", "ion")
    for part in ("connection: connected", "2.2.1, commands, RECEIVER", "last handshake: number", "credentials  ok"):
        assert part in shown
    assert "SK*ION" in partner("show")
    assert as_json("show")[0]["code"] == "ion"


def test_method_b_takes_over_credentials(cpo: ScriptedCpo) -> None:
    add(cpo.register_normally())
    done = as_json("connect", "ion", "--their-token", TOKEN_C)
    assert done["connection"] == "connected"
    assert tokens.find_issued(done["new_token"])
    printed = partner("connect", "ion", "--their-token", TOKEN_C, "--our-token", done["new_token"])
    assert printed.strip() == f"Connected over OCPI 2.2.1. They call us with …{done['new_token'][-4:]}."
    with pytest.raises(CommandError, match="HTTP 401"):
        partner("connect", "ion", "--their-token", "wrong")


def test_an_unknown_code_names_the_known_ones(cpo: ScriptedCpo) -> None:
    add(cpo.url)
    with pytest.raises(CommandError, match=r"no partner with the code 'iom'. Known: ion"):
        partner("show", "iom")
