"""`manage.py ocpi_schema`: the OpenAPI documents of our OCPI interfaces."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.validation import validate_schema
from jsonschema import ValidationError

from ocpi.server.openapi import build
from ocpi.versions import VERSIONS


class Command(BaseCommand):
    """Writes or checks the document of one version; without a version it checks all of them."""

    help = "Write the OpenAPI document of an OCPI version, or check the documents of all versions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", nargs="?", choices=list(VERSIONS), help="all of them when left out")
        parser.add_argument("--file", type=Path, help="where to write it; standard output when left out")
        parser.add_argument("--validate", action="store_true", help="check it against the OpenAPI specification")
        parser.add_argument("--fail-on-warn", action="store_true", help="fail when something is not described")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["version"]
        if options["file"] and not number:
            raise CommandError("--file needs a version: each version has a document of its own.")
        for version in [VERSIONS[number]] if number else VERSIONS.values():
            document, gaps = build(version)
            if options["validate"]:
                self._validate(str(version), document)
            for gap in gaps:
                self.stderr.write(f"OCPI {version}: {gap}")
            if gaps and options["fail_on_warn"]:
                raise CommandError(f"The document of OCPI {version} has gaps.")
            if number:
                self._write(document, options["file"])

    def _validate(self, number: str, document: dict[str, Any]) -> None:
        try:
            validate_schema(document)
        except ValidationError as error:
            raise CommandError(f"OCPI {number}: {error.json_path}: {error.message}") from error

    def _write(self, document: dict[str, Any], file: Path | None) -> None:
        text = json.dumps(document, indent=2, ensure_ascii=False)
        if file is None:
            self.stdout.write(text)
        else:
            file.write_text(text + "\n", encoding="utf-8")
