"""What `deploy/` offers is whole, and says what the platform asks for."""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings

from rehearsal.stage.databases import create_database
from sfp_platform.broker.queues import QUEUES
from tests.factories import PartnerFactory
from tests.support import nginx
from tests.support.programs import database_url, manage

DEPLOY: Path = settings.BASE_DIR / "deploy"
README = (settings.BASE_DIR / "README.md").read_text()
DOCUMENTS = (settings.BASE_DIR / "docs" / "operations.md").read_text()


def test_the_example_of_an_environment_has_every_setting_and_is_as_its_script_writes_it() -> None:
    command = [sys.executable, "scripts/env_example.py", "--check"]
    assert subprocess.run(command, cwd=settings.BASE_DIR, check=False).returncode == 0
    table = README[README.index("### Settings") :]
    told = {name for row in re.findall(r"^\| (`[^|]+) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    assert {line.lstrip("#").split("=")[0] for line in lines if re.match(r"#?[A-Z_]+=", line)} == told
    must = {line.split("=")[0] for line in lines if re.match(r"[A-Z_]+=", line)}
    assert must == {
        *("ENVIRONMENT", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"),
        *("ALLOWED_HOSTS", "EMAIL_URL"),
    }


def test_the_example_shows_the_defaults_that_the_code_has() -> None:
    source = (settings.BASE_DIR / "sfp_platform" / "settings.py").read_text()
    texts = dict(re.findall(r'env\.str\(\s*"([A-Z_]+)",\s*default="([^"]+)"\)', source))
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    shown = dict(line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line))
    assert {name: shown[name] for name in texts} == {**texts, "ENVIRONMENT": "production"}


def test_the_proxy_sets_every_header_that_is_believed_and_takes_what_we_take() -> None:
    headers = (DEPLOY / "nginx" / "smart-fuel-pass.headers").read_text()
    said = dict(re.findall(r"^proxy_set_header (\S+) +(\S+);", headers, re.M))
    assert said == {
        "Connection": '""',
        "Host": "$http_host",
        "X-Forwarded-Proto": "$scheme",
        "X-Forwarded-For": "$proxy_add_x_forwarded_for",
    }
    assert f"client_max_body_size {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2}m;" in headers
    assert f"client_body_timeout {settings.MAX_BODY_SECONDS:g}s;" in headers
    servers = (DEPLOY / "nginx" / "smart-fuel-pass.conf").read_text()
    assert servers.count("include /etc/nginx/smart-fuel-pass.headers;") == servers.count("proxy_pass ") == 2
    assert "TLSv1.1" not in servers


def test_every_queue_is_served_and_the_schedule_lies_outside_the_code() -> None:
    unit = (DEPLOY / "systemd" / "sfp-worker@.service").read_text()
    assert f"QUEUES={QUEUES} " in unit
    assert "--schedule /var/lib/sfp/beat-schedule" in (DEPLOY / "systemd" / "sfp-beat.service").read_text()
    compose = (DEPLOY / "container" / "compose.yml").read_text()
    served = ",".join(re.findall(r"--queues ([a-z,]+)", compose))
    assert set(served.split(",")) == set(QUEUES.split(","))
    assert "--schedule /var/lib/sfp/beat-schedule" in compose


def test_each_container_runs_without_rights_on_a_root_that_is_read_only() -> None:
    """But the database's, which is somebody else's image."""
    yaml: Any = importlib.import_module("yaml")
    services = yaml.safe_load((DEPLOY / "container" / "compose.yml").read_text())["services"]
    ours = [services[name] for name in ("web", "engine", "calls", "beat")]
    assert set(services) == {"web", "engine", "calls", "beat", "database", "broker"}
    assert all(one["read_only"] and one["cap_drop"] == ["ALL"] and one["image"] == "sfp" for one in ours)
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
    assert all("ports" not in services[name] for name in services if name != "web")


def test_manage_py_reads_the_environment_as_the_units_do(tmp_path: Path) -> None:
    """Spaces, semicolons, quotes and dollars are a part of the value; what a shell would run is not run."""
    values = {"OCPI_BUSINESS_NAME": "Smart Fuel $HOME `id` 'x' \"y\"", "REDIS_URL": "sentinel://a:1;sentinel://b:2/0"}
    lines = ["# a comment=1", "", *(f"{name}={value}" for name, value in values.items())]
    file = tmp_path / "environment"
    file.write_text("\n".join(lines))
    code = "import os; print(*map(os.environ.get, ['OCPI_BUSINESS_NAME', 'REDIS_URL', 'VAR_DIR']), sep='|')"
    own = {**os.environ, "SFP_ENVIRONMENT": str(file)}
    line = [str(DEPLOY / "scripts" / "manage.sh"), "shell", "--verbosity", "0", "-c", code]
    done = subprocess.run(line, cwd=tmp_path, env=own, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "|".join([*values.values(), "/var/lib/sfp"]) + "\n"), done.stderr


def test_the_backup_writes_where_its_user_may() -> None:
    """systemd makes the folder and opens it, and it alone; on a host that has none."""
    unit = (DEPLOY / "systemd" / "sfp-backup.service").read_text()
    assert re.findall(r"^(?:ExecStart=.*backup\.sh |StateDirectory=)(\S+)", unit, re.M) == [
        "/var/lib/sfp-backups",
        "sfp-backups",
    ]
    assert "ProtectSystem=strict" in unit


def test_an_operator_finds_every_alert() -> None:
    alerts = re.findall(r"alert: (\w+)", (DEPLOY / "prometheus" / "alerts.yml").read_text())
    assert [name for name in alerts if f"`{name}`" not in DOCUMENTS] == []


@pytest.mark.heavy
def test_systemd_and_nginx_take_what_is_offered(tmp_path: Path) -> None:
    """Their own programs say so. The programs that units start are not where they will be: that alone may be told."""
    units = [str(path) for path in (DEPLOY / "systemd").iterdir()]
    told = subprocess.run(["/usr/bin/systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in told.stderr.splitlines() if "/srv/sfp/" not in line] == []
    look = [nginx.program(), "-t", "-c", str(nginx.configuration(tmp_path))]
    done = subprocess.run(look, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_backup_is_whole_and_can_be_restored(tmp_path: Path) -> None:
    """One that is not whole is said so and leaves nothing behind; old ones go."""
    PartnerFactory.create(code="kept", name="Kept in the dump")
    script = str(DEPLOY / "scripts" / "backup.sh")
    old = tmp_path / "sfp-20200101T000000Z.dump"
    old.touch()
    os.utime(old, (0, 0))
    own = {**os.environ, "DATABASE_URL": database_url()}
    subprocess.run([script, str(tmp_path)], env=own, check=True)
    [dump] = tmp_path.iterdir()
    assert dump.stat().st_mode & 0o077 == 0
    with create_database(database_url(), "sfp_restored") as restored:
        assert put_back(dump, restored).returncode == 0
        with psycopg.connect(restored) as connection:
            names = connection.execute("SELECT name FROM partners_partner WHERE code = 'kept'").fetchall()
        assert names == [("Kept in the dump",)]
    with create_database(database_url(), "sfp_nothing_in_it") as empty:
        other = tmp_path / "other"
        done = subprocess.run(
            [script, str(other)], env={**own, "DATABASE_URL": empty}, capture_output=True, check=False
        )
        assert (done.returncode, list(other.iterdir())) == (1, [])
        assert b"the dump is not whole" in done.stderr


def put_back(dump: Path, url: str) -> "subprocess.CompletedProcess[str]":
    own = {**os.environ, "DATABASE_URL": url}
    script = [str(DEPLOY / "scripts" / "restore.sh"), str(dump)]
    return subprocess.run(script, env=own, capture_output=True, text=True, check=False)


@pytest.mark.heavy
def test_a_backup_that_is_older_than_the_code_is_restored_beside_what_is_there(tmp_path: Path) -> None:
    """By who owns the new one and nothing else. Over what a later version has changed nothing is brought."""
    server = os.environ["DATABASE_URL"]
    [older] = (settings.BASE_DIR / "tests" / "upgrade").glob("0.2.0.sql")
    with create_database(server, "sfp_changed") as changed, create_database(server, "sfp_put_back") as new:
        subprocess.run(["/usr/bin/psql", "--quiet", changed, "--file", str(older)], check=True, capture_output=True)
        own = {**os.environ, "DATABASE_URL": changed}
        subprocess.run([str(DEPLOY / "scripts" / "backup.sh"), str(tmp_path)], env=own, check=True)
        [dump] = tmp_path.glob("sfp-*.dump")
        manage(own, "migrate", "--verbosity", "0", timeout=300)
        refused = put_back(dump, changed)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert re.fullmatch(r"restore: the database has \d+ tables already: make a new one\n", refused.stderr)
        with owner_of(new) as owners:
            done = put_back(dump, owners)
        taken = datetime.strptime(dump.stem, "sfp-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        told = f"restore: done; then manage.py migrate, and manage.py reconcile --since {taken:%Y-%m-%dT%H:%M:%SZ}\n"
        assert (done.returncode, done.stdout, done.stderr) == (0, told, "")
        manage({**own, "DATABASE_URL": new}, "migrate", "--verbosity", "0", timeout=300)
        manage({**own, "DATABASE_URL": new}, "migrate", "--check")
        assert partner_codes(new) == partner_codes(changed) != []


@contextmanager
def owner_of(url: str) -> Iterator[str]:
    """The URL of a database for a role that owns it, with what is in it, and has no other right."""
    name, password = f"owner_{token_hex(4)}", token_hex(8)
    host = urlsplit(url).netloc.rpartition("@")[2]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        try:
            admin.execute(f"ALTER DATABASE {urlsplit(url).path[1:]} OWNER TO {name}")
            yield urlunsplit(urlsplit(url)._replace(netloc=f"{name}:{password}@{host}"))
        finally:
            admin.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
            admin.execute(f"DROP ROLE {name}")


def partner_codes(url: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT code FROM partners_partner ORDER BY code").fetchall()
