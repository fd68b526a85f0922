"""The sign-off form (guide 7.5): what both parties confirm, and who signed."""

from django.conf import settings

from onboarding.guide import GO_LIVE_ACTIONS, TESTS, Side
from onboarding.models import Onboarding, SignOff
from onboarding.moments import clock
from partners.models import Partner, PartnerRole
from partners.paper.begin import begin
from partners.paper.written import Written

CONFIRMED = (
    "Both parties confirm that the OCPI connection was tested end to end, that it carries charging sessions in the "
    "production environment, and that the integration is live."
)


def write_sign_off(onboarding: Onboarding) -> Written:
    """Return the form as PDF, with the signatures that there are; the others can be written by hand."""
    partner, live = onboarding.partner, onboarding.production or onboarding.partner
    sheet = begin("Sign-off form", f"OCPI integration of {partner.name} with Smart Fuel Pass")
    sheet.facts(
        [
            ("CPO", f"{partner.name}, {partner.country_code}*{partner.party_id}"),
            ("eMSP", f"{settings.OCPI_BUSINESS_NAME}, {settings.OCPI_COUNTRY_CODE}*{settings.OCPI_PARTY_ID}"),
            ("OCPI version", live.version or live.agreed_version),
            ("Production endpoint of the CPO", live.versions_url),
        ]
    )
    sheet.heading("Confirmed")
    sheet.text(CONFIRMED)
    sheet.table(("Functional test", "Result"), _tests(onboarding), (60, 40), tight=True)
    sheet.ln(3)
    sheet.table(("Going live", "Confirmed by"), _actions(onboarding), (60, 40), tight=True)
    sheet.heading("Signatures", room=70)
    signed = {Side(row.side): row for row in onboarding.sign_offs.all()}
    sheet.signatures(
        [
            (f"For {partner.name}", _lines(signed.get(Side.CPO))),
            ("For Smart Fuel Pass", _lines(signed.get(Side.SFP))),
        ]
    )
    return sheet.finish(f"sign-off-{partner.code}.pdf")


def _tests(onboarding: Onboarding) -> list[list[str]]:
    rows = {row.key: row for row in onboarding.tests.all()}
    return [[test.title, rows[test.key].state.label if test.key in rows else "Not run"] for test in TESTS]


def _actions(onboarding: Onboarding) -> list[list[str]]:
    done = list(onboarding.go_live_actions.all())
    shown = []
    for action in GO_LIVE_ACTIONS:
        by = [f"{row.name} ({row.get_side_display()}), {clock(row.at)}" for row in done if row.action == action.key]
        shown.append([action.title, "\n".join(by) or "-"])
    return shown


def _lines(row: SignOff | None) -> list[tuple[str, str]]:
    if row is None:
        return [("Name", ""), ("Role", ""), ("Date", ""), ("Signature", "")]
    way = "Over the CPO's link" if row.side == Side.CPO.value else "In the platform"
    return [
        ("Name", row.name),
        ("Role", row.role),
        ("Date", row.signed_on.strftime("%-d %b %Y")),
        ("Signature", f"{way}, {clock(row.signed_at)}"),
    ]


def parties(partner: Partner) -> str:
    """Every party that the partner's platform speaks for."""
    approved = ", ".join(str(role) for role in partner.roles.filter(state=PartnerRole.State.APPROVED))
    return approved or f"{partner.country_code}*{partner.party_id}"
