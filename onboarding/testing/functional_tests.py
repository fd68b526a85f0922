"""The seven functional tests (guide 7.4): evidence that is found by itself, verdicts that people give."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from onboarding.guide import FAILED, PASSED, TEST, TESTS, Side, Stage
from onboarding.models import Evidence, FunctionalTest, Onboarding
from onboarding.stages import moving
from onboarding.stages.refusals import NotPossible, require_reason
from partners.models import Partner

TESTABLE = frozenset({Stage.TESTING, Stage.GO_LIVE})


@dataclass(frozen=True)
class Found:
    """One row that shows something. `shows` is the kind of evidence, for example `started`."""

    test: str
    shows: str
    label: str
    model: str
    pk: str
    at: datetime

    @classmethod
    def row(cls, test: str, shows: str, label: str, row: Model, at: datetime) -> "Found":
        return cls(test, shows, label, row._meta.label_lower, str(row.pk), at)


def tests_of(onboarding: Onboarding) -> dict[str, FunctionalTest]:
    """The seven rows by key; made where they are missing. The integration is stored."""
    rows = {test.key: test for test in onboarding.tests.all()}
    if len(rows) < len(TESTS):
        FunctionalTest.objects.bulk_create(
            [FunctionalTest(onboarding=onboarding, key=test.key) for test in TESTS if test.key not in rows],
            ignore_conflicts=True,
        )
        rows = {test.key: test for test in onboarding.tests.all()}
    return rows


def add_evidence(onboarding: Onboarding, found: Iterable[Found], complete: Iterable[str]) -> None:
    """Keep what was found, each row once and in its newest words.

    Tests in `complete` have all that they need: they are seen from now on.
    """
    with transaction.atomic():
        tests = tests_of(onboarding)
        Evidence.objects.bulk_create(
            [
                Evidence(
                    test=tests[one.test],
                    kind=one.shows,
                    label=one.label[:300],
                    model=one.model,
                    object_pk=one.pk,
                    at=one.at,
                )
                for one in found
            ],
            update_conflicts=True,
            unique_fields=["test", "kind", "model", "object_pk"],
            update_fields=["label", "at"],
        )
        onboarding.tests.filter(key__in=list(complete), seen_at=None).update(seen_at=timezone.now())


def passable(onboarding: Onboarding) -> list[FunctionalTest]:
    """Those that the platform has seen work, on which we have not said anything and nobody found a fault."""
    if onboarding.pk is None:
        return []
    rows = onboarding.tests.filter(seen_at__isnull=False, sfp_verdict="").exclude(cpo_verdict=FAILED)
    order = [test.key for test in TESTS]
    return sorted(rows, key=lambda row: order.index(row.key))


def pass_seen(partner: Partner, by: str) -> list[FunctionalTest]:
    """Pass for us every test that was seen to work and waits for our verdict; return them.

    Raises:
        NotPossible: not in stage 3 or 4, or there is none by now.
    """
    with transaction.atomic():
        onboarding = moving.lock_onboarding(partner)
        if Stage(onboarding.stage) not in TESTABLE:
            raise NotPossible("Tests are judged in stage 3, functional testing.")
        if not (rows := passable(onboarding)):
            raise NotPossible("No test that was seen waits for our verdict.")
        return [judge(partner, row.key, Side.SFP, PASSED, by) for row in rows]


def judge(partner: Partner, key: str, side: Side, verdict: str, by: str, reason: str = "") -> FunctionalTest:
    """One side passes or fails a test, or takes that back with the verdict "".

    Raises:
        NotPossible: not in stage 3 or 4, no such test, a side that does not validate it, or a failure without reason.
    """
    if key not in TEST or verdict not in (PASSED, FAILED, ""):
        raise NotPossible("There is no such test or verdict.")
    if side not in TEST[key].validators:
        raise NotPossible(f"“{TEST[key].title}” is validated by Smart Fuel Pass alone.")
    why = require_reason(reason) if verdict == FAILED else reason.strip()
    with transaction.atomic():
        onboarding = moving.lock_onboarding(partner)
        if Stage(onboarding.stage) not in TESTABLE:
            raise NotPossible("Tests are judged in stage 3, functional testing.")
        test = FunctionalTest.objects.select_for_update().get(pk=tests_of(onboarding)[key].pk)
        if not test.seen_at and verdict == PASSED and not why:
            raise NotPossible("The platform has not seen this work. Say what the verdict rests on.")
        if (test.cpo_verdict if side == Side.SFP else test.sfp_verdict) == FAILED:
            # What the other side found wrong stays until it takes that back.
            why = _both(test.reason, why)
        if side == Side.SFP:
            test.sfp_verdict, test.sfp_by, test.sfp_at = verdict, by, timezone.now()
        else:
            test.cpo_verdict, test.cpo_by, test.cpo_at = verdict, by, timezone.now()
        test.reason = why
        test.save()
    return test


def _both(kept: str, added: str) -> str:
    """What one side said and what the other adds, each as it was written."""
    if not kept or not added:
        return kept or added
    return f"{kept} {added}" if kept.endswith((".", "!", "?")) else f"{kept}. {added}"
