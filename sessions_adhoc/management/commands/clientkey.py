"""Keys of the driver's API: make one, list them, revoke one."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_adhoc.driver.clients import create_client_key, revoke_client_key
from sessions_adhoc.models import ClientKey


class Command(BaseCommand):
    help = "Keys of the driver's API: create NAME, list, revoke NAME."

    def add_arguments(self, parser: ArgumentParser) -> None:
        common = ArgumentParser(add_help=False)
        common.add_argument("--json", action="store_true", help="Machine-readable output.")
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", parents=[common], help="Make a key. It is shown this once.")
        create.add_argument("name", help="Whose key it is, for example 'web shop'.")
        create.add_argument(
            "--brings-holds", action="store_true", help="A payment terminal's, which reserves at the gateway by itself."
        )
        create.add_argument("--back-office", action="store_true", help="Our own back office's, for contract charges.")
        create.add_argument("--test", action="store_true", help="For an app that is being built: test partners only.")
        verbs.add_parser("list", parents=[common], help="All keys, without their text.")
        revoke = verbs.add_parser("revoke", parents=[common], help="Make a key useless from now on.")
        revoke.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        answers: dict[str, Callable[[str], tuple[Any, list[str]]]] = {
            "create": partial(
                self.create,
                brings_holds=bool(options.get("brings_holds")),
                is_test=bool(options.get("test")),
                is_back_office=bool(options.get("back_office")),
            ),
            "list": self.list_keys,
            "revoke": self.revoke,
        }
        data, lines = answers[options["verb"]](options.get("name") or "")
        self.stdout.write(json.dumps(data, indent=2) if options["json"] else "\n".join(lines))

    def create(self, name: str, **rights: bool) -> tuple[Any, list[str]]:
        name = name.strip()
        if not name or len(name) > 100:
            raise CommandError("A name has 1 to 100 characters.")
        if ClientKey.objects.filter(name=name).exists():
            raise CommandError(f"There is a key called {name!r} already. Choose another name.")
        client, key = create_client_key(name, **rights)
        lines = [key, "", "Keep it now: it is not shown again.", f"Use: Authorization: Bearer {key}"]
        return describe(client) | {"key": key}, lines

    def list_keys(self, _name: str) -> tuple[Any, list[str]]:
        found = [describe(client) for client in ClientKey.objects.all()]
        width = max((len(row["name"]) for row in found), default=0)
        lines = [
            f"{row['name']:<{width}}  ...{row['last4']}  created {row['created_at'][:10]}  {row['state']}"
            for row in found
        ]
        return found, lines or ["There is no key yet: clientkey create NAME"]

    def revoke(self, name: str) -> tuple[Any, list[str]]:
        client = ClientKey.objects.filter(name=name).first()
        if client is None:
            raise CommandError(f"There is no key called {name!r}. See: clientkey list")
        revoked = revoke_client_key(client)
        client.refresh_from_db()
        text = f"The key {name!r} is revoked." if revoked else f"The key {name!r} was revoked already."
        return describe(client), [text]


def describe(client: ClientKey) -> dict[str, Any]:
    """What may be told of a key."""
    return {
        "name": client.name,
        "last4": client.last4,
        "test": client.is_test,
        "state": "revoked" if client.revoked_at else "active",
        "created_at": client.created_at.isoformat(),
        "revoked_at": client.revoked_at.isoformat() if client.revoked_at else None,
    }
