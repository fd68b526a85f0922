"""A changed network has the list at Cloudflare compared, after the change is committed."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from partners.allowlist import mirror
from partners.models import AllowedNetwork


def watch() -> None:
    """From now on. The hourly comparison finds what was changed in other ways."""
    for signal in (post_save, post_delete):
        signal.connect(_changed, sender=AllowedNetwork, dispatch_uid="allowlist")


def _changed(**_signal: Any) -> None:
    if mirror.configured():
        transaction.on_commit(mirror.request)
