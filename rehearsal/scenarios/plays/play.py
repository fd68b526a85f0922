"""One scenario being played: from the driver's wish to an outcome that can be judged."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import requests
from django.db.models import QuerySet
from django.utils import timezone

from billing import plans
from billing.models import PricePlan
from ocpi.models import Connector, Evse
from onboarding.stages import suspension
from partners.models import Partner, Policy
from rehearsal.scenarios.plays.case import Act, Case, Expected
from rehearsal.scenarios.plays.cpo import Charger, Cpo
from rehearsal.scenarios.plays.driver import Driver
from rehearsal.scenarios.plays.judging import deviations
from rehearsal.scenarios.plays.outcome import Outcome, read
from sessions_adhoc import staff
from sessions_adhoc.driver.refusals import PriceChanged
from sessions_adhoc.driver.services import NOT_CONNECTED, SOMEBODY
from sessions_adhoc.models import AdHocSession

STEADY = 1.5
"""Seconds for which a good outcome must last before it is believed."""


SEEN: Mapping[str, str] = {
    "another driver was told: in use": SOMEBODY,
    "another driver was told: not connected": NOT_CONNECTED,
    "the driver was told: another price": str(PriceChanged()),
}
"""Facts that the play itself sees: each other driver who came was refused with these words."""


@dataclass(eq=False)
class Play:
    """A case at a charger. `faults` is None until it was judged; `again`: it was played before, and went wrong."""

    case: Case
    cpo: Cpo
    charger: Charger
    driver: Driver
    again: bool = False
    session_id: str = ""
    began: float = 0.0
    took: float = 0.0
    faults: list[str] | None = None
    outcome: Outcome | None = None
    state: str = ""
    _state_since: float = 0.0
    _good_since: float | None = None
    _judged: dict[str, Any] | None = None
    _acts: list[Act] = field(default_factory=list)
    _refused: list[str] = field(default_factory=list)
    _offer: str = ""

    def anew(self) -> "Play":
        """The same case for a second time, at a charger that nobody used yet, or else at the same one."""
        if self._partner.connection == Partner.Connection.SUSPENDED:
            suspension.resume(self._partner, "The scenario is played again.", None)
        charger = self.cpo.take(self.case.dc, self.case.least_kw) or self.charger
        return Play(self.case, self.cpo, charger, self.driver, again=True)

    def begin(self) -> None:
        """Agree on the windows, tell the CPO what to play, and send the driver."""
        self.began = self._state_since = time.monotonic()
        self._acts = [act for act in self.case.acts if act.state]
        Policy.objects.update_or_create(
            partner_id=self.cpo.partner_id,
            location_id=self.charger.location_id,
            evse_uid=self.charger.uid,
            defaults=dict(self.case.policy),
        )
        self.cpo.prepare(self.charger, self.case.played, self.case.knobs)
        self._agree_on_price()
        for act in self.case.acts:
            if not act.state:
                self._do(act)
        self.session_id = self.driver.start(*self._wish, offer=self._offer)

    def _agree_on_price(self) -> None:
        """Make the plan, and forget the connector's power where the case says so."""
        if not self.case.power_known:
            Connector.objects.filter(evse__in=self._evse()).update(max_kw=None)
        if self.case.plan:
            name = f"{self.case.name} {uuid4().hex[:8]}"
            PricePlan.objects.create(name=name, partner_id=self.cpo.partner_id, **self.case.plan)

    def _change_price(self) -> None:
        """The driver has looked when the price becomes another; told so, he looks again."""
        code, connector, payment = self._wish
        seen = self.driver.quote(code, connector)
        made = plans.new_version(PricePlan.objects.filter(partner_id=self.cpo.partner_id).latest("pk"))
        made.per_kwh, made.valid_from = (made.per_kwh or Decimal(0)) + Decimal("0.10"), timezone.now()
        made.save()
        self._refused.append(self.driver.why_refused(code, connector, payment, seen))
        self._offer = self.driver.quote(code, connector)

    @property
    def _wish(self) -> tuple[str, str, str]:
        """What the driver, and whoever else comes, asks for."""
        evse = self._evse().get()
        connector = evse.connectors.order_by("connector_id").first()
        return evse.code, connector.connector_id if connector else "", self.case.payment

    def follow(self, state: str) -> None:
        """Act as the driver would in this state."""
        now = time.monotonic()
        if state != self.state:
            self.state, self._state_since = state, now
        for act in [one for one in self._acts if one.state == state and now >= self._state_since + one.after]:
            if self._do(act):
                self._acts.remove(act)

    @property
    def is_late(self) -> bool:
        return time.monotonic() >= self.began + self.case.patience

    @property
    def may_be_over(self) -> bool:
        """Whether it is worth judging: it is where it should end, or out of time."""
        if self.is_late or self.state == self._expected.state:
            return True
        self._good_since = None
        return False

    def judge(self, books: dict[str, Any]) -> bool:
        """Compare; True when the outcome is good and steady, or the time is up. The same books are judged once."""
        now, late = time.monotonic(), self.is_late
        if books is self._judged and not late:
            return False
        self._judged = books
        self.outcome = self._read(books)
        faults = deviations(self._expected, self.outcome)
        self._good_since = None if faults else self._good_since or now
        steady = self._good_since is not None and now >= self._good_since + STEADY
        if steady or late:
            self.faults, self.took = faults, now - self.began
        return self.faults is not None

    @property
    def _expected(self) -> Expected:
        return self.case.outcome_in(self.cpo.version)

    def look_again(self, books: dict[str, Any]) -> None:
        """Judge once more, when everything has been quiet for long."""
        self.outcome = self._read(books)
        self.faults = deviations(self._expected, self.outcome)

    def _read(self, books: dict[str, Any]) -> Outcome:
        wanted = set(self._expected.signs)
        outcome = read(self.session_id, books, wanted - SEEN.keys())
        seen = {name for name in wanted & SEEN.keys() if {SEEN[name]} == set(self._refused) and not self._acts}
        return replace(outcome, signs=outcome.signs | seen)

    def _do(self, act: Act) -> bool:
        """Return whether it is done; staff can give back only what the CDRs tell."""
        if act.what == "plug":
            self.cpo.plug(self.charger)
        elif act.what == "go away":
            self.cpo.go_away(act.lasting)
        elif act.what == "come":
            self._refused.append(self.driver.why_refused(*self._wish))
        elif act.what == "change the price":
            self._change_price()
        elif act.what == "suspend":
            suspension.suspend(self._partner, "The scenario says so.", None)
        elif act.what == "refund":
            with suppress(staff.NotPossible):
                staff.refund(self.session_id, "The scenario", "The operator corrected its CDR.")
                return True
            return False
        else:
            self.driver.end(self.session_id, act.what)
        return True

    @property
    def _partner(self) -> Partner:
        return Partner.objects.get(pk=self.cpo.partner_id)

    def _evse(self) -> "QuerySet[Evse]":
        return Evse.objects.filter(partner=self.cpo.partner_id, uid__iexact=self.charger.uid)


def states_of(plays: list[Play]) -> dict[str, str]:
    """The state of each play's session, in one query."""
    rows = AdHocSession.objects.filter(pk__in=[play.session_id for play in plays]).values_list("pk", "state")
    return {str(pk): state for pk, state in rows}


def books_of(cpo: Cpo) -> dict[str, Any] | None:
    """The CPO's books, or None while it is away."""
    try:
        return cpo.state()
    except requests.RequestException:
        return None
