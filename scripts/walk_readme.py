"""Installs the platform by the letter of the README's chapter for production, in a bare Debian, and looks at it.

    python scripts/walk_readme.py --root FOLDER --database postgres://... --redis redis://...

The folder becomes a Debian with Python, nginx and nothing of ours (`mmdebstrap`), unless it is one already. What stands
in the README's console blocks is run there, line by line; only what the README leaves open (`...`, addresses) is filled
in. Then a browser's way is walked through nginx with TLS: the login with a second factor, the versions of a partner's
host, what plain HTTP and a wrong host are told, and health. Prints what it did; exit code 1 with what did not hold.
"""

import argparse
import base64
import hmac
import http.cookiejar
import json
import re
import secrets
import shlex
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
CODE = "/srv/sfp"
PACKAGES = "python3,python3-venv,nginx-light,openssl,ca-certificates"
PATIENCE = 120.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


WEB_PORT, TLS_PORT, PLAIN_PORT = (free_port() for _ in range(3))


def say(text: str) -> None:
    sys.stdout.write(f"walk: {text}\n")
    sys.stdout.flush()


class Broken(Exception):
    """Something is not as the README says."""


def chapter() -> list[list[str]]:
    """The console blocks of "Running it for real", each as its lines, with continued lines joined."""
    text = (HERE / "README.md").read_text()
    part = text[text.index("## Running it for real") : text.index("### What it uses")]
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", part, re.M | re.S)
    joined = [re.sub(r"\\\n\s*", " ", block) for block in blocks]
    return [[line.strip().removeprefix("$ ") for line in block.splitlines() if line.strip()] for block in joined]


@dataclass
class Debian:
    """A bare Debian that programs run in."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def make(self) -> None:
        if (self.root / "usr/bin/python3").exists():
            say(f"{self.root} is a Debian already")
            return
        say("a bare Debian, by mmdebstrap")
        options = ["--variant=minbase", f"--include={PACKAGES}", "bookworm", str(self.root)]
        sources = [str(path) for path in Path("/etc/apt/sources.list.d").glob("debian*")] or ["-"]
        subprocess.run(["/usr/bin/mmdebstrap", "--quiet", *options, *sources[:1]], check=True, stdin=subprocess.DEVNULL)

    def bring(self) -> None:
        """The code as it is committed, and what is known on this machine."""
        target = self.root / CODE.strip("/")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        archive = subprocess.run(["/usr/bin/git", "archive", "HEAD"], cwd=HERE, check=True, capture_output=True).stdout
        subprocess.run(["/usr/bin/tar", "-x", "-C", str(target)], input=archive, check=True)
        self.look_around()

    def look_around(self) -> None:
        """Where packages come from, whom to trust and names of hosts are this machine's."""
        for path in ("/etc/pip.conf", "/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"):
            if Path(path).exists():
                (self.root / path.strip("/")).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, self.root / path.strip("/"), follow_symlinks=True)

    def command(self, line: str) -> list[str]:
        exported = "".join(f"export {name}={shlex.quote(value)}; " for name, value in self.environment.items())
        return ["/usr/sbin/chroot", str(self.root), "/bin/sh", "-ec", f"cd {CODE}; {exported}{line}"]

    def run(self, line: str, **more: str) -> str:
        say(f"$ {line if len(line) < 150 else line[:150] + '…'}")
        done = subprocess.run(
            self.command("".join(f"export {name}={shlex.quote(value)}; " for name, value in more.items()) + line),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Broken(f"{line}\nended with {done.returncode}:\n{done.stdout[-3000:]}")
        return done.stdout

    @contextmanager
    def running(self, line: str) -> Iterator[None]:
        say(f"$ {line} &")
        log = self.root / "tmp" / f"{secrets.token_hex(4)}.log"
        with log.open("wb") as output:
            started = subprocess.Popen(
                self.command(f"exec {line}"), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        try:
            yield
        finally:
            ended = started.poll()
            started.terminate()
            try:
                started.wait(40)
            except subprocess.TimeoutExpired:
                started.kill()
            if ended is not None:  # also where something did not hold: this is why
                raise Broken(f"{line}\nended by itself with {ended}:\n{log.read_text()[-3000:]}")


def fill_in(line: str, given: dict[str, str]) -> str:
    """What the README leaves open. A value that nobody gave is an error: the README asks for something new."""
    line = line.partition("  #")[0]
    for name, value in given.items():
        line = re.sub(rf"\b{name}=\S+", f"{name}={shlex.quote(value)}", line)
    if "..." in line:
        raise Broken(f"nobody says what to put into: {line}")
    return line


def exported(line: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(line)[1:])


def one_time_code(key: bytes) -> str:
    """RFC 6238, as an authenticator app shows it now."""
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


class Browser:
    """Asks nginx for a host, keeps cookies, follows nothing."""

    def __init__(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.cookies = http.cookiejar.CookieJar(
            http.cookiejar.DefaultCookiePolicy(strict_ns_domain=http.cookiejar.DefaultCookiePolicy.DomainLiberal)
        )
        self.kept: dict[str, str] = {}

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_args: Any) -> None:
                return None

        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), Stay())

    def ask(self, host: str, path: str, data: bytes | None = None, tls: bool = True, **headers: str) -> tuple[int, str]:
        """(status, body); cookies are kept by hand, since all hosts are this one."""
        port, scheme = (TLS_PORT, "https") if tls else (PLAIN_PORT, "http")
        request = urllib.request.Request(f"{scheme}://127.0.0.1:{port}{path}", data=data)  # noqa: S310
        request.add_header("Host", host)
        if self.kept:
            request.add_header("Cookie", "; ".join(f"{name}={value}" for name, value in self.kept.items()))
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            answer: Any = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as refused:
            answer = refused
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.kept[name] = value
        self.location = answer.headers.get("Location", "")
        return answer.status, answer.read().decode(errors="replace")

    def post(self, host: str, path: str, **fields: str) -> tuple[int, str]:
        fields["csrfmiddlewaretoken"] = self.kept.get("csrftoken", "")
        data = urllib.parse.urlencode(fields).encode()
        return self.ask(host, path, data, Referer=f"https://{host}{path}", Origin=f"https://{host}")


def hold(what: str, condition: bool, seen: object = "") -> None:
    if not condition:
        raise Broken(f"does not hold: {what}; seen: {str(seen)[:1500]}")
    say(f"holds: {what}")


def wait(what: str, condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    seen: object = ""
    while time.monotonic() < deadline:
        try:
            ok, seen = condition()
        except OSError as error:
            ok, seen = False, error
        if ok:
            say(f"holds: {what}")
            return
        time.sleep(0.5)
    raise Broken(f"does not hold: {what}; seen: {str(seen)[:1500]}")


ADMIN, PARTNER = "charge.smartfuelpass.com", "ocpi-ion.smartfuelpass.com"
PASSWORD = "correct horse battery staple"  # noqa: S105  (of an account that lives as long as this walk)


def nginx(debian: Debian) -> str:
    """The offered configuration, on free ports, with a certificate of its own; the line that starts it."""
    place = debian.root / "etc/nginx"
    shutil.copy(HERE / "deploy/nginx/smart-fuel-pass.headers", place)
    servers = (HERE / "deploy/nginx/smart-fuel-pass.conf").read_text()
    for said, here in (("listen 80 ", f"listen {PLAIN_PORT} "), ("listen 443 ", f"listen {TLS_PORT} ")):
        servers = servers.replace(said, here)
    servers = servers.replace("server 127.0.0.1:8000;", f"server 127.0.0.1:{WEB_PORT};")
    (place / "walk.conf").write_text(
        f"daemon off; pid /tmp/nginx.pid; error_log stderr; events {{}}\nhttp {{ access_log off;\n{servers}\n}}\n"
    )
    debian.run(
        "mkdir -p /etc/ssl/smart-fuel-pass; openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=smartfuelpass.com"
        " -keyout /etc/ssl/smart-fuel-pass/privkey.pem -out /etc/ssl/smart-fuel-pass/fullchain.pem"
    )
    return "nginx -c /etc/nginx/walk.conf"


def walk(debian: Debian, database: str, redis: str) -> None:
    """Every console block of the chapter, in its order."""
    install, environment, check, prepare, start = chapter()
    for line in install:
        debian.run(line)
    key = debian.run(environment[1]).strip().splitlines()[-1]
    given = {
        "SECRET_KEY": secrets.token_urlsafe(60),
        "FIELD_ENCRYPTION_KEYS": key,
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "EMAIL_URL": "smtp://127.0.0.1:1",
        "PAYMENT_GATEWAY": "simulated",
    }
    debian.environment = exported(fill_in(environment[0], given))
    say(f"the README asks for {', '.join(debian.environment)}")
    # What its comment offers, where neither real money nor mail is meant; and where the proxy is.
    debian.environment |= {"STAGING": "on", "OCPI_TRUSTED_PROXIES": "127.0.0.1", "METRICS_TOKEN": "of this walk"}
    for line in check:
        debian.run(line)
    for line in prepare:
        if "createsuperuser" in line:
            line += " --noinput --username boss --email boss@example.org"
            debian.run(line, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
        else:
            debian.run(line)
    debian.run(
        ".venv/bin/python manage.py partner add --code ion --name Ion --country SK --party ION"
        " --versions-url https://ocpi.ion.example/versions --token-a abc --contact Ana,it@ion.example --ip 127.0.0.1"
    )
    with ExitStack() as stack:
        for line in start:
            stack.enter_context(debian.running(fill_in(line.replace("--port 8000", f"--port {WEB_PORT}"), {})))
        stack.enter_context(debian.running(nginx(debian)))
        look(debian)


def look(debian: Debian) -> None:
    """From outside, through nginx."""
    guest = Browser()

    def healthy() -> tuple[bool, object]:
        with urllib.request.urlopen(f"http://127.0.0.1:{WEB_PORT}/health/", timeout=20) as answer:
            return json.load(answer)["status"] == "ok", ""

    def answers() -> tuple[bool, object]:
        try:
            return healthy()
        except urllib.error.HTTPError as failing:
            return False, failing.read()

    wait("health is well within two minutes, asked by address and without TLS", answers)
    status, body = guest.ask(PARTNER, "/ocpi/emsp/versions", tls=False)
    hold("plain HTTP is refused in OCPI's words", status == 403 and json.loads(body)["status_code"] == 2000, body)
    status, body = guest.ask(PARTNER, "/ocpi/emsp/versions")
    hold("a partner's host asks for a token", status == 401 and json.loads(body)["status_code"] >= 2000, (status, body))
    status, _ = guest.ask(ADMIN, "/ocpi/emsp/versions")
    hold("no other host serves OCPI", status == 404, status)
    status, _ = guest.ask(PARTNER, "/admin/login/")
    hold("a partner's host serves nothing else", status == 404, status)
    status, _ = guest.ask("evil.example", "/admin/login/")
    hold("hosts that are not ours are not served", status in (400, 404), status)
    status, _ = guest.ask(ADMIN, "/metrics", Authorization="Bearer of this walk")
    hold("metrics are not told through the proxy", status == 404, status)
    staff = Browser()
    status, body = staff.ask(ADMIN, "/admin/login/")
    hold("the login is styled", status == 200 and 'rel="stylesheet"' in body.replace("'", '"'), status)
    sheet = re.search(r'href="(/static/[^"]+\.css)"', body)
    hold("static files are served", sheet is not None and staff.ask(ADMIN, sheet[1])[0] == 200)
    staff.post(ADMIN, "/admin/login/", username="boss", password=PASSWORD, next="/admin/")
    status, _ = staff.ask(ADMIN, "/admin/")
    hold("a password alone does not open the admin", status == 302, (status, staff.location))
    second_factor(staff, staff.location)
    status, body = staff.ask(ADMIN, "/admin/")
    hold("with the second factor it opens", status == 200 and "The platform itself" in body, (status, staff.location))
    hold("its first page says that all runs", "all of it runs" in body)


def second_factor(staff: Browser, path: str) -> None:
    """Set up an authenticator app as the page says."""
    status, body = staff.ask(ADMIN, path)
    while status == 302:
        path = staff.location
        status, body = staff.ask(ADMIN, path)
    found = re.search(r"\b([A-Z2-7]{4}(?: ?[A-Z2-7]{4}){7})\b", re.sub(r"<[^>]+>", " ", body))
    hold("a second factor is asked for, with a key to type in", found is not None, re.sub(r"<[^>]+>", " ", body))
    assert found is not None
    key = base64.b32decode(found[1].replace(" ", ""))
    hold("there is a field for the code", 'name="code"' in body, body)
    status, body = staff.post(ADMIN, path, code=one_time_code(key))
    hold("the code is taken", status in (200, 302) and "wrong" not in body, (status, re.sub(r"<[^>]+>", " ", body)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--database", required=True, help="an empty one")
    parser.add_argument("--redis", required=True)
    options = parser.parse_args()
    debian = Debian(options.root)
    try:
        debian.make()
        debian.bring()
        walk(debian, options.database, options.redis)
    except Broken as problem:
        say(str(problem))
        return 1
    say("the README's chapter holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
