"""Two that migrate one database at the same time: one does it, the other waits for that."""

import threading
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command

from sfp_platform.management.commands.migrate import ONE_AT_A_TIME
from tests.support.programs import database_url

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_waits_for_the_other_and_says_so() -> None:
    told = StringIO()
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        letting_go = threading.Timer(0.2, other.execute, ["SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME]])
        letting_go.start()
        call_command("migrate", "billing", verbosity=0, stderr=told)
        letting_go.join()
        assert told.getvalue() == "Somebody else migrates this database: waiting until that is done.\n"
        [(is_free,)] = other.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME]).fetchall()
        assert is_free
