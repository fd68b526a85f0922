"""The agreed window as a calendar file: what a calendar reads, whatever the partner is called."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from onboarding.documents.calendar import window_file
from onboarding.moments import span
from onboarding.portal.telling import tell_window
from onboarding.stages import moving
from partners.models import Mail, Partner
from partners.tasks import mail_tick
from tests.factories import PartnerFactory

OPENS = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
AGREED = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def partner(**changes: Any) -> Partner:
    return PartnerFactory.build(
        pk=7,
        **{
            "name": "Ion",
            "party_id": "ION",
            "integration_window_starts_at": OPENS,
            "integration_window_ends_at": OPENS + timedelta(hours=3),
            **changes,
        },
    )


def unfolded(text: str) -> list[str]:
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return text.replace("\r\n ", "").split("\r\n")


def test_a_calendar_reads_it() -> None:
    lines = unfolded(window_file(partner(), AGREED))
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert {
        "UID:integration-window-7@smartfuelpass.com",
        f"SEQUENCE:{int(AGREED.timestamp())}",
        "DTSTAMP:20261122T100000Z",
        "DTSTART:20261201T090000Z",
        "DTEND:20261201T120000Z",
        "SUMMARY:OCPI handshake: Ion and Smart Fuel Pass",
    } <= set(lines)


def test_agreed_anew_it_moves_the_same_event() -> None:
    first, second = (unfolded(window_file(partner(), at)) for at in (AGREED, AGREED + timedelta(hours=1)))
    uid, sequence = ([line for line in lines if line.startswith(("UID", "SEQUENCE"))] for lines in (first, second))
    assert uid[0] == sequence[0]
    assert uid[1] < sequence[1]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("A, B; C\\D", "A\\, B\\; C\\\\D"),
        ("X\r\nBEGIN:VEVENT", "X\\nBEGIN:VEVENT"),
        ("Žltá sieť nabíjačiek " * 4, "Žltá sieť nabíjačiek " * 4),
    ],
)
def test_no_name_breaks_out_of_its_line(name: str, written: str) -> None:
    lines = unfolded(window_file(partner(name=name), AGREED))
    assert f"SUMMARY:OCPI handshake: {written} and Smart Fuel Pass" in lines
    assert lines.count("BEGIN:VEVENT") == 1


def test_without_a_window_there_is_none() -> None:
    assert window_file(partner(integration_window_starts_at=None), AGREED) == ""


@pytest.mark.django_db
def test_it_is_attached_to_the_mail() -> None:
    made = PartnerFactory.create()
    made.contacts.create(name="Ana", email="ana@ion.example")
    moving.agree_window(made, datetime(2030, 1, 1, 9, tzinfo=UTC), datetime(2030, 1, 1, 12, tzinfo=UTC))
    tell_window(made)
    mail_tick()
    [sent] = mail.outbox
    assert isinstance(sent, EmailMessage)
    assert [(name, kind) for name, _, kind in sent.attachments] == [("integration-window.ics", "text/calendar")]
    assert "DTSTART:20300101T090000Z" in Mail.objects.get().calendar


@pytest.mark.parametrize(
    ("hours", "told"),
    [(3, "Tue 1 Jan 2030, 21:00 to Wed 2 Jan 2030, 00:00 CET"), (2, "Tue 1 Jan 2030, 21:00 to 23:00 CET")],
)
def test_in_words_it_names_the_second_day_where_it_is_another(hours: int, told: str) -> None:
    opens = datetime(2030, 1, 1, 20, tzinfo=UTC)
    assert span(opens, opens + timedelta(hours=hours)) == told
    assert span(None, None) == ""
