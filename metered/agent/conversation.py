"""Everything that is said with one device in one round. Pure: it yields what to send and is sent the answers.

A device is first asked for what it is, with one small GET. One that keeps silent is set aside for the second
pass, and then asked patiently, with version 1 and with the other credentials too. Then come the columns and
the maker's own rows. Nothing is ever asked that is not on the list of asked.py.
"""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol

from metered.agent import asked, identity, oids, vendors
from metered.agent.memory import GIVEN_UP_AFTER, MOST_ROWS, Remembered
from metered.agent.snmp import ber, pdu
from metered.agent.snmp.ciphers import NoCipherError
from metered.agent.snmp.columns import (
    FIRST_WITHOUT_BULK,
    LADDER,
    Column,
    Manner,
    Plan,
    Stage,
    following,
    without,
)
from metered.agent.snmp.credentials import Community, Credentials
from metered.agent.snmp.pdu import Answer, Pdu
from metered.agent.snmp.plain import PlainSession
from metered.agent.snmp.rows import Name
from metered.agent.snmp.secure import NoContextError, RefusedError, Report, SecureSession
from metered.agent.walk import Oid, Value, Walk, oid

LIKELY_ROWS = 5
"""Of a table that was not read before at most: four toners and a waste box, or fewer."""

MOST_REQUESTS = 400
"""Far above what the longest printer takes; the end of a device that always has one more row."""

NO_ANSWER = (
    "no answer: it is off or not at this address, something between drops SNMP (UDP), or it expects another "
    "community or user"
)
STOPPED = "it stopped answering midway"
ENDLESS = "it always has one more row"

# What tells a printer from other devices, at the index that nearly all give their first
_FIRST_ROWS = tuple(
    oid(f"{column}.1")
    for column in (
        oids.prtGeneralSerialNumber,
        oids.prtGeneralPrinterName,
        oids.hrDeviceType,
        oids.hrDeviceDescr,
    )
)
_TELLING = Plan(
    Column(oid(column), first=True)
    for column in (
        oids.prtGeneralSerialNumber,
        oids.hrDeviceType,
        oids.prtMarkerLifeCount,
        oids.prtMarkerSuppliesDescription,
    )
)
_OBJECT_ID = oid(oids.sysObjectID)


class Ask(Protocol):
    """A datagram to send, and how to know its answer."""

    @property
    def datagram(self) -> bytes: ...

    def accept(self, data: bytes) -> Answer | Report | None: ...


Reply = Answer | Report | None
Session = PlainSession | SecureSession


@dataclass(slots=True)
class Collected:
    """What came of it. `missing`: columns and rows that did not answer in full; `unreadable`: rows without
    sense.

    `trouble`: in words for a person, why rows are missing or why there are none at all.
    """

    rows: dict[Oid, Value] = field(default_factory=dict)
    missing: int = 0
    unreadable: int = 0
    trouble: str | None = None

    @property
    def complete(self) -> bool:
        return bool(self.rows) and not self.missing and not self.unreadable

    def walk(self) -> Walk | None:
        """None without a row. What is missing counts as unreadable, so that no report of it is complete."""
        return Walk(self.rows, self.missing + self.unreadable) if self.rows else None


Steps = Generator[Ask | None, Reply, Collected]
"""Yields a datagram to send, or None to be set aside for the second pass; is sent the reply, None for
none."""


class _StoppedError(Exception):
    """It answered before and does not any more."""


class _Table(NamedTuple):
    """Of a column in a plan: its table's OID, rows that such tables usually have, and rows expected."""

    oid: str
    usual: int
    rows: int


class _Tables:
    """What is asked of all devices of one maker that have equally deep tables."""

    def __init__(self, plan: Plan, tables: tuple[_Table, ...]) -> None:
        self.plan, self.tables = plan, tables


@lru_cache(maxsize=4096)
def _tables_of(
    maker: int | None, groups: frozenset[str], remembered: tuple[tuple[str, int], ...], own: bool
) -> _Tables:
    """The columns to ask, as deep as they are remembered; `own`: those of the maker alone."""
    known = dict(remembered)
    asked_for = []
    for row in asked.for_vendor(maker).columns:
        if row.group in groups and (row.vendor is not None or not own):
            usual = min(row.rows, LIKELY_ROWS)
            table = row.oid.rpartition(".")[0]
            rows = known.get(table, usual)
            asked_for.append((Column(oid(row.oid), rows, row.first), _Table(table, usual, rows)))
    width = Counter(table.oid for _, table in asked_for)
    asked_for.sort(key=lambda pair: (-pair[1].rows, width[pair[1].oid]))
    return _Tables(Plan([column for column, _ in asked_for]), tuple(table for _, table in asked_for))


@lru_cache(maxsize=4096)
def _found(asked_for: _Tables, end: Stage) -> tuple[tuple[str, int | None], ...]:
    """Of each table that had more or fewer rows than expected: how many; None for as many as usual."""
    counted: dict[str, int] = {}
    for table, rows, column in zip(asked_for.tables, end.reading.rows, asked_for.plan.columns, strict=True):
        if not column.first and rows >= counted.get(table.oid, 0):
            counted[table.oid] = rows
    found: list[tuple[str, int | None]] = []
    for table in asked_for.tables:
        rows = counted.pop(table.oid, table.rows)
        if rows != table.rows:
            found.append((table.oid, None if rows == table.usual else min(rows, MOST_ROWS)))
    return tuple(found)


class _Instances(NamedTuple):
    """Of an answer to GET: the rows that were asked for, each with the place of its value; how many of them
    made no sense, and how many did not come."""

    rows: tuple[tuple[Oid, int], ...]
    unreadable: int
    missing: int


@lru_cache(maxsize=4096)
def _instances(wanted: tuple[bytes, ...], names: tuple[Name, ...]) -> _Instances:
    """No row is taken that was not asked for, and none twice."""
    left = dict.fromkeys(wanted)
    rows: list[tuple[Oid, int]] = []
    unreadable = 0
    for place, name in enumerate(names):
        if name.octets in left:
            del left[name.octets]
            if name.oid is not None and name.valued:
                rows.append((name.oid, place))
            unreadable += not name.readable
    return _Instances(tuple(rows), unreadable, len(left))


@lru_cache(maxsize=256)
def _scalars_of(maker: int | None, groups: frozenset[str]) -> tuple[Oid, ...]:
    return tuple(oid(row.oid) for row in asked.for_vendor(maker).scalars if row.group in groups)


class Conversation:
    """One device, one round. `attempts`: how often a request is sent in a pass before it counts as
    unanswered.

    `groups` of asked.py: what is asked for. `now`: seconds since the epoch, for version 3's time windows.
    """

    def __init__(
        self,
        credentials: tuple[Credentials, ...],
        remembered: Remembered,
        *,
        groups: frozenset[str],
        attempts: int,
        now: Callable[[], float],
    ) -> None:
        self._credentials = credentials
        self._remembered = remembered
        self._groups = groups
        self._attempts = attempts
        self._now = now
        self._step = self._started = self._worked = remembered.first_step()
        self._had_second_pass = False
        self._bulk_answered = False
        self._requests = self._tries = 0
        self._maker = remembered.maker
        self._session: Session | None = None
        self.collected = Collected()

    def reading(self) -> Steps:
        """All rows of the groups; what is remembered of the device is brought up to date."""
        known, collected = self._remembered, self.collected
        scalars = _scalars_of(self._maker, self._groups)
        question = _get(scalars[: self._manner().values])
        try:
            answer = yield from self._reach(question)
            if answer is not None:
                yield from self._context(scalars, question, answer)
                yield from self._further_contexts()
                known.settled(self._worked, self._started)
        except _StoppedError as stopped:
            collected.missing += 1
            collected.trouble = str(stopped)
            known.step, known.held = self._step, 0
        except (RefusedError, NoContextError, NoCipherError) as refused:
            collected.missing += 1
            collected.trouble = str(refused)
        if isinstance(self._session, SecureSession):
            known.engine = self._session.engine
        return collected

    def introduction(self) -> Steps:
        """What it is: one GET with each of the credentials until one is answered, then what that leaves open.

        No second pass, no other version, no patience: most addresses have nobody at them.
        """
        self._had_second_pass, self._attempts = True, 1
        scalars = (*_scalars_of(None, self._groups), *_FIRST_ROWS)
        question = _get(scalars)
        try:
            for place, version in self._choices(fallback=False):
                self._session = self._begin(place, version)
                answer = yield from self._asked(question)
                if answer is not None:
                    self._reached(place)
                    yield from self._get(scalars, question, answer)
                    yield from self._told_apart()
                    break
        except (_StoppedError, RefusedError, NoContextError, NoCipherError) as error:
            self.collected.trouble = str(error)
        return self.collected

    def _told_apart(self) -> Generator[Ask | None, Reply, None]:
        """What the first rows leave open: a serial of the maker's, a Printer-MIB that starts elsewhere."""
        rows = self.collected.rows
        self._maker = self._found_maker()
        if identity.is_printer(Walk(rows)) and identity.read(Walk(rows)).serial:
            return
        own = _scalars_of(self._maker, frozenset({"identity"}))
        yield from self._get([name for name in own if name not in rows])
        if not identity.is_printer(Walk(rows)) or not identity.read(Walk(rows)).serial:
            yield from self._columns(_TELLING)

    # The way to a first answer

    def _choices(self, *, fallback: bool) -> list[tuple[int, str]]:
        """(which credentials, which version): the remembered first, version 1 in place of 2c last."""
        choices = [
            (place, known.version if isinstance(known, Community) else "3")
            for place, known in enumerate(self._credentials)
        ]
        if fallback:
            choices += [(place, "1") for place, version in choices if version == "2c"]
        known = self._remembered
        remembered = known.credentials, known.first_version()
        return sorted(choices, key=lambda choice: (choice != remembered, choice[0] != remembered[0]))

    def _begin(self, place: int, version: str) -> Session:
        credentials = self._credentials[place]
        if isinstance(credentials, Community):
            return PlainSession(credentials, version)
        return SecureSession(credentials, self._remembered.engine, self._now)

    def _reach(self, question: Pdu) -> Generator[Ask | None, Reply, Answer | None]:
        """The first answer, by whichever credentials and version get one.

        Raises RefusedError when the device is there and refuses; None when there is none.
        """
        sessions: dict[tuple[int, str], Session] = {}
        second_pass = False
        patience = 1 if self._remembered.silent >= GIVEN_UP_AFTER else self._attempts
        choices = self._choices(fallback=True)
        refusals: list[str] = []
        while choices:
            choice = choices[0]
            session = self._session = sessions.get(choice) or self._begin(*choice)
            sessions[choice] = session
            try:
                for _ in range(patience if second_pass else 1):
                    answer = yield from self._asked(question)
                    if answer is not None:
                        self._reached(choice[0])
                        return answer
            except (RefusedError, NoContextError, NoCipherError) as error:
                refusals.append(str(error))
                del choices[0]
                continue
            if not second_pass:
                yield None
                second_pass = True
                continue
            del choices[0]
            if isinstance(session, SecureSession) and session.met:
                refusals.append(session.unanswered())
        if refusals:
            raise RefusedError("; ".join(dict.fromkeys(refusals)))
        self._remembered.silent += 1
        self.collected.trouble = NO_ANSWER
        return None

    def _reached(self, place: int) -> None:
        known, session = self._remembered, self._session
        assert session is not None
        known.credentials, known.version, known.silent = place, session.version, 0
        if not session.bulk:
            self._step = self._started = max(self._step, FIRST_WITHOUT_BULK)
        self._worked = self._step

    # What is read

    def _context(
        self, scalars: Sequence[Oid], question: Pdu | None = None, answer: Answer | None = None
    ) -> Generator[Ask | None, Reply, None]:
        """The scalars (`answer` is the answer to `question`, the first of them), the columns, the maker's
        rows."""
        yield from self._get(scalars, question, answer)
        self._maker = self._found_maker()
        remembered = tuple(self._remembered.rows.items())
        yield from self._tables(_tables_of(self._maker, self._groups, remembered, False))
        if self._maker is None:
            self._maker = self._found_maker()
            yield from self._tables(_tables_of(self._maker, self._groups, remembered, True))
        had = set(scalars)
        yield from self._get([row for row in _scalars_of(self._maker, self._groups) if row not in had])
        self._remembered.maker = self._maker

    def _further_contexts(self) -> Generator[Ask | None, Reply, None]:
        """The rows of further contexts of the same device beside those of the first, which win."""
        if not isinstance(self._session, SecureSession):
            return
        for context in self._session.user.contexts[1:]:
            self._session.context = context
            before = dict(self.collected.rows)
            try:
                yield from self._context(_scalars_of(self._maker, self._groups))
            except NoContextError as error:
                self.collected.missing += 1
                self.collected.trouble = str(error)
            except _StoppedError:  # some devices keep silent about a context that they lack
                self.collected.missing += 1
                self.collected.trouble = self._session.unanswered()
            finally:
                self.collected.rows.update(before)

    def _found_maker(self) -> int | None:
        """Whose rows to ask: at once by a known sysObjectID, else by all that answered."""
        rows = self.collected.rows
        object_id = rows.get(_OBJECT_ID)
        if isinstance(object_id, tuple):
            maker = identity.by_object_id(object_id)
            if maker is not vendors.UNKNOWN:
                return maker.enterprise
        return asked.maker(Walk(rows))

    def _get(
        self, names: Sequence[Oid], question: Pdu | None = None, answer: Answer | None = None
    ) -> Generator[Ask | None, Reply, None]:
        left = list(names)
        while left:
            if answer is None or question is None:
                question = _get(left[: self._manner().values])
                answer = yield from self._answer(question)
                if answer is None:
                    continue
            asked_for = left[: len(question.names)]
            at = answer.at - 1 if 1 <= answer.at <= len(asked_for) else None
            if answer.error == pdu.NO_ERROR:
                self._take(question.names, answer)
                del left[: len(asked_for)]
            elif at is not None and answer.error != pdu.TOO_BIG:
                del left[at]
                self.collected.missing += answer.error != pdu.NO_SUCH_NAME
            elif not self._smaller():
                del left[0]
                self.collected.missing += answer.error != pdu.NO_SUCH_NAME
            answer = None

    def _take(self, wanted: tuple[bytes, ...], answer: Answer) -> None:
        added = _instances(wanted, answer.names)
        for row, place in added.rows:
            if (value := answer.values[place]) is not None:
                self.collected.rows[row] = value
        self.collected.unreadable += added.unreadable
        self.collected.missing += added.missing

    def _tables(self, asked_for: _Tables) -> Generator[Ask | None, Reply, None]:
        end = yield from self._columns(asked_for.plan)
        remembered = self._remembered.rows
        for table, rows in _found(asked_for, end):
            if rows is None:
                remembered.pop(table, None)
            else:
                remembered[table] = rows

    def _columns(self, plan: Plan) -> Generator[Ask | None, Reply, Stage]:
        collected, stage = self.collected, plan.beginning
        try:
            while (question := stage.question(manner := self._manner())) is not None:
                answer = yield from self._answer(question.request)
                if answer is None:
                    continue
                if answer.error != pdu.NO_ERROR:
                    stage = self._without(stage, question.part.places, answer)
                    continue
                stage, added = following(stage, manner, answer.names)
                values, rows = answer.values, collected.rows
                for row, place in added.rows:
                    if (value := values[place]) is not None:
                        rows[row] = value
                collected.unreadable += added.unreadable
                if not added.further and not self._smaller():
                    stage = without(stage, question.part.places[0], whole=False)
        finally:
            collected.missing += stage.reading.unfinished + stage.reading.open()
        return stage

    def _without(self, stage: Stage, places: Sequence[int], answer: Answer) -> Stage:
        """An error instead of rows. By GETNEXT it may be one column's, which ends that column; noSuchName is
        how version 1 says that a column is over. A GETBULK that fails tells little: it is tried without."""
        over = answer.error == pdu.NO_SUCH_NAME
        too_big = answer.error == pdu.TOO_BIG
        if not too_big and not self._manner().bulk and 1 <= answer.at <= len(places):
            return without(stage, places[answer.at - 1], whole=over)
        if not self._smaller(without_bulk=not too_big):
            return without(stage, places[0], whole=over)
        return stage

    # One request

    def _manner(self) -> Manner:
        return LADDER[self._step]

    def _smaller(self, *, without_bulk: bool = False) -> bool:
        """One step down the ladder, or to where GETBULK ends; False at its foot."""
        if self._step + 1 == len(LADDER):
            return False
        self._step = max(self._step + 1, FIRST_WITHOUT_BULK if without_bulk else 0)
        return True

    def _answer(self, question: Pdu) -> Generator[Ask | None, Reply, Answer | None]:
        """The answer; None when the question should be put anew in a smaller way.

        A first silence is taken for a lost datagram and the same is asked again; after the second it may be
        the size. Raises _StoppedError when all attempts of both passes are used up.
        """
        while True:
            answer = yield from self._asked(question)
            if answer is not None:
                self._tries = 0
                self._worked = self._step
                self._bulk_answered |= question.kind == pdu.GETBULK and answer.error == pdu.NO_ERROR
                return answer
            self._tries += 1
            if self._tries >= self._attempts:
                if self._had_second_pass:
                    raise _StoppedError(STOPPED)
                yield None
                self._had_second_pass, self._tries = True, 0
            elif self._tries == 1:
                continue
            never = question.kind == pdu.GETBULK and not self._bulk_answered and self._step > self._started
            if self._smaller(without_bulk=never):
                return None

    def _asked(self, question: Pdu) -> Generator[Ask | None, Reply, Answer | None]:
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise _StoppedError(ENDLESS)
        assert self._session is not None
        return (yield from self._session.asked(question))


def _get(names: Sequence[Oid]) -> Pdu:
    return Pdu(pdu.GET, tuple([ber.oid_octets(name) for name in names]))
