"""What staff and the CPO read of one incident: each in words of their own, and in the person that is theirs."""

import re
from html import unescape

from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse

from partners.admin.kit.showing import in_our_zone
from partners.ground.persons import to_them
from partners.models import Incident
from partners.tasks import mail_tick

SAID_BY_A_SERVER = re.compile(r"“[^”]*”")
TO_THE_CPO = re.compile(r"\b(you|your|yours)\b", re.IGNORECASE)
OF_THE_CPO = re.compile(r"\b(they|them|their|theirs|the CPO|the CPO's)\b", re.IGNORECASE)
OF_THIS_PAGE = re.compile(r"\b(below|above|on this page)\b")


OF_IT = ("Incident", "Handshake")
"""A failed handshake has a row of its own, which says the same."""


def own_words(text: str) -> str:
    return SAID_BY_A_SERVER.sub("", text)


def staff_page() -> Client:
    """The admin, as a superuser has it."""
    client = Client()
    user, _ = User.objects.get_or_create(username="reader", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


def persons(cause: str, to_do: str, letter: str = "") -> None:
    """Nobody is spoken to in the words for somebody else."""
    for read in (to_them(cause), to_do):
        assert TO_THE_CPO.search(own_words(read)) is None, read
    assert OF_THIS_PAGE.search(to_do) is None, "it is read in the queue and in mails too"
    assert OF_THE_CPO.search(own_words(letter)) is None, letter


def told_apart(page: Client, incident: Incident) -> None:
    """In the row, on the page, in the queue; in the mail, where a CPO is told."""
    row = f"{incident.symptom.replace('your', 'their').replace('Your', 'Their')}: {shown_time(incident.place)}"
    listed = text_of(page, reverse("admin:partners_incident_changelist"))
    assert row in listed
    shown = text_of(page, reverse("admin:partners_incident_change", args=[incident.pk]))
    [item] = [one for one in page.get(reverse("admin:index")).context["attention"] if one.kind in OF_IT]
    for read in (row, incident.cause_for_staff, incident.for_staff, str(item.title), str(item.advice)):
        assert TO_THE_CPO.search(own_words(read)) is None, read
    assert shown_time(incident.for_staff) in shown
    assert OF_THIS_PAGE.search(incident.for_staff) is None, "it is read in the queue and in mails too"
    mail_tick()
    body = str(mail.outbox[-1].body)
    mail.outbox.clear()
    if incident.tell_cpo:
        assert incident.letter in body
        assert incident.for_staff not in body
        assert OF_THE_CPO.search(own_words(body)) is None, body
    else:
        assert incident.for_staff in body
        assert TO_THE_CPO.search(own_words(body)) is None, body


def text_of(page: Client, address: str) -> str:
    return unescape(page.get(address).content.decode())


def shown_time(text: str) -> str:
    """As the pages of staff show the times in it."""
    return in_our_zone(text)
