"""What came of the scenarios, as text."""

import time
from collections.abc import Iterable, Sequence

from rehearsal.scenarios.plays.outcome import Money, Outcome
from rehearsal.scenarios.plays.play import Play

NAME_WIDTH = 38


def progress(play: Play, done: int, total: int) -> str:
    """One line when a play was judged."""
    name = f"{play.case.name:<{NAME_WIDTH}} {play.cpo.version:<6}"
    return f"  {_verdict(play):<6} {name} {play.took:5.1f} s  ({done} of {total})"


def table(plays: Iterable[Play]) -> str:
    """All plays: name, version, the guide's word; then what happened, and the money by both books."""
    ordered = sorted(plays, key=lambda play: (play.case.name, play.cpo.version))
    return "\n".join(line for play in ordered for line in _rows(play))


def _rows(play: Play) -> list[str]:
    again = " (the second time)" if play.again else ""
    head = f"{_verdict(play):<6} {play.case.name:<{NAME_WIDTH}} {play.cpo.version:<6} {play.case.guide}{again}"
    if play.outcome is None:
        return [head, *_faults(play)]
    return [head, _indent(_happened(play.outcome)), _indent(_money(play.outcome.money)), *_faults(play)]


def _verdict(play: Play) -> str:
    return "ok" if play.faults == [] else "WRONG"


def _faults(play: Play) -> list[str]:
    return [_indent(f"! {fault}") for fault in play.faults or []] + (
        [_indent(f"session {play.session_id}, charger {play.charger.uid} of {play.cpo.name}")] if play.faults else []
    )


def _indent(text: str) -> str:
    return f"       {text}"


def _happened(outcome: Outcome) -> str:
    path = " > ".join(outcome.path)
    reason = f" ({outcome.reason})" if outcome.reason else ""
    sessions = ", ".join(outcome.sessions) or "none"
    incidents = [*outcome.opened, *(f"{text} (closed)" for text in outcome.closed)]
    told = f"; incident: {', '.join(incidents)}" if incidents else ""
    return (
        f"{path}{reason}; attempts {outcome.attempts}, START {sum(outcome.starts)}, STOP {sum(outcome.stops)},"
        f" sessions: {sessions}{told}"
    )


def _money(money: Money) -> str:
    held = money.reserved if money.state in ("reserved", "capturing", "releasing") else 0
    released = money.reserved - money.captured - held if money.state in ("captured", "released") else 0
    return (
        f"reserved {_amount(money.reserved)}, ours: captured {_amount(money.captured)}, released {_amount(released)},"
        f" held {_amount(held)}; gateway: captured {_amount(money.gateway_captured)},"
        f" released {_amount(money.gateway_released)}, held {_amount(money.gateway_held)};"
        f" CPO billed {_amount(money.billed)}"
    )


def _amount(minor: int) -> str:
    return f"{minor / 100:.2f}"


def wrong(plays: Iterable[Play]) -> list[Play]:
    """The plays that deviate from what the rules demand, or were never judged."""
    return [play for play in plays if play.faults != []]


def summary(plays: Sequence[Play], began: float) -> str:
    """The last line."""
    deviating = len(wrong(plays))
    verdict = f"{deviating} WRONG" if deviating else "ok"
    twice = sum(play.again for play in plays)
    again = f", {twice} of them twice" if twice else ""
    return f"scenarios {verdict}: {len(plays)} played{again}, {time.monotonic() - began:.0f} s"
