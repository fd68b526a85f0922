"""What staff decide about held funds, on the page of an ad-hoc session: exact outcomes, and when there is no button."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import OutstandingAmount, PaymentAuthorization
from ocpi.models import Cdr
from partners.models import HistoryEntry
from sessions_adhoc.models import AdHocSession, ChargingAttempt, Sample, TimelineEvent
from tests.admin.rows import World, ad_hoc_session
from tests.factories import CommandFactory, OcpiSessionFactory, cdr_data

pytestmark = pytest.mark.usefixtures("shared_world")

REASON = {"reason": "The CPO confirmed it by phone."}
MONEY = {"capture-from-cdr", "capture-from-meter", "release"}


@pytest.fixture
def escalated(world: World) -> AdHocSession:
    """Money is held; there is a meter value of 10 kWh, and no CDR."""
    session = ad_hoc_session(world.evse, "escalated", reason="cdr_missing", state_since=timezone.now())
    command = CommandFactory.create(partner=world.partner, reference=str(session.pk))
    attempt = ChargingAttempt.objects.create(
        session=session, number=1, created_at=timezone.now(), command=command, ended_at=timezone.now()
    )
    now = timezone.now()
    Sample.objects.create(
        attempt=attempt,
        ocpi_session=OcpiSessionFactory.create(partner=world.partner, token_uid=session.token.uid, start_at=now),
        at=now,
        received_at=now,
        kwh=Decimal(10),
        source="push",
    )
    return session


def add_cdr(session: AdHocSession, cdr_id: str = "CDR-9", total: str = "12.30", **values: Any) -> Cdr:
    now = timezone.now()
    return Cdr.objects.create(
        partner=session.partner,
        country_code="SK",
        party_id="ION",
        ocpi_id=cdr_id,
        ocpi_key=cdr_id.lower(),
        version="2.2.1",
        uuid=f"00000000-0000-4000-8000-{abs(hash(cdr_id)) % 10**12:012}",
        token_uid=session.token.uid,
        start_at=now,
        end_at=now,
        currency="EUR",
        total_gross=Decimal(total),
        total_energy=Decimal(10),
        last_updated=now,
        raw=cdr_data(),
        **values,
    )


def press(browser: Client, session: AdHocSession, name: str, **data: Any) -> Any:
    address = reverse(f"admin:sessions_adhoc_adhocsession_do_{name}", args=[session.pk])
    return browser.post(address, {**REASON, **data}, follow=True)


def buttons(browser: Client, session: AdHocSession) -> set[Any]:
    address = reverse("admin:sessions_adhoc_adhocsession_change", args=[session.pk])
    return {button["action"].name for button in browser.get(address).context["buttons"]}


def payment_of(session: AdHocSession) -> PaymentAuthorization:
    return PaymentAuthorization.objects.get(ad_hoc_session=session)


class TestWhatIsPossible:
    def test_without_a_cdr(self, page: Client, escalated: AdHocSession) -> None:
        assert buttons(page, escalated) == {"check-again", "capture-from-meter", "release"}

    def test_with_a_cdr(self, page: Client, escalated: AdHocSession) -> None:
        add_cdr(escalated)
        assert buttons(page, escalated) == {"check-again", *MONEY}

    def test_a_credit_alone_is_no_cdr(self, page: Client, escalated: AdHocSession) -> None:
        add_cdr(escalated, credit=True)
        assert "capture-from-cdr" not in buttons(page, escalated)

    def test_nothing_of_the_kind_while_it_charges(self, page: Client, world: World) -> None:
        assert buttons(page, world.session) & MONEY == set()

    def test_only_giving_back_when_nothing_is_held(self, page: Client, escalated: AdHocSession) -> None:
        PaymentAuthorization.objects.filter(ad_hoc_session=escalated).update(
            state="captured", captured_amount=100, next_check_at=None
        )
        assert buttons(page, escalated) == {"check-again", "refund"}

    def test_support_without_finance_moves_no_money(
        self, escalated: AdHocSession, django_user_model: type[User]
    ) -> None:
        user = django_user_model.objects.create_user("support", is_staff=True)
        codes = ("view_adhocsession", "operate_session")
        user.user_permissions.set(Permission.objects.filter(codename__in=codes))
        browser = Client()
        browser.force_login(user)
        assert buttons(browser, escalated) == {"check-again"}
        assert press(browser, escalated, "release").status_code == 403
        assert payment_of(escalated).state == "reserved"


class TestOutcomes:
    def test_capture_from_the_newest_cdr(self, page: Client, escalated: AdHocSession) -> None:
        add_cdr(escalated, "CDR-1", "11.00")
        add_cdr(escalated, "CDR-2", "12.30")
        press(page, escalated, "capture-from-cdr")
        payment = payment_of(escalated)
        assert (payment.state, payment.capture_amount) == ("capturing", 1230)
        line = TimelineEvent.objects.get(session=escalated, kind="staff")
        assert (line.actor, line.text) == ("boss", f"boss captured from a CDR: {REASON['reason']}")
        assert HistoryEntry.objects.get(label="Capture from CDR").reason == REASON["reason"]

    def test_capture_from_a_named_cdr(self, page: Client, escalated: AdHocSession) -> None:
        add_cdr(escalated, "CDR-1", "11.00")
        add_cdr(escalated, "CDR-2", "12.30")
        press(page, escalated, "capture-from-cdr", cdr="cdr-1")
        assert payment_of(escalated).capture_amount == 1100

    def test_a_cdr_of_somebody_else_captures_nothing(self, page: Client, escalated: AdHocSession) -> None:
        add_cdr(escalated, "CDR-1", "11.00")
        assert "no CDR cdr-7" in press(page, escalated, "capture-from-cdr", cdr="CDR-7").content.decode()
        assert payment_of(escalated).state == "reserved"

    def test_capture_from_the_last_meter_value(self, page: Client, escalated: AdHocSession) -> None:
        """10 kWh at 0.49 EUR and 23 % VAT: 6.03 EUR."""
        AdHocSession.objects.filter(pk=escalated.pk).update(connector=escalated.evse.connectors.first())
        escalated.evse.connectors.update(tariff_ids=["T-1"])
        press(page, escalated, "capture-from-meter")
        payment = payment_of(escalated)
        assert (payment.state, payment.capture_amount) == ("capturing", 603)

    def test_a_cdr_in_another_currency_is_captured_by_hand(self, page: Client, escalated: AdHocSession) -> None:
        cdr = add_cdr(escalated, total="300.00")
        assert "capture-by-hand" not in buttons(page, escalated)
        Cdr.objects.filter(pk=cdr.pk).update(currency="CZK")
        assert "capture-by-hand" in buttons(page, escalated)
        assert "at most 40.00 EUR" in press(page, escalated, "capture-by-hand", pays="40.01").content.decode()
        press(page, escalated, "capture-by-hand", pays="12.10")
        payment = payment_of(escalated)
        assert (payment.state, payment.capture_amount) == ("capturing", 1210)

    def test_without_a_tariff_the_meter_value_has_no_price(self, page: Client, escalated: AdHocSession) -> None:
        escalated.evse.connectors.update(tariff_ids=[])
        assert "No tariff is known" in press(page, escalated, "capture-from-meter").content.decode()
        assert payment_of(escalated).state == "reserved"

    def test_release(self, page: Client, escalated: AdHocSession) -> None:
        press(page, escalated, "release")
        assert payment_of(escalated).state == "releasing"

    @pytest.mark.parametrize("name", sorted(MONEY))
    def test_each_needs_a_reason(self, page: Client, escalated: AdHocSession, name: str) -> None:
        add_cdr(escalated)
        press(page, escalated, name, reason="")
        assert payment_of(escalated).state == "reserved"
        assert not TimelineEvent.objects.filter(session=escalated).exists()


class TestTheClock:
    def test_what_happens_next_is_foreseen(self, page: Client, world: World) -> None:
        now = timezone.now()
        AdHocSession.objects.filter(pk=world.session.pk).update(next_check_at=now)
        world.ocpi_session.news_at = now
        world.ocpi_session.save()
        OutstandingAmount.objects.all().delete()
        Cdr.objects.all().delete()
        shown = page.get(reverse("admin:sessions_adhoc_adhocsession_change", args=[world.session.pk])).context
        assert shown["foreseen"].text == "No meter value in time: asking for it (G5.11)."
        wait = (shown["foreseen"].at - now).total_seconds()
        assert 80 <= wait <= 100  # the policy's meter interval
        assert shown["standing"].next_at == shown["foreseen"].at

    def test_nothing_is_foreseen_for_what_waits_for_people(self, page: Client, escalated: AdHocSession) -> None:
        shown = page.get(reverse("admin:sessions_adhoc_adhocsession_change", args=[escalated.pk])).context
        assert shown["foreseen"] is None

    def test_looking_changes_nothing(self, page: Client, world: World) -> None:
        before = AdHocSession.objects.filter(pk=world.session.pk).values().get()
        page.get(reverse("admin:sessions_adhoc_adhocsession_change", args=[world.session.pk]))
        assert AdHocSession.objects.filter(pk=world.session.pk).values().get() == before
