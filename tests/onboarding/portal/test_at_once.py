"""The CPO and staff, or two of staff, at the same moment."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from onboarding.guide import Stage
from onboarding.models import Onboarding, PartnerLink
from onboarding.off_boarding import off_board
from onboarding.portal.links import make_link, revoke_links
from onboarding.stages.refusals import NotPossible
from partners.models import IssuedToken, Partner
from tests.onboarding.portal.conftest import Cpo
from tests.support.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def somebody_waits() -> bool:
    """Whether another connection waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()")
        return bool(cursor.fetchone()[0])


def meanwhile(mine: Callable[[], Any], theirs: Callable[[], Any]) -> Any:
    """Do `mine` and, before its commit, begin `theirs`; return what that came to, or raised."""
    came_to: list[Any] = []

    def other() -> None:
        try:
            came_to.append(theirs())
        except NotPossible as refused:
            came_to.append(refused)
        finally:
            connections.close_all()

    with transaction.atomic():
        mine()
        thread = threading.Thread(target=other)
        thread.start()
        eventually(lambda: came_to or somebody_waits(), what="the other one at the lock")
    thread.join()
    return came_to[0]


def test_a_link_that_is_withdrawn_while_token_b_is_asked_for_reveals_nothing(
    cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding]
) -> None:
    in_stage(Stage.INFRASTRUCTURE)
    assert cpo.get().status_code == 200
    answer = meanwhile(lambda: revoke_links(partner), lambda: cpo.post("token-b"))
    assert answer.status_code == 410
    assert "This link was withdrawn" in answer.content.decode()
    assert not IssuedToken.objects.exists()
    assert not cpo.link.events.exists()


def test_of_two_links_made_at_once_one_opens(partner: Partner, staff: User) -> None:
    def made(name: str) -> PartnerLink:
        return make_link(partner, given_to=name, days=1, by=staff, reveals_token_b=True)[0]

    last = meanwhile(lambda: made("Ana"), lambda: made("Petra"))
    assert list(PartnerLink.objects.filter(revoked_at=None)) == [last]


def test_no_link_is_made_for_a_partner_that_is_being_off_boarded(
    cpo: Cpo, partner: Partner, staff: User, in_stage: Callable[..., Onboarding]
) -> None:
    in_stage(Stage.TESTING)
    refused = meanwhile(
        lambda: off_board(partner, "Contract ended", staff),
        lambda: make_link(partner, given_to="Petra", days=1, by=staff, reveals_token_b=True),
    )
    assert isinstance(refused, NotPossible)
    assert not PartnerLink.objects.filter(revoked_at=None).exists()
    assert cpo.get().status_code == 410
