"""`personal_data export` and `personal_data erase`: one driver's, by session, address or contract."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from partners.ground.personal import DRIVERS, kinds
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.personal.contract import export_contract, sessions_of_contract
from sessions_adhoc.personal.driver import StillLive, erase, export, sessions_with_address


class Command(BaseCommand):
    help = "What the platform keeps of one driver: export it as JSON, or erase what leads to the driver."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, text in (("export", "Print it as JSON."), ("erase", "Forget it; the history tells of it.")):
            one = verbs.add_parser(verb, help=text)
            one.add_argument("--session", type=UUID, action="append", default=[], help="An ad-hoc session's id.")
            one.add_argument("--email", default="", help="The address that receipts are mailed to, while it is known.")
            one.add_argument("--contract", default="", help="The contract ID of a card or app of ours.")
        one.add_argument("--by", required=True, help="Who erases it.")
        one.add_argument("--reason", required=True, help="Why: it stays in the history.")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = list(dict.fromkeys([*options["session"], *self.found(options["email"], options["contract"])]))
        contract = export_contract(options["contract"]) if options["contract"].strip() else None
        known = set(AdHocSession.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if known != set(ids):
            raise CommandError(f"There is no such session: {', '.join(str(one) for one in ids if one not in known)}")
        if not ids and contract is None:
            raise CommandError("Nothing is known of this driver.")
        if options["verb"] == "export":
            told = [*export(ids), *([contract] if contract else [])]
            self.stdout.write(json.dumps(told, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
        else:
            self.erase(ids, options["by"], options["reason"])

    def found(self, address: str, contract: str) -> list[UUID]:
        by_address = sessions_with_address(address) if address.strip() else []
        return [*by_address, *(sessions_of_contract(contract) if contract.strip() else [])]

    def erase(self, ids: list[UUID], by: str, reason: str) -> None:
        refused = 0
        for session_id in ids:
            try:
                done = erase(session_id, by, reason)
            except StillLive as live:
                refused += 1
                self.stdout.write(str(live))
            else:
                self.stdout.write(f"{session_id}: forgotten: {'; '.join(done) or 'nothing was left'}.")
        self.stdout.write("What stays:")
        for kind in kinds.values():
            if kind.of == DRIVERS:
                self.stdout.write(f"  {kind.title}: {kind.how_long}. {kind.why}")
        if refused:
            raise CommandError(f"{refused} of {len(ids)} charges are not at rest.")
