"""What the ledger says, for tests."""

from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Sum

from billing.models import LedgerEntry, LedgerTransaction


def stands() -> dict[str, int]:
    """What each account stands at, those that are even left out."""
    sums = LedgerEntry.objects.order_by().values_list("account").annotate(Sum("amount"))
    return {account: total for account, total in sums if total}


def posted() -> list[tuple[str, dict[str, int]]]:
    """(word of the key, amounts by account) of each transaction, in order."""
    return [
        (row.key.rpartition(":")[2], dict(row.entries.values_list("account", "amount")))
        for row in LedgerTransaction.objects.order_by("pk")
    ]


def verified(*options: str) -> tuple[int, list[str]]:
    """(exit code, lines) of `ledger verify`."""
    out = StringIO()
    try:
        call_command("ledger", "verify", *options, stdout=out)
    except CommandError as error:
        return error.returncode, [*out.getvalue().splitlines(), str(error)]
    return 0, out.getvalue().splitlines()


def findings(*options: str) -> list[str]:
    """What does not agree, without the headings."""
    return [line.strip() for line in verified(*options)[1] if line.startswith("       ")]


def tamper(statement: str, *values: Any) -> None:
    """Change what the database refuses to change, as one with all rights could."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
