"""What every page of billing shares: nothing is added, changed or deleted by hand."""

from typing import Any

from django.db import models
from django.http import HttpRequest

from billing.pricing import from_minor, money


class ReadOnlyMixin:
    """Looking is all that a permission to view allows; nobody may do more here."""

    list_per_page = 50

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: models.Model | None = None) -> bool:
        return False


def amount(minor: int | None, currency: str) -> str:
    """Minor units as people read them: `40.00 EUR`; a dash where there is none."""
    return "-" if minor is None else money(from_minor(minor, currency), currency)
