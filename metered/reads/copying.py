"""Rows as PostgreSQL's COPY text, made by hand: psycopg's row-by-row adaption costs several times as much."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ARRAY_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})

NULL = "\\N"


def text(value: str) -> str:
    """A string as a COPY column."""
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


def numbers(values: list[int] | list[int | None]) -> str:
    """Whole numbers as an array column; None is NULL."""
    # Python writes a list as PostgreSQL reads an array, but for the brackets and None.
    text = str(values)[1:-1]
    return f"{{{text.replace('None', 'NULL') if 'N' in text else text}}}"


def words(values: Sequence[str | None]) -> str:
    """Strings as an array column; None is NULL."""
    return _words(tuple(values))


# Alerts are few words that thousands of devices say.
@lru_cache(maxsize=1024)
def _words(values: tuple[str | None, ...]) -> str:
    return text(
        "{" + ",".join("NULL" if v is None else f'"{v.translate(_ARRAY_ESCAPES)}"' for v in values) + "}"
    )


def packed(data: bytes) -> str:
    """Bytes as a bytea column."""
    return "\\\\x" + data.hex()
