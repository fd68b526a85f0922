"""Charges of a suspended partner that are still to be finished (rule 37)."""

from django.db.models import F, Q, QuerySet

from ocpi.receivers import Names
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import BEFORE_START, TERMINAL, State


def live(partner_id: int) -> "QuerySet[AdHocSession]":
    """The partner's sessions that may be charging, or whose bill is awaited."""
    return AdHocSession.objects.filter(_live(), partner_id=partner_id)


def _live() -> Q:
    return ~Q(state__in=TERMINAL | BEFORE_START)


def is_finishing(partner_id: int, names: Names) -> bool:
    """Whether these names, or any at all where there are none, are about a live charge of the partner."""
    found = AdHocSession.objects.filter(_live() | FAILED_SINCE, partner_id=partner_id)
    return (found if names == Names() else found.filter(_condition_of(names))).exists()


FAILED_SINCE = Q(state=State.FAILED.value, ended_at__gte=F("partner__suspended_at"))
"""Live when the partner was suspended, and given up since: what comes of it late is kept, and its Session stopped."""


def _condition_of(names: Names) -> Q:
    wanted = Q(pk=None)
    if names.session_id:
        wanted |= Q(attempts__session_links__ocpi_session__ocpi_key=names.session_id.lower())
    if names.reference:
        wanted |= Q(attempts__authorization_reference=names.reference.lower())
    if names.token:
        wanted |= Q(token__uid__iexact=names.token) | Q(token__contract_id__iexact=names.token)
    if names.location_id:
        wanted |= _live() & Q(evse__location__ocpi_key=names.location_id.lower())
    if names.evse_uid:
        wanted |= _live() & Q(evse__uid_key=names.evse_uid.lower())
    if names.command_id:
        command = names.command_id
        wanted |= Q(attempts__command_id=command) | Q(attempts__stop_command_id=command)
        wanted |= Q(attempts__session_links__stop_command_id=command)
    return wanted
