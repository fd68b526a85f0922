"""Why a step of a handshake failed, and whether it can come right by itself while the window is open."""

from ocpi.client import CallFailed

# Their server is being brought up, or their firewall opened, at this very moment: that is what the window is for.
HEALING_KINDS = frozenset(
    {"dns", "refused", "unreachable", "connect_timeout", "read_timeout", "connection_lost", "busy"}
)
HEALING_HTTP = frozenset({403, 408, 425, 429})
HEALING_CODES = frozenset({3000, 3001})


class StepFailedError(Exception):
    """A step did not succeed.

    Args:
        text: what happened, one sentence.
        advice: what to do about it.
        heals: trying again within the window can help, without anybody changing what was agreed.
        message_id: the exchange that shows it.
        registered: they answered that they took our credentials, and yet it cannot go on.
        http_status: of their answer, if there was one.
    """

    def __init__(
        self,
        text: str,
        advice: str,
        *,
        heals: bool = False,
        message_id: int | None = None,
        registered: bool = False,
        http_status: int | None = None,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.advice = advice
        self.heals = heals
        self.message_id = message_id
        self.registered = registered
        self.http_status = http_status

    @classmethod
    def of(cls, failure: CallFailed, doing: str, advice: str = "") -> "StepFailedError":
        """The failed call as a failed step: `GET versions failed: their host name cannot be resolved.`"""
        return cls(
            f"{doing} failed: {failure.text}.",
            advice or failure.advice,
            heals=can_heal(failure),
            message_id=failure.message_id,
            http_status=failure.http_status,
        )


def can_heal(failure: CallFailed) -> bool:
    """Whether the same call may succeed a little later."""
    status = failure.http_status or 0
    if failure.kind == "http_error":
        return status >= 500 or (status in HEALING_HTTP and not failure.about_token)
    return failure.kind in HEALING_KINDS or failure.status_code in HEALING_CODES
