"""What drivers are led by: our own short code of an EVSE, and the EVSE ID on its sticker.

A code is 10 letters and digits that cannot be mistaken for each other (no 0, O, 1, I, L, U, V). It begins with a digit
and a letter, so that none is an EVSE ID of ISO 15118 (`SK*ION*E1`) or DIN 91286 (`+49*123*456`), with or without
separators. There are 8 * 21 * 29^8 of them: of 100,000 chargers one is guessed in 840 million tries.
"""

import re
import secrets

LETTERS = "ABCDEFGHJKMNPQRSTWXYZ"
DIGITS = "23456789"
LENGTH = 10
LONGEST = 255  # of an EVSE ID; capitals may be more characters than small letters
SEPARATORS = re.compile(r"[\s*+\-–—]+")
CODE = re.compile(f"[{DIGITS}][{LETTERS}][{DIGITS}{LETTERS}]{{{LENGTH - 2}}}")


def new_code() -> str:
    """Return a code that no EVSE has had (by chance; the column is unique besides)."""
    rest = "".join(secrets.choice(DIGITS + LETTERS) for _ in range(LENGTH - 2))
    return secrets.choice(DIGITS) + secrets.choice(LETTERS) + rest


def plain(text: str) -> str:
    """An EVSE ID or code as it is compared: in capitals, without separators."""
    return SEPARATORS.sub("", text).upper()[:LONGEST]


def is_code(text: str) -> bool:
    """Whether a plain text has the form of a code."""
    return CODE.fullmatch(text) is not None


def party_of(key: str) -> tuple[str, str]:
    """(country_code, party_id) that a plain EVSE ID begins with (ISO 15118-2 annex H)."""
    return key[:2], key[2:5]


def group(code: str) -> str:
    """A code as it is printed: `7KQM2-XPA9C`."""
    return f"{code[:5]}-{code[5:]}"
