"""Results of commands, posted to the response_url that we gave."""

import uuid

import pytest
from pytest_django import Settings

from ocpi import receivers
from ocpi.models import Command
from ocpi.routing import command_callback_url
from tests.factories import CommandFactory, PartnerFactory
from tests.ocpi.server.conftest import Cpo, answered, last_message


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    results: list[str] = []
    monkeypatch.setattr(receivers, "_command", [lambda command: results.append(command.result)])
    return results


@pytest.fixture
def command(cpo: Cpo) -> Command:
    return CommandFactory.create(partner=cpo.partner)


def path(command: Command) -> str:
    return f"commands/{command.kind}/{command.pk}"


def test_the_callback_url_is_where_we_listen(cpo: Cpo, command: Command, settings: Settings) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "http://testserver"
    url = command_callback_url(command)
    assert url == f"http://testserver/ocpi/emsp/2.2.1/{path(command)}"
    answered(cpo.post(url.removeprefix("http://testserver"), {"result": "ACCEPTED"}), 200, 1000)


def test_a_result_is_kept_and_told(cpo: Cpo, command: Command, heard: list[str]) -> None:
    body = {"result": "FAILED", "message": [{"language": "en", "text": "Cable is locked"}]}
    assert answered(cpo.post(path(command), body), 200, 1000) is None
    command.refresh_from_db()
    assert (command.result, command.result_text, command.result_at is not None) == (
        "FAILED",
        "Cable is locked",
        True,
    )
    assert (command.state, command.response) == ("answered", "ACCEPTED")
    assert heard == ["FAILED"]
    assert last_message().objects_touched == [f"command:{command.pk}"]


def test_the_first_result_wins(cpo: Cpo, command: Command, heard: list[str]) -> None:
    for result in ("ACCEPTED", "ACCEPTED", "FAILED", "CANCELED_RESERVATION"):
        answered(cpo.post(path(command), {"result": result}), 200, 1000)
    command.refresh_from_db()
    assert command.result == "ACCEPTED"
    assert heard == ["ACCEPTED"]


def test_a_reservation_can_be_cancelled_later(cpo: Cpo, heard: list[str]) -> None:
    command = CommandFactory.create(partner=cpo.partner, kind="RESERVE_NOW")
    for result in ("ACCEPTED", "CANCELED_RESERVATION", "CANCELED_RESERVATION", "FAILED"):
        answered(cpo.post(path(command), {"result": result}), 200, 1000)
    command.refresh_from_db()
    assert command.result == "CANCELED_RESERVATION"
    assert heard == ["ACCEPTED", "CANCELED_RESERVATION"]


@pytest.mark.parametrize("body", ['"ACCEPTED"', '{"result": "ACCEPTED"}'])
def test_2_1_1_posts_a_command_response(cpo: Cpo, body: str, heard: list[str]) -> None:
    command = CommandFactory.create(partner=cpo.partner, version="2.1.1")
    answered(cpo.post(f"/ocpi/emsp/2.1.1/{path(command)}", body), 200, 1000)
    assert heard == ["ACCEPTED"]


@pytest.mark.parametrize("url", ["commands/STOP_SESSION/{id}", "commands/NONSENSE/{id}", "commands/START_SESSION/5"])
def test_another_address_is_not_found(cpo: Cpo, command: Command, url: str) -> None:
    answered(cpo.post(url.format(id=command.pk), {"result": "ACCEPTED"}), 404, 2000)
    answered(cpo.post(f"commands/START_SESSION/{uuid.uuid4()}", {"result": "ACCEPTED"}), 404, 2000)
    command.refresh_from_db()
    assert command.result == ""


def test_the_command_of_another_partner_is_not_found(command: Command) -> None:
    other = Cpo(PartnerFactory.create(code="other", party_id="OTH"))
    answered(other.post(path(command), {"result": "ACCEPTED"}), 404, 2000)
    command.refresh_from_db()
    assert command.result == ""


NO_RESULTS = ["{}", '{"result": 5}', "[]", "null", '"x"', '{"result": "x"}', '{"result": "MAYBE"}', '["x"]', '""']


@pytest.mark.parametrize("kind", ["START_SESSION", "STOP_SESSION", "RESERVE_NOW", "UNLOCK_CONNECTOR"])
@pytest.mark.parametrize("version", ["2.1.1", "2.2", "2.2.1", "2.3.0"])
@pytest.mark.parametrize("body", NO_RESULTS)
def test_no_result_is_refused_and_the_true_one_counts(
    cpo: Cpo, heard: list[str], body: str, version: str, kind: str
) -> None:
    cpo.partner.enabled_versions = ["2.3.0"]
    cpo.partner.save()
    command = CommandFactory.create(partner=cpo.partner, version=version, kind=kind)
    url = f"/ocpi/emsp/{version}/{path(command)}"
    answered(cpo.post(url, body), 200, 2001)
    command.refresh_from_db()
    assert (command.result, command.result_at, heard) == ("", None, [])
    answered(cpo.post(url, {"result": "rejected"}), 200, 1000)
    command.refresh_from_db()
    assert (command.result, heard) == ("REJECTED", ["REJECTED"])
