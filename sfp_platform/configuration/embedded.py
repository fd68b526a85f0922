"""What the platform uses when no server is configured: SQLite, a folder as broker, a local secret.

Development and demonstration only: `settings.py` refuses all of it when `ENVIRONMENT=production`.
"""

import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from sfp_platform.broker import folder_transport


def local_secret(folder: Path, name: str) -> str:
    """Return the secret kept in `folder/name`, making it on first use (mode 600).

    Two processes starting together agree: the file is created exclusively, the loser reads the winner's.
    """
    path = folder / name
    value = Fernet.generate_key().decode() if name.endswith("key") else secrets.token_urlsafe(48)
    folder.mkdir(parents=True, exist_ok=True)
    staged = folder / f".{name}.{secrets.token_hex(4)}"
    staged.touch(mode=0o600)
    staged.write_text(value)
    try:
        path.hardlink_to(staged)
    except FileExistsError:
        pass
    finally:
        staged.unlink()
    return path.read_text()


def folder_broker(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return (broker URL, transport options) of the folder transport in `folder`.

    At most once: a message read by a worker that dies is gone, which the deadline sweep makes good.
    """
    queue, processed, control = (folder / name for name in ("queue", "processed", "control"))
    for path in (queue, processed, control):
        path.mkdir(parents=True, exist_ok=True)
    return f"{folder_transport.SCHEME}://", {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "processed_folder": str(processed),
        "control_folder": str(control),
        "store_processed": False,
        "polling_interval": 0.1,
    }


SQLITE_OPTIONS: dict[str, Any] = {
    # IMMEDIATE takes the write lock when a transaction begins: with SQLite's default a reader that turns
    # writer fails at once instead of waiting.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
}
