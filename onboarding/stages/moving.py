"""Moving an integration from stage to stage, under its lock and only when its conditions hold (guide 7)."""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from onboarding import guide
from onboarding.guide import Stage
from onboarding.models import Onboarding, StageChange, StageOverride
from onboarding.partner_facts import facts_of
from onboarding.stages.refusals import NotPossible, NotYet, require_reason
from partners.models import Partner

ONWARD: dict[Stage, Callable[[Onboarding], None]] = {
    Stage.PRE_INTEGRATION: Onboarding.finish_preparing,
    Stage.INFRASTRUCTURE: Onboarding.finish_provisioning,
    Stage.HANDSHAKE: Onboarding.finish_registering,
    Stage.TESTING: Onboarding.finish_testing,
    Stage.GO_LIVE: Onboarding.sign_off,
}


def _about(partner: Partner) -> Q:
    return Q(partner=partner) | Q(production=partner)


def of(partner: Partner) -> Onboarding:
    """The integration that the partner's row belongs to. Not stored yet where nothing was done with it.

    Of several the newest: an earlier one was off-boarded.
    """
    known = Onboarding.objects.filter(_about(partner)).select_related("partner", "production").first()
    return known or _fresh(partner)


def lock_onboarding(partner: Partner) -> Onboarding:
    """The same, locked and stored. Inside the caller's transaction."""
    rows = Onboarding.objects.select_for_update(of=("self",)).select_related("partner", "production")
    if (row := rows.filter(_about(partner)).first()) is not None:
        return row
    try:
        with transaction.atomic():
            _fresh(partner).save()
    except IntegrityError:
        pass  # another request made it at the same moment
    return rows.get(partner=partner)


def _fresh(partner: Partner) -> Onboarding:
    return Onboarding(partner=partner, stage_since=partner.created_at, evidence_from=partner.created_at)


def begin(partner: Partner) -> Onboarding:
    """Begin an integration: for a new partner, and for one that comes back after it was off-boarded.

    Raises:
        NotPossible: one is under way.
    """
    with transaction.atomic():
        Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
        known = Onboarding.objects.filter(_about(partner)).exclude(stage=Stage.OFF_BOARDED).first()
        if known is not None:
            raise NotPossible(f"{partner.name} is being onboarded already.")
        now = timezone.now()
        return Onboarding.objects.create(partner=partner, stage_since=now, evidence_from=now)


def advance(partner: Partner, user: Any, expected: str = "") -> Onboarding:
    """Move on by one stage.

    Args:
        expected: the stage that whoever asks has before their eyes; another one by now refuses.

    Raises:
        NotYet: conditions do not hold; nothing changed.
        NotPossible: there is no next stage, or somebody else moved it on.
    """
    with transaction.atomic():
        onboarding = lock_onboarding(partner)
        stage = Stage(onboarding.stage)
        if expected and expected != stage:
            raise NotPossible(f"It is in stage “{guide.STAGE[stage].title}” by now.")
        if stage not in ONWARD:
            raise NotPossible("There is no next stage.")
        if blocked := guide.blocking(facts_of(onboarding)):
            raise NotYet(blocked)
        move(onboarding, ONWARD[stage], user)
    return onboarding


def move(onboarding: Onboarding, transition: Callable[[Onboarding], None], user: Any, note: str = "") -> None:
    """Make one move and write it down. The row is locked by the caller."""
    came_from, now = onboarding.stage, timezone.now()
    transition(onboarding)
    onboarding.stage_since = now
    onboarding.save()
    StageChange.objects.create(
        onboarding=onboarding, stage_from=came_from, stage_to=onboarding.stage, at=now, by=user, note=note
    )


def remark(onboarding: Onboarding, note: str, user: Any) -> None:
    """Write down what happened without a move, for example a suspension."""
    StageChange.objects.create(
        onboarding=onboarding,
        stage_from=onboarding.stage,
        stage_to=onboarding.stage,
        at=timezone.now(),
        by=user,
        note=note,
    )


def overrule(partner: Partner, key: str, reason: str, user: Any) -> StageOverride:
    """Go on without a condition. It is kept with the reason, and shown for ever.

    Raises:
        NotPossible: no reason, no such condition ahead, or it holds.
    """
    why = require_reason(reason)
    with transaction.atomic():
        onboarding = lock_onboarding(partner)
        condition = guide.condition(facts_of(onboarding), key)
        if condition is None:
            raise NotPossible("This condition does not belong to the stage that it is in by now.")
        if condition.holds:
            raise NotPossible("This condition holds: nothing needs to be overruled.")
        return StageOverride.objects.create(
            onboarding=onboarding,
            condition=key,
            stage=onboarding.stage,
            missing=" ".join(condition.missing),
            reason=why,
            by=user,
            at=timezone.now(),
        )


def note_setup_told(partner: Partner) -> None:
    """The CPO was told that its endpoint is ready (guide 7.2). Said again, it changes nothing."""
    with transaction.atomic():
        onboarding = lock_onboarding(partner)
        Onboarding.objects.filter(pk=onboarding.pk, setup_told_at=None).update(setup_told_at=timezone.now())


def note_endpoint(partner: Partner, *, answers: bool, text: str) -> None:
    """What our own endpoint for this partner answered just now."""
    with transaction.atomic():
        onboarding = lock_onboarding(partner)
        Onboarding.objects.filter(pk=onboarding.pk).update(
            endpoint_checked_at=timezone.now(), endpoint_answers=answers, endpoint_text=text[:300]
        )


def agree_window(partner: Partner, starts_at: Any, ends_at: Any) -> None:
    """Enter the agreed integration window (guide 7.1).

    Raises:
        NotPossible: it ends before it starts, or is over.
    """
    if ends_at <= starts_at:
        raise NotPossible("The window must end after it starts.")
    if ends_at <= timezone.now():
        raise NotPossible("The window is over already.")
    with transaction.atomic():
        onboarding = lock_onboarding(partner)
        Onboarding.objects.filter(pk=onboarding.pk).update(window_agreed_at=timezone.now())
        Partner.objects.filter(pk=partner.pk).update(
            integration_window_starts_at=starts_at, integration_window_ends_at=ends_at
        )
