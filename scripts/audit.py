"""Known vulnerabilities of what is locked for production, by pip-audit, where Python's index answers.

Exit code 1 names them. Where the index tells of none, since it cannot be reached or is a mirror that has only the
packages, that is said within seconds, and nothing fails.
"""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("prod", "telemetry")
PROBE_SECONDS, PATIENCE = 3, 180


def say(text: str) -> None:
    sys.stdout.write(f"audit: {text}\n")


def answers(lock: str) -> bool:
    """Whether the index tells of the first package that is locked."""
    name, version = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / f"requirements/{lock}.txt").read_text(), re.M)[0]
    try:
        with urllib.request.urlopen(f"https://pypi.org/pypi/{name}/{version}/json", timeout=PROBE_SECONDS) as answer:
            return "vulnerabilities" in json.load(answer)
    except (OSError, ValueError):
        return False


def audit(lock: str) -> list[dict[str, Any]]:
    """What was found of each package; none is installed or resolved anew. Empty where it could not be asked."""
    options = ["--requirement", f"requirements/{lock}.txt", "--require-hashes", "--disable-pip", "--format", "json"]
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", *options]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return found


def main() -> int:
    worst = 0
    for lock in LOCKS:
        found = audit(lock) if answers(lock) else []
        known = [one for one in found if "skip_reason" not in one]
        bad = [one for one in known if one["vulns"]]
        for one in bad:
            say(f"{one['name']} {one['version']}: {', '.join(vuln['id'] for vuln in one['vulns'])}")
        if not known:
            say(f"requirements/{lock}.txt was not looked at: Python's index tells nothing of its packages here")
        else:
            say(f"requirements/{lock}.txt: {len(bad)} of {len(known)} have known vulnerabilities")
        worst = max(worst, int(bool(bad)))
    return worst


if __name__ == "__main__":
    sys.exit(main())
