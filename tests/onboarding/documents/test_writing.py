"""What the documents say, and what they never say."""

from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from onboarding.connection_facts import CheckCase, CheckReport, facts_of
from onboarding.documents.connection_check import counts, write_connection_check
from onboarding.documents.data_sheet import write_data_sheet
from onboarding.documents.dossier import write_dossier
from onboarding.documents.sign_off import write_sign_off
from onboarding.guide import Side
from onboarding.models import Onboarding, StageOverride
from onboarding.stages import golive
from partners.models import Partner
from partners.paper.written import Written
from partners.services import issue_registration_token
from tests.onboarding.documents.conftest import TOKEN_A
from tests.onboarding.documents.reading import text_of


def words(written: Written) -> str:
    """The text, without regard to where lines end."""
    return " ".join(text_of(written.content).split())


def test_the_data_sheet_holds_what_the_guide_lists(partner: Partner, settings: Settings) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "https://ocpi-{code}.smartfuelpass.com"
    settings.OCPI_OUTBOUND_IPS = ["203.0.113.10", "203.0.113.11"]
    token_b = issue_registration_token(partner)
    written = write_data_sheet(partner, facts_of(partner))
    said = words(written)
    assert written.name == "data-sheet-zelena.pdf"
    for value in (
        "Zelená Energia",
        "https://ocpi-zelena.smartfuelpass.com/ocpi/emsp/versions",
        "SFP",
        "SK",
        "Smart Fuel Pass",
        "203.0.113.10",
        "203.0.113.11",
    ):
        assert value in said
    assert token_b not in said
    assert TOKEN_A not in said


def test_the_sign_off_form_names_who_signed_and_leaves_room_for_the_other(onboarding: Onboarding) -> None:
    said = words(write_sign_off(onboarding))
    assert "Ľubica Šťastná" in said
    assert "Vedúca prevádzky" in said
    assert said.count("Signature") >= 2
    assert "Remote command Failed" in said


def test_the_dossier_holds_configuration_checklist_tests_and_signatures(
    onboarding: Onboarding, partner: Partner, staff: User
) -> None:
    token_b = issue_registration_token(partner)
    golive.confirm(partner, "cpo_confirmed", Side.CPO, "Ana")
    StageOverride.objects.create(
        onboarding=onboarding,
        condition="check",
        stage="testing",
        missing="It was not run.",
        reason="No test charger.",
        by=staff,
        at=timezone.now(),
    )
    said = words(write_dossier(onboarding))
    for value in (
        "https://ocpi.zelena.example/locations",
        "81.2.3.4",
        "lubica@zelena.example",
        f"ends in {TOKEN_A[-4:]}",
        f"ends in {token_b[-4:]}",
        "Session timeout 300 s default",
        "Your version details offer it.",
        "Location LOC-1 with 4 EVSEs",
        "No CommandResult",
        "No test charger.",
        "Ľubica Šťastná, Vedúca prevádzky",
    ):
        assert value in said, value
    assert TOKEN_A not in said
    assert token_b not in said


def test_the_connection_check_begins_with_what_to_change(partner: Partner) -> None:
    cases = [
        CheckCase("DNS name resolves", "pass", "It is 81.2.3.4.", group="Network"),
        CheckCase("The clock is right", "warn", "41 s ahead.", "Use NTP.", "OCPI 2.2.1 §4.1", "Network"),
        CheckCase("Paging works", "fail", "No Link header.", "Send Link.", "OCPI 2.2.1 §4.1.4", "Lists", ["cdrs: 57"]),
        CheckCase("Tariffs are valid", "na", "None are offered.", "", "", "Objects"),
    ]
    report = CheckReport(7, timezone.now(), "2.2.1", False, cases)
    assert counts(report) == "1 passed, 1 warning, 1 failed, 1 not applicable"
    said = words(write_connection_check(partner, report))
    change, every = said.split("Every case")
    assert change.index("Paging works") < change.index("The clock is right")
    assert "DNS name resolves" not in change
    for text in ("No Link header.", "Send Link.", "cdrs: 57", "Use NTP."):
        assert text in change
    assert "Not applicable" in every


def test_a_clean_connection_check_asks_for_nothing(partner: Partner) -> None:
    report = CheckReport(8, timezone.now(), "2.2", True, [CheckCase("DNS name resolves", "pass")])
    assert "Nothing. Every case that applies to your system passed." in words(write_connection_check(partner, report))
    assert counts(report) == "1 passed, 0 failed"
