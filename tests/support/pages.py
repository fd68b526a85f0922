"""What tests read in an answer's HTML."""

import re
from typing import Any

SECRET = re.compile(r'id="secret"[^>]*value="([^"]+)"')


def revealed(answer: Any) -> str | None:
    """The secret that this page reveals."""
    found = SECRET.search(answer.content.decode())
    return found[1] if found else None


def secret_in(answer: Any) -> str:
    """The same where one must be."""
    secret = revealed(answer)
    assert secret is not None, answer.content.decode()
    return secret
