"""Tokens from the command line: have a partner told of one before anybody charges with it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from ocpi.calls import tokens
from ocpi.models import Token, TokenPush
from ocpi.store.tokens import new_one_off_token
from partners.models import Partner
from partners.services import check_token

LONGEST = 36


class Command(BaseCommand):
    help = "Tokens of drivers: push CODE UID has partner CODE told of token UID; show CODE UID says whether it knows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        common = ArgumentParser(add_help=False)
        common.add_argument("--json", action="store_true", help="Machine-readable output.")
        common.add_argument("code", help="The partner's code.")
        common.add_argument("uid", help="The token's UID, at most 36 characters (20 where chargers speak OCPP 1.6).")
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("push", parents=[common], help="PUT it to the partner; a new UID becomes a one-off token.")
        verbs.add_parser("show", parents=[common], help="Whether the partner has it.")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(code=options["code"]).first()
        if partner is None:
            raise CommandError(f"There is no partner {options['code']!r}.")
        row = self.push(partner, options["uid"]) if options["verb"] == "push" else self.find(partner, options["uid"])
        data = describe(row)
        self.stdout.write(json.dumps(data, indent=2) if options["json"] else in_words(row))

    def push(self, partner: Partner, uid: str) -> TokenPush:
        if partner.connection != Partner.Connection.CONNECTED:
            raise CommandError(f"{partner.name} is {partner.get_connection_display().lower()}.")
        with transaction.atomic():
            token = self.token(partner, uid)
            return tokens.push_one_off(partner, token)

    def token(self, partner: Partner, uid: str) -> Token:
        """The token that this partner may know, or a new one for a single charge there."""
        found = Token.objects.filter(uid__iexact=uid).order_by("partner", "id")
        for token in found:
            if token.partner_id in (None, partner.pk):
                return token
        if found:
            raise CommandError(f"Token {uid} belongs to a charge at another partner.")
        if len(uid) > LONGEST:
            raise CommandError(f"A UID has at most {LONGEST} characters.")
        try:
            check_token(uid)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        return new_one_off_token(partner, uid)

    def find(self, partner: Partner, uid: str) -> TokenPush:
        row = TokenPush.objects.filter(partner=partner, token__uid__iexact=uid).select_related("token").first()
        if row is None:
            raise CommandError(f"{partner.name} was never to be told of token {uid}.")
        return row


def describe(row: TokenPush) -> dict[str, Any]:
    """A push as JSON: `pushed` is the version of the token that the partner has, or null."""
    return {
        "partner": row.partner.code,
        "uid": row.token.uid,
        "type": row.token.type,
        "valid": row.token.valid,
        "wanted": row.wanted.isoformat(),
        "pushed": row.pushed.isoformat() if row.pushed else None,
        "error": row.error,
    }


def in_words(row: TokenPush) -> str:
    """A push in one line."""
    about = f"{row.token.uid} ({row.token.type})"
    if row.pushed and row.pushed >= row.wanted:
        return f"{row.partner.name} has token {about}."
    if row.error:
        return f"{row.partner.name} does not have token {about} yet. Last try: {row.error}"
    return f"A worker tells {row.partner.name} of token {about} within seconds: look with `token show`."
