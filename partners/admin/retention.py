"""What personal data is kept of whom, why, and how long: one page."""

from django.contrib import admin
from django.utils.safestring import SafeString

from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import NEUTRAL, ago
from partners.ground.personal import Kind, kinds
from partners.models import Retention

GONE = Kind("", "No longer kept", "-", frozenset(), "An earlier version kept it.", until="-")


def kind_of(row: Retention) -> Kind:
    return kinds.get(row.name, GONE)


@admin.register(Retention)
class RetentionAdmin(ReadOnlyAdmin):
    """In the order of their names; each is a kind that an app has put on the list."""

    list_display = ("shown_what", "shown_of", "shown_why", "shown_how_long", "forgotten", "shown_when")
    list_display_links = ("shown_what",)
    readonly_fields = ("shown_of", "shown_why", "shown_how_long", "shown_fields", "forgotten", "shown_when")
    fields = readonly_fields
    empty_title = "No kinds of personal data are known yet"
    empty_text = "They are listed after `manage.py migrate`."

    def standing(self, row: Retention) -> Standing:
        kind = kind_of(row)
        return Standing(kind.title, f"Of {kind.of}. {kind.why}", NEUTRAL, f"Kept {kind.how_long}.")

    @admin.display(description="what")
    def shown_what(self, row: Retention) -> str:
        return kind_of(row).title

    @admin.display(description="whose")
    def shown_of(self, row: Retention) -> str:
        return kind_of(row).of

    @admin.display(description="why")
    def shown_why(self, row: Retention) -> str:
        return kind_of(row).why

    @admin.display(description="how long")
    def shown_how_long(self, row: Retention) -> str:
        return kind_of(row).how_long

    @admin.display(description="where")
    def shown_fields(self, row: Retention) -> str:
        return ", ".join(sorted(kind_of(row).fields))

    @admin.display(description="last looked through", ordering="cleaned_at")
    def shown_when(self, row: Retention) -> SafeString | str:
        return ago(row.cleaned_at) if row.cleaned_at else "-"
