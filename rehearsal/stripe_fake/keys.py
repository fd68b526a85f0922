"""Idempotency as Stripe documents it: the first answer is repeated for a day, whatever it was, a failure too.

Another request under a key is an error; so is one while the first is being done. What never began to be done, because
its parameters were refused or its key was busy, is not remembered.
"""

from dataclasses import dataclass
from threading import Lock

from rehearsal.stripe_fake.checking import Wrong

REMEMBERED_SECONDS = 24 * 3600


@dataclass
class Remembered:
    """`answer`: (status, body), None while it is being done."""

    request: tuple[str, str]
    at: int
    answer: tuple[int, bytes] | None = None


class Keys:
    """The keys of one account."""

    def __init__(self) -> None:
        self.lock, self.known = Lock(), dict[str, Remembered]()

    def begin(self, key: str, request: tuple[str, str], now: int) -> tuple[int, bytes] | None:
        """The answer to repeat, or None: do it, and say `end` or `forget`. Raises Wrong."""
        with self.lock:
            earlier = self.known.get(key)
            if earlier is None or now - earlier.at >= REMEMBERED_SECONDS:
                self.known[key] = Remembered(request, now)
                return None
            if earlier.request != request:
                text = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                raise Wrong(text, type="idempotency_error")
            if earlier.answer is None:
                text = "There is currently another in-progress request using this Idempotent Key."
                raise Wrong(text, status=409, type="idempotency_error", code="idempotency_key_in_use")
            return earlier.answer

    def end(self, key: str, answer: tuple[int, bytes]) -> None:
        with self.lock:
            self.known[key].answer = answer

    def forget(self, key: str) -> None:
        with self.lock:
            self.known.pop(key, None)
