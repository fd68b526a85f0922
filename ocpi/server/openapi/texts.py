"""The introduction of a document, in plain words. What differs between versions is read from the Version."""

from ocpi.server.views.reading import DEEPEST
from ocpi.versions import Version, limits

INTRODUCTION = """\
This is what the eMSP **Smart Fuel Pass** (`SK*SFP`) serves to charge point operators in OCPI {version}. It describes
our side: what you may send, and what we answer. For the protocol itself see the
[OCPI specification](https://github.com/ocpi/ocpi).{on_request}

## Connecting
You get a registration token and the URL of our versions from us. {token}

## Answers
* Every answer is JSON in OCPI's envelope: `status_code`, `status_message`, `timestamp`, and `data` where there is any.
* **HTTP 200 does not mean success by itself: look at `status_code`.** 1000 is success. A body that is JSON, but no
  valid object, is answered with HTTP 200 and 2001; `status_message` lists the faults by their path, such as
  `evses[0].connectors[1].standard: is required and missing`.
* HTTP 400: the body is no JSON. 401: no token, or a wrong one. 403: suspended, or not from your network. 404: no such
  object or URL. 405: no such method here; `Allow` names those there are. 413: the body is too large.
* HTTP 408: the body took too long to arrive. 429: too many requests in a minute; `Retry-After` says in how many seconds
  the next is welcome.
* HTTP 500 is our mistake. Please try again later, and tell us the time.

## Sizes
A body may have 10 MB, 150,000 objects and lists, and {depth} levels. An object may have {periods:,} charging periods
with {dimensions} dimensions each, {connectors} connectors per EVSE, {items:,} items in any other list, and in a field
that this version does not know {unknown:,} characters. What is larger is answered with 2001 and its path.

## Leniency
The schemas show what the specification asks for. We read more than that: unknown fields, numbers in quotes, a
timestamp without Z, a value in another case, texts that are too long, `null` for a list. Such a message is taken, and
our support may ask you to correct it. An optional field may be left out or be `null`.

## Updates
The newest `last_updated` wins. An older update is acknowledged and changes nothing, so that messages may overtake each
other. {patch}{ids}{headers}"""
ON_REQUEST = (
    "\n\n**This version is on request**: until we have enabled it for you, its URLs are answered with HTTP 404."
)
RAW = "Send it as `Authorization: Token <token>`, as it is; in base64 it is understood as well."
ENCODED = (
    "Send it as `Authorization: Token <base64 of the token>`; the bare token is understood as well. The field `token` "
    "of credentials is never encoded."
)
NEEDED = "Every PATCH needs its `last_updated`. "
TAKEN = "A PATCH without `last_updated` counts from the moment it arrives. "
ANY_CASE = "Ids are compared without regard to case. "
HEADERS = """

## Headers
We repeat `X-Request-ID` and `X-Correlation-ID`; please send them, they make it easy to find a message together.
`OCPI-to-...` and `OCPI-from-...` are on all modules but versions, credentials and hub client info. We do not refuse
requests without them."""


def introduction(version: Version) -> str:
    """Return the text above a document's endpoints."""
    return INTRODUCTION.format(
        version=version,
        depth=DEEPEST,
        periods=limits.MOST_OF["charging_periods"],
        dimensions=limits.MOST_OF["dimensions"],
        connectors=limits.MOST_OF["connectors"],
        items=limits.MOST_ITEMS,
        unknown=limits.LONGEST_UNKNOWN,
        on_request=ON_REQUEST if version.on_request else "",
        token=token(version),
        patch=NEEDED if version.patch_needs_last_updated else TAKEN,
        ids=ANY_CASE if version.ids_ignore_case else "",
        headers=HEADERS if version.correlation_headers else "",
    )


def token(version: Version) -> str:
    """Return how the Authorization header is written."""
    return ENCODED if version.encodes_token else RAW
