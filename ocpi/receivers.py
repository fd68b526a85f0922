"""How news travels up: higher layers register functions here, OCPI calls them and imports none of them.

Each is called inside the transaction that stores the news, so that what a receiver writes is kept exactly when the
news is. A receiver therefore does no I/O; what must happen outside it hands to `transaction.on_commit`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from partners.ground.writes import Writes

if TYPE_CHECKING:
    from ocpi.models import Cdr, Command, Evse, OcpiSession


@dataclass(frozen=True)
class SessionNews:
    """One update of an OCPI session, as received (rule 21).

    Args:
        session: the row after the update; unchanged by it when `stale`.
        at: the update's own `last_updated`.
        kwh, kw, soc: what it says of the meter: kWh in total, kW and % now; kW and SoC are often absent.
        source: "PUT", "PATCH" or "GET".
        created: nothing was known of this session before.
        stale: older than what is stored; it changed nothing (rule 22).
        message_id: the exchange in the message log.
    """

    session: "OcpiSession"
    at: datetime
    kwh: Decimal | None
    kw: Decimal | None
    soc: Decimal | None
    source: str
    created: bool
    stale: bool
    message_id: int | None = None


@dataclass(frozen=True)
class EvseNews:
    """The status of an EVSE changed, or was repeated. `previous` is empty when the EVSE is new."""

    evse: "Evse"
    previous: str
    at: datetime
    message_id: int | None = None


@dataclass(frozen=True)
class Interest:
    """Which Sessions, or EVSEs, a receiver waits for: what nobody waits for is stored without asking any receiver.

    Args:
        statement: a SELECT that finds a row when the receiver waits for it. Its values may come as texts: what is
            compared with something else is cast.
        params: its values, given the row as it is about to be stored.
    """

    statement: str
    params: Callable[[Any], list[Any]]


@dataclass(frozen=True)
class Indifference:
    """Tells, inside a statement that stores several rows at once, which of them nobody waits for.

    Args:
        condition: SQL that holds for such a row; `given.waits` are the row's values, an array of texts.
        params: these values.
    """

    condition: str
    params: Callable[[Any], list[Any]]


@dataclass(frozen=True)
class Following:
    """How a receiver keeps its news of a Session, or of an EVSE's status, in the very statement that stores it.

    Args:
        joins: SQL that joins what it needs to know to the Session that is read, or, where there is none yet, to what
            `asked` says of it, its `reference` and its `token`; `columns`: what it reads of that.
        follows: by these columns, whether it follows this Session, or EVSE, at all.
        decide: what it writes, by the names of `typed`, given the news and its columns; nothing: this is no news to
            it; None: it has to be told.
        typed: the columns of `given` that it writes from, with their types. `owner` among them, not null, is the key
            of a row in its `table` that has to be as `owner_seen`, its `xmin`, says.
        parts: SQL that writes it, for the rows of `stored`, by `n` and their `id`, whose owners are locked.
        after: what is to be done once that is committed, given all that was decided and is stored.
    """

    joins: str
    columns: tuple[str, ...]
    follows: Callable[[Sequence[Any]], bool]
    decide: Callable[[Any, Sequence[Any]], dict[str, Any] | None]
    typed: str
    table: str
    parts: str
    after: Callable[[Sequence[dict[str, Any]]], None]


@dataclass(frozen=True)
class Names:
    """What a message, or a call of ours, is about, as far as it says so; nothing: about anything."""

    session_id: str = ""
    reference: str = ""
    token: str = ""
    location_id: str = ""
    evse_uid: str = ""
    command_id: str = ""


_session: list[Callable[[SessionNews], None]] = []
_interests: dict[Callable[[Any], None], Interest] = {}
_followings: dict[Callable[[Any], None], Following] = {}
_evse_status: list[Callable[[EvseNews], None]] = []
_cdr: list[Callable[["Cdr"], None]] = []
_command: list[Callable[["Command"], None]] = []
_sending: list[Callable[["Command", Writes], bool]] = []
_finishing: list[Callable[[int, Names], bool]] = []
_occupied: list[Callable[[int], str]] = []
_missing: list[Callable[[int], None]] = []

on_cdr = _cdr.append
on_command = _command.append
on_sending = _sending.append
on_finishing = _finishing.append
on_occupied = _occupied.append
on_missing_session = _missing.append


def on_session(
    receiver: Callable[[SessionNews], None], interest: Interest | None = None, following: Following | None = None
) -> None:
    """Register for Sessions; without an interest, for all of them."""
    _session.append(receiver)
    if interest is not None:
        _interests[receiver] = interest
    if following is not None:
        _followings[receiver] = following


def following_sessions() -> Following | None:
    """How Sessions are followed; None where several receivers, or none, would have to be asked."""
    return _followings.get(_session[0]) if len(_session) == 1 else None


def following_statuses() -> Following | None:
    """The same for EVSEs."""
    return _followings.get(_evse_status[0]) if len(_evse_status) == 1 else None


def on_evse_status(
    receiver: Callable[[EvseNews], None], interest: Interest | None = None, following: Following | None = None
) -> None:
    """Register for statuses of EVSEs; without an interest, for all of them."""
    _evse_status.append(receiver)
    if interest is not None:
        _interests[receiver] = interest
    if following is not None:
        _followings[receiver] = following


def indifferent_to_sessions() -> Indifference | None:
    """What tells the Sessions that no receiver waits for; None when one takes them all."""
    return _indifference(tuple(_interests.get(receiver) for receiver in _session))


def indifferent_to_statuses() -> Indifference | None:
    """The same for EVSEs."""
    return _indifference(tuple(_interests.get(receiver) for receiver in _evse_status))


@cache
def _indifference(interests: tuple[Interest | None, ...]) -> Indifference | None:
    known = [interest for interest in interests if interest]
    if len(known) < len(interests):
        return None
    condition, position = [], 0
    for interest in known:
        first, *rest = interest.statement.split("%s")
        position += len(rest)
        numbers = range(position - len(rest) + 1, position + 1)
        text = first + "".join(f"given.waits[{number}]{part}" for number, part in zip(numbers, rest, strict=True))
        condition.append(f"NOT EXISTS ({text})")

    def params(row: Any) -> list[Any]:
        return [value for interest in known for value in interest.params(row)]

    return Indifference(" AND ".join(condition) or "TRUE", params)


def nobody_waits_for(session: "OcpiSession") -> tuple[str, list[Any]] | None:
    """Return an SQL condition, and its values, that holds when no receiver waits; None when one takes them all."""
    interests = [_interests.get(receiver) for receiver in _session]
    if None in interests:
        return None
    known = [interest for interest in interests if interest]
    condition = " AND ".join(f"NOT EXISTS ({interest.statement})" for interest in known) or "1 = 1"
    return condition, [value for interest in known for value in interest.params(session)]


def session_received(news: SessionNews) -> None:
    """Tell that a Session arrived, by push or pull, also when it changed nothing."""
    for receiver in _session:
        receiver(news)


def evse_status_received(news: EvseNews) -> None:
    """Tell that an EVSE's status arrived and is not older than what was known."""
    for receiver in _evse_status:
        receiver(news)


def cdr_received(cdr: "Cdr") -> None:
    """Tell that a CDR was stored (once per CDR; a repeated one is no news)."""
    for receiver in _cdr:
        receiver(cdr)


def command_changed(command: "Command") -> None:
    """Tell that a command was answered, not answered, or got its asynchronous result."""
    for receiver in _command:
        receiver(command)


def may_be_sent(command: "Command", writes: Writes) -> bool:
    """Ask whether a command that a worker is about to send is still wanted; any receiver may say no.

    `writes`: written together with the command's row, if it is sent.
    """
    return all(allows(command, writes) for allows in _sending)


def why_occupied(evse_id: int) -> str:
    """Say why nothing else may be started at an EVSE now, in words for people; "" where nobody objects."""
    return next(filter(None, (says(evse_id) for says in _occupied)), "")


def is_finishing(partner_id: int, names: Names) -> bool:
    """Ask whether something of a suspended partner that was under way is still to be finished (rule 37)."""
    return any(says(partner_id, names) for says in _finishing)


def session_missing(partner_id: int) -> None:
    """Tell that a partner changed a Session that it never told us of: its PUT was lost, or is still under way."""
    for receiver in _missing:
        receiver(partner_id)
