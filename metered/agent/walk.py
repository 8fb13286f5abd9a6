"""What one printer answered: OID → typed value.

`parse` reads snmpsim's `OID|TYPE|VALUE` lines; the network collector builds the same `Walk` from its answers.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache

from metered.agent import oids
from metered.agent.text import clean

Oid = tuple[int, ...]
Value = int | bytes | Oid

LARGEST = 2**63 - 1
_INTEGERS = {"2", "65", "66", "67", "70"}
_NO_VALUE = {"5", "128", "129", "130"}  # null, noSuchObject, noSuchInstance, endOfMibView


class WalkError(Exception):
    """The walk cannot be made into a report; the text says why, in words for a person."""


@lru_cache(maxsize=4096)
def oid(dotted: str) -> Oid:
    """`"1.3.6.1"` (a leading dot is allowed) as numbers. Raises ValueError."""
    written = dotted.strip().removeprefix(".").split(".")
    # int() would take "+1", "1_0" and digits of other scripts
    if len(written) > 128 or not all(re.fullmatch("[0-9]{1,10}", part) for part in written):
        raise ValueError(dotted)
    return tuple(map(int, written))


def dotted(numbers: Oid) -> str:
    return ".".join(map(str, numbers))


class Walk:
    """Rows by OID. `unreadable` counts rows that were there but made no sense: treated as not answered."""

    def __init__(self, rows: Mapping[Oid, Value], unreadable: int = 0) -> None:
        self._rows = dict(rows)
        self.unreadable = unreadable

    @cached_property
    def _order(self) -> list[Oid]:
        return sorted(self._rows)

    @cached_property
    def _charset(self) -> int | None:
        return next(iter(self.integers(oids.prtLocalizationCharacterSet).values()), None)

    def __len__(self) -> int:
        return len(self._rows)

    def merged(self, other: "Walk") -> "Walk":
        """This walk with the rows of another context of the same device; its own rows win."""
        return Walk({**other._rows, **self._rows}, self.unreadable + other.unreadable)

    def get(self, name: str) -> Value | None:
        return self._rows.get(oid(name))

    def text(self, name: str) -> str | None:
        """An octet string, cleaned; None when it is absent or empty."""
        return self._text(self.get(name))

    def integer(self, name: str) -> int | None:
        """A number; counters that a vendor sends as digits in a string count as numbers."""
        return _integer(self.get(name))

    def under(self, name: str) -> Iterator[tuple[Oid, Value]]:
        """All rows below an OID, in order, with the index that follows it."""
        prefix = oid(name)
        for at in range(bisect_left(self._order, prefix), len(self._order)):
            row = self._order[at]
            if row[: len(prefix)] != prefix:
                return
            if len(row) > len(prefix):
                yield row[len(prefix) :], self._rows[row]

    def has(self, name: str) -> bool:
        return next(self.under(name), None) is not None

    def integers(self, name: str) -> dict[Oid, int]:
        """A table's column of numbers by index; rows that are no numbers are left out."""
        read = ((index, _integer(value)) for index, value in self.under(name))
        return {index: number for index, number in read if number is not None}

    def texts(self, name: str) -> dict[Oid, str]:
        """A table's column of texts by index; empty ones are left out."""
        read = ((index, self._text(value)) for index, value in self.under(name))
        return {index: words for index, words in read if words}

    def _text(self, value: Value | None) -> str | None:
        return (clean(value, self._charset) or None) if isinstance(value, bytes) else None


def _integer(value: Value | None) -> int | None:
    if isinstance(value, bytes):
        value = int(value.strip(b" \x00")) if re.fullmatch(rb"[ \x00]*-?[0-9]{1,18}[ \x00]*", value) else None
    return value if isinstance(value, int) and abs(value) <= LARGEST else None


def parse(content: bytes) -> Walk:
    """The rows of a `*.snmprec` file. Raises WalkError when not one row can be read."""
    rows: dict[Oid, Value] = {}
    unreadable = 0
    for line in content.split(b"\n"):
        line = line.removesuffix(b"\r")
        if not line.strip() or line.startswith(b"#"):
            continue
        name, _, rest = line.partition(b"|")
        kind, _, raw = rest.partition(b"|")
        try:
            row = oid(name.decode("ascii"))
            if kind.decode("ascii") in _NO_VALUE:
                continue
            rows[row] = _value(kind.decode("ascii"), raw)
        except ValueError:
            unreadable += 1
    if not rows:
        raise WalkError("no row of the form OID|TYPE|VALUE in it")
    return Walk(rows, unreadable)


def _value(kind: str, raw: bytes) -> Value:
    """Raises ValueError for a type or a value that cannot be read."""
    if kind in _INTEGERS:
        if not re.fullmatch(rb"\s*-?[0-9]{1,19}\s*", raw):
            raise ValueError(raw)
        number = int(raw)
        if abs(number) > LARGEST or (kind != "2" and number < 0):
            raise ValueError(raw)
        return number
    if kind == "4" or kind == "64":
        return raw
    if kind == "4x" or kind == "64x":
        return bytes.fromhex(raw.decode("ascii"))
    if kind == "6":
        return oid(raw.decode("ascii"))
    raise ValueError(kind)
