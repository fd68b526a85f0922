"""What they offer: versions, modules and roles (guide, section 4), and the URLs of it."""

from collections.abc import Iterable
from functools import partial
from urllib.parse import urlsplit

from ocpi.client import CallFailed
from ocpi.handshake.discovery import CREDENTIALS, Offer, offers_in
from onboarding.connection_check.case import FAILED, PASSED, Case, Finding, Problems, failed, not_applicable
from onboarding.connection_check.scene import Scene
from partners.models import RemoteEndpoint

THEME = "Versions and modules"
# What a CPO is to offer (guide, section 4): module, and why.
MODULES = (
    ("locations", "Locations", "You send your stations to us; we show them to drivers."),
    ("sessions", "Sessions", "You send live updates of each charge; GET /sessions is our fallback."),
    ("cdrs", "CDRs", "You send the record of each charge; the driver is billed from it."),
    ("tokens", "Tokens", "We push the tokens that may charge."),
    ("commands", "Commands", "We send START_SESSION and STOP_SESSION."),
    ("tariffs", "Tariffs", "Optional: you send your prices; we show them before a charge."),
)


def versions(scene: Scene) -> Finding:
    try:
        look = scene.ask(scene.partner.versions_url, "versions")
    except CallFailed as failure:
        return failed(failure.sentence, change=failure.advice)
    if look.items is None:
        return failed(look.why or "Their answer has no list of versions in data.", look)
    offered = {
        str(one["version"]).strip(): str(one["url"]).strip()
        for one in look.items
        if isinstance(one, dict) and isinstance(one.get("version"), str) and isinstance(one.get("url"), str)
    }
    names = ", ".join(sorted(offered)) or "none"
    if scene.version.number not in offered:
        return failed(f"They offer {names}. Agreed is {scene.version.number}.", look)
    scene.notes["details_url"] = offered[scene.version.number]
    problems = Problems([look])
    if len(offered) < len(look.items):
        problems.warn(f"{len(look.items) - len(offered)} entries of the list have no readable version and url.")
    return problems.finding(f"They offer {names}. Agreed is {scene.version.number}.")


def details(scene: Scene) -> Finding:
    look = scene.ask(scene.notes["details_url"], "versions")
    entries = look.data.get("endpoints") if isinstance(look.data, dict) else None
    if not isinstance(entries, list):
        return failed(look.why or "Their details have no list of endpoints.", look)
    offers = offers_in(entries, scene.version)
    scene.notes["offers"] = [offer.as_json() for offer in offers]
    scene.notes["details_message"] = look.message_id
    problems = Problems([look])
    if not offers:
        problems.fail("Their details list no endpoint.")
    if look.data.get("version") != scene.version.number:
        problems.warn(f"Their details of {scene.version.number} say version {look.data.get('version')!r}.")
    lacking = sorted({offer.module for offer in offers if not offer.role}) if scene.version.has_roles else []
    if lacking:
        problems.warn(f"No role is told for {', '.join(lacking)}.")
    names = ", ".join(f"{offer.module}{f' ({offer.role.lower()})' if offer.role else ''}" for offer in offers)
    return problems.finding(f"{len(offers)} endpoints: {names}.")


def _offers(scene: Scene) -> list[Offer]:
    return [Offer(**item) for item in scene.notes.get("offers", [])]


def _proof(scene: Scene) -> tuple[int, ...]:
    found = scene.notes.get("details_message")
    return (found,) if found else ()


def module(scene: Scene, name: str) -> Finding:
    """A module, on the side that we need."""
    need = next(one for one in scene.version.required_remote if one.identifier == name)
    offers = {offer.role: offer.url for offer in _offers(scene) if offer.module == name}
    url = offers.get(need.role.value) or offers.get("")
    side = need.role.value.lower()
    if url:
        scene.notes.setdefault("urls", {})[name] = url
        text = f"Offered as {side}: {url}" if offers.get(need.role.value) else f"Offered: {url}"
        return Finding(PASSED, text, messages=_proof(scene))
    if offers:
        return Finding(
            "fail", f"Offered as {', '.join(offers).lower()} only; needed is {side}.", messages=_proof(scene)
        )
    if not need.required:
        return not_applicable("Not offered. It is optional.")
    return Finding(FAILED, f"Not offered; needed is {side}.", messages=_proof(scene))


def registration(scene: Scene) -> Finding:
    url = next((offer.url for offer in _offers(scene) if offer.module == CREDENTIALS), "")
    if url:
        return Finding(PASSED, f"Offered: {url}", messages=_proof(scene))
    return Finding(FAILED, "Not offered.", messages=_proof(scene))


def urls(scene: Scene) -> Finding:
    """The URLs themselves: complete, secure, on one host, written without a slash at the end."""
    problems = Problems()
    home = urlsplit(scene.partner.versions_url)
    named = [(offer.module, offer.url) for offer in _offers(scene)] + [("details", scene.notes["details_url"])]
    parts = [(name, urlsplit(url)) for name, url in named]
    for text, names, is_fault in (
        (
            "Not a complete http(s) URL",
            [n for n, p in parts if p.scheme not in ("http", "https") or not p.hostname],
            True,
        ),
        (
            "Plain http beside an https versions URL",
            [n for n, p in parts if (home.scheme, p.scheme) == ("https", "http")],
            True,
        ),
        (
            "On another host than the versions URL",
            [n for n, p in parts if p.hostname and p.hostname != home.hostname],
            False,
        ),
        ("A slash at the end", [n for n, p in parts if p.path.endswith("/")], False),
        ("A double slash", [n for n, p in parts if "//" in p.path], False),
    ):
        if names:
            (problems.fail if is_fault else problems.warn)(f"{text}: {', '.join(names)}.")
    found = problems.finding(f"{len(named)} URLs, complete, on one host, without slashes at the end.")
    return Finding(found.verdict, found.seen, messages=_proof(scene))


def known_endpoints(scene: Scene) -> Finding:
    """What we call is what the handshake told; they may have moved since."""
    if not scene.is_connected:
        return not_applicable("There was no handshake yet.")
    stored = RemoteEndpoint.objects.filter(partner=scene.partner, version=scene.partner.version)
    known = {(row.module, row.role): row.url for row in stored}
    offered = {(offer.module, offer.role): offer.url for offer in _offers(scene)}
    problems = Problems()
    # A module that is gone is told of by a case of its own.
    if moved := _names(key for key in known.keys() & offered.keys() if not _same(known[key], offered[key])):
        problems.fail(f"Moved since the handshake: {moved}. We still call the old URLs.")
    if new := _names(offered.keys() - known.keys()):
        problems.warn(f"New since the handshake, and not used by us yet: {new}.")
    found = problems.finding("We call the URLs that they offer.")
    return Finding(found.verdict, found.seen, messages=_proof(scene))


def _names(keys: Iterable[tuple[str, str]]) -> str:
    return ", ".join(sorted({name for name, _ in keys}))


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


CASES = (
    Case(
        "versions",
        THEME,
        "The agreed version",
        "versions",
        "Let the versions URL answer with a list of {version, url}, the agreed version among them.",
        versions,
        needs=("token_encoding",),
    ),
    Case(
        "details",
        THEME,
        "The version's details",
        "details",
        "Let the version's URL answer with {version, endpoints: [{identifier, role, url}]}, in 2.1.1 without role.",
        details,
        needs=("versions",),
    ),
    *(
        Case(
            f"module.{name}",
            THEME,
            f"Module {title}",
            "guide §4",
            f"List {name} in your version details, in the role that the guide says. {why}",
            partial(module, name=name),
            needs=("details",),
        )
        for name, title, why in MODULES
    ),
    Case(
        "module.credentials",
        THEME,
        "Module Credentials",
        "credentials",
        "List credentials in your version details: with it both sides exchange and renew their tokens.",
        registration,
        needs=("details",),
    ),
    Case(
        "urls",
        THEME,
        "Endpoint URLs",
        "endpoints",
        "Write complete https URLs into your version details, on the host of your versions URL and without a slash at "
        "the end: paths are appended to them.",
        urls,
        needs=("details",),
    ),
    Case(
        "known_endpoints",
        THEME,
        "Endpoints since the handshake",
        "credentials",
        "Keep your endpoints where they are. When they have to move, tell us with PUT credentials: we read your "
        "details again.",
        known_endpoints,
        needs=("details",),
    ),
)
