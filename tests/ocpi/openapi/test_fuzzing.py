"""Requests that nobody would think of, made by Schemathesis from each version's document, against the real server.

No answer may be a server error, or be other than the document says. `OCPI_FUZZ_SECONDS=600` runs for that long per
version, with all phases of Schemathesis; `OCPI_FUZZ_SEED=2` makes other requests.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ocpi.models import Cdr, Command, ProfileRequest, Terminal
from ocpi.server.openapi import build
from ocpi.store import Party, put_cdr
from ocpi.store.terminals import add_terminal
from ocpi.versions import VERSIONS, Version
from partners.models import IssuedToken, Partner
from tests.factories import (
    CommandFactory,
    OcpiSessionFactory,
    PartnerFactory,
    PartnerRoleFactory,
    TokenFactory,
    cdr_data,
    issue_token,
)
from tests.support import programs
from tests.support.processes import free_port

FEW = 2
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
]
pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]


def partner(code: str, party_id: str, version: Version, **more: Any) -> Partner:
    return PartnerFactory.create(
        code=code, party_id=party_id, version=version.number, enabled_versions=list(VERSIONS), **more
    )


def stage(version: Version) -> dict[str, Any]:
    """Rows for requests to hit: a CPO, its CDR and commands, our tokens, and partners that may come and go."""
    cpo = partner("ion", "ION", version)
    PartnerRoleFactory.create(partner=cpo, country_code="SK", party_id="ION")
    owner = Party(cpo, "SK", "ION", VERSIONS["2.2.1"])
    cdr: Cdr = put_cdr(owner, cdr_data()).row
    command: Command = CommandFactory.create(partner=cpo, version=version.number)
    asked = profile_request(cpo, version)
    token = TokenFactory.create()
    TokenFactory.create_batch(3)
    newcomer = partner("new", "NEW", version, connection=Partner.Connection.NOT_CONNECTED)
    return {
        "token": issue_token(cpo),
        "registering": [
            issue_token(newcomer, purpose=IssuedToken.Purpose.REGISTRATION),
            issue_token(partner("old", "OLD", version)),
        ],
        "nowhere": f"http://127.0.0.1:{free_port()}/versions",
        "variables": {
            "country_code": "SK",
            "party_id": "ION",
            "token_uid": token.uid,
            "cdr_uuid": str(cdr.uuid),
            "command_id": str(command.pk),
            "request_id": str(asked.pk),
        },
        "kinds": {"commands": command.kind, "chargingprofiles": asked.kind},
    }


def profile_request(cpo: Partner, version: Version) -> ProfileRequest:
    """A charging profile that we asked for, and a terminal, under ids that `fuzz_hooks` uses."""
    session = OcpiSessionFactory.create(partner=cpo, ocpi_id="A-1", country_code="SK", party_id="ION")
    newest = list(VERSIONS.values())[-1]
    add_terminal(cpo, newest, Terminal.State.ACTIVE, {"terminal_id": "A-1"})
    return ProfileRequest.objects.create(
        partner=cpo, version=version.number, session=session, kind=ProfileRequest.Kind.GET
    )


def options(folder: Path) -> list[str]:
    """A few requests by default, the same every time; as many as the time allows on demand."""
    seconds = os.environ.get("OCPI_FUZZ_SECONDS", "")
    longer = [f"--max-time={seconds}", "--phases=examples,coverage,fuzzing,stateful", "--continue-on-failure"]
    return [
        *(longer if seconds else [f"--max-examples={FEW}", "--phases=examples,fuzzing", "--no-shrink"]),
        f"--seed={os.environ.get('OCPI_FUZZ_SEED', '1')}",
        f"--checks={','.join(CHECKS)}",
        "--mode=all",
        "--suppress-health-check=all",
        "--warnings=off",
        "--generation-database=none",
        f"--report-dir={folder}",
    ]


def fuzz(url: str, document: Path, given: dict[str, Any]) -> tuple[int, str]:
    """Run Schemathesis; return its exit code and what it said."""
    hooks = {"SCHEMATHESIS_HOOKS": "tests.ocpi.openapi.fuzz_hooks", "FUZZ_WITH": json.dumps(given)}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document), f"--url={url}"),
            f"--header=Authorization: Token {given['token']}",
            *options(document.parent),
        ],
        cwd=document.parent,
        env={**os.environ, **hooks, "PYTHONPATH": str(settings.BASE_DIR), "NO_COLOR": "1", "COLUMNS": "160"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS.values(), ids=str)
def test_no_request_gets_an_answer_that_the_document_does_not_describe(version: Version, tmp_path: Path) -> None:
    document = tmp_path / "document.json"
    document.write_text(json.dumps(build(version)[0]))
    given, port = stage(version), free_port()
    environment = programs.embedded_environment(tmp_path / "var", DATABASE_URL=programs.database_url())
    with programs.web(environment, port, tmp_path / "web.log"):
        code, said = fuzz(f"http://127.0.0.1:{port}", document, given)
    assert code == 0, said
