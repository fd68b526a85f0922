"""The ad-hoc sessions that an exchange belongs to, by what it is about: a command, a Session, a token, an EVSE."""

import json
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from ocpi.admin.objects import key_of
from ocpi.models import Cdr, Command, Evse, Message, OcpiSession
from sessions_adhoc.models import AdHocSession, AttemptSession

MOST = 10
MOST_NAMES = 20
# A connector becomes free a little after the session that took it was settled.
AFTERWARDS = timedelta(minutes=2)


def ad_hoc_sessions(message: Message) -> list[AdHocSession]:
    """The newest first. Six queries at most; none for strangers."""
    if message.partner_id is None:
        return []
    names = [str(name) for name in message.objects_touched[:MOST_NAMES]]
    found = _of_commands(message, names) | _of_sessions(message, names) | _at_evses(message, names)
    uids = {name.partition(":")[2] for name in names if name.startswith("token:")}
    of_tokens = Q(token__uid__in=uids) if uids else Q(pk__in=[])
    if not found and not uids:
        return []
    rows = AdHocSession.objects.filter(Q(pk__in=found) | of_tokens, partner=message.partner_id)
    return list(rows.select_related("evse").order_by("-created_at")[:MOST])


def _of_commands(message: Message, names: list[str]) -> set[UUID]:
    """Our command carries its own id in `response_url`, and their result comes back to it (OCPI 2.2.1 §13.3.1)."""
    if message.module != "commands":
        return set()
    texts = [name.partition(":")[2] for name in names if name.startswith("command:")]
    texts += [_last_part(message.url), _last_part(_response_url(message.request_body))]
    ids = [key for text in texts if (key := _uuid(text))]
    rows = Command.objects.filter(pk__in=ids, partner=message.partner_id)
    return {key for text in rows.values_list("reference", flat=True) if (key := _uuid(text))}


def _of_sessions(message: Message, names: list[str]) -> set[UUID]:
    """Those of the Sessions that it names, and of the Sessions that the CDRs in it name."""
    wanted = Q(pk__in=[])
    for country, party, key in _keys(names, "session"):
        wanted |= Q(country_code__iexact=country, party_id__iexact=party, ocpi_key=key)
    cdrs = [key for _, _, key in _keys(names, "cdr")]
    if cdrs:
        billed = Cdr.objects.filter(partner=message.partner_id, ocpi_key__in=cdrs).exclude(session_key="")
        wanted |= Q(ocpi_key__in=list(billed.values_list("session_key", flat=True)[:MOST_NAMES]))
    if not cdrs and not _keys(names, "session"):
        return set()
    sessions = OcpiSession.objects.filter(wanted, partner=message.partner_id).values_list("pk", flat=True)
    ties = AttemptSession.objects.filter(ocpi_session__in=list(sessions[:MOST_NAMES]))
    return set(ties.values_list("attempt__session", flat=True))


def _at_evses(message: Message, names: list[str]) -> set[UUID]:
    """Sessions that ran at the EVSEs in it when it was exchanged."""
    wanted = Q()
    for kind in ("evse", "connector"):
        for _, _, path in _keys(names, kind):
            location, _, rest = path.partition("/")
            wanted |= Q(location__ocpi_key=location, uid_key=rest.partition("/")[0])
    if not wanted:
        return set()
    evses = list(Evse.objects.filter(wanted, partner=message.partner_id).values_list("pk", flat=True))
    then = Q(ended_at=None) | Q(ended_at__gte=message.at - AFTERWARDS)
    rows = AdHocSession.objects.filter(then, evse__in=evses, created_at__lte=message.at)
    return set(rows.order_by("-created_at").values_list("pk", flat=True)[:MOST])


def _keys(names: list[str], kind: str) -> list[tuple[str, str, str]]:
    return [key for name in names if (key := key_of(name, kind))]


def _response_url(body: str) -> str:
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    return str(value.get("response_url", "")) if isinstance(value, dict) else ""


def _last_part(url: str) -> str:
    return url.partition("?")[0].rstrip("/").rpartition("/")[2]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
