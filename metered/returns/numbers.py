"""RMA numbers: nine digits that can be read over the phone. Pure.

Eight random digits and a check digit by Damm's method (H. Michael Damm, "Total anti-symmetrische
Quasigruppen", 2004), which notices every single wrong digit and every pair that was swapped. Written in
groups of three.
"""

from __future__ import annotations

import re
import secrets

LENGTH = 9

_TABLE = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def check_digit(digits: str) -> str:
    """The digit that makes `digits` whole."""
    interim = 0
    for digit in digits:
        interim = int(_TABLE[interim][int(digit)])
    return str(interim)


def new_number() -> str:
    """A new random number; it never begins with 0, which spreadsheets drop."""
    digits = str(secrets.randbelow(9 * 10 ** (LENGTH - 2)) + 10 ** (LENGTH - 2))
    return digits + check_digit(digits)


def is_number(number: str) -> bool:
    """Whether it is nine digits that belong together."""
    return bool(re.fullmatch(rf"[0-9]{{{LENGTH}}}", number)) and check_digit(number) == "0"


def typed(text: str) -> str:
    """The digits of what somebody typed or scanned, whatever stands between them: "RMA 482-719 356"."""
    return "".join(character for character in text if character in "0123456789")


def spoken(number: str) -> str:
    """As it is written and read aloud: 482 719 356."""
    return " ".join(number[i : i + 3] for i in range(0, len(number), 3))
