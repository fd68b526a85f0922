"""A changed network, or an integration that ends or begins, has the list at Cloudflare compared after its commit."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from onboarding.allowlist import mirror
from onboarding.guide import Stage
from onboarding.models import Onboarding
from partners.models import AllowedNetwork


def watch() -> None:
    """From now on. The hourly comparison finds what was changed in other ways."""
    for signal in (post_save, post_delete):
        signal.connect(_ask_for_comparison, sender=AllowedNetwork, dispatch_uid="allowlist")
    post_save.connect(_note_move, sender=Onboarding, dispatch_uid="allowlist-of-ended")


def _ask_for_comparison(**_signal: Any) -> None:
    if mirror.is_configured():
        transaction.on_commit(mirror.request)


def _note_move(instance: Onboarding, *, created: bool = False, **signal: Any) -> None:
    """Only who may call at all is listed there."""
    if created or instance.stage == Stage.OFF_BOARDED:
        _ask_for_comparison(**signal)
