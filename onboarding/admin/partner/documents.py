"""What staff hand to a CPO: the link to its page, the data sheet; and what they keep of it: the dossier."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from onboarding.admin.document_forms import ChecklistForm, DataSheetForm, LinkForm
from onboarding.admin.partner.stage_actions import ask
from onboarding.checklist import set_ticks
from onboarding.documents.archive import archive_integration
from onboarding.documents.mailing import send_data_sheet
from onboarding.guide import Stage
from onboarding.moments import clock
from onboarding.portal.links import make_link, open_link, revoke_links
from onboarding.portal.partner_place import place_of
from onboarding.stages.refusals import NotPossible
from partners.admin.kit.actions import DANGER, DEFAULT, PRIMARY, PageAction, Refused
from partners.admin.kit.revealing import reveal
from partners.admin.kit.showing import url_of
from partners.models import Partner

ONBOARD = "partners.onboard_partner"


def link(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> HttpResponse:
    """Make the link and show it, this once."""
    row, url = ask(
        make_link,
        partner,
        given_to=data["given_to"],
        days=data["days"],
        by=request.user,
        reveals_token_b=data["reveals_token_b"],
    )
    return reveal(
        request,
        title=f"Onboarding link for {partner.name}",
        secret=url,
        explanation=f"Send it to {row.given_to}. Whoever has it can enter their information and see Token B. "
        "Links made earlier do not work any more.",
        facts={"Works until": clock(row.expires_at), "For": row.given_to},
        back=url_of(Partner, partner.pk),
    )


def revoke(_request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> str:
    if not revoke_links(partner):
        raise Refused("There is no link that works.")
    return "The link does not work any more. What was entered over it is kept."


def data_sheet(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    to = [*(contact.email for contact in partner.contacts.all()), *data["to"]]
    if not to:
        raise Refused("They have no contact with an email address: enter one.")
    document = send_data_sheet(partner, to, request.user)
    return f"{document.name} is archived, and on its way to {', '.join(dict.fromkeys(to))}."


def dossier(request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> str:
    try:
        document = archive_integration(partner, request.user)
    except NotPossible as refused:
        raise Refused(str(refused)) from refused
    return f"{document.name} is archived: {document.size // 1024} kB, SHA-256 {document.sha256[:12]}…"


def confirm_items(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    said = set_ticks(partner, data["items"], f"{request.user.get_username()} (SFP)", among=data["items"])
    if not said:
        raise Refused("All of these were ticked already.")
    return f"{'; '.join(said)}.".capitalize()


def may_have_link(partner: Partner) -> bool:
    return place_of(partner).stage != Stage.OFF_BOARDED


def link_tone(partner: Partner) -> str:
    return PRIMARY if place_of(partner).may_enter and open_link(partner) is None else DEFAULT


ACTIONS = (
    PageAction(
        "make-link",
        "Make the CPO's link",
        ONBOARD,
        "We make a link to one page, where they enter their information, see the checklist, get our data, Token B and "
        "the sign-off form. It is shown once, on the next page. An earlier link stops working.",
        link,
        icon="link",
        tone=link_tone,
        form=LinkForm,
        possible=may_have_link,
    ),
    PageAction(
        "revoke-link",
        "Withdraw the CPO's link",
        ONBOARD,
        "Their page does not open any more. What they entered is kept.",
        revoke,
        icon="link_off",
        tone=DANGER,
        possible=lambda partner: open_link(partner) is not None,
    ),
    PageAction(
        "confirm-items",
        "Tick for the CPO",
        ONBOARD,
        "What they told you by mail or telephone counts as if they had ticked it on their page.",
        confirm_items,
        icon="checklist",
        form=ChecklistForm,
        possible=lambda partner: place_of(partner).may_enter,
    ),
    PageAction(
        "send-data-sheet",
        "Send the data sheet",
        ONBOARD,
        "Their technical contacts get our Versions URL, party and outbound IP addresses by email, with a PDF. "
        "Token B is not in it. They are told that the endpoint is ready.",
        data_sheet,
        icon="outgoing_mail",
        form=DataSheetForm,
        possible=lambda partner: place_of(partner).may_fetch,
    ),
    PageAction(
        "make-dossier",
        "Archive the dossier",
        ONBOARD,
        "We write down configuration without secrets, checklist with evidence, test results and signatures as they are "
        "now, and keep that as a PDF for good, with the sign-off form.",
        dossier,
        icon="inventory_2",
        asks=False,
        possible=lambda partner: place_of(partner).stage in (Stage.TESTING, Stage.GO_LIVE, Stage.LIVE),
    ),
)
