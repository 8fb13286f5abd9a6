"""Identifiers that can stand in a URL and can't be guessed."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, lower case: no i, l, o, u, so it can be read aloud."""

LENGTH = 16
"""16 characters of 5 bits: 80 bits of randomness."""


# The alphabet has 32 letters, so five bits of each byte choose one evenly.
_LETTER_OF_BYTE = bytes(ord(ALPHABET[byte & 31]) for byte in range(256))


def new_public_id() -> str:
    """A new random identifier of `LENGTH` characters."""
    return secrets.token_bytes(LENGTH).translate(_LETTER_OF_BYTE).decode()
