"""What Smart Fuel Pass provides (guide 6): on the CPO's page, as PDF and by e-mail. Never with a token in it."""

from django.conf import settings

from onboarding.connection_facts import PortalFacts
from partners.models import Partner
from partners.paper.begin import begin
from partners.paper.written import Written

TOKEN_B = "Over your onboarding page only, where it is revealed once."  # noqa: S105
AFTERWARDS = "After a successful handshake, both systems exchange permanent tokens automatically."
NO_ADDRESSES = "Not fixed yet. Ask us before you restrict access."


def data_sheet_rows(partner: Partner, facts: PortalFacts) -> list[tuple[str, list[str]]]:
    """Return (item, values) as in the guide's table, Token B left out."""
    return [
        ("SFP OCPI Versions URL", [facts.versions_url]),
        ("OCPI version", [partner.agreed_version]),
        ("Party ID", [settings.OCPI_PARTY_ID]),
        ("Country Code", [settings.OCPI_COUNTRY_CODE]),
        ("Business Name", [settings.OCPI_BUSINESS_NAME]),
        ("Website", [settings.OCPI_WEBSITE]),
        ("SFP outbound IP addresses", list(settings.OCPI_OUTBOUND_IPS) or [NO_ADDRESSES]),
    ]


def write_data_sheet(partner: Partner, facts: PortalFacts) -> Written:
    """Return the data sheet as PDF."""
    sheet = begin("Data sheet", f"What Smart Fuel Pass provides to {partner.name}")
    sheet.facts([*data_sheet_rows(partner, facts), ("Token B", [TOKEN_B])], mono=("SFP OCPI Versions URL",))
    sheet.note(AFTERWARDS)
    sheet.heading("What to do with it")
    sheet.number(
        [
            "Add our outbound IP addresses to your firewall or WAF allowlist."
            if settings.OCPI_OUTBOUND_IPS
            else "Do not restrict access by address yet: our outbound IP addresses are not fixed.",
            "Keep our Versions URL, Party ID and Country Code with your partner settings.",
            f"Have your server reachable at {partner.versions_url} in the agreed integration window."
            if partner.versions_url
            else "Have your server reachable in the agreed integration window.",
            "In the handshake our system contacts your Versions URL using Token A; nothing else is needed from you.",
            "To check: GET our Versions URL with the last token that you hold from us. HTTP 200 with a list of "
            "versions means that it is accepted; HTTP 401 that it is not yet.",
        ]
    )
    return sheet.finish(f"data-sheet-{partner.code}.pdf")
