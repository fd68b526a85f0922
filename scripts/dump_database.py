"""Writes `tests/upgrade/VERSION.sql`: the database of this version with a few rows, from which the tests upgrade.

    python scripts/with_services.py -- python scripts/dump_database.py

Once per released version. Needs `pg_dump`. A dump that is there is not written again: databases of
that version are in the world.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")
FOLDER = ROOT / "tests" / "upgrade"
LEFT_OUT = ("--", "\\", "SET ", "SELECT pg_catalog.set_config")


def pg_dump() -> str:
    """The program; Debian keeps it beside the server."""
    beside = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_dump")))
    found = shutil.which("pg_dump") or (beside[-1] if beside else "")
    if not found:
        raise SystemExit("pg_dump is not installed")
    return found


def server() -> dict[str, Any]:
    """Where Django's database is, as psycopg wants it."""
    from django.db import connections

    config = connections["default"].settings_dict
    known = {"host": config["HOST"], "port": config["PORT"], "user": config["USER"], "password": config["PASSWORD"]}
    return {name: value for name, value in known.items() if value}


def fill() -> None:
    """A partner with a charger and a charge, and staff, by the tests' own factories."""
    from django.contrib.auth import get_user_model

    from sessions_adhoc.driver.services import StartRequest, start_session
    from tests.factories import (
        ConnectorFactory,
        EvseFactory,
        LocationFactory,
        OcpiSessionFactory,
        PartnerFactory,
        TokenFactory,
        issue_token,
    )

    get_user_model().objects.create_user("staff", "staff@example.com")
    partner: Any = PartnerFactory()
    issue_token(partner)
    evse: Any = EvseFactory(location=LocationFactory(partner=partner))
    ConnectorFactory(evse=evse)
    TokenFactory()
    OcpiSessionFactory(partner=partner)
    start_session(StartRequest(evse=evse.code))


def dumped() -> str:
    """The database as statements, without comments and without what only `psql` understands."""
    from django.db import connection

    place = server()
    password = {"PGPASSWORD": str(place.pop("password"))} if "password" in place else {}
    options = [f"--{'username' if name == 'user' else name}={value}" for name, value in place.items()]
    command = [pg_dump(), "--inserts", "--no-owner", "--no-privileges", *options, connection.settings_dict["NAME"]]
    done = subprocess.run(
        command, env={**os.environ, **password}, capture_output=True, text=True, check=True, timeout=300
    )
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if line and not line.startswith(LEFT_OUT))


def main() -> None:
    import django
    import psycopg

    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from psycopg import sql

    from sfp_platform import __version__
    from tests.support import tasks

    target = FOLDER / f"{__version__}.sql"
    if target.exists():
        raise SystemExit(f"{target.relative_to(ROOT)} is there: a released version is never written again")
    name = sql.Identifier(connections["default"].settings_dict["NAME"])
    with psycopg.connect(dbname="postgres", autocommit=True, **server()) as maintenance:
        maintenance.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    tasks.use_memory_broker()
    call_command("migrate", verbosity=0)
    fill()
    connections.close_all()
    target.write_text(dumped())
    sys.stdout.write(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main()
