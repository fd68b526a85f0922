"""What the history records of which model, and the circumstances of a change: whose row it is, why, and by whom.

Knows models by their names only, so that every model's history can ask it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model

BLANK = ("", "None", "[]", "{}", "False")


@dataclass(frozen=True)
class Recorded:
    """How a model is recorded.

    Args:
        fields: only these; empty: all but `without`.
        masked: that they changed is recorded, but not what they hold.
        relations: many-to-many fields.
        partner: way to the partner's id, as attributes.
        by: way to the name of who did it, where rows are not written by staff.
    """

    fields: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    partner: str = "partner_id"
    by: str = ""


OF_ONBOARDING = "onboarding.partner_id"
RECORDED: Mapping[str, Recorded] = {
    "partners.Partner": Recorded(without=("created_at", "updated_at"), partner="pk"),
    "partners.PartnerRole": Recorded(without=("partner", "created_at")),
    "partners.PartyOwner": Recorded(without=("created_at",)),
    "partners.Contact": Recorded(without=("partner",)),
    "partners.AllowedNetwork": Recorded(without=("partner", "created_at")),
    "partners.Policy": Recorded(without=("partner", "created_at", "updated_at")),
    "partners.IssuedToken": Recorded(fields=("last4", "purpose", "state")),
    "partners.ReceivedToken": Recorded(fields=("last4", "purpose", "state")),
    "onboarding.Onboarding": Recorded(fields=("stage", "production", "setup_told_at")),
    "onboarding.StageOverride": Recorded(fields=("condition", "stage", "missing", "reason"), partner=OF_ONBOARDING),
    "onboarding.FunctionalTest": Recorded(
        fields=("sfp_verdict", "sfp_by", "cpo_verdict", "cpo_by", "reason"), partner=OF_ONBOARDING
    ),
    "onboarding.GoLiveAction": Recorded(fields=("action", "side", "note"), partner=OF_ONBOARDING, by="name"),
    "onboarding.SignOff": Recorded(fields=("side", "name", "role", "signed_on"), partner=OF_ONBOARDING, by="name"),
    "onboarding.PartnerLink": Recorded(fields=("given_to", "reveals_token_b", "expires_at", "revoked_at")),
    "onboarding.LinkEvent": Recorded(fields=("kind", "text"), partner="link.partner_id", by="link.given_to"),
    "onboarding.PlannedChange": Recorded(without=("created_at",)),
    "onboarding.AlertChannel": Recorded(without=("url", "secret", "created_at"), partner=""),
    "sessions_adhoc.ClientKey": Recorded(fields=("name", "last4", "revoked_at"), partner=""),
    "sessions_adhoc.WebhookEndpoint": Recorded(fields=("client", "url", "state", "why"), partner=""),
    "sessions_adhoc.DisplaySecret": Recorded(
        fields=("location_id", "evse_uid", "validity", "length", "only_dynamic", "active", "old_until")
    ),
    "billing.PricePlan": Recorded(without=("created_at", "used_at")),
    "billing.VatRate": Recorded(partner=""),
    "auth.User": Recorded(
        without=("last_login", "date_joined"),
        masked=("password",),
        relations=("groups", "user_permissions"),
        partner="",
    ),
    "auth.Group": Recorded(relations=("permissions",), partner=""),
}
# What else these apps store, and why it is not recorded.
NOT_RECORDED: Mapping[str, str] = {
    "partners.RemoteEndpoint": "a copy of what they publish; the handshake's steps are kept",
    "partners.Incident": "a queue with its own openings and closings; who closed one is a button pressed",
    "partners.SavedFilter": "everybody's own convenience",
    "onboarding.ScoreDay": "measured by itself",
    "onboarding.StageChange": "the stage itself is recorded",
    "onboarding.Evidence": "found by itself in the traffic",
    "onboarding.ConnectionCheck": "a job with rows of its own; starting one is a button pressed",
    "onboarding.ConnectionCheckCase": "what such a job found",
    "onboarding.ChecklistItem": "a link's event tells of it",
    "onboarding.Alert": "written by itself, with what became of it",
    "onboarding.AllowlistMirror": "how far a copy got",
    "partners.Ticket": "who took it or put it off is a button pressed",
    "partners.Note": "append-only, with its author",
    "partners.Retention": "a clock; what was forgotten is written down in words",
    "partners.KeyInUse": "counted, not set",
    "partners.Watch": "a clock",
    "partners.PartnerClock": "measured, not set",
    "partners.Document": "never changed",
    "partners.Mail": "a queue; sending one again is a button pressed",
    "partners.HistoryEntry": "the history itself",
    "partners.FailedLogin": "who tried to get in; unlocking one is a button pressed",
    "partners.AuthenticatorApp": "a secret; setting it up and resetting it are written down in words",
    "partners.RecoveryCodes": "secrets; making them is written down in words",
}

_reason: ContextVar[str] = ContextVar("history_reason", default="")
_by: ContextVar[str] = ContextVar("history_by", default="")


def follow(row: Model, way: str) -> Any:
    """The value at the end of `way` (`onboarding.partner_id`); None where it ends early."""
    value: Any = row
    for name in way.split("."):
        try:
            value = getattr(value, name, None)
        except ObjectDoesNotExist:
            return None
    return value


@contextmanager
def because(reason: str = "", *, by: str = "") -> Iterator[None]:
    """Give changes made inside a reason, and a name where nobody of the staff makes them."""
    tokens = [(variable, variable.set(value)) for variable, value in ((_reason, reason), (_by, by)) if value]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def circumstances(row: Model) -> dict[str, Any]:
    """Whose row it is, and why and by whom it is being changed: columns of HistoryEntry."""
    how = RECORDED.get(row._meta.label, Recorded())
    by = _by.get() or (follow(row, how.by) if how.by else "")
    return {"partner_id": partner_id_of(row), "reason": _reason.get(), "by": str(by or "")[:150]}


def partner_id_of(row: Model) -> int | None:
    """The partner whose history a row belongs to, if it belongs to one."""
    if row._meta.label == "partners.Partner":
        return int(row.pk)
    way = RECORDED[row._meta.label].partner if row._meta.label in RECORDED else "partner_id"
    found = follow(row, way) if way else None
    return int(found) if found is not None else None


def without_blanks(changes: dict[str, Any]) -> dict[str, Any]:
    """What a new row holds, without what it leaves empty."""
    return {name: change for name, change in changes.items() if change[1] not in BLANK}
