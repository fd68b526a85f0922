"""One text for two readers. What staff read of a CPO, said to the CPO itself: “ask them to offer the module” becomes
“offer the module”; and what is said to a CPO, told to staff: “your server” becomes “their server”."""

import re
from collections.abc import Callable

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
QUOTED = re.compile(r"(“[^”]*”|\"[^\"]*\")")


def _command(match: re.Match[str]) -> str:
    """`Ask them to offer` → `Offer`; within a sentence `ask them to offer` → `offer`."""
    first = match.group(1)
    return first.upper() if match.group(0)[0] == "A" else first


RULES: tuple[Rule, ...] = (
    (re.compile(r"[Aa]sk them to (\w)"), _command),
    (re.compile(r"\bAsk them (why|which|what|whether)\b"), r"Find out \1"),
    (re.compile(r"\bAsk whether\b"), "Check whether"),
    (re.compile(r"\bAsk for\b"), "Send us"),
    (re.compile(r"\bConfirm the URL with them\b"), "Check the URL"),
    (re.compile(r"\bhandshake with this partner\b"), "handshake"),
    (re.compile(r"\btheirs\b"), "yours"),
    (re.compile(r"\bTheirs\b"), "Yours"),
    (re.compile(r"\btheir\b"), "your"),
    (re.compile(r"\bTheir\b"), "Your"),
    (re.compile(r"\bthey\b"), "you"),
    (re.compile(r"\bThey\b"), "You"),
    (re.compile(r"\bthem\b"), "you"),
    (re.compile(r"\b[Tt]he CPO's\b"), lambda match: "Your" if match.group(0)[0] == "T" else "your"),
    (re.compile(r"\bthe CPO has\b"), "you have"),
    (re.compile(r"\bthe CPO\b"), "you"),
)


def to_you(text: str) -> str:
    """The text with `you` where it says `they`. What a server itself said, in quotes or behind a colon, stays.

    Behind “... failed:” stands what we saw.
    """
    ours, colon, said = text.partition(": ")
    if ours.endswith(" failed"):
        said = to_you(said)
    parts = [part if QUOTED.fullmatch(part) else _turn(part) for part in QUOTED.split(ours)]
    return "".join(parts) + colon + said


def advice_to_you(text: str) -> str:
    """As `to_you`, for advice: all of it is our own, but for what is quoted."""
    return "".join(part if QUOTED.fullmatch(part) else _turn(part) for part in QUOTED.split(text))


def _turn(text: str, rules: tuple[Rule, ...] = RULES) -> str:
    for pattern, instead in rules:
        text = pattern.sub(instead, text)
    return text


OBJECT_OF = "by|for|from|gave|give|of|sent|send|tell|told|to|with"
THIRD: tuple[Rule, ...] = (
    (re.compile(rf"\b({OBJECT_OF}) you\b"), r"\1 them"),
    (re.compile(r"\byours\b"), "theirs"),
    (re.compile(r"\bYours\b"), "Theirs"),
    (re.compile(r"\byour\b"), "their"),
    (re.compile(r"\bYour\b"), "Their"),
    (re.compile(r"\byou\b"), "they"),
    (re.compile(r"\bYou\b"), "They"),
    (re.compile(r"\bon this page\b"), "on their page"),
)


def to_them(text: str) -> str:
    """What is said to the CPO, as staff read it: `they` where it says `you`. What is quoted stays."""
    return "".join(part if QUOTED.fullmatch(part) else _turn(part, THIRD) for part in QUOTED.split(text))
