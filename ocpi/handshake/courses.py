"""What a kind of run goes through, as data: registering by POST, rotating by PUT, unregistering by DELETE
(OCPI 2.2.1 §7.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ocpi.models import HandshakeRun
from partners.models import ReceivedToken

Kind, Step = HandshakeRun.Kind, HandshakeRun.Step
START_OVER = "Ask them to remove our registration and give a new Token A, or use Method B (manual credentials)."


@dataclass(frozen=True)
class Course:
    """One kind of run.

    Args:
        steps: in this order.
        purpose: which token of theirs we call them with.
        method: of the credentials call.
        no_token: why it cannot begin without that token, and what to do.
        first_call: by HTTP status of the first call, what to do instead of the usual.
        refused: by HTTP status of the credentials call, what that means; its advice is `START_OVER`.
        advice: by HTTP status of the credentials call, what to do instead of the usual.
        lost: what a 401 or 405 means after a call whose answer never came.
        perhaps: what they may have done when no usable answer came.
    """

    steps: tuple[HandshakeRun.Step, ...]
    purpose: str
    method: str
    no_token: tuple[str, str]
    first_call: Mapping[int, str]
    refused: Mapping[int, str]
    advice: Mapping[int, str]
    lost: str
    perhaps: str


_NOT_ACCEPTED = (
    "They do not accept the token that they gave us. Ask whether they revoked it. If so, agree on new ones: register "
    "again with a new Token A, or use Method B (manual credentials)."
)
_TALKING = (Step.VERSIONS, Step.DETAILS, Step.MODULES, Step.CREDENTIALS, Step.FINISH)
_NO_CONNECTION = ("There is no token to call them with.", "Register with a new Token A first.")

COURSES: Mapping[str, Course] = {
    Kind.REGISTER: Course(
        steps=_TALKING,
        purpose=ReceivedToken.Purpose.REGISTRATION,
        method="POST",
        no_token=("There is no Token A any more.", "Ask them for a new Token A and start again."),
        # Where a wrong URL or Token A shows (guide 8: handshake times out).
        first_call={
            401: "Token A is wrong, or used up by an earlier registration. Ask for the Token A that they generated "
            "for us, compare it character by character, or ask for a new one.",
            404: "The versions URL is wrong. Confirm the complete URL, such as https://cpo.example/ocpi/cpo/versions.",
        },
        refused={405: "They say that we are registered already (HTTP 405)."},
        advice={
            401: "Token A reads their versions but does not register us: ask them whether it was used up, and for a "
            "new one.",
        },
        lost="They have registered us, but their answer was lost.",
        perhaps="They may have registered us",
    ),
    Kind.ROTATE: Course(
        steps=_TALKING,
        purpose=ReceivedToken.Purpose.CONNECTION,
        method="PUT",
        no_token=_NO_CONNECTION,
        first_call={401: _NOT_ACCEPTED},
        refused={405: "They say that we are not registered (HTTP 405)."},
        advice={401: _NOT_ACCEPTED},
        lost="They have renewed the tokens, but their answer with ours was lost: we cannot call them any more.",
        perhaps="They may have renewed the tokens",
    ),
    Kind.UNREGISTER: Course(
        steps=(Step.LEAVE,),
        purpose=ReceivedToken.Purpose.CONNECTION,
        method="DELETE",
        no_token=_NO_CONNECTION,
        first_call={},
        refused={},
        advice={},
        lost="",
        perhaps="They may have unregistered us",
    ),
}


def course_of(run: HandshakeRun) -> Course:
    return COURSES[run.kind]


def following(run: HandshakeRun) -> str | None:
    """The step after the run's, or None."""
    steps = course_of(run).steps
    index = steps.index(Step(run.step)) + 1
    return steps[index] if index < len(steps) else None
