"""A month's scorecard as PDF."""

from onboarding.scorecard import Scorecard
from partners.models import Partner
from partners.paper.begin import begin
from partners.paper.written import Cell, Written


def write_scorecard(partner: Partner, card: Scorecard) -> Written:
    """Return the scorecard as PDF."""
    sheet = begin("Scorecard", f"{partner.name} ({partner.country_code}*{partner.party_id}), {card.month:%B %Y}")
    sheet.facts(
        [
            ("Connection", f"{partner.get_environment_display()}, OCPI {partner.version or partner.agreed_version}"),
            ("Days measured", str(card.days)),
        ]
    )
    sheet.heading("Figures")
    rows: list[list[Cell]] = [[name, value, said] for name, value, said in card.rows()]
    sheet.table(("Figure", "Value", "Made of"), rows, (28, 22, 50))
    sheet.note("Days are UTC's. A day is measured two days later, so that its CDRs had time to come.")
    return sheet.finish(f"scorecard-{partner.code}-{card.month:%Y-%m}.pdf")
