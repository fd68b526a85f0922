"""Calling a connected partner's modules with the stored token and endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from django.db.models import Model, OuterRef, QuerySet, Subquery

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


Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Endpoint:
    """Where a partner offers one side of a module, and the token to call it with, if there is one."""

    url: str
    token: ReceivedToken | None


def version_in_use(partner: Partner) -> Version:
    """The version that the handshake settled on.

    Raises:
        CallFailed: `no_token`, there was no handshake yet.
    """
    try:
        return VERSIONS[partner.version]
    except KeyError:
        raise CallFailed("no_token", f"{partner.name} is not connected yet") from None


def connection_token(partner: Partner, purpose: str = ReceivedToken.Purpose.CONNECTION) -> str:
    """The token that we call the partner with; before the handshake that of the registration.

    Raises:
        CallFailed: `no_token`, there is none, or no configured key decrypts it.
    """
    return _reveal(partner, tokens.received_token(partner.pk, purpose))


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
    return _reach(partner, module, role).url


def _reach(partner: Partner, module: str, role: str) -> Endpoint:
    """Where the partner offers this side of a module, and the token to call it with: both in one query.

    Raises:
        CallFailed: `not_offered`
    """
    mine = _offered(module, role).filter(partner=partner, version=partner.version)
    found = mine.annotate(token=tokens.usable_ciphertext(ReceivedToken.Purpose.CONNECTION)).first()
    if found is None:
        offer = f"{partner.name} does not offer {module} ({role.lower()}) in {partner.version}"
        raise CallFailed("not_offered", offer)
    return _endpoint(partner, found.url, found.token)


def _offered(module: str, role: str) -> QuerySet[RemoteEndpoint]:
    # Its own role sorts behind none.
    return RemoteEndpoint.objects.filter(module=module, role__in=(role, NO_ROLE)).order_by("-role")


def _endpoint(partner: Partner, url: str, ciphertext: str | None) -> Endpoint:
    return Endpoint(url, None if ciphertext is None else ReceivedToken(partner=partner, ciphertext=ciphertext))


def with_endpoint(rows: QuerySet[Row], module: str, role: str) -> QuerySet[Any]:
    """Rows that have a `partner`, read with where it offers this side of a module: `endpoint_of` each."""
    offered = _offered(module, role).filter(partner=OuterRef("partner"), version=OuterRef("partner__version"))
    return rows.annotate(
        endpoint_url=Subquery(offered.values("url")[:1]),
        endpoint_token=tokens.usable_ciphertext(ReceivedToken.Purpose.CONNECTION),
    )


def endpoint_of(row: Any) -> Endpoint | None:
    """What `with_endpoint` read; None where it is not offered, or was not read."""
    url: str | None = getattr(row, "endpoint_url", None)
    return _endpoint(row.partner, url, row.endpoint_token) if url else None


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
    at: Endpoint | None = None,
) -> Reply:
    """Call a functional module of a connected partner.

    Args:
        role: the partner's side of the module: SENDER or RECEIVER.
        segments: path below the module's URL.
        url: instead of the stored one, for example the next page.
        kind: of the object in `body`, see `Call`.
        to: (country_code, party_id) of the party behind a hub that it is for.
        at: where the partner offers the module, where the caller has just read it.

    Raises:
        CallFailed
    """
    version = version_in_use(partner)
    endpoint = None if url else at or _reach(partner, module, role)
    target = join_url(endpoint.url, *segments) if endpoint else url
    if not finishing.call_passes(partner, method, module, segments[0] if segments else ""):
        raise CallFailed("suspended", f"the connection to {partner.name} is suspended")
    return call(
        Call(
            partner=partner,
            method=method,
            url=target,
            token=_reveal(partner, endpoint.token) if endpoint else connection_token(partner),
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
