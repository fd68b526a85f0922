"""Calling a connected partner's modules with the stored token and endpoints."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ocpi import finishing
from ocpi.client.exchange import Call, Reply, call
from ocpi.client.failures import CallFailed
from ocpi.versions import VERSIONS, Version
from partners import tokens
from partners.ground import secrets
from partners.models import Partner, ReceivedToken, RemoteEndpoint
from partners.parties import pair_in

SENDER, RECEIVER = RemoteEndpoint.Role.SENDER.value, RemoteEndpoint.Role.RECEIVER.value
NO_ROLE = ""  # OCPI 2.1.1 has one endpoint per module


def version_in_use(partner: Partner) -> Version:
    """The version that the handshake settled on.

    Raises:
        CallFailed: `no_token`, there was no handshake yet.
    """
    try:
        return VERSIONS[partner.version]
    except KeyError:
        raise CallFailed("no_token", f"{partner.name} is not connected yet") from None


def connection_token(partner: Partner) -> str:
    """The token that we call the partner with.

    Raises:
        CallFailed: `no_token`, there is none, or no configured key decrypts it.
    """
    return _reveal(partner, tokens.received_token(partner.pk, ReceivedToken.Purpose.CONNECTION))


def _reveal(partner: Partner, row: ReceivedToken | None) -> str:
    if row is None:
        raise CallFailed("no_token", f"there is no token to call {partner.name} with")
    try:
        return tokens.reveal_received(row)
    except secrets.UnreadableSecret as error:
        advice = "Put the key that encrypted it back into FIELD_ENCRYPTION_KEYS."
        raise CallFailed("no_token", str(error), advice=advice) from error


def endpoint_url(partner: Partner, module: str, role: str) -> str:
    """Where the partner offers this side of a module.

    Raises:
        CallFailed: `not_offered`
    """
    return _reach(partner, module, role)[0]


def _reach(partner: Partner, module: str, role: str) -> tuple[str, ReceivedToken | None]:
    """Where the partner offers this side of a module, and the token to call it with: both in one query.

    Raises:
        CallFailed: `not_offered`
    """
    offered = RemoteEndpoint.objects.filter(
        partner=partner, version=partner.version, module=module, role__in=(role, NO_ROLE)
    )
    # Its own role sorts behind none.
    found = offered.annotate(token=tokens.usable_ciphertext(ReceivedToken.Purpose.CONNECTION)).order_by("-role").first()
    if found is None:
        offer = f"{partner.name} does not offer {module} ({role.lower()}) in {partner.version}"
        raise CallFailed("not_offered", offer)
    return found.url, None if found.token is None else ReceivedToken(partner=partner, ciphertext=found.token)


def join_url(url: str, *segments: str) -> str:
    """`url` with path segments, percent-encoded and with exactly one slash between them."""
    return "/".join([url.rstrip("/"), *(quote(segment, safe="") for segment in segments)])


def functional(
    partner: Partner,
    method: str,
    module: str,
    role: str,
    *segments: str,
    url: str = "",
    params: Mapping[str, Any] | None = None,
    body: Any = None,
    kind: str = "",
    read_timeout: float | None = None,
    to: tuple[str, str] | None = None,
) -> Reply:
    """Call a functional module of a connected partner.

    Args:
        role: the partner's side of the module: SENDER or RECEIVER.
        segments: path below the module's URL.
        url: instead of the stored one, for example the next page.
        kind: of the object in `body`, see `Call`.
        to: (country_code, party_id) of the party behind a hub that it is for.

    Raises:
        CallFailed
    """
    version = version_in_use(partner)
    token, base = None, ""
    if not url:
        base, token = _reach(partner, module, role)
    target = url or join_url(base, *segments)
    if not finishing.call_passes(partner, method, module, segments[0] if segments else ""):
        raise CallFailed("suspended", f"the connection to {partner.name} is suspended")
    return call(
        Call(
            partner=partner,
            method=method,
            url=target,
            token=_reveal(partner, token) if base else connection_token(partner),
            module=module,
            version=version,
            params=params,
            body=body,
            kind=kind,
            to=to or _recipient(partner, method),
            read_timeout=read_timeout,
            gated=True,
        )
    )


def _recipient(partner: Partner, method: str) -> tuple[str, str] | None:
    """Lists behind a hub are asked of the hub itself (OCPI 2.2.1 §4.4: GET all via hub)."""
    return pair_in(partner.hub_party_id) if method == "GET" else None
