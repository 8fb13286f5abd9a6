"""Serial numbers as people and printers write them."""

from __future__ import annotations

import re

_NOISE = re.compile(r"[\s\-]+")


def serial_key(serial: str) -> str:
    """The serial as it is compared: upper case, without spaces and hyphens (domain rule 1).

    O and 0, I and 1 are different characters and stay so.
    """
    return _NOISE.sub("", serial).upper()
