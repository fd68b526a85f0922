"""The same wrong turns against the simulated CPO, which calls our server back while our POST is open."""

from collections.abc import Callable

import pytest

from partners.models import Partner
from tests.ocpi.cpo import Simulator
from tests.ocpi.handshake.conftest import advanced, due_now, go, last_step, token_state

FAULTS = {
    "wrong-token-a": ("failed", "versions", "HTTP 401"),
    "html-versions": ("failed", "versions", "web page (HTML)"),
    "missing-module": ("failed", "modules", "sessions (SENDER)"),
    "registration-3001": ("running", "credentials", "status code 3001"),
    "registration-3002": ("failed", "credentials", "status code 3002"),
    "registration-3003": ("failed", "credentials", "status code 3003"),
    "down": ("running", "versions", "closed the connection"),
}


@pytest.mark.django_db(transaction=True)
def test_each_fault_is_named_and_survived(simulated: Simulator, fresh: Callable[..., Partner], our_server: str) -> None:
    for number, (fault, (state, step, text)) in enumerate(FAULTS.items()):
        simulated.behave(reset=True, faults=[fault])
        token_a = simulated.control("POST", "reset-registration")["token_a"]
        partner = fresh(simulated.versions_url, code=f"p{number}", party_id=f"I0{number}", token_a=token_a)
        run = go(partner)
        assert (run.state, run.step) == (state, step), fault
        assert text in last_step(run).text, fault
        if state == "failed":
            assert run.advice, fault

        simulated.behave(reset=True)
        if state == "running":
            due_now(run)
            assert advanced(run).state == "succeeded", fault
        else:
            assert go(partner).state == "succeeded", fault
        assert token_state(partner)["issued"][-1] == ("connection", "active"), fault
        assert simulated.state()["registered"], fault
