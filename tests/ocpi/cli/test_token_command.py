"""`manage.py token`: a CPO knows a token before anybody charges with it."""

import json
from collections.abc import Callable, Iterator

import pytest
from django.core.management import CommandError, call_command

from ocpi.models import Token, TokenPush
from partners.models import Partner, ReceivedToken, RemoteEndpoint
from partners.tokens import store_received
from tests.factories import PartnerFactory
from tests.ocpi.cpo import TOKEN_C, ScriptedCpo, envelope
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db
UID = "SFPTRYOUT1"


@pytest.fixture
def cpo() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def partner(cpo: ScriptedCpo) -> Partner:
    partner = PartnerFactory.create(code="ion", country_code="SK", party_id="ION", version="2.2.1")
    store_received(partner, TOKEN_C, ReceivedToken.Purpose.CONNECTION)
    RemoteEndpoint.objects.create(
        partner=partner, version="2.2.1", module="tokens", role="RECEIVER", url=f"{cpo.url}/tokens"
    )
    return partner


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def running(*arguments: str) -> str:
        call_command("token", *arguments)
        return str(capsys.readouterr().out)

    return running


def test_a_new_uid_becomes_a_one_off_token_and_is_pushed(
    cpo: ScriptedCpo, partner: Partner, run: Callable[..., str], run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.on(f"/tokens/SK/SFP/{UID}", envelope())
    assert "within seconds" in run("push", "ion", UID)
    run_tasks()
    [seen] = cpo.calls("PUT")
    assert (seen.body["uid"], seen.body["type"], seen.query) == (UID, "AD_HOC_USER", {"type": "AD_HOC_USER"})
    assert f"has token {UID}" in run("show", "ion", UID)
    token = Token.objects.get()
    assert (token.partner, token.type, token.valid) == (partner, "AD_HOC_USER", True)
    told = json.loads(run("show", "ion", UID.lower(), "--json"))
    assert (told["uid"], told["pushed"], told["error"]) == (UID, token.last_updated.isoformat(), "")


def test_the_same_again_makes_no_other_token(cpo: ScriptedCpo, partner: Partner, run: Callable[..., str]) -> None:
    run("push", "ion", UID)
    run("push", "ion", UID.lower())
    assert (Token.objects.count(), TokenPush.objects.count()) == (1, 1)


def test_a_refusal_is_shown(
    cpo: ScriptedCpo, partner: Partner, run: Callable[..., str], run_tasks: Callable[..., list[Ran]]
) -> None:
    run("push", "ion", UID)
    run_tasks()
    assert "Last try: They have nothing at this URL" in run("show", "ion", UID)


def test_what_cannot_be(partner: Partner, run: Callable[..., str]) -> None:
    other = PartnerFactory.create(code="gee")
    for arguments, text in (
        (("push", "nobody", UID), "no partner"),
        (("push", "ion", "x" * 37), "at most 36"),
        (("push", "ion", "with blank"), "no blanks"),
        (("show", "ion", UID), "never"),
    ):
        with pytest.raises(CommandError, match=text):
            run(*arguments)
    assert not Token.objects.exists()
    run("push", "ion", UID)
    with pytest.raises(CommandError, match="another partner"):
        run("push", other.code, UID)
    Partner.objects.update(connection=Partner.Connection.NOT_CONNECTED)
    with pytest.raises(CommandError, match="not connected"):
        run("push", "ion", "ANOTHER")
