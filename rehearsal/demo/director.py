"""Runs the demonstration from the empty folder to the last line."""

import time

from django.contrib.auth import get_user_model
from django.core.management import call_command

from partners.models import Partner
from rehearsal.demo import stages, story
from rehearsal.demo.printing import Printer
from rehearsal.demo.stripe_account import StripeAccount
from rehearsal.demo.stripe_test_mode import StripeTestMode
from rehearsal.stage import processes, programs
from rehearsal.stage.again import Stopped, stop_on_sigterm
from rehearsal.stage.environment import Stage

SPEED = 60
"""How much faster than ours the simulated CPO's time runs."""


class Director:
    """Starts what is needed, tells the story, and leaves nothing running."""

    def __init__(
        self,
        stage: Stage,
        cpo_port: int,
        out: Printer,
        *,
        kill_worker: bool,
        stripe: StripeAccount | StripeTestMode | None = None,
    ) -> None:
        self.stage, self.cpo_port, self.out, self.kill_worker = stage, cpo_port, out, kill_worker
        self.stripe = stripe
        self.ready_file = stage.folder / "cpo.json"
        self.admin = ("", "")

    def run(self, *, once: bool) -> int:
        """Return the exit code: 0 when the charge came out as it must."""
        stop_on_sigterm()
        with processes.Processes(self.stage.folder, self.stage.environment()) as running:
            try:
                return self._tell(running, once=once)
            except (Stopped, KeyboardInterrupt):
                self.out.line("\nStopping everything that was started.")
                return 0
            except (story.StoryFailed, processes.DidNotStart) as error:
                self.out.line(f"\nThe demonstration failed: {error}")
                self.out.line(f"Logs: {self.stage.folder}/*.log")
                return 1

    def _tell(self, running: processes.Processes, *, once: bool) -> int:
        self.out.line(
            "Smart Fuel Pass integration platform: demonstration on embedded defaults (SQLite, folder broker)"
        )
        self.out.line(
            f"Time runs fast at the simulated CPO: {SPEED} times. A minute of charging takes a second, and so do the"
            " minutes between its meter values."
        )
        self._start(running)
        charge = self._charge(running, self._onboard())
        outcome = story.outcome(charge.id)
        problems = [*outcome.problems, *(self.stripe.problems(outcome.captured) if self.stripe else ())]
        for problem in problems:
            self.out.line(f"  PROBLEM: {problem}")
        verdict = "ok" if not problems else "FAILED"
        self.out.line(
            f"\ndemo {verdict}: session {outcome.session.pk} {outcome.session.state},"
            f" captured {outcome.captured / 100:.2f}"
            f" of {outcome.session.amount / 100:.2f} {outcome.session.currency} reserved, CDR total"
            f" {outcome.cdr_gross / 100:.2f}, {time.monotonic() - self.out.began:.1f} s"
        )
        if not once:
            self._stay(running, charge)
        return 1 if problems else 0

    def _start(self, running: processes.Processes) -> None:
        folder, port = self.stage.folder, self.stage.web_port
        self.out.line("\nStarting")
        with self.out.step("database"):
            call_command("migrate", verbosity=0)
            self.admin = story.make_admin(folder)
        with self.out.step("web, worker, beat and a simulated CPO"):
            running.start("cpo", programs.simulator(self.ready_file, "--port", str(self.cpo_port), speed=SPEED))
            running.start("web", programs.web(port))
            running.start("worker", programs.worker())
            running.start("beat", programs.beat(folder))
            if self.stripe:
                self.stripe.begin(running, self.stage.web_url)
            running.wait_until("cpo", self.ready_file.exists)
            running.wait_until("web", processes.answers(f"{self.stage.web_url}/health/ready"))

    def _onboard(self) -> Partner:
        self.out.line("\nOnboarding the CPO over OCPI")
        partner, user = story.add_cpo(self.ready_file), get_user_model().objects.get(username=self.admin[0])
        stages.prepare(partner, user, self.out)
        story.shake_hands(partner, self.out)
        stages.connected(partner, user, self.out)
        story.wait_for_locations(partner, self.out)
        stages.look_at_server(partner, user, self.out)
        return partner

    def _charge(self, running: processes.Processes, partner: Partner) -> story.Charge:
        evse = story.wait_for_chargers(partner)
        self.out.line(f"\nCharging at {evse}, {evse.location.name}")
        charge = story.Charge(self.stage.web_url, evse, self.out)
        charge.start(self.stripe.payment_method if self.stripe else "")
        if self.stripe:
            self.stripe.pay(charge)
        charge.follow_until("energy", lambda session: (session["meter"]["kwh"] or 0) > 1)
        if self.kill_worker:
            self._crash(running, charge)
            if isinstance(self.stripe, StripeAccount):
                self.stripe.slow_down_capture()  # and the worker dies once more, before its answer
        charge.follow_until("enough energy", lambda session: (session["meter"]["kwh"] or 0) >= story.STOP_AT_KWH)
        if not charge.tell()["finished"]:
            self.out.event("The driver presses stop")
            charge.stop()
        if self.kill_worker and isinstance(self.stripe, StripeAccount):
            self.stripe.wait_for_capture()
            self._crash(running, charge)
        charge.follow_until("the settlement", lambda session: False)
        charge.tell()
        stages.tell_evidence(partner, self.out)
        return charge

    def _crash(self, running: processes.Processes, charge: story.Charge) -> None:
        pid = running.kill("worker")
        self.out.event(f"kill -9 of the worker (pid {pid})")
        until = time.monotonic() + 2
        while time.monotonic() < until:
            charge.tell()
            time.sleep(story.POLL)
        running.restart("worker")
        self.out.event("The worker is started again")

    def _stay(self, running: processes.Processes, charge: story.Charge) -> None:
        user, password = self.admin
        url = self.stage.web_url
        lines = [
            "",
            "Everything stays up. Where to look:",
            f"  admin           {url}/admin/   user {user}   password {password}",
            f"  this session    {url}/admin/sessions_adhoc/adhocsession/{charge.id}/change/",
            f"  its partner     {url}/admin/partners/partner/{charge.evse.partner_id}/change/",
            f"  mails           {url}/admin/partners/mail/   none leaves this machine",
            f"  driver's page   {url}/c/{charge.evse.code}",
            f"  driver's API    {url}/api/v1/docs/",
            f"  the CPO         http://127.0.0.1:{self.cpo_port}/control/state",
            f"  logs            {self.stage.folder}/*.log",
            "Ctrl-C stops every process.",
        ]
        for line in lines:
            self.out.line(line)
        while True:
            running.raise_if_ended()
            time.sleep(0.5)
