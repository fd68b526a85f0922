"""Runs Django's deployment checks on the production settings, with made-up secrets and no server.

What the settings demand in production is given here, so a new demand shows up as a failure of this check.
"""

import os
import secrets
import subprocess
import sys

from cryptography.fernet import Fernet

# HSTS for all subdomains, and preloaded, are promises about a domain that other services share: they are the
# operator's to make. And which gateway takes real money is the operator's to configure.
ACCEPTED = ("security.W005", "security.W021", "billing.E002")


def production_environment() -> dict[str, str]:
    """A complete production configuration. Nothing in it is reached by the checks."""
    return {
        **os.environ,
        "ENVIRONMENT": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": "postgres://platform:secret@database.example.org/platform",
        "REDIS_URL": "redis://broker.example.org/0",
        "ALLOWED_HOSTS": "charge.example.org",
        "EMAIL_URL": "smtp+tls://platform:secret@mail.example.org:587",
    }


CHECK = """
import sys
from django.core.management import execute_from_command_line
from django.conf import settings
settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, *sys.argv[1:]]
execute_from_command_line(["manage.py", "check", "--deploy", "--fail-level", "WARNING"])
"""


def main() -> int:
    environment = {**production_environment(), "DJANGO_SETTINGS_MODULE": "sfp_platform.settings"}
    command = [sys.executable, "-c", CHECK, *ACCEPTED]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
