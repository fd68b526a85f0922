"""How an exchange is spoken of: badges, how it went, what to do about it."""

from django.utils.safestring import SafeString

from ocpi.client.failures import sentence
from ocpi.models import Message
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, badge

INBOUND = Message.Direction.INBOUND
ADVICE = {
    401: "The token is not known. Compare its last characters with the partner's tokens.",
    403: "The address is not on an allowlist: ours if they called us, theirs if we called them.",
    404: "Compare the URL with the endpoints of the other side, and the object with what was sent before.",
    405: "The registration is in another state on the two sides, or the module does not offer this method.",
}


def has_failed(row: Message) -> bool:
    """Whether the exchange ended badly. One that is still open did not end."""
    return bool(row.error) or (not row.ok and row.duration_ms is not None)


def standing_of(row: Message) -> Standing:
    """How the exchange went."""
    who = row.partner.name if row.partner else "somebody unknown"
    line = f"From {who} to us." if row.direction == INBOUND else sentence(f"from us to {who}")
    if row.error and row.http_status is None:
        return Standing("No answer", f"{line} {row.error}", DANGER)
    if row.duration_ms is None:
        return Standing("Open", f"{line} No end was recorded: it runs, or its worker died.", INFO)
    took = f"It took {row.duration_ms} ms."
    if has_failed(row):
        return Standing("Failed", f"{line} {took} {row.error}", DANGER, advice_for(row))
    if row.leniences:
        advice = "It was read all the same. Tell the partner, so that stricter partners of theirs can read it too."
        return Standing("Read leniently", f"{line} {took}", WARNING, advice)
    return Standing("Success", f"{line} {took}", SUCCESS)


def http_badge(row: Message) -> SafeString:
    """The HTTP status, or that there is none."""
    if row.http_status is None:
        return badge("open", INFO) if row.duration_ms is None else badge("no answer", DANGER)
    return badge(row.http_status, SUCCESS if row.http_status < 300 else WARNING if row.http_status < 400 else DANGER)


def ocpi_badge(row: Message) -> SafeString | str:
    """The OCPI status code."""
    if row.ocpi_status is None:
        return "-"
    return badge(row.ocpi_status, NEUTRAL if row.ocpi_status < 2000 else DANGER)


def advice_for(row: Message) -> str:
    """What to do about an exchange that failed."""
    if row.faults:
        return "Send the partner the faults listed below."
    return ADVICE.get(row.http_status or 0, "")
