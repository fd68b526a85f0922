"""The newest connection check that came to its end, for the CPO to fetch."""

from django.utils import timezone

from onboarding.models import ConnectionCheck, ConnectionCheckCase
from partners.models import Partner
from tests.onboarding.documents.reading import text_of
from tests.onboarding.portal.conftest import Cpo


def run(partner: Partner, state: str = "finished") -> ConnectionCheck:
    live = timezone.now() if state == "running" else None
    return ConnectionCheck.objects.create(
        partner=partner, state=state, version="2.2.1", ended_at=None if live else timezone.now(), next_check_at=live
    )


def test_there_is_none_before_the_first(cpo: Cpo, partner: Partner) -> None:
    run(partner, "running")
    assert cpo.get("report-pdf").status_code == 404
    assert "Connection check of" not in cpo.shown()


def test_it_is_fetched_as_pdf_with_what_to_change(cpo: Cpo, partner: Partner) -> None:
    checked = run(partner)
    ConnectionCheckCase.objects.create(
        run=checked,
        position=1,
        key="paging",
        theme="Lists",
        title="Paging works",
        section="OCPI 2.2.1 §4.1.4",
        verdict="fail",
        seen="No Link header.",
        change="Send Link.",
        details=[{"object": "locations", "path": "", "text": "57 objects instead of 2"}],
        ended_at=timezone.now(),
    )
    assert "Connection check of" in cpo.shown()
    answer = cpo.get("report-pdf")
    said = " ".join(text_of(answer.content).split())
    for text in ("Paging works", "No Link header.", "Send Link.", "locations: 57 objects instead of 2", "1 failed"):
        assert text in said
    assert cpo.link.events.get().text == f"connection-check-{partner.code}-{checked.pk}.pdf"
