"""Where a partner stands, and who has to move."""

from ocpi.models import HandshakeRun
from onboarding.admin.partner.handshake_actions import LIVE
from partners import tokens
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING
from partners.models import Partner, ReceivedToken

Connection = Partner.Connection


def standing_of(partner: Partner) -> Standing:
    """Where the partner stands and who has to move."""
    if partner.connection == Connection.CONNECTED:
        return connected_standing(partner)
    if partner.connection == Connection.SUSPENDED:
        text = "Waiting for us. Their requests are answered with HTTP 403, and drivers cannot start at their chargers."
        return Standing("Suspended", text, WARNING, "Resume when the reason is gone.")
    newest = HandshakeRun.objects.filter(partner=partner).first()
    if newest and newest.state in LIVE:
        text = f"A handshake is {newest.get_state_display().lower()}: {newest.get_step_display().lower()}."
        return Standing("Handshake under way", text, INFO, "Follow it under “Handshakes”.")
    if newest and newest.state == HandshakeRun.State.FAILED:
        return Standing("Handshake failed", newest.cause, DANGER, newest.advice, since=newest.ended_at)
    if tokens.received_token(partner.pk, ReceivedToken.Purpose.REGISTRATION) is None:
        advice = (
            "Ask their technical contact for it and enter it below, or issue Token B and let them register with us."
        )
        return Standing("Not connected", "Waiting for the CPO: there is no Token A yet.", WARNING, advice)
    text = "Waiting for us: Token A is stored and nothing was tried since."
    return Standing("Not connected", text, NEUTRAL, "Start the handshake.")


def connected_standing(partner: Partner) -> Standing:
    """Whether anything is left to do with a connected partner."""
    version, since = f"OCPI {partner.version}.", partner.connected_at
    if getattr(partner, "incidents_open", 0):
        return Standing("Connected", f"{version} Incidents are open.", WARNING, "Work through them.", since)
    if getattr(partner, "newest_message_at", None) is None:
        advice = "Check that they push, or sync their locations."
        return Standing("Connected", f"{version} Waiting for the CPO: no message yet.", WARNING, advice, since)
    return Standing("Connected", f"{version} Nobody has to do anything.", SUCCESS, since=since)
