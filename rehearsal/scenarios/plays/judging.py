"""Compares an outcome with what the rules demand."""

from rehearsal.scenarios.plays.case import Expected
from rehearsal.scenarios.plays.outcome import Money, Outcome

OURS = {"own": "captured", "price": "captured", "all": "captured", "held": "reserved"}
"""What our books call it, where they call it something else."""


def deviations(expected: Expected, found: Outcome) -> list[str]:
    """Every point in which the outcome is not the expected one, in words; empty when all is as it must be."""
    attempts = expected.attempts
    pairs: dict[str, tuple[object, object]] = {
        "state": (expected.state, found.state),
        "reason": (expected.reason, found.reason),
        "attempts": (attempts, found.attempts),
        "START_SESSIONs at the CPO": (attempts if expected.starts is None else expected.starts, sum(found.starts)),
        "STOP_SESSIONs at the CPO": (expected.stops, sum(found.stops)),
        "OCPI sessions": (expected.sessions, found.sessions),
        "open incidents": (expected.opened, found.opened),
        "closed incidents": (expected.closed, found.closed),
        **_money(expected.money, found.money),
    }
    faults = [f"{name}: expected {_say(want)}, found {_say(is_)}" for name, (want, is_) in pairs.items() if want != is_]
    if not _passed(expected.passes, found.path):
        faults.append(f"it must pass {' > '.join(expected.passes)}")
    if not found.verdict.startswith(expected.verdict):
        faults.append(f"the verdict must begin {expected.verdict!r}, it is {found.verdict!r}")
    faults += [f"missing: {sign}" for sign in expected.signs if sign not in found.signs]
    return faults + _always(found, expected.stops_each)


def _always(found: Outcome, stops_each: int) -> list[str]:
    """What must hold in every scenario (rules 1, 12, 19, 24)."""
    held = found.money.gateway_held
    checks = {
        "money is held without an open incident": not held or (found.state == "escalated" and bool(found.opened)),
        "the gateway reserved more than once": found.money.gateway_charges <= 1,
        "the gateway was asked to capture more than once": found.money.gateway_captures <= 1,
        "a Session was stopped more often than anybody asked for": all(count <= stops_each for count in found.stops),
        "more START_SESSIONs than attempts": sum(found.starts) <= found.attempts,
        "the one-off token still works": found.state == "escalated" or "token revoked" in found.signs,
    }
    return [text for text, holds in checks.items() if not holds]


def _money(kind: str, money: Money) -> dict[str, tuple[object, object]]:
    """What each book must say, in minor units."""
    captured = min(money.billed, money.reserved) if kind == "captured" else 0
    if kind in ("price", "own"):
        captured = money.captured
    if kind == "all":
        captured = money.reserved
    held = money.reserved if kind == "held" else 0
    released = money.reserved - captured - held if money.gateway_charges and kind != "declined" else 0
    pairs: dict[str, tuple[object, object]] = {
        "payment": (OURS.get(kind, kind), money.state),
        "captured by our books": (captured, money.captured),
        "captured by the gateway's": (captured, money.gateway_captured),
        "released by the gateway's": (released, money.gateway_released),
        "held by the gateway's": (held, money.gateway_held),
    }
    if kind == "own":
        pairs["something was captured, and nothing is asked beyond"] = (
            (True, 0, 0),
            (money.captured > 0, money.claimed, money.receivable),
        )
    if kind == "captured":
        pairs["something was billed"] = (True, money.billed > 0)
    if kind == "all":
        pairs["something is owed beyond the reservation"] = (True, money.billed > money.reserved)
        pairs["the receivable"] = (money.billed - money.reserved, money.receivable)
    if kind == "price":
        asked = money.captured + money.claimed
        pairs["the CPO asks for what was captured and what is claimed"] = (money.billed, asked)
        pairs["something was captured, and something is claimed"] = (True, money.captured > 0 and money.claimed > 0)
    return pairs


def _passed(wanted: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the wanted states come in the path, in this order."""
    rest = iter(path)
    return all(state in rest for state in wanted)


def _say(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value) or "none"
