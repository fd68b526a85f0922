"""Each sloppiness that we get along with, over HTTP, in both directions: noted on the message, counted per partner."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from cpo_simulator.wire.sloppiness import SWITCHES
from ocpi import handshake, sync
from ocpi.calls import commands
from ocpi.client import SENDER, CallFailed, functional
from ocpi.models import Evse, Message, PartnerQuirk
from ocpi.versions import VERSIONS
from partners.models import Partner
from tests.ocpi.cpo import Simulator
from tests.ocpi.modules.conftest import registered
from tests.support.processes import eventually

EVSE, SITE = "ION-BTS01-3", "ION-BTS01"
heavy = pytest.mark.heavy
# habit -> the kinds noted on what they send us, and on what they answer.
NOTED: dict[str, tuple[set[str], set[str]]] = {
    "naive-timestamps": ({"naive_timestamp"}, {"naive_timestamp"}),
    "offset-timestamps": ({"utc_offset"}, {"utc_offset"}),
    "numbers-as-strings": ({"number_as_string"}, {"number_as_string"}),
    "null-lists": ({"null_list"}, {"null_list"}),
    "unknown-values": ({"unknown_enum_value"}, {"unknown_enum_value"}),
    "over-long-strings": ({"over_long"}, {"over_long"}),
    "lower-case-ids": ({"lower_case_code"}, {"lower_case_code"}),
    "preparing-status": ({"preparing_status"}, {"preparing_status"}),
    "bare-command-result": ({"bare_string"}, {"bare_string"}),
    "no-envelope-on-errors": (set(), {"no_envelope"}),
    "trailing-slashes": ({"slashes"}, {"slashes"}),
}
# What a version allows, or has no place for.
ALLOWED: dict[tuple[str, str], tuple[set[str], set[str]]] = {
    ("2.1.1", "lower-case-ids"): (set(), set()),
    ("2.3.0", "unknown-values"): (set(), set()),
}
NO_SLOPPINESS = {"no-message-headers", "raw-tokens", "base64-tokens"}  # allowed; and what the version settles


def test_every_habit_is_looked_at() -> None:
    assert set(SWITCHES) == set(NOTED) | NO_SLOPPINESS


class Connection:
    """A simulated CPO and what the log says of it."""

    def __init__(self, cpo: Simulator, partner: Partner, version: str) -> None:
        self.cpo, self.partner, self.version = cpo, partner, version

    def kinds(self, since: int, direction: str) -> set[str]:
        """The leniences noted since then."""
        rows = Message.objects.filter(pk__gt=since, direction=direction)
        return {note["kind"] for row in rows for note in row.leniences}

    def after(self, act: Callable[[], None], **behaviour: Any) -> tuple[set[str], set[str]]:
        """Let it behave so, act, and return what was noted (in, out)."""
        since = Message.objects.order_by("id").values_list("id", flat=True).last() or 0
        self.cpo.behave(reset=True, **behaviour)
        act()
        eventually(lambda: not Message.objects.filter(direction="in", http_status=None).exists(), what="the answers")
        return self.kinds(since, "in"), self.kinds(since, "out")

    def talk(self) -> None:
        """Whatever shows a habit: a list, an error, a command, and pushes of all sorts."""
        assert sync.run(sync.request_sync(self.partner, "locations").pk)
        with suppress(CallFailed):
            functional(self.partner, "GET", "locations", SENDER, "nowhere")
        self.unlock()
        puts = Message.objects.filter(direction="in", method="PUT", module="locations").exclude(http_status=None)
        before = puts.count()
        self.cpo.control("POST", f"evses/{EVSE}/status", {"status": "BLOCKED"})
        sent = self.cpo.control("POST", "push-network")["locations"]
        eventually(lambda: puts.count() == before + sent, what="the locations")

    def renew_and_talk(self) -> None:
        """What both sides settle when they exchange tokens shows after that."""
        self.rotate()
        self.talk()

    def unlock(self) -> None:
        before = Message.objects.filter(direction="in", module="commands").exclude(http_status=None).count()
        command = commands.create_unlock_connector(
            partner=self.partner, location_id=SITE, evse_uid=EVSE, connector_id="1"
        )
        commands.send(command.pk)
        command.refresh_from_db()
        assert (command.state, command.response) == ("answered", "ACCEPTED"), command.failure
        came = Message.objects.filter(direction="in", module="commands").exclude(http_status=None)
        eventually(lambda: came.count() > before, what="the result")

    def rotate(self) -> None:
        run = handshake.advance(handshake.rotate(self.partner).pk)
        assert run is not None
        assert run.state == "succeeded", run.cause
        self.partner.refresh_from_db()

    def check_counts(self) -> None:
        """Each kind is counted once for each message that it is noted on."""
        noted: Counter[tuple[str, str]] = Counter()
        for row in Message.objects.exclude(leniences=[]):
            noted.update({(row.module, note["kind"]) for note in row.leniences})
        quirks = PartnerQuirk.objects.filter(partner=self.partner)
        assert dict(noted) == {(row.module, row.kind): row.count for row in quirks}


@pytest.fixture(params=[pytest.param(one, marks=[] if one == "2.2.1" else heavy) for one in VERSIONS])
def connection(request: Any, db: None, tmp_path: Any, live_server: Any, settings: Any) -> Iterator[Connection]:
    with registered(tmp_path, live_server, settings, request.param) as (cpo, partner):
        yield Connection(cpo, partner, request.param)


@pytest.mark.django_db(transaction=True)
def test_each_is_noted_and_counted_in_both_directions(connection: Connection) -> None:
    assert connection.after(connection.renew_and_talk) == (set(), set())
    lacking = {}
    for habit, usual in NOTED.items():
        came, answered = ALLOWED.get((connection.version, habit), usual)
        settled = habit == "trailing-slashes"
        found = connection.after(connection.renew_and_talk if settled else connection.talk, habits=[habit])
        if not (came <= found[0] and answered <= found[1]):
            lacking[habit] = found
        assert Evse.objects.get(uid__iexact=EVSE).status == "BLOCKED"
    assert lacking == {}
    other = "raw-tokens" if VERSIONS[connection.version].encodes_token else "base64-tokens"
    assert connection.after(connection.renew_and_talk, habits=[other]) == ({"token_encoding"}, set())
    connection.check_counts()
