"""Tokens: how they want ours written, and whether they turn others away."""

from uuid import uuid4

from django.conf import settings

from ocpi.client import CallFailed
from ocpi.client.exchange import BASE64, RAW
from onboarding.connection_check.case import Case, Finding, Problems, failed, not_applicable, passed, warned
from onboarding.connection_check.look import Look
from onboarding.connection_check.scene import Scene

THEME = "Access"
FORBIDDEN = 403
REFUSALS = (401, FORBIDDEN)
NAMES = {RAW: "as it is", BASE64: "in base64"}


def token_encoding(scene: Scene) -> Finding:
    """Both spellings are tried; the one that works is used for the rest of the check."""
    usual = BASE64 if scene.version.encodes_token else RAW
    looks: dict[str, Look] = {}
    try:
        for encoding in (usual, RAW if usual == BASE64 else BASE64):
            looks[encoding] = scene.ask(scene.partner.versions_url, "versions", encoding=encoding)
    except CallFailed as failure:
        return failed(failure.sentence, change=failure.advice)
    accepted = [encoding for encoding, look in looks.items() if look.ok]
    if not accepted:
        return _not_accepted(scene, looks, usual)
    stored = scene.partner.token_encoding
    scene.notes["encoding"] = stored if stored in accepted else accepted[0]
    return _judge(usual, accepted, stored, list(looks.values()))


def _not_accepted(scene: Scene, looks: dict[str, Look], usual: str) -> Finding:
    """Refused, or answered with something that says nothing about the token."""
    if any(look.http not in REFUSALS and (look.code or 0) < 2000 for look in looks.values()):
        return passed("Our token is not refused; what they answer instead is looked at below.", *looks.values())
    if all(look.http == FORBIDDEN for look in looks.values()):
        stranger = scene.ask(scene.partner.versions_url, "versions", token=str(uuid4()), on_purpose=True)
        if stranger.http == FORBIDDEN:
            return _nobody_let_in(looks[usual], [*looks.values(), stranger])
    text = f"Our token is accepted neither {NAMES[RAW]} nor {NAMES[BASE64]}. {looks[usual].why}"
    return failed(text, *looks.values())


def _nobody_let_in(look: Look, looks: list[Look]) -> Finding:
    """HTTP 403 to whatever token: as a firewall answers, and says nothing about ours."""
    text = (
        f"Everything is refused with HTTP 403, whatever token it has: ours {NAMES[RAW]}, ours {NAMES[BASE64]}, and one "
        f"that nobody gave out. {look.why}"
    )
    addresses = ", ".join(settings.OCPI_OUTBOUND_IPS) or "they are in the data sheet"
    change = (
        f"Let our outbound addresses ({addresses}) through your firewall or WAF. If it is your OCPI server that "
        "answers so: answer a wrong token with HTTP 401, and check which token you expect from us."
    )
    return failed(text, *looks, change=change)


def _judge(usual: str, accepted: list[str], stored: str, looks: list[Look]) -> Finding:
    if stored and stored not in accepted:
        text = (
            f"We write our token {NAMES[stored]}, as was learnt before, but it is accepted only {NAMES[accepted[0]]}."
        )
        return failed(text, *looks, change="Accept the token as before, or tell us that you changed how you read it.")
    if usual not in accepted:
        return warned(f"Our token is accepted {NAMES[accepted[0]]}, not {NAMES[usual]}. We write it so.", *looks)
    other = " The other spelling is accepted too." if len(accepted) > 1 else ""
    return passed(f"Our token is accepted {NAMES[usual]}, as this version wants it.{other}", *looks)


def bad_token(scene: Scene) -> Finding:
    """A token that nobody gave out must not open anything."""
    problems = Problems()
    places = [("versions", scene.partner.versions_url), ("locations", scene.url_of("locations"))]
    for module, url in places:
        if not url:
            continue
        look = scene.ask(url, module, token=str(uuid4()), on_purpose=True)
        problems.looks.append(look)
        if look.ok:
            problems.fail(f"GET {module} with a token that nobody gave out was answered with data.")
        elif look.http is None:
            problems.fail(f"GET {module} with a token that nobody gave out was not answered. {look.why}")
        elif look.http != 401:
            problems.warn(
                f"GET {module} with a token that nobody gave out was answered with HTTP {look.http}, not 401."
            )
        elif look.code is None:
            problems.warn(f"HTTP 401 on GET {module} came without an OCPI envelope.")
    return problems.finding("A token that nobody gave out is refused with HTTP 401.")


def unknown_object(scene: Scene) -> Finding:
    """An object that does not exist: HTTP 404, in an envelope with status code 2xxx."""
    url = scene.url_of("locations")
    if not scene.is_connected:
        return not_applicable("Modules can be asked once the handshake is done.")
    look = scene.ask(f"{url.rstrip('/')}/SFP-NO-SUCH-LOCATION", "locations", on_purpose=True)
    problems = Problems([look])
    if look.ok:
        problems.fail("GET of a location that does not exist was answered as a success.")
    elif look.http is None or look.http >= 500:
        problems.fail(f"GET of a location that does not exist: {look.why}")
    else:
        if look.http != 404:
            problems.warn(f"GET of a location that does not exist was answered with HTTP {look.http}, not 404.")
        if look.code is None:
            problems.warn("The error came without an OCPI envelope.")
        elif look.code < 2000:
            problems.warn(f"The error came with status code {look.code}, which means success.")
    return problems.finding(f"HTTP 404 with status code {look.code}.")


# What the rest depends on.
FIRST = ("token_encoding",)
CASES = (
    Case(
        "token_encoding",
        THEME,
        "Accepting our token",
        "authorization",
        "Accept the token that you gave us, in the Authorization header, as `Token <token>`. From 2.2 on the token is "
        "written in base64 there, in 2.1.1 as it is.",
        token_encoding,
        needs=("reach",),
    ),
    Case(
        "bad_token",
        THEME,
        "Refusing other tokens",
        "authorization",
        "Answer every request without a token, or with one that you did not give out, with HTTP 401 and an OCPI "
        "envelope with a status_code from 2000 on.",
        bad_token,
        needs=("details",),
    ),
    Case(
        "unknown_object",
        THEME,
        "Unknown objects",
        "status_codes",
        "Answer GET of an object that does not exist with HTTP 404 and an OCPI envelope: status_code 2003 for a "
        "location, no data.",
        unknown_object,
        needs=("locations.list",),
    ),
)
