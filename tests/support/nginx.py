"""Debian's nginx with the servers of `deploy/nginx`, on free ports of loopback."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.stage.servers import packages
from tests.support.processes import ROOT, Process, free_port, url_answers

DEPLOYED = ROOT / "deploy" / "nginx"


def program() -> str:
    """Where nginx is; installed if it is not there."""
    if shutil.which("nginx") is None:
        packages.install("nginx-light", "nginx is not installed")
    return str(shutil.which("nginx"))


def configuration(folder: Path, *moved: tuple[str, str]) -> Path:
    """The servers as they are offered, but for their files, which are here, and what is `moved`: (as offered, here)."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", str(key)]
    subprocess.run(["/usr/bin/openssl", *make, "-out", str(certificate)], check=True, capture_output=True)
    servers = (DEPLOYED / "smart-fuel-pass.conf").read_text()
    for offered, here in (
        ("/etc/nginx/smart-fuel-pass.headers", str(DEPLOYED / "smart-fuel-pass.headers")),
        ("/etc/ssl/smart-fuel-pass/fullchain.pem", str(certificate)),
        ("/etc/ssl/smart-fuel-pass/privkey.pem", str(key)),
        *moved,
    ):
        assert offered in servers
        servers = servers.replace(offered, here)
    log = f"error_log {folder}/nginx-errors.log;"
    paths = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    times = "log_format times '$msec $request_time $status';"
    http = f"http {{ {times} access_log {folder}/nginx-access.log times; {paths}\n{servers}\n}}\n"
    made = folder / "nginx.conf"
    made.write_text(f"{log} events {{}}\npid {folder}/pid;\nuser root;\ndaemon off;\n{http}")
    return made


@contextmanager
def nginx(folder: Path, web_port: int) -> Iterator[int]:
    """Before the web server at `web_port`, in plain HTTP; gives its port. The web server must answer already."""
    port = free_port()
    moved = (
        ("listen 80 default_server", f"listen 127.0.0.1:{port} default_server"),
        ("listen 443 ssl http2", f"listen 127.0.0.1:{free_port()} ssl http2"),
        ("server 127.0.0.1:8000", f"server 127.0.0.1:{web_port}"),
    )
    made = configuration(folder, *moved)
    command = [program(), "-c", str(made), "-e", str(folder / "nginx-errors.log")]
    with Process(command, log=folder / "nginx.log", ready=url_answers(f"http://127.0.0.1:{port}/health/live")):
        yield port
