"""A program that issues receipts for a partner, given by its key, until it is killed."""

import os
import sys
from itertools import count

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")
django.setup()

from django.db import transaction  # noqa: E402

from billing.receipts.issuing import Draft, issue  # noqa: E402
from billing.receipts.lines import Line  # noqa: E402


def draft(partner: int, name: str) -> Draft:
    return Draft(name, partner, "SK", "EUR", [Line("energy", "Energy", 301, "23")])


class Undone(Exception):
    """Every fifth sale is given up after its number was taken."""


def main(partner: int) -> None:
    for number in count():
        try:
            with transaction.atomic():
                receipt = issue(draft(partner, f"{os.getpid()}-{number}"))
                if number % 5 == 4:
                    raise Undone
        except Undone:
            continue
        sys.stdout.write(f"{receipt.number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
