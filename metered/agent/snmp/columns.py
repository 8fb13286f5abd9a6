"""Which columns are asked together, how far each was read, and what an answer adds.

A table of n columns is asked as n columns at once, so that it needs few requests; columns that are through
make room for others. How much is asked at once is a step of the LADDER, which only goes down while a device
does not manage what it is asked.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, cycle
from typing import NamedTuple

from metered.agent.snmp import ber, pdu
from metered.agent.snmp.ber import Malformed
from metered.agent.snmp.pdu import Bind, Pdu
from metered.agent.walk import Oid, Value

MOST_ROWS = 2_000
"""A column longer than this is no printer's; it is cut there and counts as not answered in full."""


class Manner(NamedTuple):
    """How a device is asked: by GETBULK or GETNEXT, and for at most how many values at once."""

    bulk: bool
    values: int


# 56 values of a Printer-MIB are about 1,400 octets: one Ethernet frame
LADDER = (
    Manner(True, 56),
    Manner(True, 28),
    Manner(True, 14),
    Manner(True, 7),
    Manner(False, 14),
    Manner(False, 7),
    Manner(False, 3),
    Manner(False, 1),
)
FIRST_WITHOUT_BULK = next(step for step, manner in enumerate(LADDER) if not manner.bulk)


class Column:
    """A column that is being read. `expected`: rows it probably has; `first`: only its first row is wanted.

    `open` until it is through; then `whole` says whether it was read to its end.
    """

    __slots__ = ("expected", "first", "last", "name", "octets", "open", "prefix", "rows", "whole")

    def __init__(self, prefix: Oid, expected: int = 1, first: bool = False) -> None:
        self.prefix, self.expected, self.first = prefix, expected, first
        self.octets = self.name = ber.oid_octets(prefix)
        self.last: Oid = prefix
        self.rows = 0
        self.open, self.whole = True, False

    def close(self, *, whole: bool) -> None:
        self.open, self.whole = False, whole

    def need(self) -> int:
        """How many rows an answer should have for it: what is left, and one that shows its end."""
        left = self.expected - self.rows
        return left + 1 if left >= 0 else max(2, self.rows // 2)


class Portion(NamedTuple):
    """One request's columns: the first `singles` of them are answered once."""

    columns: list[Column]
    singles: int
    repetitions: int

    def request(self) -> Pdu:
        names = tuple([column.name for column in self.columns])
        if self.repetitions:
            return Pdu(pdu.GETBULK, names, self.singles, self.repetitions)
        return Pdu(pdu.GETNEXT, names)


def portion(columns: Iterable[Column], manner: Manner) -> Portion:
    """The next request for what is open of `columns` (at least one is), within the manner's number of
    values."""
    left = [column for column in columns if column.open]
    if not manner.bulk:
        return Portion(left[: manner.values], 0, 0)
    singles = [column for column in left if column.first][: manner.values]
    room = manner.values - len(singles)
    tables = [column for column in left if not column.first]
    if not tables or not room:
        return Portion(singles, len(singles), 1)
    most = max([column.need() for column in tables])
    each = room // len(tables)
    if each * 2 >= most:
        # all that is left in one answer, if a little less deep than hoped
        return Portion([*singles, *tables], len(singles), min(each, most))
    # the deepest, and what is next deep as far as it fits: narrow tables whole rather than wide ones in part
    width = Counter([column.prefix[:-1] for column in tables])
    tables.sort(key=lambda column: (-column.need(), width[column.prefix[:-1]] if column.need() < most else 0))
    deep = sum([column.need() == most for column in tables])
    repetitions = min(most, max(room // deep, 1))
    return Portion([*singles, *tables[: room // repetitions]], len(singles), repetitions)


def taken(asked: Portion, binds: Sequence[Bind], rows: dict[Oid, Value]) -> tuple[bool, int]:
    """Puts an answer's rows into `rows` and moves the columns on.

    True when some column came further; and how many rows could not be read. Only what lies below a column
    that was asked is taken, and only while it increases: a device that goes round in circles is left.
    """
    further, unreadable = False, 0
    pairs = zip(
        chain(asked.columns[: asked.singles], cycle(asked.columns[asked.singles :])), binds, strict=False
    )
    for column, (name, tag, raw) in pairs:
        if not column.open:
            continue
        further = True
        if tag == ber.END_OF_MIB_VIEW or not name.startswith(column.octets):
            column.close(whole=True)
            continue
        try:
            row = ber.oid_numbers(name)
        except Malformed:
            column.close(whole=False)
            continue
        if row <= column.last or column.rows >= MOST_ROWS:
            column.close(whole=False)
            continue
        column.last, column.name = row, name
        column.rows += 1
        try:
            if tag == ber.OCTETS:
                rows[row] = raw
            elif tag not in ber.NO_VALUE:
                rows[row] = ber.value(tag, raw)
        except Malformed:
            unreadable += 1
        if column.first:
            column.close(whole=True)
    return further, unreadable
