"""What is remembered of rows and answers changes nothing of what is read: only how fast."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from metered.agent import conversation
from metered.agent.collect import What
from metered.agent.conversation import Collected, Conversation
from metered.agent.memory import Remembered
from metered.agent.snmp import ber, columns, pdu, rows
from metered.agent.snmp.ber import Malformed
from metered.agent.snmp.columns import LADDER, Column, Plan, following
from metered.agent.snmp.credentials import Community
from metered.agent.snmp.rows import Name
from metered.agent.walk import Oid
from tests.agent import reference
from tests.agent.datagrams import is_value
from tests.agent.responder import Habits, Printer, recorded
from tests.agent.simulated import ENTERPRISES, PRINTER, SYSTEM, number, object_id, office, text

Rows = dict[Oid, tuple[int, bytes]]

SUPPLY: Oid = (*PRINTER, 11, 1, 1)
LEVEL: Oid = (*SUPPLY, 9, 1, 2)
ALERT: Oid = (*PRINTER, 18, 1, 1)


def _read(own: Rows, remembered: Remembered, habits: Habits) -> Collected:
    """One round with a device of these rows, without a network."""
    printer = Printer(own, habits, keep_log=False)
    steps = Conversation(
        (Community("public"),), remembered, groups=What.EVERYTHING.value, attempts=2, now=lambda: 0.0
    ).reading()
    heard = None
    while True:
        try:
            ask = steps.send(heard)
        except StopIteration as over:
            collected: Collected = over.value
            return collected
        answers = printer.answers(ask.datagram) if ask else []
        heard = ask.accept(answers[0]) if ask and answers else None


def _forget() -> None:
    rows._names.clear()
    rows._rows.clear()
    for remembered in (columns.following, columns.without, conversation._found, conversation._instances):
        remembered.cache_clear()


def _rounds(of: Sequence[Rows], habits: Habits, *, forgetful: bool) -> list[Collected]:
    """A round with each of these rows, all at one address; `forgetful`: every answer is worked out anew."""
    _forget()
    remembered, told = Remembered(), []
    for own in of:
        if forgetful:
            _forget()
        collected = _read(own, remembered, habits)
        assert all(is_value(*own[name], value) for name, value in collected.rows.items())
        told.append(collected)
    return told


def _another_supply(own: Rows) -> None:
    own |= {(*SUPPLY, column, 1, 6): own[*SUPPLY, column, 1, 5] for column in range(2, 10)}


def _a_supply_between_is_gone(own: Rows) -> None:
    for column in range(2, 10):
        del own[*SUPPLY, column, 1, 3]


def _other_indexes(own: Rows) -> None:
    for column in range(2, 10):
        own[*SUPPLY, column, 1, 1_000_000] = own.pop((*SUPPLY, column, 1, 1))


def _a_longer_level(own: Rows) -> None:
    own[LEVEL] = number(70_000)


def _a_level_that_is_text(own: Rows) -> None:
    own[LEVEL] = text("7")


def _a_level_that_is_none(own: Rows) -> None:
    own[LEVEL] = 0x02, b""


def _a_cell_that_is_missing(own: Rows) -> None:
    del own[LEVEL]


def _the_next_alert(own: Rows) -> None:
    for column in range(2, 10):
        own[*ALERT, column, 1, 2] = own.pop((*ALERT, column, 1, 1))


def _no_alert(own: Rows) -> None:
    for column in range(2, 10):
        del own[*ALERT, column, 1, 1]


def _another_make(own: Rows) -> None:
    own[*SYSTEM, 1, 0] = text("Brother NC-8900h, Firmware Ver.1.08  ,MID 8CE-J11,FID 2")
    own[*SYSTEM, 2, 0] = object_id(*ENTERPRISES, 2435, 2, 3, 9, 1)


CHANGES: list[Callable[[Rows], None]] = [
    _another_supply,
    _a_supply_between_is_gone,
    _other_indexes,
    _a_longer_level,
    _a_level_that_is_text,
    _a_level_that_is_none,
    _a_cell_that_is_missing,
    _the_next_alert,
    _no_alert,
    _another_make,
]
HABITS = [Habits(), Habits(versions=(0,)), Habits(largest=700), Habits(bulk="error")]


@pytest.mark.parametrize("habits", HABITS, ids=["all is well", "version 1", "short answers", "no GETBULK"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_device_that_changed_is_read_as_if_nothing_were_remembered(
    change: Callable[[Rows], None], habits: Habits
) -> None:
    changed = office(7)
    change(changed)
    of = [office(7), office(7), changed, changed, office(7), office(8), changed]
    read = _rounds(of, habits, forgetful=False)
    assert read == _rounds(of, habits, forgetful=True)
    for own, collected in zip(of, read, strict=True):
        if own is not changed:
            assert (collected.complete, len(collected.rows)) == (True, 66)
    last = read[-1]
    if change is _a_longer_level:
        assert last.rows[LEVEL] == 70_000
    if change is _another_supply:
        assert last.rows[*SUPPLY, 6, 1, 6] == b"Waste Toner Container;SNunknown"
    if change is _a_level_that_is_none:
        assert LEVEL not in last.rows
        assert (last.unreadable, last.complete) == (1, False)


def test_devices_that_change_at_random_are_read_as_if_nothing_were_remembered() -> None:
    chance = random.Random(11)
    own, of = office(3), []
    for _ in range(60):
        for name in chance.sample(sorted(own), 3):
            what = chance.randrange(4)
            if what == 0:
                del own[name]
            elif what == 1:
                own[*name[:-1], chance.choice((0, 1, 2, 6, 200))] = own[name]
            elif what == 2:
                own[name] = number(chance.choice((0, 127, 128, 40_000, 2**31 - 1)))
            else:
                own[name] = chance.choice((0x04, 0x41, 0x46, 0x05)), chance.randbytes(chance.randrange(6))
        of += [dict(own), office(chance.randrange(5)), dict(own)]
    assert _rounds(of, Habits(), forgetful=False) == _rounds(of, Habits(), forgetful=True)


def test_another_model_at_the_same_address_is_read_as_itself() -> None:
    another = recorded(
        b"1.3.6.1.2.1.1.1.0|4|another\n1.3.6.1.2.1.43.5.1.1.17.1|4|ABC123456\n"
        b"1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black\n1.3.6.1.2.1.43.11.1.1.9.1.1|2|5\n"
    )
    of = [office(7), another, office(7), another]
    for own, collected in zip(of, _rounds(of, Habits(), forgetful=False), strict=True):
        assert collected.rows.keys() >= another.keys()
        assert len(collected.rows) == (len(another) if own is another else 66)


def _bind(name: Oid, value: bytes) -> bytes:
    return reference.encode(0x30, reference.oid(name), value)


def _counted(name: Oid, count: int) -> bytes:
    return _bind(name, reference.integer(count))


ONE: Oid = (1, 3, 6, 1, 2, 1, 1)
FIVE = _bind(ONE, b"\x02\x01\x05")


def test_a_row_that_is_known_is_still_no_row_where_it_is_cut_off() -> None:
    data = FIVE * 3
    ((name, value), *_) = rows.read(data, 0, len(data))
    assert (name.oid, value) == (ONE, 5)
    assert FIVE in rows._rows
    for end in range(2 * len(FIVE) + 1, 3 * len(FIVE)):
        with pytest.raises(Malformed):
            rows.read(data, 0, end)
        with pytest.raises(Malformed):
            rows.read(data[:end], 0, end)


def test_what_differs_from_device_to_device_is_not_remembered_and_what_is_alike_is() -> None:
    _forget()
    for count in range(200):
        own = _counted(ONE, count)
        ((name, value), (other, _)) = rows.read(own + _bind((1, 3, 7), b"\x05\x00"), 0, len(own) + 8)
        assert (name.oid, name.valued, value) == (ONE, True, count)
        assert (other.valued, other.readable) == (False, True)
    assert list(rows._rows) == [_bind((1, 3, 7), b"\x05\x00")]


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_KNOWN", 20)
    _forget()
    for count in range(500):
        name = (*ONE, count % 70)
        own = _counted(name, count // 7) * (1 + count % 2)
        read = rows.read(own, 0, len(own))
        assert {(told.oid, value) for told, value in read} == {(name, count // 7)}
        assert len(rows._names) <= 20
        assert len(rows._rows) <= 20
        known = {id(named.valued) for named in rows._names.values()}
        assert all(id(row[0]) in known for row in rows._rows.values()), "one name, one object"


def test_of_an_answer_to_get_only_what_was_asked_is_taken_and_once() -> None:
    own = _counted(ONE, 1) + _counted((1, 3, 7), 2) + _counted(ONE, 3) + _bind((1, 3, 8), b"\x02\x00")
    names = tuple([name for name, _ in rows.read(own, 0, len(own))])
    wanted = tuple(map(ber.oid_octets, [(1, 3, 8), ONE, (1, 3, 9)]))
    assert conversation._instances(wanted, names) == (((ONE, 0),), 1, 1)


def test_a_stage_leads_on_by_the_names_and_stays_as_it_is() -> None:
    prefix = (1, 3, 6, 1, 9)
    stage = Plan([Column(prefix, 2)]).beginning
    manner = LADDER[0]

    def answered(*oids: Oid, readable: bool = True) -> tuple[Name, ...]:
        return tuple([Name(ber.oid_octets(row), row, valued=readable, readable=readable) for row in oids])

    two = answered((*prefix, 1), (*prefix, 2))
    after, added = following(stage, manner, two)
    assert following(stage, manner, two) == (after, added)
    assert added.rows == (((*prefix, 1), 0), ((*prefix, 2), 1))
    assert (stage.reading.rows, after.reading.rows, after.reading.open()) == ([0], [2], 1)
    end, added = following(stage, manner, answered((*prefix, 1), (1, 3, 6, 2)))
    assert (len(added.rows), end.reading.rows, end.reading.open(), end.reading.unfinished) == (1, [1], 0, 0)
    _, added = following(stage, manner, answered((*prefix, 1), (*prefix, 2), readable=False))
    assert (added.rows, added.unreadable) == ((), 2)
    circle, added = following(after, manner, two)
    assert (added.rows, circle.reading.open(), circle.reading.unfinished) == ((), 0, 1)
    closed = columns.without(stage, 0, whole=True)
    assert (closed.question(manner), closed.reading.unfinished) == (None, 0)
    question = stage.question(manner)
    assert question is not None
    assert (question.request.kind, question.request.names) == (pdu.GETBULK, (ber.oid_octets(prefix),))
