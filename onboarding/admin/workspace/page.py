"""One request for a page of the workspace."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from partners.admin.kit.actions import PageAction
from partners.models import Partner


@dataclass(frozen=True)
class Page:
    """One request for a tab: the model admin that serves it, and the partner."""

    admin: Any
    request: HttpRequest
    partner: Partner

    def may(self, action: PageAction) -> bool:
        allowed = self.request.user.has_perm(action.permission)
        return bool(allowed and action.possible(self.partner))

    def usable(self, action: PageAction) -> PageAction | None:
        return action if self.may(action) else None

    def pressable(self, *actions: PageAction) -> list[dict[str, Any]]:
        """The buttons of those that may be pressed."""
        return [self.admin.button(one, self.partner, one.new_form()) for one in actions if self.may(one)]

    def url(self, action: PageAction) -> str:
        return str(self.admin.action_url(action, self.partner))
