"""The connection: registering both ways, credentials by hand, rotation, unregistering (guide 7.3, OCPI 2.2.1 §7)."""

from ocpi import handshake
from ocpi.handshake.manual import connect_manually
from ocpi.handshake.rotation import retire_replaced_tokens
from ocpi.models import HandshakeRun
from ocpi.routing import versions_url
from partners import tokens
from partners.ground import secrets
from partners.models import IssuedToken, Partner, ReceivedToken
from partners.services import issue_registration_token
from rehearsal.interop.world import World, eventually, must

CONNECTED, NOT_CONNECTED = Partner.Connection.CONNECTED, Partner.Connection.NOT_CONNECTED


def we_register(world: World) -> str:
    """Method A (guide 7.3.1): we start with their versions URL and Token A."""
    started = handshake.start(world.partner, token_a=world.cpo.token_a)
    run = handshake.advance(started.pk)
    must(run and run.state == HandshakeRun.State.SUCCEEDED, f"the handshake ended: {run and run.cause}")
    _check_connected(world)
    return f"{run.steps.count()} steps" if run else ""


def by_hand(world: World) -> str:
    """Method B (guide 7.3.2): both sides type in tokens; no handshake."""
    _row, world.cpo_token = tokens.issue(world.partner, state=IssuedToken.State.ACTIVE)
    world.our_token = secrets.new_token()
    world.cpo.take_over(
        token_in=world.our_token, token_out=world.cpo_token, our_versions_url=versions_url(world.partner)
    )
    world.partner.refresh_from_db()
    found = connect_manually(world.partner, world.our_token, world.cpo_token)
    must(not found.new_token, "a new token was made although they have one")
    _check_connected(world)
    usable = IssuedToken.objects.filter(partner=world.partner).exclude(state=IssuedToken.State.REVOKED)
    must(usable.count() == 1, f"{usable.count()} of our tokens work at once")
    return "tokens typed in on both sides"


def versions_check(world: World) -> str:
    """GET /versions with the last used token: 200 and the list; 401 with any other (guide 7.3.2)."""
    url = versions_url(world.partner)
    answer = world.hand("GET", url)
    must((answer.http, answer.code) == (200, 1000), f"answered HTTP {answer.http}, {answer.code}")
    offered = [one["version"] for one in answer.data]
    must(world.version.number in offered, f"the list has only {', '.join(offered)}")
    wrong = world.cpo.by_hand("GET", url, secrets.new_token())
    must(wrong.http == 401, f"a wrong token was answered HTTP {wrong.http}")
    return ", ".join(offered)


def they_rotate(world: World) -> str:
    """The CPO renews with PUT (OCPI §7.2.3): new tokens work both ways, the old one ends once the new one was used."""
    old, fresh = world.cpo_token, secrets.new_token()
    ours = versions_url(world.partner)
    world.cpo.take_over(token_in=fresh, token_out=old, our_versions_url=ours)
    body = world.cpo.credentials(fresh, world.partner.party_id)
    answer = world.hand("PUT", world.url("credentials"), body)
    must((answer.http, answer.code) == (200, 1000), f"PUT was answered HTTP {answer.http}, {answer.code}")
    world.our_token, world.cpo_token = fresh, answer.data["token"]
    must(world.cpo_token != old, "the answer repeats the old token")
    world.cpo.take_over(token_in=fresh, token_out=world.cpo_token, our_versions_url=ours)
    _check_connected(world)
    retire_replaced_tokens()
    late = world.cpo.by_hand("GET", ours, old)
    must(late.http == 401, f"the old token is still answered HTTP {late.http}")
    return "both tokens renewed, the old one is refused"


def we_rotate(world: World) -> str:
    """We renew with PUT at the CPO."""
    before = tokens.received_token(world.partner.pk, ReceivedToken.Purpose.CONNECTION)
    run = handshake.advance(handshake.rotate(world.partner).pk)
    must(run and run.state == HandshakeRun.State.SUCCEEDED, f"the rotation ended: {run and run.cause}")
    assert run is not None
    _check_connected(world)
    after = tokens.received_token(world.partner.pk, ReceivedToken.Purpose.CONNECTION)
    must(before and after and after.pk != before.pk, "the token that we call them with is the old one")
    retire_replaced_tokens()
    usable = IssuedToken.objects.filter(partner=world.partner).exclude(state=IssuedToken.State.REVOKED)
    must(list(usable) == [run.issued_token], f"{usable.count()} of our tokens work at once")
    return "both tokens renewed, the old one is refused"


def they_unregister(world: World) -> str:
    """The CPO sends DELETE (OCPI §7.2.4): no token works any more; a second DELETE cannot succeed."""
    url = world.url("credentials")
    answer = world.hand("DELETE", url)
    must((answer.http, answer.code) == (200, 1000), f"DELETE was answered HTTP {answer.http}, {answer.code}")
    world.partner.refresh_from_db()
    must(world.partner.connection == NOT_CONNECTED, f"the partner is {world.partner.connection}")
    must(world.hand("GET", versions_url(world.partner)).http == 401, "their token still works")
    must(world.hand("DELETE", url).http == 401, "DELETE works twice")
    world.cpo.control("POST", "reset-registration")
    return "no token works any more"


def they_register(world: World) -> str:
    """Method C: the CPO registers with the token that we gave it (guide 6, OCPI §7.1)."""
    token = issue_registration_token(world.partner)
    functional = world.cpo.by_hand("GET", world.url("tokens"), token)
    must(functional.http == 401, f"the registration token opens tokens: HTTP {functional.http}")
    world.cpo.control("POST", "register", {"url": versions_url(world.partner), "token": token})
    _check_connected(world)
    again = world.cpo.by_hand("GET", versions_url(world.partner), token)
    must(again.http == 401, f"the used-up token is answered HTTP {again.http}")
    return "registered; their Token A is used up"


def we_unregister(world: World) -> str:
    """We send DELETE to the CPO."""
    run = handshake.advance(handshake.unregister_from(world.partner).pk)
    must(run and run.state == HandshakeRun.State.SUCCEEDED and not run.cause, f"it ended: {run and run.cause}")
    world.partner.refresh_from_db()
    must(world.partner.connection == NOT_CONNECTED, f"the partner is {world.partner.connection}")
    must(not world.cpo.state()["registered"], "the CPO still believes that we are registered")
    return "both sides forgot the other"


def _check_connected(world: World) -> None:
    """Both sides know, in this version, and each accepts the other's token."""
    world.partner.refresh_from_db()
    must(world.partner.connection == CONNECTED, f"the partner is {world.partner.connection}")
    must(world.partner.version == world.version.number, f"connected in {world.partner.version!r}")
    connection = world.cpo.state()["connection"]
    must(connection and connection["version"] == world.version.number, f"the CPO's side: {connection}")
    must(world.asked("tariffs", limit=1) is not None, "their tariffs are not answered")
    since, uid = world.mark(), world.cpo.state()["evses"][0]["uid"]
    for status in ("OUTOFORDER", "AVAILABLE"):
        world.cpo.control("POST", f"evses/{uid}/status", {"status": status})
    (message, *_) = eventually("a push with their token", lambda: world.pushed(since, "PATCH", "locations"))
    must(message.http_status in (200, 404), f"their push was answered HTTP {message.http_status}")
