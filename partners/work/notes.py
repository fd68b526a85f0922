"""Notes about a partner or an incident; `@name` in them calls a colleague."""

import re
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from partners.models import Note, Ticket

NAMED = re.compile(r"(?<![\w@.])@([\w.+-]+)")
LONGEST = 4000


def write(ticket: Ticket, author: Any, text: str) -> Note:
    """Keep what `author` wrote. Whom it names finds it among their work. Raises ValueError where nothing was."""
    words = text.strip()[:LONGEST]
    if not words:
        raise ValueError("Write something.")
    names = {name.rstrip(".") for name in NAMED.findall(words)}
    with transaction.atomic():
        note = Note.objects.create(ticket=ticket, author=author, text=words)
        note.mentions.set(get_user_model().objects.filter(username__in=names, is_staff=True, is_active=True))
    return note


def notes_of(key: str) -> QuerySet[Note]:
    """Those about one thing, newest first."""
    return Note.objects.filter(ticket__key=key).select_related("author")


def notes_naming(user: Any) -> QuerySet[Note]:
    """Those that call somebody, newest first."""
    return Note.objects.filter(mentions=user).select_related("author", "ticket__partner")
