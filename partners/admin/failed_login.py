"""Failed logins, and who is locked out by them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from partners.admin.kit.actions import PRIMARY, PageAction
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import NEUTRAL, WARNING, ago, badge, url_of
from partners.admin.people import MANAGE
from partners.models import FailedLogin
from partners.people import lockout


def unlock_attempt(_request: HttpRequest, attempt: FailedLogin, _data: dict[str, Any]) -> HttpResponse:
    lockout.unlock(attempt.username or "", attempt.ip_address)
    return HttpResponseRedirect(url_of(FailedLogin, None, "changelist"))


@admin.register(FailedLogin)
class FailedLoginAdmin(ReadOnlyAdmin):
    """Wrong passwords by user name and address. A lock ends by itself."""

    list_display = ("username", "ip_address", "failures_since_start", "last_try", "shown_lock")
    list_display_links = ("username",)
    fields = ("username", "ip_address", "failures_since_start", "last_try", "shown_lock", "user_agent")
    readonly_fields = fields
    search_fields = ("username", "ip_address")
    search_help_text = "User name or address"
    empty_title = "No failed logins"
    empty_text = "Wrong passwords appear here until the lock-out time is over."
    page_actions = (
        PageAction(
            "unlock",
            "Unlock",
            MANAGE,
            "This user name can log in from this address again at once.",
            unlock_attempt,
            icon="lock_open",
            tone=PRIMARY,
        ),
    )

    def standing(self, row: FailedLogin) -> Standing:
        if lockout.is_locked(row):
            text = f"{row.failures_since_start} wrong passwords. From this address {row.username} cannot log in now."
            until = row.attempt_time + lockout.cool_off()
            return Standing("Locked out", text, WARNING, "Unlock if it was they.", None, until, "the lock ends")
        text = "Not enough wrong passwords, or too long ago, to lock anybody out."
        return Standing("May try again", text, NEUTRAL, since=row.attempt_time)

    @admin.display(description="last try", ordering="attempt_time")
    def last_try(self, row: FailedLogin) -> SafeString | str:
        return ago(row.attempt_time)

    @admin.display(description="state")
    def shown_lock(self, row: FailedLogin) -> SafeString:
        locked = lockout.is_locked(row)
        return badge("locked out", WARNING) if locked else badge("may try again")
