"""`manage.py partner add|handshake|connect|cancel|sync|token|show`: connecting a partner from the command line."""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from ocpi import handshake, sync
from ocpi.handshake.manual import connect_manually
from ocpi.handshake.runs import LIVE
from ocpi.management import describe
from ocpi.models import HandshakeRun, SyncRun
from ocpi.routing import versions_url
from ocpi.sync.requests import LIVE as LIVE_PULLS
from ocpi.sync.requests import MODULES
from ocpi.versions import VERSIONS
from partners.ground.ocpi_versions import RECOMMENDED
from partners.models import Partner
from partners.services import ContactDetails, PartnerDetails, add_partner, check_token, issue_registration_token

POLL = 0.3  # seconds
NO_WORKER_AFTER = 15  # seconds


class Command(BaseCommand):
    """Everything that support does to connect a partner, through the same services as the admin."""

    help = "Add a partner, connect to it, read its data, show what is known of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        shared = ArgumentParser(add_help=False)
        shared.add_argument("--json", action="store_true", help="print JSON instead of text")
        waiting = ArgumentParser(add_help=False)
        waiting.add_argument("--no-wait", dest="wait", action="store_false", help="leave it to the workers")
        waiting.add_argument("--wait", dest="wait", action="store_true", default=True, help="(default)")
        waiting.add_argument("--inline", action="store_true", help="do it in this process: no worker needed")

        add = actions.add_parser("add", parents=[shared], help="add a partner")
        _add_arguments(add)
        connect = actions.add_parser("handshake", parents=[shared, waiting], help="register with a partner")
        connect.add_argument("code")
        connect.add_argument("--token-a", default="", help="their Token A; - reads it from standard input")
        connect.add_argument("--window", type=float, default=30, metavar="MINUTES", help="keep trying (30)")
        manual = actions.add_parser("connect", parents=[shared], help="take over credentials agreed by hand (Method B)")
        manual.add_argument("code")
        manual.add_argument("--their-token", required=True, help="what we call them with; - reads standard input")
        manual.add_argument("--our-token", default="", help="what they call us with, if they have one")
        for name, text in (
            ("cancel", "call off the handshake under way"),
            ("token", "make a new Token B for a partner"),
        ):
            actions.add_parser(name, parents=[shared], help=text).add_argument("code")
        pull = actions.add_parser("sync", parents=[shared, waiting], help="read a partner's data")
        pull.add_argument("code")
        pull.add_argument("modules", nargs="*", metavar="MODULE", help=f"{', '.join(MODULES)} (locations tariffs)")
        pull.add_argument("--since", type=_moment, help="only what changed since, for example 2026-11-22T08:00")
        show = actions.add_parser("show", parents=[shared], help="show a partner, or list all")
        show.add_argument("code", nargs="?")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.as_json = options["json"]
        action: Callable[..., None] = getattr(self, f"do_{options['action']}")
        try:
            action(options)
        except ValidationError as error:
            raise CommandError("\n".join(_faults(error))) from error
        except (handshake.HandshakeRefusedError, ValueError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stderr.write("Stopped waiting. What was started goes on; see `partner show`.")
            sys.exit(130)

    def do_add(self, options: dict[str, Any]) -> None:
        partner = add_partner(
            PartnerDetails(
                code=options["code"],
                name=options["name"],
                country_code=options["country"],
                party_id=options["party"],
                versions_url=options["versions_url"],
                agreed_version=options["ocpi_version"],
                environment=options["environment"],
                token_a=_secret(options["token_a"]),
                contacts=[_contact(text) for text in options["contact"]],
                networks=options["ip"],
                enabled_versions=options["enable_version"],
            )
        )
        self._show_token(partner, f"{partner} is added.")

    def do_token(self, options: dict[str, Any]) -> None:
        self._show_token(_partner(options["code"]), "Earlier ones no longer work.")

    def _show_token(self, partner: Partner, text: str) -> None:
        token = issue_registration_token(partner)
        if self.as_json:
            self._print(
                {
                    **describe.partner_data(partner),
                    "token_b": token,
                    "our_versions_url": versions_url(partner),
                }
            )
            return
        self._print(
            f"{text}\n\nSend them, through a secure channel:\n"
            f"  our versions URL: {versions_url(partner)}\n"
            f"  Token B:          {token}   (shown this once)"
        )

    def do_handshake(self, options: dict[str, Any]) -> None:
        partner, token = _partner(options["code"]), _secret(options["token_a"])
        if token:
            check_token(token)
        ends = timezone.now() + timedelta(minutes=options["window"])
        run = handshake.start(partner, window_ends_at=ends, token_a=token or None)
        if not self.as_json:
            self._print(f"Handshake with {partner}, number {run.pk}, until {describe.moment(ends)}:")
        if options["wait"] or options["inline"]:
            run = self._follow(run, options["inline"])
        if self.as_json:
            self._print(describe.handshake_data(run))
        self._conclude(run)

    def _follow(self, run: HandshakeRun, inline: bool) -> HandshakeRun:
        """Print each step as it ends, until the run has ended; with `inline` also make it go on."""
        printed, began, warned = set[int](), time.monotonic(), False
        while True:
            if inline:
                handshake.advance(run.pk)
            run = HandshakeRun.objects.get(pk=run.pk)
            for step in run.steps.exclude(ended_at=None).exclude(pk__in=printed):
                printed.add(step.pk)
                if not self.as_json:
                    self._print(describe.step_text(step))
            if run.state not in LIVE:
                return run
            if not warned and not inline and not printed and time.monotonic() - began > NO_WORKER_AFTER:
                self.stderr.write("No worker has begun yet. Is one running? --inline needs none.")
                warned = True
            self._pause()

    def _conclude(self, run: HandshakeRun) -> None:
        if run.state == HandshakeRun.State.SUCCEEDED:
            if not self.as_json:
                self._print(f"Connected over OCPI {run.version}." + (f" But: {run.cause}" if run.cause else ""))
            return
        if run.state in LIVE:
            if not self.as_json:
                self._print("The workers go on with it; see `partner show`.")
            return
        if self.as_json:
            sys.exit(1)
        raise CommandError(f"{run.get_state_display()}. {run.cause}\nWhat to do: {run.advice}")

    def do_connect(self, options: dict[str, Any]) -> None:
        partner, theirs = _partner(options["code"]), _secret(options["their_token"])
        check_token(theirs)
        check_token(options["our_token"])
        done = connect_manually(partner, theirs, options["our_token"])
        if self.as_json:
            self._print({**describe.partner_data(_partner(partner.code)), "new_token": done.new_token or None})
            return
        self._print(f"Connected over OCPI {done.version}. They call us with …{done.token_in_use.last4}.")
        if done.new_token:
            self._print(f"Send it to them through a secure channel: {done.new_token}   (shown this once)")

    def do_cancel(self, options: dict[str, Any]) -> None:
        partner = _partner(options["code"])
        run = HandshakeRun.objects.filter(partner=partner, state__in=LIVE).first()
        if run is None:
            raise CommandError(f"No handshake with {partner.name} is under way.")
        run = handshake.cancel(run.pk)
        self._print(describe.handshake_data(run) if self.as_json else run.cause)

    def do_sync(self, options: dict[str, Any]) -> None:
        partner, since = _partner(options["code"]), options["since"]
        modules = options["modules"] or ["locations", "tariffs"]
        runs = [sync.request_sync(partner, module, since is None, since) for module in modules]
        if options["wait"] or options["inline"]:
            runs = [self._wait_for(run, options["inline"]) for run in runs]
        if self.as_json:
            self._print([describe.pull_data(run) for run in runs])
        else:
            self._print("\n".join(describe.pull_text(run) for run in runs))
        if any(run.state == SyncRun.State.FAILED for run in runs):
            sys.exit(1)

    def _wait_for(self, run: SyncRun, inline: bool) -> SyncRun:
        while True:
            if inline:
                sync.run(run.pk)
            run.refresh_from_db()
            if run.state not in LIVE_PULLS or (run.state == SyncRun.State.DUE and run.error):
                return run
            self._pause()

    def do_show(self, options: dict[str, Any]) -> None:
        if options["code"]:
            partner = _partner(options["code"])
            self._print(describe.partner_data(partner) if self.as_json else describe.partner_text(partner))
            return
        lines = [describe.partner_line(partner) for partner in Partner.objects.all()]
        if self.as_json:
            self._print(lines)
        else:
            self._print("\n".join("  ".join(str(value or "-") for value in line.values()) for line in lines))

    def _pause(self) -> None:
        connection.close_if_unusable_or_obsolete()
        time.sleep(POLL)

    def _print(self, what: Any) -> None:
        self.stdout.write(what if isinstance(what, str) else json.dumps(what, indent=2, ensure_ascii=False))
        self.stdout.flush()


def _add_arguments(add: ArgumentParser) -> None:
    add.add_argument("--code", required=True, help="in the host of their endpoint: ocpi-<code>")
    add.add_argument("--name", required=True)
    add.add_argument("--country", required=True, metavar="CC", help="ISO 3166-1 alpha-2, for example SK")
    add.add_argument("--party", required=True, metavar="ID", help="3 characters, for example ION")
    add.add_argument("--versions-url", required=True, metavar="URL")
    add.add_argument("--ocpi-version", default=RECOMMENDED, choices=list(VERSIONS))
    add.add_argument("--environment", default="test", choices=Partner.Environment.values)
    add.add_argument("--token-a", default="", help="- reads it from standard input")
    add.add_argument("--contact", action="append", default=[], metavar="NAME,EMAIL[,PHONE]")
    add.add_argument("--ip", action="append", default=[], metavar="ADDRESS", help="1.2.3.4 or 1.2.3.0/24")
    add.add_argument("--enable-version", action="append", default=[], choices=list(VERSIONS))


def _partner(code: str) -> Partner:
    try:
        return Partner.objects.get(code=code)
    except Partner.DoesNotExist:
        known = ", ".join(Partner.objects.values_list("code", flat=True)) or "none"
        raise CommandError(f"There is no partner with the code {code!r}. Known: {known}.") from None


def _secret(text: str) -> str:
    """A token given on standard input does not show in the list of processes."""
    return sys.stdin.readline().strip() if text == "-" else text.strip()


def _contact(text: str) -> ContactDetails:
    name, _, rest = text.partition(",")
    email, _, phone = rest.partition(",")
    return ContactDetails(name.strip(), email.strip(), phone.strip())


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _faults(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return error.messages
    return [f"{name.replace('_', ' ')}: {text}" for name, texts in error.message_dict.items() for text in texts]
