"""What happens to money that was taken already: staff give some of it back, and banks take some of it back."""

from contextlib import suppress
from dataclasses import dataclass, field

import requests
from django.db import DatabaseError, close_old_connections
from kombu.exceptions import OperationalError

from billing.models import PaymentAuthorization
from rehearsal.bench.torture.acquirers import Acquirer
from rehearsal.bench.torture.drivers import Ride
from sessions_adhoc import staff
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

NOTE = "A complaint of the driver."


@dataclass
class Desk:
    """Sees to each settled session of which the plan wants something afterwards, once."""

    acquirer: Acquirer
    rides: list[Ride]
    seen_to: dict[str, str] = field(default_factory=dict)
    """Session -> what became of it."""

    def work(self) -> None:
        """See to those that are settled by now; what cannot be reached is tried again."""
        waiting = self._waiting()
        if not waiting:
            return
        try:
            settled = AdHocSession.objects.filter(pk__in=waiting, state=State.SETTLED).select_related("authorization")
            for session in settled:
                done = self._see_to(session.authorization, str(session.pk), waiting[str(session.pk)])
                if done:
                    self.seen_to[str(session.pk)] = done
        except (DatabaseError, OperationalError, requests.RequestException):
            close_old_connections()

    def is_done(self) -> bool:
        """Whether nobody who is settled waits for anything."""
        return not AdHocSession.objects.filter(pk__in=self._waiting(), state=State.SETTLED).exists()

    def _waiting(self) -> dict[str, str]:
        wanted = {ride.session_id: ride.visit.afterwards for ride in self.rides if ride.session_id}
        return {key: what for key, what in wanted.items() if what and key not in self.seen_to}

    def _see_to(self, payment: PaymentAuthorization, session_id: str, what: str) -> str:
        """Do it; return in a word what was done, or nothing while it cannot be yet."""
        if not payment.captured_amount:
            return "nothing was taken"
        if what == "refund":
            with suppress(staff.NotPossible):
                staff.refund(session_id, "desk", NOTE, driver_pays=payment.captured_amount // 2)
                return "refund"
            return "refused" if payment.state == PaymentAuthorization.State.CAPTURED else ""
        won = what == "dispute won"
        return what if self.acquirer.dispute(payment.gateway_reference, won) else "no disputes here"
