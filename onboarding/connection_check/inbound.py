"""How they ask us: what their newest request carries."""

from datetime import timedelta

from django.utils import timezone

from ocpi.client.exchange import CONFIGURATION_MODULES
from ocpi.log.message_log import header_in
from ocpi.models import Message
from onboarding.connection_check.case import PASSED, WARNING, Case, Finding, not_applicable
from onboarding.connection_check.scene import Scene
from partners.models import IssuedToken

THEME = "How they call us"
LOOK_BACK = timedelta(days=7)
NOBODY_CALLED = "They did not call us in the last seven days."


def _newest(scene: Scene, *, functional: bool) -> Message | None:
    """Their newest request that we let in."""
    calls = Message.objects.filter(
        partner=scene.partner, direction=Message.Direction.INBOUND, at__gte=timezone.now() - LOOK_BACK
    ).exclude(http_status__in=(401, 403))
    if functional:
        calls = calls.exclude(module__in=(*CONFIGURATION_MODULES, ""))
    return calls.order_by("-id").first()


def token(scene: Scene) -> Finding:
    """The log keeps four characters of what the header carried: those of the token itself, or those of its base64."""
    message = _newest(scene, functional=False)
    if message is None:
        return not_applicable(NOBODY_CALLED)
    endings = set(IssuedToken.objects.filter(partner=scene.partner).values_list("last4", flat=True))
    raw = header_in(message.request_headers, "Authorization")[-4:] in endings
    words = "as it is" if raw else "in base64"
    if raw == scene.version.encodes_token:
        text = f"They write our token {words}; OCPI {scene.version} wants it {'in base64' if raw else 'as it is'}."
        return Finding(WARNING, f"{text} We read both.", messages=(message.pk,))
    return Finding(PASSED, f"They write our token {words}.", messages=(message.pk,))


def headers(scene: Scene) -> Finding:
    version = scene.version
    if not version.correlation_headers:
        return not_applicable("This version has neither message ids nor routing headers.")
    message = _newest(scene, functional=True)
    if message is None:
        return not_applicable(NOBODY_CALLED)
    wanted = ["X-Request-ID", "X-Correlation-ID"]
    if version.routing_headers:
        wanted += [f"OCPI-{way}-{part}" for way in ("from", "to") for part in ("country-code", "party-id")]
    missing = [name for name in wanted if not header_in(message.request_headers, name)]
    if missing:
        return Finding(WARNING, f"Their request lacks {', '.join(missing)}.", messages=(message.pk,))
    return Finding(PASSED, "Their request carries message ids and routing headers.", messages=(message.pk,))


CASES = (
    Case(
        "inbound_token",
        THEME,
        "How they write our token",
        "authorization",
        "Write the token that we gave you in base64 into the Authorization header from 2.2 on, and as it is in 2.1.1.",
        token,
    ),
    Case(
        "inbound_headers",
        THEME,
        "Headers of their requests",
        "message_ids",
        "Send X-Request-ID and X-Correlation-ID with every request, and on functional modules the four OCPI-from-... "
        "and OCPI-to-... headers.",
        headers,
    ),
)
