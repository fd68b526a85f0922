"""Counting what a charge asks of the database, step by step: web, engine and payment together."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from django.test.utils import CaptureQueriesContext

OF_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE SAVEPOINT")
OF_THE_GATEWAY = "billing_simulated"
"""The books of the simulated gateway, which stand for another company's."""
SUBJECT = re.compile(r'(?:FROM|INTO|UPDATE)\s+"?([a-z_]+)"?')


@dataclass
class Counted:
    """The statements of each step, in order. Apart from them: what begins and ends transactions, what the gateway's
    own books cost."""

    steps: dict[str, list[str]] = field(default_factory=dict)
    apart: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what is asked in this block as the step of this name."""
        with CaptureQueriesContext(connection) as captured:
            yield
        statements = self.steps.setdefault(name, [])
        for sql in (str(query["sql"]) for query in captured):
            if sql.startswith(OF_TRANSACTIONS):
                self.apart[sql.split(' "', 1)[0]] += 1
            elif OF_THE_GATEWAY in sql:
                self.apart["gateway"] += 1
            else:
                statements.append(sql)

    def per_step(self) -> dict[str, int]:
        return {name: len(statements) for name, statements in self.steps.items()}

    @property
    def total(self) -> int:
        return sum(self.per_step().values())

    def table(self) -> str:
        """What was asked, by step: how often, which verb, which tables."""
        lines = []
        for name, statements in self.steps.items():
            lines.append(f"{name}: {len(statements)}")
            lines += [f"  {count:3} {kind}" for kind, count in Counter(map(_kind, statements)).items()]
        apart = ", ".join(f"{count} {name}" for name, count in sorted(self.apart.items()))
        return "\n".join([*lines, f"{self.total} in all; apart from them {apart}"])


def _kind(sql: str) -> str:
    """The verb, the tables, and whether rows are locked."""
    tables = " ".join(dict.fromkeys(SUBJECT.findall(sql)))
    return f"{sql.split(maxsplit=1)[0]} {tables}{' locked' if ' FOR UPDATE' in sql or ' FOR NO KEY' in sql else ''}"
