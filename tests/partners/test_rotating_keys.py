"""Keys are replaced without a secret being lost, also by a run that is killed, and none goes before its time."""

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone
from pytest_django import Settings

from partners import tokens
from partners.ground import secrets
from partners.keys.columns import SEALED_HEX, Column, columns
from partners.keys.rotating import count_all
from partners.models import AuthenticatorApp, KeyInUse, ReceivedToken
from sessions_adhoc.models import ReceiptWish
from tests.admin import rows
from tests.factories import PartnerFactory
from tests.support.processes import ROOT
from tests.support.programs import server_environment

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
NOT_ENCRYPTED = {"partners.document.content": "papers that both sides have"}
"""Columns of bytes that hold no secret."""


def called(*keys: str, settings: Settings) -> list[str]:
    settings.FIELD_ENCRYPTION_KEYS = list(keys)
    return secrets.key_names()


def run(*arguments: str) -> tuple[list[str], str]:
    """The lines of the command, and why it failed."""
    out = StringIO()
    try:
        call_command("rotate_keys", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error)
    return out.getvalue().splitlines(), ""


def missing() -> list[str]:
    return [str(one.msg) for one in run_checks(databases=["default"]) if one.id == "partners.E001"]


@pytest.fixture
def world(db: None, settings: Settings, admin_user: Any) -> dict[str, Any]:
    """A token and an authenticator app, encrypted with the old key."""
    called(OLD, settings=settings)
    KeyInUse.objects.all().delete()
    token = tokens.store_received(PartnerFactory.create(), "their-token-Ž", ReceivedToken.Purpose.CONNECTION)
    app = AuthenticatorApp(user=admin_user, name="phone")
    app.put_key(b"12345678901234567890")
    app.save()
    return {"token": token, "app": app}


def read(world: dict[str, Any]) -> tuple[str, bytes]:
    for row in world.values():
        row.refresh_from_db()
    return tokens.reveal_received(world["token"]), world["app"].bin_key


def test_a_key_is_replaced(world: dict[str, Any], settings: Settings) -> None:
    new, old = called(NEW, OLD, settings=settings)
    assert read(world) == ("their-token-Ž", b"12345678901234567890")
    lines, why = run("--count")
    assert lines[0] == f"{new:17} (writes) no row"
    assert lines[1] == f"{old:17}          1 tokens of CPOs, 1 authenticator apps of staff"
    assert (lines[2:], why) == ([], "Keep every key: rows need another than the first. See the lines above.")
    assert run("--may-go", old) == ([], f"2 rows are written with {old}: run rotate_keys, then ask again.")
    lines, why = run()
    assert lines[:2] == ["tokens of CPOs: 1 written anew.", "authenticator apps of staff: 1 written anew."]
    assert lines[-3:] == [
        f"{new:17} (writes) 1 tokens of CPOs, 1 authenticator apps of staff",
        f"{old:17}          no row",
        f"May be taken away: {old}.",
    ]
    assert (why, run("--may-go", old)) == ("", ([f"{old} may be taken away: no row needs it."], ""))
    called(NEW, settings=settings)
    assert read(world) == ("their-token-Ž", b"12345678901234567890")
    assert missing() == []
    before = world["token"].ciphertext
    assert run()[0][0] == "tokens of CPOs: 0 written anew."
    world["token"].refresh_from_db()
    assert bytes(world["token"].ciphertext) == bytes(before)


def test_a_key_that_goes_too_early_is_missed(world: dict[str, Any], settings: Settings) -> None:
    [old] = called(OLD, settings=settings)
    run("--count")
    [new] = called(NEW, settings=settings)
    assert missing() == [f"Rows are encrypted with the key {old}, which FIELD_ENCRYPTION_KEYS does not have."]
    lines, why = run()
    assert lines[-1] == "no configured key          1 tokens of CPOs, 1 authenticator apps of staff"
    assert why == "Keep every key: rows need another than the first. See the lines above."
    # What cannot be read was not touched, and is there again with its key.
    called(NEW, OLD, settings=settings)
    assert read(world) == ("their-token-Ž", b"12345678901234567890")
    assert (run()[1], missing()) == ("", [])
    assert run("--may-go", new) == (
        [],
        f"{new} is the first key: rows are written with it. Put the new one before it.",
    )
    assert run("--may-go", "ffffffff")[1] == f"No key is called ffffffff. Configured: {new}, {old}."


def test_what_a_lost_key_wrote_is_given_up(world: dict[str, Any], settings: Settings) -> None:
    """From then on nothing asks for it any more. What is readable stays."""
    [old] = called(OLD, settings=settings)
    run("--count")
    [new] = called(NEW, settings=settings)
    kept = tokens.store_received(PartnerFactory.create(), "another-token", ReceivedToken.Purpose.CONNECTION)
    assert missing() == [f"Rows are encrypted with the key {old}, which FIELD_ENCRYPTION_KEYS does not have."]
    lines, why = run("--give-up")
    assert lines[:2] == ["tokens of CPOs: 1 given up.", "authenticator apps of staff: 1 given up."]
    assert (lines[-1], why, missing()) == (f"{new:17} (writes) 1 tokens of CPOs", "", [])
    for row in world.values():
        row.refresh_from_db()
    assert (bytes(world["token"].ciphertext), world["app"].key) == (b"", "")
    with pytest.raises(secrets.UnreadableSecret):
        tokens.reveal_received(world["token"])
    with pytest.raises(secrets.UnreadableSecret):
        _ = world["app"].bin_key
    assert tokens.reveal_received(kept) == "another-token"
    assert run("--give-up")[0][0] == "tokens of CPOs: 0 given up."


def test_no_output_has_a_key(world: dict[str, Any], settings: Settings) -> None:
    called(NEW, OLD, settings=settings)
    told = "\n".join([*run("--count")[0], *run()[0], *missing()])
    assert not any(key[:12] in told for key in (OLD, NEW))


def test_every_column_of_bytes_is_looked_after() -> None:
    """A new one is encrypted and named to `rotate_keys`, or it stands in the list above and says what it holds."""
    known = {f"{column.model}.{column.name}" for column in columns}
    found = {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField)
    }
    assert found - known == set(NOT_ENCRYPTED)
    assert known - found == {"otp_totp.totpdevice.key"}


def test_every_column_is_brought_to_the_new_key(db: None, settings: Settings, admin_user: Any) -> None:
    """A row of each, written with the old key; a column that is new needs a row here."""
    called(OLD, settings=settings)
    session = rows.world().session
    ReceiptWish.objects.create(session=session, address=secrets.encrypt("x"), next_check_at=timezone.now())
    AuthenticatorApp.objects.create(user=admin_user, name="phone")
    secret, told = b"12345678901234567890", dict[Column, tuple[int, Any]]()
    for column in columns:
        row = apps.get_model(column.model)._base_manager.order_by("pk").first()
        assert row is not None, column
        kept = secrets.seal(secret).hex() if column.form is SEALED_HEX else secrets.encrypt(secret.decode())
        same(column, row.pk).update(**{column.name: kept})
        told[column] = (row.pk, count_all()[column].total())
    [new, _] = called(NEW, OLD, settings=settings)
    lines, why = run()
    assert lines[: len(columns)] == [f"{column.words}: {told[column][1]} written anew." for column in columns]
    assert (why, missing()) == ("", [])
    called(NEW, settings=settings)
    for column, (pk, _number) in told.items():
        [kept] = same(column, pk).values_list(column.name, flat=True)
        read = secrets.unseal(bytes.fromhex(kept)) if column.form is SEALED_HEX else secrets.decrypt(kept).encode()
        assert (column.form.key_of(kept), read) == (new, secret)


def same(column: Column, pk: Any) -> models.QuerySet[Any]:
    rows: models.QuerySet[Any] = apps.get_model(column.model)._base_manager.filter(pk=pk)
    return rows


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_killed_is_taken_up_again(settings: Settings, tmp_path: Path) -> None:
    called(OLD, settings=settings)
    partner, many = PartnerFactory.create(), 6000
    revoked = {"partner": partner, "state": ReceivedToken.State.REVOKED, "last4": ""}
    ReceivedToken.objects.bulk_create(
        [ReceivedToken(ciphertext=secrets.encrypt(f"token {number}"), **revoked) for number in range(many)]
    )
    environment = server_environment(tmp_path, FIELD_ENCRYPTION_KEYS=f"{NEW},{OLD}")
    new, old = called(NEW, OLD, settings=settings)
    command = [sys.executable, "manage.py", "rotate_keys"]
    killed = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    newest = ReceivedToken.objects.order_by("pk").values_list("ciphertext", flat=True)
    until = time.monotonic() + 60
    while secrets.key_of(newest[300]) != new:
        assert time.monotonic() < until
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait(10) == -signal.SIGKILL
    keys = [secrets.key_of(kept) for kept in newest.all()]
    assert {new, old} == set(keys)
    assert run()[1] == ""
    assert [secrets.decrypt(kept) for kept in newest.all()] == [f"token {number}" for number in range(many)]
    assert {secrets.key_of(kept) for kept in newest.all()} == {new}
