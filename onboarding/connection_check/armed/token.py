"""Our tokens at their side: pushed, read back, pushed again, withdrawn."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from ocpi.client.failures import sentence
from ocpi.models import Token
from ocpi.store.tokens import new_one_off_token, token_wire
from onboarding.connection_check.armed import charge_facts
from onboarding.connection_check.armed.charge_facts import THEME
from onboarding.connection_check.case import Case, Finding, Problems, failed, passed, warned
from onboarding.connection_check.look import Look
from onboarding.connection_check.moments import read_moment
from onboarding.connection_check.scene import Scene


def _make_token(scene: Scene) -> Token:
    """The token of this check, made once."""
    if "token" not in scene.notes:
        scene.notes["token"] = new_one_off_token(scene.partner).pk
        scene.keep()
    return charge_facts.token(scene)


def _ask(scene: Scene, method: str, body: Any = None) -> Look:
    token = charge_facts.token(scene)
    path = f"{settings.OCPI_COUNTRY_CODE}/{settings.OCPI_PARTY_ID}/{token.uid}"
    params = {"type": token.type} if scene.version.token_type_in_query else None
    url = f"{scene.url_of('tokens').rstrip('/')}/{path}"
    return scene.ask(url, "tokens", method=method, params=params, body=body)


def push(scene: Scene) -> Finding:
    look = _ask(scene, "PUT", token_wire(_make_token(scene), scene.version))
    if not look.ok:
        return failed(look.why, look)
    return passed(f"They took a token of ours (HTTP {look.http}).", look)


def read_back(scene: Scene) -> Finding:
    look = _ask(scene, "GET")
    if not isinstance(look.data, dict):
        return failed(look.why or "Their answer has no token in data.", look)
    ours = token_wire(charge_facts.token(scene), scene.version)
    differing = [name for name, value in ours.items() if not _same(name, value, look.data.get(name))]
    if not differing:
        return passed("The token came back as we sent it.", look)
    details = tuple(
        {
            "object": charge_facts.token(scene).uid,
            "path": name,
            "text": f"sent {ours[name]!r}, came {look.data.get(name)!r}",
        }
        for name in differing
    )
    return failed(f"The token came back with another {', '.join(differing)}.", look, details=details)


def _same(name: str, ours: Any, theirs: Any) -> bool:
    if name == "last_updated":
        return read_moment(ours)[0] == read_moment(theirs)[0]
    if isinstance(ours, str) and isinstance(theirs, str):
        return ours.casefold() == theirs.casefold()
    return bool(ours == theirs)


def again(scene: Scene) -> Finding:
    """A push that is repeated, because its answer was lost, does no harm."""
    look = _ask(scene, "PUT", token_wire(charge_facts.token(scene), scene.version))
    if not look.ok:
        return failed(f"The same token a second time was refused. {look.why}", look)
    if look.http == 201:
        return warned("The same token a second time was answered with HTTP 201, as if it were new.", look)
    return passed("The same token a second time was taken as the update that it is.", look)


def withdraw(scene: Scene) -> Finding:
    """The token ends with the check: pushed as invalid, and read back so (OCPI 2.2.1 §12.2.2)."""
    token = charge_facts.token(scene)
    if token.valid:
        token.valid, token.last_updated = False, timezone.now()
        token.save(update_fields=["valid", "last_updated"])
    put = _ask(scene, "PUT", token_wire(token, scene.version))
    if not put.ok:
        return failed(f"The token could not be made invalid. {put.why}", put)
    got = _ask(scene, "GET")
    problems = Problems([put, got])
    if not isinstance(got.data, dict):
        problems.warn(f"The token cannot be read back. {sentence(got.why)}")
    elif got.data.get("valid") is not False:
        problems.fail("The token was made invalid, but comes back as valid.")
    return problems.finding("The token is invalid at their side; it cannot charge any more.")


CASES = (
    Case(
        "token.push",
        THEME,
        "Taking a token",
        "tokens_put",
        "Accept PUT tokens/{country_code}/{party_id}/{token_uid}, with type in the query, for every type in OCPI.",
        push,
        needs=("module.tokens", "module.commands", "sessions.list"),
        armed=True,
    ),
    Case(
        "token.read",
        THEME,
        "Reading the token back",
        "tokens_get",
        "Keep each token as it was pushed, and answer GET of it with all its fields.",
        read_back,
        needs=("token.push",),
        armed=True,
    ),
    Case(
        "token.again",
        THEME,
        "The same token twice",
        "tokens_put",
        "Treat a PUT of a token that you know as an update: HTTP 200. We repeat a push whose answer was lost.",
        again,
        needs=("token.push",),
        armed=True,
    ),
)
LAST = (
    Case(
        "token.withdrawn",
        THEME,
        "Making a token invalid",
        "tokens_put",
        "Take over `valid: false` when it is pushed, and start no charge with such a token.",
        withdraw,
        needs=("token.push",),
        armed=True,
        tidies=True,
    ),
)
