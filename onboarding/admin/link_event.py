"""What CPOs did on their pages: who, when, from where."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from onboarding.models import LinkEvent
from partners.admin.kit.pages import ReadOnlyAdmin
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, anchor, at, badge, code, nowrap, url_of
from partners.models import Partner

Kind = LinkEvent.Kind
TONES = {
    Kind.INTAKE: INFO,
    Kind.WINDOW: INFO,
    Kind.REFUSED: WARNING,
    Kind.TOKEN_B: SUCCESS,
    Kind.TOKEN_B_AGAIN: DANGER,
    Kind.SIGNED: SUCCESS,
}


@admin.register(LinkEvent)
class LinkEventAdmin(ReadOnlyAdmin):
    """One row per thing done over a link. Secrets are in none of them."""

    list_display = ("shown_at", "shown_partner", "who", "shown_kind", "text", "address")
    list_filter = (("kind", ChoicesDropdownFilter), ("link__partner", RelatedDropdownFilter))
    list_select_related = ("link__partner",)
    search_fields = ("text", "link__given_to", "link__partner__name", "link__partner__code")
    search_help_text = "Text, person or partner"
    fields = ("shown_at", "shown_partner", "who", "shown_kind", "text", "address")
    readonly_fields = fields
    quick_filters = (
        ("All", ""),
        ("Suggested windows", "kind__exact=window"),
        ("Entered something invalid", "kind__exact=refused"),
        ("Asked for Token B again", "kind__exact=token_b_again"),
    )
    empty_title = "No CPO was on its page yet"
    empty_text = "“Make the CPO's link” on a partner's page, and send it to their technical contact."

    @admin.display(description="when", ordering="at")
    def shown_at(self, row: LinkEvent) -> SafeString | str:
        return at(row.at)

    @admin.display(description="partner", ordering="link__partner__name")
    def shown_partner(self, row: LinkEvent) -> SafeString | str:
        return anchor(url_of(Partner, row.link.partner_id), row.link.partner.label)

    @admin.display(description="link of", ordering="link__given_to")
    def who(self, row: LinkEvent) -> SafeString:
        return nowrap(row.link.given_to)

    @admin.display(description="what", ordering="kind")
    def shown_kind(self, row: LinkEvent) -> SafeString:
        return badge(row.get_kind_display(), TONES.get(Kind(row.kind), NEUTRAL))

    @admin.display(description="from", ordering="source_address")
    def address(self, row: LinkEvent) -> SafeString:
        return nowrap(code(row.source_address))
