"""Errors and traces leave only where they are wanted, and take no secrets along."""

import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from partners.ground import tracing
from sfp_platform.configuration.telemetry import clean

ROOT: Path = settings.BASE_DIR
LINK = "https://charge.smartfuelpass.com/onboarding/secret-of-a-cpo/"
PROGRAM = """
import django, logging
django.setup()
import requests
from partners.ground import tracing
with tracing.carrying("the-id"):
    requests.get("%s/called?token=hidden", timeout=5)
    try:
        raise ValueError("%s is broken")
    except ValueError:
        logging.getLogger("ours").exception("it_broke")
    from opentelemetry import trace
    trace.get_tracer_provider().shutdown()
    import sentry_sdk
    sentry_sdk.flush(5)
"""


def test_what_leaves_is_masked() -> None:
    event = {
        "message": f"GET {LINK}?token=abc",
        "request": {
            "url": "https://x.example/a?token=abc",
            "method": "GET",
            "headers": {"Authorization": "Token abc"},
            "cookies": {"sessionid": "abc"},
            "data": "abc",
            "query_string": "token=abc",
        },
        "user": {"ip_address": "192.0.2.1"},
        "exception": {"values": [{"value": f"{LINK} is broken"}]},
    }
    with tracing.carrying("the-id"):
        sent = clean(event)
    assert sent["request"] == {"url": "https://x.example/a", "method": "GET"}
    assert sent["tags"] == {"correlation_id": "the-id"}
    assert "user" not in sent
    assert "abc" not in json.dumps(sent)
    assert "secret-of-a-cpo" not in json.dumps(sent)


@pytest.mark.parametrize("name", ["SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_a_place_without_the_library_is_told_at_the_start(name: str, tmp_path: Path) -> None:
    own = {**os.environ, name: "http://x@127.0.0.1:1/1", "VAR_DIR": str(tmp_path), "ENVIRONMENT": "development"}
    start = "import sys; sys.modules['sentry_sdk'] = sys.modules['opentelemetry'] = None; import django; django.setup()"
    command = [sys.executable, "-c", start]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**own, "DJANGO_SETTINGS_MODULE": "sfp_platform.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"ImproperlyConfigured: {name} is set, and" in done.stderr


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Takes what is sent; gives its address and what came to each path."""
    came: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            came[self.path] = came.get(self.path, b"") + body
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", came
        server.shutdown()


@pytest.mark.heavy
def test_errors_and_traces_arrive_with_the_id_and_without_secrets(tmp_path: Path) -> None:
    """With the libraries as they are locked, installed beside the others."""
    uv = str(Path(sys.executable).with_name("uv"))
    beside = ["--quiet", "--target", str(tmp_path / "beside"), "--require-hashes", "--no-deps"]
    install = [uv, "pip", "install", "--python", sys.executable, *beside, "-r", "requirements/telemetry.txt"]
    subprocess.run(install, cwd=ROOT, check=True)
    with collector() as (address, came):
        own = {
            "PYTHONPATH": str(tmp_path / "beside"),
            "SENTRY_DSN": address.replace("://", "://key@") + "/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "DJANGO_SETTINGS_MODULE": "sfp_platform.settings",
            "VAR_DIR": str(tmp_path),
            "ENVIRONMENT": "development",
        }
        subprocess.run(
            [sys.executable, "-c", PROGRAM % (address, LINK)], cwd=ROOT, env={**os.environ, **own}, check=True
        )
    assert set(came) == {"/v1/traces", "/api/1/envelope/"}
    everything = b"".join(came.values())
    assert came["/v1/traces"].count(b"the-id") == 1
    assert b"smart-fuel-pass" in came["/v1/traces"]
    assert b"is broken" in came["/api/1/envelope/"]
    assert b'"correlation_id":"the-id"' in came["/api/1/envelope/"].replace(b'": "', b'":"')
    assert b"secret-of-a-cpo" not in everything
    assert b"hidden" not in everything
