"""Which columns are asked together, how far each was read, and what an answer adds.

A table of n columns is asked as n columns at once, so that it needs few requests; columns that are through
make room for others. How much is asked at once is a step of the LADDER, which only goes down while a device
does not manage what it is asked.

What follows from an answer depends on the names in it and not on the values, and printers of one model
answer the same names, hour after hour. So each step is worked out once (`taken`, `portion`) and remembered:
from Stage to Stage.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from metered.agent.snmp import ber, pdu
from metered.agent.snmp.pdu import Pdu
from metered.agent.snmp.rows import Name
from metered.agent.walk import Oid

MOST_ROWS = 2_000
"""A column longer than this is no printer's; it ends with that answer and counts as not read in full."""


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


class Column(NamedTuple):
    """A column to read. `expected`: rows it probably has; `first`: only its first row is wanted."""

    prefix: Oid
    expected: int = 1
    first: bool = False


class Plan:
    """Columns that are read together, shared by all devices that are read alike.

    Those that are probably deep should stand in front, and narrow tables before wide ones.
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = tuple(columns)
        self.octets = [ber.oid_octets(column.prefix) for column in self.columns]
        self.prefixes = [column.prefix for column in self.columns]
        self.expected = [column.expected for column in self.columns]
        self.firsts = [place for place, column in enumerate(self.columns) if column.first]
        self.tables = [place for place, column in enumerate(self.columns) if not column.first]
        self.beginning = Stage(Reading(self))


class Reading:
    """How far one device's columns were read, each by its place in the plan.

    `singles` and `tables`: what is still open of the two sorts. `names` and `last`: the last row of each,
    `rows`: how many it had. `unfinished`: columns that ended before their end.
    """

    __slots__ = ("last", "names", "plan", "rows", "singles", "tables", "unfinished")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.singles, self.tables = plan.firsts[:], plan.tables[:]
        self.names, self.last = plan.octets[:], plan.prefixes[:]
        self.rows = [0] * len(plan.octets)
        self.unfinished = 0

    def copy(self) -> "Reading":
        other = Reading(self.plan)
        other.singles, other.tables = self.singles[:], self.tables[:]
        other.names, other.last, other.rows = self.names[:], self.last[:], self.rows[:]
        other.unfinished = self.unfinished
        return other

    def close(self, place: int, *, whole: bool) -> None:
        """The column is through; `whole`: it was read to its end."""
        for left in (self.tables, self.singles):
            if place in left:
                left.remove(place)
                self.unfinished += not whole

    def open(self) -> int:
        """How many columns are."""
        return len(self.singles) + len(self.tables)


class Portion(NamedTuple):
    """One request: the places of its columns, the first `singles` of which are answered once."""

    places: list[int]
    singles: int
    repetitions: int

    def request(self, reading: Reading) -> Pdu:
        names = reading.names
        wanted = tuple([names[place] for place in self.places])
        if self.repetitions:
            return Pdu(pdu.GETBULK, wanted, self.singles, self.repetitions)
        return Pdu(pdu.GETNEXT, wanted)


def portion(reading: Reading, manner: Manner) -> Portion | None:
    """The next request for what is open, within the manner's number of values; None when nothing is."""
    tables = reading.tables
    if not manner.bulk:
        places = (reading.singles + tables)[: manner.values]
        return Portion(places, 0, 0) if places else None
    singles = reading.singles[: manner.values]
    room = manner.values - len(singles)
    if not tables or not room:
        return Portion(singles, len(singles), 1) if singles else None
    # what is left of each, and one row that shows its end
    rows, expected = reading.rows, reading.plan.expected
    needs = [
        expected[place] - rows[place] + 1 if rows[place] <= expected[place] else max(2, rows[place] // 2)
        for place in tables
    ]
    most = max(needs)
    each = room // len(tables)
    if each * 2 >= most:
        # all that is left in one answer, if a little less deep than hoped
        return Portion(singles + tables, len(singles), min(each, most))
    # the deepest, and what is next deep as far as it fits
    order = sorted(range(len(tables)), key=needs.__getitem__, reverse=True)
    repetitions = min(most, max(room // needs.count(most), 1))
    chosen = [tables[at] for at in order[: room // repetitions]]
    return Portion(singles + chosen, len(singles), repetitions)


class Taken(NamedTuple):
    """What an answer adds. `further`: some column came further. `rows`: each with the place of its value in
    the answer. `unreadable`: how many rows could not be read."""

    further: bool
    rows: tuple[tuple[Oid, int], ...]
    unreadable: int


def taken(reading: Reading, part: Portion, names: Sequence[Name]) -> Taken:
    """Moves the reading on by an answer with these names.

    Only what lies below a column that was asked is taken, and only while it increases: a device that goes
    round in circles is left.
    """
    further, unreadable = False, 0
    rows: list[tuple[Oid, int]] = []
    places, singles, _ = part
    width = len(places) - singles
    octets, firsts = reading.plan.octets, reading.plan.firsts
    for at, place in enumerate(places):
        own = range(at, len(names), width) if at >= singles else range(at, min(at + 1, len(names)))
        if not own:
            continue
        further = True
        prefix, last, count = octets[place], reading.last[place], 0
        for there in own:
            name = names[there]
            row = name.oid
            if row is None or not name.octets.startswith(prefix):
                reading.close(place, whole=name.readable or not name.octets.startswith(prefix))
                break
            if row <= last:
                reading.close(place, whole=False)
                break
            last = reading.last[place] = row
            reading.names[place] = name.octets
            count += 1
            if name.valued:
                rows.append((row, there))
            elif not name.readable:
                unreadable += 1
        else:
            if place in firsts:
                reading.close(place, whole=True)
            elif reading.rows[place] + count > MOST_ROWS:
                reading.close(place, whole=False)
        reading.rows[place] += count
    return Taken(further, tuple(rows), unreadable)


class Question(NamedTuple):
    """A portion, and its request."""

    part: Portion
    request: Pdu


class Stage:
    """Where a reading stands, shared by all devices that answered the same names so far.

    `reading` is not altered any more.
    """

    __slots__ = ("_questions", "reading")

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._questions: dict[Manner, Question | None] = {}

    def question(self, manner: Manner) -> Question | None:
        """What to ask next; None when nothing is open."""
        if manner not in self._questions:
            part = portion(self.reading, manner)
            self._questions[manner] = Question(part, part.request(self.reading)) if part else None
        return self._questions[manner]


@lru_cache(maxsize=2048)
def following(stage: Stage, manner: Manner, names: tuple[Name, ...]) -> tuple[Stage, Taken]:
    """Where an answer with these names to the stage's question leads, and what it adds."""
    question = stage.question(manner)
    assert question is not None
    reading = stage.reading.copy()
    added = taken(reading, question.part, names)
    return Stage(reading), added


@lru_cache(maxsize=2048)
def without(stage: Stage, place: int, whole: bool) -> Stage:
    """The stage with this column through."""
    reading = stage.reading.copy()
    reading.close(place, whole=whole)
    return Stage(reading)
