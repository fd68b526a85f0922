"""The agreed integration window as a calendar file (RFC 5545), for both sides' calendars."""

from datetime import UTC, datetime

from django.conf import settings

from partners.models import Partner

LONGEST_LINE = 75
"""Octets, without the line's end (RFC 5545 §3.1)."""


def window_file(partner: Partner, agreed_at: datetime) -> str:
    """The window of `partner` as an event; empty where none is agreed.

    An event that was agreed on anew has the same UID and a higher SEQUENCE: a calendar moves it instead of adding one.
    """
    opens, closes = partner.integration_window_starts_at, partner.integration_window_ends_at
    if opens is None or closes is None:
        return ""
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Smart Fuel Pass//Integration window//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:integration-window-{partner.pk}@{settings.SUPPORT_EMAIL.rpartition('@')[2]}",
        f"SEQUENCE:{int(agreed_at.timestamp())}",
        f"DTSTAMP:{_stamp(agreed_at)}",
        f"DTSTART:{_stamp(opens)}",
        f"DTEND:{_stamp(closes)}",
        f"SUMMARY:{_escaped(f'OCPI handshake: {partner.name} and Smart Fuel Pass')}",
        f"DESCRIPTION:{_escaped(_description(partner))}",
        f"ORGANIZER;CN=Smart Fuel Pass:mailto:{settings.SUPPORT_EMAIL}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _description(partner: Partner) -> str:
    return (
        f"Please have your OCPI server ({partner.country_code}*{partner.party_id}) running and publicly reachable, and "
        f"your technical contact at hand.\nAnother time suits you better? Write to {settings.SUPPORT_EMAIL}."
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """A text value (RFC 5545 §3.3.11)."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """The line in pieces that are short enough; no character is cut."""
    pieces: list[str] = []
    piece = ""
    for character in line:
        if len(f"{piece}{character}".encode()) > LONGEST_LINE - bool(pieces):
            pieces.append(piece)
            piece = ""
        piece += character
    return "\r\n ".join([*pieces, piece])
