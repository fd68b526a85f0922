"""The README's chapter for production, walked literally in a bare Debian; and the image of the Containerfile.

Both need the root of this machine, and packages from Debian's and Python's indexes.
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from rehearsal.stage.databases import create_database
from rehearsal.stage.servers import packages
from tests.support.processes import ROOT, Process, free_port, url_answers

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


def test_the_image_is_small_and_serves_without_root_on_a_root_that_is_read_only(bare: Path, tmp_path: Path) -> None:
    """Built on the same bare Debian, since no registry of images is asked; it checks itself as its user."""
    if not Path("/usr/bin/buildah").exists():
        packages.install("buildah", "buildah is not installed")
    if not (bare / "usr/bin/python3").exists():
        sys.path.insert(0, str(ROOT / "scripts"))
        from walk_readme import Debian

        Debian(bare).make()
        Debian(bare).look_around()
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
        root = Path(buildah("mount", made))
        size = int(subprocess.check_output(["/usr/bin/du", "-sm", f"{root}/srv"]).split()[0])
        sys.stdout.write(f"\nthe platform in the image: {size} MB\n")
        assert size < 400
        look = "id -u; test ! -e tests; test ! -e rehearsal; ls var/static/admin/css/base.css; touch x || echo closed"
        said = in_read_only(root, {}, f"python -c 'import sfp_platform.settings'; {look}", tmp_path)
        assert said.split() == ["10001", "var/static/admin/css/base.css", "closed"]
        it_serves(root, image["Env"], tmp_path)
    finally:
        buildah("rm", made)


READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"
for place in var/lib/sfp tmp; do mount -t tmpfs -o uid=10001,gid=10001 none "$1/$place"; done
mount --rbind /dev "$1/dev" && mount -t proc none "$1/proc"
exec /usr/sbin/chroot --userspec=10001:10001 "$1" /bin/sh -ec "cd /srv/sfp; $2"
"""


def confined(root: Path, line: str) -> list[str]:
    """A command on a root that is read-only, but for the folders that compose.yml has, as the image's user."""
    return ["/usr/bin/unshare", "--mount", "/bin/sh", "-ec", READ_ONLY, "sh", str(root), line]


def in_read_only(root: Path, more: dict[str, str], line: str, folder: Path) -> str:
    done = subprocess.run(
        confined(root, line), env=given(more), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def given(more: dict[str, str]) -> dict[str, str]:
    """The environment of the image, and what an operator sets."""
    path = "/srv/sfp/.venv/bin:/usr/local/bin:/usr/bin:/bin"
    own = {"ENVIRONMENT": "production", "VAR_DIR": "/var/lib/sfp", "STATIC_ROOT": "/srv/sfp/var/static", "PATH": path}
    key = "vLpW8kQGqNOGmZ0CzQbXqvyEJ9n5tLkq1nq0jH3hK2c="
    asked = {"SECRET_KEY": "s" * 60, "FIELD_ENCRYPTION_KEYS": key, "ALLOWED_HOSTS": ".example", "STAGING": "on"}
    return {**own, **asked, "DATABASE_URL": "postgres://x/x", "REDIS_URL": "redis://x/0", **more}


def it_serves(root: Path, told: list[str], folder: Path) -> None:
    """Migrated, it answers the load balancer."""
    assert {"ENVIRONMENT=production", "VAR_DIR=/var/lib/sfp", "STATIC_ROOT=/srv/sfp/var/static"} <= set(told)
    with create_database(os.environ["DATABASE_URL"], "sfp_in_the_image") as database:
        more = {"DATABASE_URL": database, "REDIS_URL": os.environ["REDIS_URL"]}
        in_read_only(root, more, "python manage.py migrate --verbosity 0", folder)
        port = free_port()
        line = f"exec python -m sfp_platform.web.serve --host 127.0.0.1 --port {port} --workers 2"
        ready = url_answers(f"http://127.0.0.1:{port}/health/ready")
        served = Process(confined(root, line), log=folder / "web.log", env=given(more), ready=ready)
        with served, urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready") as answer:
            assert json.load(answer)["faults"].keys() == {"beat", "engine", "push", "sync", "mail"}
