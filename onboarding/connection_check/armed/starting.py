"""START_SESSION: refused where it must be, accepted where it can be."""

from ocpi.models import Command
from onboarding.connection_check.armed import charge_facts
from onboarding.connection_check.armed.charge_facts import ACCEPTED, THEME
from onboarding.connection_check.case import (
    FAILED,
    PASSED,
    WARNING,
    Case,
    Finding,
    Problems,
    Wait,
    failed,
    passed,
    warned,
)
from onboarding.connection_check.scene import Scene

UNKNOWN_EVSE = "SFP-NO-SUCH-EVSE"
READY = ("AVAILABLE", "BLOCKED")


def charger(scene: Scene) -> Finding:
    """The test charger, asked for by itself: it must be there, and free."""
    run = scene.run
    url = "/".join((scene.url_of("locations").rstrip("/"), run.location_id, run.evse_uid))
    look = scene.ask(url, "locations")
    if not isinstance(look.data, dict):
        return failed(f"The test charger {run.evse_uid} cannot be asked for. {look.why}", look)
    status = str(look.data.get("status", ""))
    scene.notes["path"] = [status]
    if status == "PREPARING":
        return warned("The test charger says PREPARING, which OCPI does not know. It is read as BLOCKED.", look)
    if status not in READY:
        return failed(f"The test charger is {status or 'without a status'}; it must be AVAILABLE or BLOCKED.", look)
    return passed(f"The test charger is {status}.", look)


def _quote(command: Command) -> str:
    words = command.response or command.failure or command.get_state_display()
    text = f"CommandResponse: {words}."
    return f"{text} CommandResult: {command.result}." if command.result else text


def check_refusal(scene: Scene) -> Finding | Wait:
    """START_SESSION for an EVSE that does not exist."""
    found = charge_facts.send_once(scene, "unknown", lambda: charge_facts.begin_charge(scene, UNKNOWN_EVSE))
    return found if isinstance(found, Wait) else judge_refusal(scene, found, "an EVSE that does not exist")


def judge_refusal(scene: Scene, command: Command, what: str) -> Finding | Wait:
    """A START_SESSION that must come to nothing: said at once, or by the result."""
    if command.state != Command.State.ANSWERED:
        return Finding(
            FAILED, f"START_SESSION for {what}: {command.failure}", messages=charge_facts.result_messages(command)
        )
    if command.response == ACCEPTED and not command.result and not charge_facts.result_overdue(command):
        return charge_facts.look_again(scene, f"the result of START_SESSION for {what}")
    proofs = charge_facts.result_messages(command)
    if command.response == ACCEPTED and command.result in (ACCEPTED, ""):
        return Finding(FAILED, f"START_SESSION for {what} was not refused. {_quote(command)}", messages=proofs)
    departures = charge_facts.response_problems(scene, command)
    text = " ".join(["Refused, as it should be.", _quote(command), *departures])
    return Finding(WARNING if departures else PASSED, text, messages=proofs)


def start(scene: Scene) -> Finding | Wait:
    found = charge_facts.send_once(scene, "start", lambda: charge_facts.begin_charge(scene, scene.run.evse_uid))
    if isinstance(found, Wait):
        return found
    proofs = charge_facts.result_messages(found)
    if found.state != Command.State.ANSWERED or found.response != ACCEPTED:
        return Finding(
            FAILED,
            f"START_SESSION was not accepted. {_quote(found)} {found.response_text}".strip(),
            messages=proofs,
        )
    problems = Problems()
    for text in charge_facts.response_problems(scene, found):
        problems.warn(text)
    summed = problems.finding("START_SESSION was accepted.")
    return Finding(summed.verdict, summed.seen, messages=proofs)


CASES = (
    Case(
        "charger",
        THEME,
        "The test charger",
        "locations",
        "Answer GET locations/{location_id}/{evse_uid} with the EVSE, and free the test charger.",
        charger,
        needs=("token.push", "locations.list"),
        armed=True,
    ),
    Case(
        "start_unknown",
        THEME,
        "START_SESSION at an unknown EVSE",
        "command_response",
        "Answer a START_SESSION that cannot work with REJECTED, or accept it and send another result than ACCEPTED; "
        "compare evse_uid with your own locations.",
        check_refusal,
        needs=("charger",),
        armed=True,
    ),
    Case(
        "start",
        THEME,
        "START_SESSION",
        "start_session",
        "Answer START_SESSION at once with {result: ACCEPTED, timeout}; the token comes with the command and need not "
        "have been pushed before.",
        start,
        needs=("charger",),
        armed=True,
    ),
)
