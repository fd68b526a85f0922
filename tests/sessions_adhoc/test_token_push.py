"""The token of an ad-hoc session at the CPO: pushed before the START where the policy wants it, and ended there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ocpi.models import Command, TokenPush
from partners.models import Policy, RemoteEndpoint
from tests.ocpi.cpo import Answer, Seen, envelope
from tests.sessions_adhoc.looking import state
from tests.sessions_adhoc.test_terminal_receipt import charged

pytestmark = pytest.mark.django_db


@pytest.fixture
def receives_tokens(cpo: Any) -> Any:
    url = f"{cpo.server.url}/tokens"
    RemoteEndpoint.objects.create(partner=cpo.partner, version="2.2.1", module="tokens", role="RECEIVER", url=url)
    return cpo


def kinds(cpo: Any) -> list[str]:
    return [f"{seen.method} {seen.path.split('/')[1]}" for seen in cpo.server.seen]


def tokens_answer(cpo: Any, answer: Answer | Callable[[Seen], Answer]) -> None:
    """By any path below tokens: the uid is random."""
    script = cpo.server.script

    class AnyToken(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return answer if "/tokens/" in path else dict.get(self, path, default)

    cpo.server.script = AnyToken(script)


def test_it_is_not_pushed_unless_agreed(receives_tokens: Any, driver: Any) -> None:
    driver.start()
    assert kinds(receives_tokens) == ["POST commands"]
    assert not TokenPush.objects.exists()


def test_where_agreed_it_is_there_before_the_start_and_ends_with_the_session(
    receives_tokens: Any, driver: Any, clock: Any
) -> None:
    Policy.objects.create(partner=receives_tokens.partner, push_ad_hoc_tokens=True)
    tokens_answer(receives_tokens, envelope())
    session = charged(receives_tokens, driver, clock, 12.30)
    assert kinds(receives_tokens)[:2] == ["PUT tokens", "POST commands"]
    put, start = receives_tokens.server.seen[:2]
    assert put.path.endswith(f"/tokens/SK/SFP/{start.body['token']['uid']}")
    assert put.query == {"type": "AD_HOC_USER"}
    assert state(session) == ("settled", "")
    (change,) = receives_tokens.server.calls("PATCH", "/tokens/")
    assert change.body["valid"] is False
    assert len(receives_tokens.server.calls("PUT", "/tokens/")) == 1


def test_the_time_that_it_takes_is_not_the_starts(receives_tokens: Any, driver: Any, clock: Any) -> None:
    """How long a START whose worker may be dead is waited for counts from the START itself."""
    Policy.objects.create(partner=receives_tokens.partner, push_ad_hoc_tokens=True)

    def slow(_seen: Seen) -> Answer:
        clock.traveller.shift(40)
        return envelope()

    tokens_answer(receives_tokens, slow)
    began = clock.now()
    driver.start()
    command = Command.objects.get(kind="START_SESSION")
    assert (command.state, command.sent_at - began) == ("answered", timedelta(seconds=40))


def test_a_cpo_that_does_not_take_it_is_asked_to_start_all_the_same(receives_tokens: Any, driver: Any) -> None:
    Policy.objects.create(partner=receives_tokens.partner, push_ad_hoc_tokens=True)
    tokens_answer(receives_tokens, Answer("down", 503))
    driver.start()
    assert kinds(receives_tokens)[-1] == "POST commands"
    assert "PUT tokens" in kinds(receives_tokens)
    assert TokenPush.objects.get().pushed is None
