"""The sign-off form: each party signs once, with name, role and date (guide 7.5)."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from onboarding.guide import Side, Stage
from onboarding.models import GoLiveAction, SignOff
from onboarding.stages import moving
from onboarding.stages.golive import BY_SIGNING
from onboarding.stages.refusals import NotPossible
from partners.models import Partner

LONGEST_AGO = timedelta(days=31)


def sign(
    partner: Partner,
    side: Side | str,
    name: str,
    role: str,
    signed_on: date,
    *,
    user: Any = None,
    source_address: str | None = None,
) -> SignOff:
    """Sign for one side ("sfp" or "cpo"). It cannot be taken back.

    Args:
        name, role: of the person who signs.
        signed_on: the date on the form.

    Raises:
        NotPossible: not in stage 4, that side has signed, or name, role or date are no good.
    """
    side, name, role = Side(side), name.strip(), role.strip()
    _check(name, role, signed_on)
    with transaction.atomic():
        onboarding = moving.lock_onboarding(partner)
        if onboarding.stage != Stage.GO_LIVE:
            raise NotPossible("The form is signed in stage 4, go-live & sign-off.")
        if onboarding.sign_offs.filter(side=side.value).exists():
            raise NotPossible("This side has signed already.")
        now = timezone.now()
        row = SignOff.objects.create(
            onboarding=onboarding,
            side=side.value,
            name=name,
            role=role,
            signed_on=signed_on,
            signed_at=now,
            user=user,
            source_address=source_address or None,
        )
        GoLiveAction.objects.get_or_create(
            onboarding=onboarding,
            action=BY_SIGNING,
            side=side.value,
            defaults={"name": name, "user": user, "at": now},
        )
    return row


def _check(name: str, role: str, signed_on: date) -> None:
    if not name or not role:
        raise NotPossible("Sign with your name and your role.")
    today = timezone.localdate()
    if signed_on > today + timedelta(days=1):
        raise NotPossible("The date of a signature cannot be in the future.")
    if signed_on < today - LONGEST_AGO:
        raise NotPossible("The date of the signature is too long ago.")


def signatures(partner: Partner) -> dict[Side, SignOff]:
    """The signatures of the integration that is under way, by side."""
    onboarding = moving.of(partner)
    rows = SignOff.objects.filter(onboarding=onboarding) if onboarding.pk else SignOff.objects.none()
    return {Side(row.side): row for row in rows}
