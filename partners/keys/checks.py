"""A key that was taken away too early is told by `check --database default`, which `migrate` runs."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError

from partners.keys.rotating import keys_missing


@checks.register(checks.Tags.database)
def keys_are_there(databases: Sequence[str] | None = None, **_how: Any) -> list[checks.CheckMessage]:
    """Every key that rows are written with is configured."""
    if "default" not in (databases or ()):
        return []
    try:
        missing = keys_missing()
    except DatabaseError:
        return []  # before the first migration nothing is encrypted
    return [
        checks.Error(
            f"Rows are encrypted with the key {name}, which FIELD_ENCRYPTION_KEYS does not have.",
            hint="Put it back, behind the others; `manage.py rotate_keys` says when it may go. If it is lost for good:"
            " docs/keys.md, `rotate_keys --give-up`.",
            id="partners.E001",
        )
        for name in missing
    ]
