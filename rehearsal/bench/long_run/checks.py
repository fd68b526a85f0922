"""What must hold of the pushes afterwards: each that was taken is in the message log, and stored."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ocpi.models import Message, OcpiSession
from rehearsal.bench import wire
from rehearsal.bench.long_run.pusher import LOST, PREFIX, Note
from rehearsal.bench.torture.checks import Violation

AT_ONCE = 10_000
LAST_KWH = str(round((wire.STEPS - 1) * 0.4, 1))
ASKED_TO_REPEAT = (LOST, 503)
"""What a CPO may see while something is down: no answer, or that it shall come again."""


def violations(notes: Sequence[Note]) -> Iterator[Violation]:
    """Everything about the pushes that is not as it must be."""
    taken = [one for one in notes if one.is_taken]
    yield from _answers(notes)
    yield from _logged(taken)
    yield from _stored(taken)


def refused(notes: Sequence[Note]) -> Counter[int]:
    """How many tries were answered otherwise, by status."""
    return Counter(one.status for one in notes if not one.is_taken)


def _answers(notes: Sequence[Note]) -> Iterator[Violation]:
    for status, count in refused(notes).items():
        if status not in ASKED_TO_REPEAT:
            yield Violation("", f"{count} pushes were answered {status}")
    broken = Counter(Message.objects.filter(direction="in", http_status=500).values_list("module", flat=True))
    for module, count in broken.items():
        yield Violation("", f"the log has {count} messages to {module} that were answered 500")


def _logged(taken: Sequence[Note]) -> Iterator[Violation]:
    """Each in the log with the answer that its CPO got. The log is read once: it has a million rows."""
    rows = Message.objects.filter(request_id__startswith=f"{PREFIX}-").order_by()
    logged = dict(rows.values_list("request_id", "http_status").iterator(AT_ONCE))
    missing = [one.request_id for one in taken if one.request_id not in logged]
    known = [one for one in taken if one.request_id in logged]
    otherwise = [
        f"{one.request_id} ({logged[one.request_id]})" for one in known if logged[one.request_id] != one.status
    ]
    if missing:
        yield Violation("", f"{len(missing)} pushes were taken and are not in the log: {', '.join(missing[:5])}")
    if otherwise:
        yield Violation("", f"{len(otherwise)} pushes have another answer in the log: {', '.join(otherwise[:5])}")


def _stored(taken: Sequence[Note]) -> Iterator[Violation]:
    """A Session whose last push was taken says what that one said."""
    ends = {one.request_id.rsplit("-", 2)[0] for one in taken if _is_last(one)}
    rows = OcpiSession.objects.filter(ocpi_id__startswith=f"{PREFIX}-", kwh=LAST_KWH)
    if lost := ends - set(rows.values_list("ocpi_id", flat=True)):
        yield Violation("", f"{len(lost)} Sessions do not say what was pushed last: {', '.join(sorted(lost)[:5])}")


def _is_last(note: Note) -> bool:
    """Whether it was the last push of its Session: ids are `<session>-<number>-<try>`."""
    return int(note.request_id.rsplit("-", 2)[1]) % wire.STEPS == wire.STEPS - 1
