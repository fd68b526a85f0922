"""Ad-hoc sessions from the command line, through the same services as the pages and the API."""

import json
import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from sessions_adhoc.driver import services
from sessions_adhoc.driver.finding import evse_for_staff
from sessions_adhoc.driver.presenting import message
from sessions_adhoc.driver.services import CannotStart, CannotStop, StartRequest
from sessions_adhoc.management.reporting import event_line, full_report, readable
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

POLL = 0.5
SHORTEST_ID = 6


class Command(BaseCommand):
    help = "Start, show, stop or cancel an ad-hoc session. Exit code 1 when it fails or cannot be done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        common = ArgumentParser(add_help=False)
        common.add_argument("--json", action="store_true", help="Machine-readable output.")
        verbs = parser.add_subparsers(dest="verb", required=True)
        start = verbs.add_parser("start", parents=[common], help="Reserve the money and start a charger.")
        start.add_argument("evse", help="Code of the charger (in its QR code), or its EVSE ID.")
        start.add_argument("--connector", default="", help="Connector ID, where the EVSE has several.")
        start.add_argument("--amount", type=int, help="To reserve, in minor units (4000 is 40.00 EUR).")
        start.add_argument("--payment-method", default="", help="The gateway's token, for example pm_sim_ok.")
        start.add_argument("--token", default="", metavar="UID", help="One that `token push` made, not a new one.")
        start.add_argument("--wait", action="store_true", help="Follow it to its end; exit code 0 only if settled.")
        for verb, text in (
            ("show", "State, money, attempts and timeline."),
            ("stop", "Ask for charging to end."),
            ("cancel", "Give up before charging."),
        ):
            other = verbs.add_parser(verb, parents=[common], help=text)
            other.add_argument("id", help="The session's id, or its beginning.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "start":
            self.start(options)
            return
        session = find(options["id"])
        if options["verb"] != "show":
            session = end(session, options["verb"])
        self.tell(session, options["json"])

    def start(self, options: dict[str, Any]) -> None:
        request = StartRequest(
            evse=options["evse"],
            connector=options["connector"],
            amount=options["amount"],
            payment_method=options["payment_method"],
            channel=AdHocSession.Channel.WEB.value,
        )
        try:
            evse = evse_for_staff(options["evse"]) or services.find_evse(options["evse"])
            token = services.unused_token(options["token"], evse) if options["token"] else None
            session, _ = services.start_session(request, at=evse, token=token)
        except CannotStart as error:
            raise CommandError(str(error)) from error
        if not options["wait"]:
            self.tell(session, options["json"])
            return
        self.follow(session, quiet=options["json"])
        self.tell(session, options["json"])
        if session.state != State.SETTLED:
            raise CommandError(
                f"The session ended {State(session.state).label.lower()}: {message(session, session.authorization)}"
            )

    def follow(self, session: AdHocSession, *, quiet: bool) -> None:
        """Print the timeline as it grows, until the session ends."""
        seen = 0
        if not quiet:
            self.stdout.write(f"{session.pk}  (Ctrl-C leaves it running)")
        try:
            while True:
                session.refresh_from_db()
                for event in session.timeline.filter(pk__gt=seen):
                    seen = event.pk
                    if not quiet:
                        self.stdout.write(event_line(event))
                        self.stdout.flush()
                if session.is_terminal:
                    return
                time.sleep(POLL)
        except KeyboardInterrupt:
            raise CommandError(f"Left. It goes on: adhoc show {session.pk}", returncode=130) from None

    def tell(self, session: AdHocSession, as_json: bool) -> None:
        report = full_report(session)
        self.stdout.write(json.dumps(report, indent=2) if as_json else readable(report))


def find(identifier: str) -> AdHocSession:
    """Return the session with this id, or the only one whose id begins so."""
    text = identifier.strip().lower().replace("-", "")
    if len(text) < SHORTEST_ID or any(letter not in "0123456789abcdef" for letter in text) or len(text) > 32:
        raise CommandError(
            f"{identifier!r} is no session id, nor the beginning of one ({SHORTEST_ID} characters or more)."
        )
    first, last = UUID(text.ljust(32, "0")), UUID(text.ljust(32, "f"))
    rows = AdHocSession.objects.select_related("evse__location", "connector__evse", "token", "partner")
    found = list(rows.filter(pk__range=(first, last))[:2])
    if not found:
        raise CommandError(f"There is no session {identifier}.")
    if len(found) > 1:
        raise CommandError(f"Several sessions begin with {identifier}: give more of the id.")
    return found[0]


def end(session: AdHocSession, verb: str) -> AdHocSession:
    ask = services.stop_session if verb == "stop" else services.cancel_session
    try:
        ask(session.pk, "Command line")
    except CannotStop as error:
        raise CommandError(str(error)) from error
    session.refresh_from_db()
    return session
