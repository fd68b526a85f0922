"""Support gets a mail when the CPO did something on its page that makes it our turn."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone
from pytest_django import Settings

from onboarding.guide import Stage
from onboarding.guide.checklist import ITEMS
from onboarding.models import Onboarding
from partners.models import IssuedToken, Mail, Partner
from tests.onboarding.portal.conftest import Cpo
from tests.onboarding.portal.test_information import ENTERED
from tests.onboarding.portal.test_stages import confirm_all
from tests.support.tasks import Ran

READY = [item.key for item in ITEMS if item.needed]


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


def test_once_everything_of_stage_0_is_there(cpo: Cpo, partner: Partner, run_tasks: Callable[..., list[Ran]]) -> None:
    cpo.post("checklist", offered=READY, tick=READY)
    run_tasks()
    assert subjects() == []
    cpo.post(**ENTERED)
    run_tasks()
    partner.refresh_from_db()
    assert subjects() == [f"[Smart Fuel Pass] {partner}: the CPO entered and confirmed everything of guide 3.1 and 3.2"]
    message = mail.outbox[0]
    assert message.to == ["techsupport@smartfuelpass.com"]
    assert message.reply_to == [ENTERED["contact_email"]]
    assert "Ana Nováková entered and confirmed everything" in message.body
    assert f"/admin/partners/partner/{partner.pk}/change/" in message.body
    assert ENTERED["token_a"] not in message.body
    cpo.post(**{**ENTERED, "contact_name": "Petra Malá"})
    run_tasks()
    assert len(mail.outbox) == 1


def test_the_last_tick_counts_as_well(cpo: Cpo, run_tasks: Callable[..., list[Ran]]) -> None:
    cpo.post(**ENTERED)
    cpo.post("checklist", offered=READY, tick=READY[:-1])
    run_tasks()
    assert subjects() == []
    cpo.post("checklist", offered=READY, tick=READY)
    run_tasks()
    assert len(subjects()) == 1


def test_when_a_window_is_suggested(cpo: Cpo, run_tasks: Callable[..., list[Ran]]) -> None:
    cpo.post("window", suggestion="Tuesday 10:00 CET")
    run_tasks()
    assert len(subjects()) == 1
    assert "What: Tuesday 10:00 CET" in mail.outbox[0].body


def test_when_a_test_fails_and_not_when_it_works(
    cpo: Cpo, in_stage: Callable[..., Onboarding], run_tasks: Callable[..., list[Ran]]
) -> None:
    in_stage(Stage.TESTING)
    cpo.post("judge", test="locations", verdict="passed", reason="All 12 are there.")
    run_tasks()
    assert subjects() == []
    cpo.post("judge", test="locations", verdict="failed", reason="One of 12 is missing.")
    run_tasks()
    assert len(subjects()) == 1
    assert "What: Locations sync: failed. One of 12 is missing." in mail.outbox[0].body


def test_when_they_sign(cpo: Cpo, in_stage: Callable[..., Onboarding], run_tasks: Callable[..., list[Ran]]) -> None:
    confirm_all(in_stage(Stage.GO_LIVE))
    cpo.post("sign-off", name="Ana", role="CTO", signed_on=f"{timezone.localdate()}", agreed="on")
    run_tasks()
    assert subjects()[0].endswith("the CPO signed the sign-off form")


def test_token_b_is_in_no_mail(
    cpo: Cpo, in_stage: Callable[..., Onboarding], run_tasks: Callable[..., list[Ran]]
) -> None:
    in_stage(Stage.INFRASTRUCTURE)
    cpo.post("token-b")
    run_tasks()
    assert IssuedToken.objects.count() == 1
    assert subjects() == []


class Refusing(EmailBackend):
    """A mail server that is away."""

    def send_messages(self, email_messages: Any) -> NoReturn:
        raise ConnectionRefusedError


@pytest.mark.usefixtures("db")
def test_a_mail_server_that_is_away_is_tried_again(
    cpo: Cpo, run_tasks: Callable[..., list[Ran]], settings: Settings
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    cpo.post("window", suggestion="Tuesday 10:00 CET")
    run_tasks()
    waiting = Mail.objects.get()
    assert (waiting.state, waiting.tries) == ("waiting", 1)
    assert waiting.next_check_at is not None
    assert waiting.next_check_at > timezone.now()
