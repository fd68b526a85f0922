"""`make stripe-live`: a charge paid through Stripe itself. Here Stripe's stand-in is at the other end, as another's
server would be: the demonstration neither starts it nor asks it anything but by Stripe's API."""

import sys
from pathlib import Path

import pytest
import requests

from tests.rehearsal.demo.test_demo import demo, still_running, summary
from tests.support.processes import Process, free_port, url_answers

KEY = "sk_test_of_somebodys_account"


@pytest.mark.heavy
def test_a_charge_is_paid_without_any_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("STRIPE_SECRET_KEY", KEY)
    monkeypatch.setenv("STRIPE_API_BASE", url)
    command = [sys.executable, "-m", "rehearsal.stripe_fake", "--port", str(port), "--key", KEY]
    nobody = ["--webhook-secret", "whsec_nobody", "--webhook-url", f"http://127.0.0.1:{free_port()}/"]
    with Process([*command, *nobody], log=tmp_path / "stripe.log", ready=url_answers(f"{url}/_fake/books")):
        done = demo(tmp_path / "demo", "--once", "--stripe", "test-mode")
        assert done.returncode == 0, done.stdout + done.stderr
        books = requests.post(f"{url}/_fake/books", json={}, timeout=20).json()
    captured, total = summary(done.stdout)
    intents = [thing for thing in books if thing["object"] == "payment_intent"]
    assert [(one["status"], one["amount_received"], one["amount_capturable"]) for one in intents] == [
        ("succeeded", round(float(captured) * 100), 0)
    ]
    assert captured == total != "0.00"
    assert still_running(tmp_path / "demo") == []
    for log in tmp_path.rglob("*.log"):
        assert KEY not in log.read_text(errors="replace"), log


@pytest.mark.parametrize("key", ["", "sk_live_51abc", "rk_live_51abc", "pk_test_51abc"])
def test_no_key_but_one_of_the_test_mode_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    done = demo(tmp_path, "--once", "--stripe", "test-mode")
    assert done.returncode == 1
    assert "Set STRIPE_SECRET_KEY in the environment to a key of Stripe's test mode" in done.stderr
    assert not key or key not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nobody_kills_workers_at_stripes_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", KEY)
    done = demo(tmp_path, "--once", "--kill-worker", "--stripe", "test-mode")
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "--kill-worker needs the stand-in" in done.stderr
