"""The list of partners says whose turn it is, since when, and can be asked for one side's."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from onboarding.models import PartnerLink
from partners.models import Incident, Partner
from tests.admin import test_queue as queue
from tests.admin.test_queue import HOUR, Scene
from tests.factories import PartnerFactory

scene = queue.scene


def listed(scene: Scene, **asked: str) -> dict[str, tuple[str, datetime | None]]:
    """Of each partner in the list whose turn it is, and since when."""
    rows = scene.page.get(reverse("admin:partners_partner_changelist"), asked).context["cl"].result_list
    return {row.code: (row.move.whose.value, row.move.since) for row in rows}


def test_a_new_partner_is_ours_and_theirs_when_they_have_the_link(scene: Scene) -> None:
    scene.at("pre_integration", stage_since=timezone.now() - HOUR)
    since = scene.partner.onboardings.get().stage_since
    assert listed(scene) == {scene.partner.code: ("ours", since)}
    scene.link()
    assert listed(scene) == {scene.partner.code: ("cpo", PartnerLink.objects.get().created_at)}
    scene.suggests()
    suggested = scene.partner.links.get().events.get().at
    assert listed(scene) == {scene.partner.code: ("ours", suggested)}


@pytest.mark.parametrize(
    ("begin", "then"),
    [
        (queue.new_one, "cpo"),
        (queue.window_open, "nobody"),
        (queue.handshake_failed, "nobody"),
        (queue.check_not_run, "cpo"),
        (queue.verdicts_open, "cpo"),
        (queue.they_found_a_fault, "cpo"),
        (queue.production_missing, "nobody"),
        (queue.signature_waited_for, "cpo"),
        (queue.dossier_missing, "nobody"),
        (queue.suspended, "nobody"),
        (queue.incident_not_acknowledged, "ours"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_what_the_queue_holds_is_ours(scene: Scene, begin: Callable[[Scene], Callable[[], object]], then: str) -> None:
    done = begin(scene)
    assert listed(scene)[scene.partner.code][0] == "ours"
    done()
    assert listed(scene)[scene.partner.code][0] == then


def test_after_the_handshake_their_test_request_is_waited_for(scene: Scene) -> None:
    scene.at("handshake", stage_since=timezone.now() - HOUR)
    scene.connect()
    scene.partner.refresh_from_db()
    assert listed(scene) == {scene.partner.code: ("cpo", scene.partner.connected_at)}


def test_both_connections_of_an_integration_say_the_same(scene: Scene) -> None:
    queue.live(scene)
    made = scene.production()
    scene.at("go_live")
    assert {whose for whose, _since in listed(scene).values()} == {"ours"}
    assert set(listed(scene)) == {scene.partner.code, made.code}


def test_the_list_is_asked_for_one_sides_turn(scene: Scene) -> None:
    queue.live(scene)
    waiting = PartnerFactory.create(connection="not_connected", version="", connected_at=None)
    troubled = PartnerFactory.create(connection="connected")
    queue.Scene(scene.page, scene.boss, troubled).at("live")
    opened = timezone.now() - HOUR
    Incident.objects.create(partner=troubled, key="x", symptom="CDRs not received by SFP")
    Incident.objects.update(opened_at=opened)
    since = {waiting.code: ("ours", waiting.created_at), troubled.code: ("ours", opened)}
    assert listed(scene, turn="ours") == since
    assert listed(scene, turn="cpo") == {}
    assert listed(scene, turn="nobody") == {scene.partner.code: ("nobody", None)}
    assert listed(scene, turn="somebody") == {**since, scene.partner.code: ("nobody", None)}


def test_the_cell_and_the_csv_say_it_in_words(scene: Scene) -> None:
    Partner.objects.filter(pk=scene.partner.pk).update(created_at=timezone.now() - 3 * HOUR)
    page = scene.page.get(reverse("admin:partners_partner_changelist")).content.decode()
    assert "Ours" in page
    assert 'title="Send them the link to their page: they enter what is missing themselves."' in page
    assert "for 3 h" in page
    answer = scene.page.get(reverse("admin:partners_partner_export"))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert "Whose turn" in lines[0]
    assert "Ours for 3 h" in lines[1]
