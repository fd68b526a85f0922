"""The README's chapter for production, walked literally in a bare Debian; and the image of the Containerfile.

Both need the root of this machine, and packages from Debian's and Python's indexes.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.stage.databases import create_database
from rehearsal.stage.servers import packages
from tests.support.processes import ROOT

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bare Debian is; `SFP_BARE_DEBIAN` names one that may be kept."""
    if not Path("/usr/bin/mmdebstrap").exists():
        packages.install("mmdebstrap", "mmdebstrap is not installed")
    return Path(os.environ.get("SFP_BARE_DEBIAN") or tmp_path_factory.mktemp("bare") / "debian")


def test_the_readme_is_followed_to_the_letter(bare: Path) -> None:
    with create_database(os.environ["DATABASE_URL"], "sfp_walked") as database:
        options = ["--root", str(bare), "--database", database, "--redis", os.environ["REDIS_URL"]]
        command = [sys.executable, "scripts/walk_readme.py", *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    sys.stdout.write(f"\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "walk: the README's chapter holds"


def buildah(*arguments: str) -> str:
    """Without a daemon: each step in a chroot."""
    done = subprocess.run(["/usr/bin/buildah", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"buildah {' '.join(arguments)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout.strip()


def test_the_image_is_small_and_runs_without_root_on_a_root_that_is_read_only(bare: Path) -> None:
    """Built on the same bare Debian, since no registry of images is asked; it checks itself as its user."""
    if not Path("/usr/bin/buildah").exists():
        packages.install("buildah", "buildah is not installed")
    if not (bare / "usr/bin/python3").exists():
        sys.path.insert(0, str(ROOT / "scripts"))
        from walk_readme import Debian

        Debian(bare).make()
    base = buildah("from", "scratch")
    files = subprocess.Popen(["/usr/bin/tar", "-c", "-C", str(bare), "--exclude=./srv", "."], stdout=subprocess.PIPE)
    mounted = buildah("mount", base)
    subprocess.run(["/usr/bin/tar", "-x", "-C", mounted], stdin=files.stdout, check=True)
    buildah("commit", "--rm", base, "localhost/bare-debian")
    options = ["--isolation", "chroot", "--build-arg", "BASE=localhost/bare-debian", "--network", "host"]
    buildah("bud", *options, "-f", "deploy/container/Containerfile", "-t", "localhost/sfp", ".")
    image = json.loads(buildah("inspect", "--type", "image", "localhost/sfp"))["OCIv1"]["config"]
    assert image["User"] == "10001:10001"
    assert image["Cmd"][:3] == ["python", "-m", "sfp_platform.web.serve"]
    made = buildah("from", "localhost/sfp")
    try:
        look = (
            "id -u; test ! -w /srv/sfp && test ! -e /srv/sfp/tests && test ! -e /srv/sfp/rehearsal && echo closed;"
            " ls /srv/sfp/var/static/admin >/dev/null && echo styled;"
            " python -c 'import sfp_platform.settings; print(1)'"
        )
        given = ["SECRET_KEY=x", "FIELD_ENCRYPTION_KEYS=x", "DATABASE_URL=postgres://x/x", "REDIS_URL=redis://x/0"]
        environment = [part for pair in given for part in ("--env", pair)]
        said = buildah("run", "--isolation", "chroot", *environment, made, "--", "sh", "-ec", look)
        assert said.split() == ["10001", "closed", "styled", "1"]
        size = int(subprocess.check_output(["/usr/bin/du", "-sm", f"{buildah('mount', made)}/srv"]).split()[0])
        sys.stdout.write(f"\nthe platform in the image: {size} MB\n")
        assert size < 400
    finally:
        buildah("rm", made)
