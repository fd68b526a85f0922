"""An exchange as a command line, to be tried again or sent to a CPO's engineers. The token is left to the shell."""

import shlex

from ocpi.models import Message
from ocpi.routing import base_url

# curl sets these itself, or they belong to one connection.
LEFT_OUT = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent", "transfer-encoding", "authorization"}
)


def as_curl(message: Message) -> str:
    """`curl -X PUT ... -H "Authorization: Token $TOKEN"`. Everything else is quoted for the shell."""
    parts = [f"curl -i -X {shlex.quote(message.method)} {shlex.quote(full_url(message))}"]
    if any(name.lower() == "authorization" for name in message.request_headers):
        parts.append('-H "Authorization: Token $TOKEN"')
    parts += [
        f"-H {shlex.quote(f'{name}: {value}')}"
        for name, value in message.request_headers.items()
        if name.lower() not in LEFT_OUT and not name.lower().startswith("x-forwarded")
    ]
    if message.request_body:
        parts.append(f"--data-raw {shlex.quote(message.request_body)}")
    return " \\\n  ".join(parts)


def full_url(message: Message) -> str:
    """The address with its host; inbound messages are kept with their path only."""
    if "://" in message.url or message.partner is None:
        return message.url
    return f"{base_url(message.partner)}{message.url}"
