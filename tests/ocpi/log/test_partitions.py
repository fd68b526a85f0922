"""The message log by days: made ahead, dropped whole, archived before; nothing is lost where anything of it fails."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from pytest_django import Settings

from ocpi.log import archive, message_log, partitions
from ocpi.models import Message
from ocpi.tasks import sync_delete_old_messages
from partners.ground.rows import run
from sfp_platform.health import looks as health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ids_as_they_were(db: None) -> Iterator[None]:
    """A sequence that was moved to another day is not put back with the transaction."""
    [(last,)] = run("SELECT last_value FROM ocpi_message_id_seq", [])
    yield
    run("SELECT setval('ocpi_message_id_seq', %s)", [last])


def now() -> datetime:
    return datetime.now(UTC)


def write(**values: Any) -> Message:
    kept = {"at": now(), "direction": "in", "method": "PUT", "url": "/x", "request_body": '{"text": "Ž"}'}
    return Message.objects.create(**{**kept, **values})


def stands_in(message: Message) -> str:
    return str(run("SELECT tableoid::regclass::text FROM ocpi_message WHERE id = %s", [message.pk])[0][0])


def days(first: int, last: int) -> list[str]:
    return [partitions.name_of((now() + timedelta(days=number)).date()) for number in range(first, last + 1)]


@pytest.fixture
def later() -> Callable[[int], datetime]:
    """A moment so many days ahead."""
    return lambda number: now() + timedelta(days=number)


def test_a_message_says_its_day(later: Callable[[int], datetime]) -> None:
    message = write()
    assert partitions.day_of(message.pk) == now().date()
    assert stands_in(message) == days(0, 0)[0]
    assert set(days(0, 7)) | {partitions.BEFORE, partitions.REST} <= partitions.there()
    assert (partitions.begin_day(now()), partitions.begin_day(later(2))) == ([], days(8, 9))


def test_a_partition_that_is_missing_is_made_and_loses_nothing_until_then() -> None:
    [name] = days(7, 7)
    day = (now() + timedelta(days=7)).date()
    run(f"DROP TABLE {name}", [])
    early = write(id=partitions.first_id(day) + 3)
    assert stands_in(early) == partitions.REST
    assert Message.objects.get(pk=early.pk).request_body == '{"text": "Ž"}'
    early.delete()
    assert partitions.begin_day(now()) == [name]


def test_ids_of_a_day_begin_with_it() -> None:
    start = partitions.first_id(now().date())
    run("SELECT setval('ocpi_message_id_seq', %s)", [start - 5])
    assert partitions.begin_day(now()) == []
    assert write().pk == start + 1
    partitions.begin_day(now())
    assert write().pk == start + 2


def test_what_was_there_before_days_is_deleted_row_by_row_and_then_dropped(later: Callable[[int], datetime]) -> None:
    old, young = write(id=5, at=later(-92)), write(id=6, at=later(-89))
    assert stands_in(old) == partitions.BEFORE
    assert sync_delete_old_messages() == 1
    assert list(Message.objects.values_list("pk", flat=True)) == [6]
    assert partitions.BEFORE in partitions.there()
    young.delete()
    assert partitions.drop_old(now()) == [partitions.BEFORE]
    assert partitions.drop_old(now()) == []


def test_days_past_their_time_are_dropped_whole(later: Callable[[int], datetime], settings: Settings) -> None:
    settings.OCPI_MESSAGE_DAYS = 90
    message = write()
    write(id=7)
    assert partitions.drop_old(later(90)) == []
    assert partitions.drop_old(later(92)) == days(0, 1)
    assert list(Message.objects.values_list("pk", flat=True)) == [7]
    assert not Message.objects.filter(pk=message.pk).exists()


def test_a_late_row_keeps_its_partition(later: Callable[[int], datetime]) -> None:
    write()
    write(at=later(2))
    assert partitions.drop_old(later(91)) == [partitions.BEFORE]
    assert partitions.drop_old(later(93))[0] == days(0, 0)[0]


def show(number: int) -> Any:
    out = StringIO()
    call_command("messages", "show", str(number), stdout=out)
    return json.loads(out.getvalue())


def test_a_day_goes_to_the_archive_and_is_read_there(
    later: Callable[[int], datetime], settings: Settings, tmp_path: Path
) -> None:
    settings.MESSAGE_ARCHIVE = str(tmp_path / "log")
    first, second = write(subject='S-1\n\u2028"'), write(request_body="x" * 100_000)
    told = show(second.pk)
    assert partitions.drop_old(later(91)) == [*days(0, 0), partitions.BEFORE]
    assert [file.name for file in (tmp_path / "log").iterdir()] == [f"{days(0, 0)[0]}.jsonl.gz"]
    assert show(first.pk)["subject"] == 'S-1\n\u2028"'
    again = show(second.pk)
    assert {name: value for name, value in again.items() if name != "at"} == {
        name: value for name, value in told.items() if name != "at"
    }
    with pytest.raises(CommandError, match="There is no message 4"):
        show(4)


def test_what_cannot_be_archived_stays(later: Callable[[int], datetime], settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "log"
    place.write_text("a file where the folder should be")
    settings.MESSAGE_ARCHIVE = str(place)
    message = write()
    assert partitions.drop_old(later(91)) == [partitions.BEFORE]
    assert Message.objects.filter(pk=message.pk).exists()
    place.unlink()
    assert partitions.drop_old(later(91)) == days(0, 0)
    assert archive.find(days(0, 0)[0], message.pk) is not None


def test_what_cannot_be_archived_is_not_deleted_by_its_age_either(
    later: Callable[[int], datetime], settings: Settings, tmp_path: Path
) -> None:
    """Until the folder is there again; then it is dropped, and in the file. Meanwhile health names it."""
    place = tmp_path / "log"
    place.write_text("a file where the folder should be")
    settings.MESSAGE_ARCHIVE, settings.OCPI_MESSAGE_DAYS = str(place), 90
    message, first, second = write(), days(0, 0)[0], days(1, 1)[0]
    write(id=7)
    with time_machine.travel(later(93), tick=False):
        assert sync_delete_old_messages() == 1  # what was there before days
        assert health.message_log() == ""
    with time_machine.travel(later(95), tick=False):
        assert sync_delete_old_messages() == 0
        assert list(Message.objects.values_list("pk", flat=True)) == [message.pk]
        assert health.message_log() == (
            f"Days that are past their time could not be archived and dropped: {first}, {second}."
        )
        place.unlink()
        assert sync_delete_old_messages() == 0
        assert (Message.objects.count(), health.message_log()) == (0, "")
    assert archive.find(first, message.pk) is not None


def test_a_file_that_is_there_is_complete(later: Callable[[int], datetime], settings: Settings, tmp_path: Path) -> None:
    """A worker was killed between the file and the drop: the next one drops, and writes nothing again."""
    settings.MESSAGE_ARCHIVE = str(tmp_path)
    message, [name] = write(), days(0, 0)
    assert archive.keep(name)
    before = (tmp_path / f"{name}.jsonl.gz").read_bytes()
    (tmp_path / f"{name}.jsonl.77.part").write_bytes(b"half")
    assert partitions.drop_old(later(91)) == [name, partitions.BEFORE]
    assert (tmp_path / f"{name}.jsonl.gz").read_bytes() == before
    found = archive.find(name, message.pk)
    assert found is not None
    assert found["url"] == "/x"


@pytest.mark.parametrize("delete", [message_log.delete_old, lambda: partitions.delete_old(now())])
def test_old_rows_are_found_by_their_time(delete: Callable[[], int], later: Callable[[int], datetime]) -> None:
    write(id=5, at=later(-92))
    write(id=6, at=later(-89))
    assert (delete(), delete()) == (1, 0)
    assert list(Message.objects.values_list("pk", flat=True)) == [6]
