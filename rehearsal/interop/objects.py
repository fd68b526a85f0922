"""Locations, tariffs and tokens between both sides, pulled and pushed (OCPI 2.2.1 §8, §11, §12)."""

from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from ocpi import store, sync
from ocpi.calls import tokens
from ocpi.client import RECEIVER, functional
from ocpi.models import Evse, Location, SyncRun, Tariff, Token, TokenPush
from ocpi.store.tokens import token_wire, tokens_for
from ocpi.sync.requests import request_sync
from rehearsal.interop.world import World, clean, eventually, must, same

PAGE = 3


def pull_locations(world: World) -> str:
    """GET locations in pages; every one is stored as it was read."""
    run = _pull(world, "locations")
    return f"{run.stored} in {run.pages} pages, {_compare_locations(world)} EVSEs"


def pull_tariffs(world: World) -> str:
    """GET tariffs; every one is stored as it was read."""
    run = _pull(world, "tariffs")
    _compare_tariffs(world)
    return f"{run.stored} stored"


def push_network(world: World) -> str:
    """PUT of every Location with its EVSEs and connectors, into an empty store; answered 201."""
    Location.objects.filter(partner=world.partner).delete()
    Tariff.objects.filter(partner=world.partner).delete()
    since = world.mark()
    counts = world.cpo.control("POST", "push-network")
    world.notes["tariffs_pushed_since"] = since

    def arrived() -> Any:
        found = world.pushed(since, "PUT", "locations")
        return found if len(found) == counts["locations"] else None

    messages = eventually("the pushed locations", arrived)
    clean(messages)
    must({message.http_status for message in messages} == {201}, "a new Location was not answered with 201")
    _compare_locations(world)
    one = world.asked("locations", limit=1)[0]
    back = world.hand("GET", world.owned("locations", one["id"]))
    same(f"Location {one['id']} read back", one, back.data)
    return f"{len(messages)} PUTs, read back"


def push_tariffs(world: World) -> str:
    """PUT of every Tariff, and DELETE of one."""
    messages = world.pushed(world.notes["tariffs_pushed_since"], "PUT", "tariffs")
    clean(messages)
    _compare_tariffs(world)
    one = world.asked("tariffs")[0]
    url = world.owned("tariffs", one["id"])
    same(f"Tariff {one['id']} read back", one, world.hand("GET", url).data)
    must(world.hand("DELETE", url).http == 200, "DELETE of a Tariff failed")
    must(world.hand("GET", url).http == 404, "a deleted Tariff is still there")
    must(world.hand("PUT", url, one).http in (200, 201), "a deleted Tariff cannot be PUT again")
    return f"{len(messages)} PUTs, read back, deleted, put again"


def patch_evse(world: World) -> str:
    """PATCH of an EVSE's status, and back; the Location's last_updated rises with it."""
    evse = Evse.objects.filter(partner=world.partner, connectors__power_type="DC").order_by("uid")[0]
    world.evse_uid = evse.uid
    for status in ("OUTOFORDER", "AVAILABLE"):
        since = world.mark()
        world.cpo.control("POST", f"evses/{evse.uid}/status", {"status": status})
        eventually(f"{evse.uid} to be {status}", partial(_is, evse, status))
        clean(world.pushed(since, "PATCH", "locations"))
        evse.refresh_from_db()
        location = Location.objects.get(pk=evse.location_id)
        must(location.last_updated >= evse.last_updated, "the Location's last_updated stays behind")
    return "OUTOFORDER and back"


def list_tokens(world: World) -> str:
    """The CPO reads our tokens in pages (OCPI §12.2.1.1) and asks for authorization (§12.2.1.2)."""
    now = timezone.now()
    for number in range(PAGE):
        uid = f"{world.partner.code}-{number}"
        Token.objects.create(uid=uid, contract_id=f"SK-SFP-{uid}", issuer="Smart Fuel Pass", last_updated=now)
    listed, url = [], f"{world.url('tokens')}?limit=2"
    while url:
        answer = world.hand("GET", url)
        must(answer.http == 200, f"GET tokens was answered HTTP {answer.http}")
        listed += answer.data
        url = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    total = int(answer.headers["X-Total-Count"])
    known = tokens_for(world.partner)
    must(len(listed) == total == known.count(), f"{len(listed)} of {total} tokens were listed")
    same("the list of tokens", [token_wire(one, world.version) for one in known], listed)
    return f"{total} tokens in pages of 2"


def authorize(world: World) -> str:
    """The CPO asks for one token, and for one that we never issued."""
    uid = f"{world.partner.code}-0"
    kind = "OTHER" if not world.version.has_roles else "AD_HOC_USER"
    answer = world.hand("POST", f"{world.url('tokens', uid, 'authorize')}?type={kind}")
    must(answer.http == 200, f"answered HTTP {answer.http}, {answer.code}")
    must(answer.data["allowed"] == "ALLOWED", f"allowed is {answer.data['allowed']}")
    unknown = world.hand("POST", world.url("tokens", "nobody", "authorize"))
    found = (unknown.http, unknown.code)
    must(found == (404, world.version.unknown_token_code), f"an unknown token is answered {found}")
    return "ALLOWED; an unknown one 404"


def push_token(world: World) -> str:
    """One of our tokens is PUT to the CPO, changed there when it ends, and read back both times (OCPI §12.2.2)."""
    uid = f"{world.partner.code}-app"
    token = Token.objects.create(
        uid=uid,
        type=Token.Type.APP_USER,
        contract_id=f"SK-SFP-{uid}",
        issuer="Smart Fuel Pass",
        last_updated=timezone.now(),
    )
    tokens.push_tokens(world.partner)
    _check_pushed(world, token)
    token.valid, token.last_updated = False, timezone.now()
    token.save()
    tokens.token_changed(token)
    _check_pushed(world, token)
    return "PUT, ended with PATCH, read back"


def _check_pushed(world: World, token: Token) -> None:
    row = TokenPush.objects.get(partner=world.partner, token=token)
    # What its worker would do: the row may be handed out to one already, with the end of its lease.
    must(tokens.push(row.pk, row.next_check_at), f"the push failed: {TokenPush.objects.get(pk=row.pk).error}")
    named = {"type": token.type} if world.version.token_type_in_query else {}
    path = (settings.OCPI_COUNTRY_CODE, settings.OCPI_PARTY_ID, token.uid)
    found = functional(world.partner, "GET", "tokens", RECEIVER, *path, params=named).data
    same(f"token {token.uid}", token_wire(token, world.version), found)


def _is(evse: Evse, status: str) -> bool:
    return Evse.objects.get(pk=evse.pk).status == status


def _pull(world: World, module: str) -> SyncRun:
    run = sync.run(request_sync(world.partner, module).pk)
    must(run, f"another worker pulls {module}")
    assert run is not None
    must(run.state == SyncRun.State.SUCCEEDED, f"the pull {run.state}: {run.error}")
    must(run.stored == run.received and not run.refused, f"refused: {run.faults}")
    return run


def _compare_locations(world: World) -> int:
    """Every Location there against ours; return how many EVSEs they have."""
    theirs = world.asked("locations", limit=100)
    must(len(theirs) == Location.objects.filter(partner=world.partner).count(), "the number of Locations differs")
    for one in theirs:
        same(f"Location {one['id']}", one, store.location_wire(world.party, one["id"], world.version))
    return sum(len(one["evses"]) for one in theirs)


def _compare_tariffs(world: World) -> None:
    theirs = world.asked("tariffs", limit=100)
    must(len(theirs) == Tariff.objects.filter(partner=world.partner).count(), "the number of Tariffs differs")
    for one in theirs:
        same(f"Tariff {one['id']}", one, store.tariff_wire(world.party, one["id"], world.version))
