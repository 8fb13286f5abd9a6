"""Damaged and hostile datagrams: what is read from them is what the reference reads, or nothing.

`prove agent datagrams` tries a million, the suite a named sample. Two ways: single answers that are damaged
and judged one by one; and whole conversations with a device that answers damage. Damage that leaves a valid
message of version 1 or 2c says what it says, for these versions sign nothing; of version 3 not one altered
answer may pass.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from metered.agent import asked, report
from metered.agent.collect import What
from metered.agent.conversation import Conversation
from metered.agent.memory import Remembered
from metered.agent.snmp import pdu
from metered.agent.snmp.ber import Malformed
from metered.agent.snmp.columns import LADDER, Column, Plan, Portion, Reading, portion, taken
from metered.agent.snmp.credentials import Community, Credentials, User
from metered.agent.snmp.pdu import Answer, Pdu
from metered.agent.snmp.plain import PlainAsk
from metered.agent.snmp.secure import Engine as Known
from metered.agent.snmp.secure import SecureAsk
from metered.agent.walk import Oid, Value, Walk, WalkError, oid
from tests.agent import reference
from tests.agent.devices import NOON
from tests.agent.responder import Engine, Habits, Printer
from tests.agent.simulated import office
from tests.agent.telemetry import check

COMMUNITY = Community("public")
USERS = (
    User("signs", "sha256", "a long password"),
    User("hides", "sha1", "a long password", "aes128", "another password"),
)
LISTED = [oid(row.oid) for row in (*asked.COLUMNS, *asked.SCALARS)]
TAGS = bytes(
    (0x00, 0x02, 0x04, 0x05, 0x06, 0x30, 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x80, 0x82, 0xA2, 0xA8, 0xFF)
)


@dataclass
class Tally:
    """What happened to how many; `faults`: what must not happen, with the datagram."""

    datagrams: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fault(self, words: str, data: bytes) -> None:
        if len(self.faults) < 20:
            self.faults.append(f"{words}: {data.hex()}")


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The datagram with one to four faults: bits, lengths, tags, cuts, repeats, strangers' octets."""
    octets = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(octets) + 1)
        match chance.randrange(9):
            case 0 if at < len(octets):
                octets[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(octets):
                octets[at] = chance.choice((0, 1, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, len(octets) & 0xFF))
            case 2 if at < len(octets):
                octets[at] = chance.choice(TAGS)
            case 3:
                del octets[at:]
            case 4:
                del octets[at : at + chance.randrange(1, 9)]
            case 5:
                octets[at:at] = octets[at : at + chance.randrange(1, 40)]
            case 6:
                octets[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 7:
                octets[at : at + 4] = chance.randbytes(4)
            case _:
                octets += chance.randbytes(chance.randrange(1, 30))
        if not octets:
            break
    return bytes(octets)


def _resized(data: bytes, chance: random.Random) -> bytes:
    """A message whose rows were changed and whose lengths are right again, so that it is read to the end."""
    try:
        read = reference.message(data)
    except reference.NotBerError:
        return data
    binds = list(read.binds)
    for _ in range(chance.randrange(1, 4)):
        if not binds:
            break
        at = chance.randrange(len(binds))
        name, tag, raw = binds[at]
        match chance.randrange(5):
            case 0:
                tag = chance.choice(TAGS)
            case 1:
                raw = chance.randbytes(chance.randrange(0, 12))
            case 2:
                name = (*name[: chance.randrange(2, len(name) + 1)], chance.choice((0, 1, 2**32 - 1)))
            case 3:
                binds.insert(at, chance.choice(binds))
            case _:
                del binds[at]
                continue
        binds[at] = name, tag, raw
    rows = [reference.encode(0x30, reference.oid(n), reference.encode(t, r)) for n, t, r in binds]
    error, index = (chance.choice((0, 0, 0, 1, 2, 5, -1)), chance.choice((0, 0, 1, 3, 99, -1)))
    numbers = [reference.integer(number) for number in (read.request_id, error, index)]
    around = [reference.integer(read.version), reference.encode(0x04, read.community)]
    return reference.encode(
        0x30, *around, reference.encode(read.kind, *numbers, reference.encode(0x30, *rows))
    )


def prove(times: int, seed: int, say: Callable[[str], object] = lambda _: None) -> Tally:
    """At least `times` damaged datagrams: half of them within conversations, half one by one."""
    tally, chance = Tally(), random.Random(seed)
    single = _singles(tally, chance)
    told = 0
    while tally.datagrams < times:
        spoken = _conversation(tally, chance)
        for _ in range(spoken):
            next(single)
        tally.datagrams += 2 * spoken
        if tally.datagrams // 100_000 > told:
            told = tally.datagrams // 100_000
            say(f"{tally.datagrams:>9,} datagrams, {len(tally.faults)} faults")
    return tally


# One by one


def _singles(tally: Tally, chance: random.Random) -> Iterator[None]:
    printers = [Printer(office(which), Habits(), engine=Engine(USERS), keep_log=False) for which in range(3)]
    while True:
        printer = chance.choice(printers)
        plan = Plan(Column(oid(row.oid), 5, row.first) for row in chance.sample(asked.COLUMNS_OF_ALL, 6))
        reading = Reading(plan)
        part = portion(reading, chance.choice(LADDER))
        assert part is not None
        if chance.random() < 0.3:
            yield from _secure(tally, chance, printer, part.request(reading))
        else:
            yield from _plain(tally, chance, printer, plan, part)


def _plain(
    tally: Tally, chance: random.Random, printer: Printer, plan: Plan, part: Portion
) -> Iterator[None]:
    version = 0 if not part.repetitions and chance.random() < 0.5 else 1
    ask = PlainAsk(version, b"public", part.request(Reading(plan)))
    (good,) = printer.answers(ask.datagram) or (b"",)
    for _ in range(20):
        data = _resized(good, chance) if chance.random() < 0.3 else good
        if data is good or chance.random() < 0.3:
            data = damaged(data, chance)
        try:
            answer = ask.accept(data)
        except Malformed:
            tally.seen["malformed"] += 1
        else:
            if answer is None:
                tally.seen["not ours"] += 1
            else:
                tally.seen["read"] += 1
                _judge(tally, ask, answer, data, plan, part)
        yield


def _judge(tally: Tally, ask: PlainAsk, answer: Answer, data: bytes, plan: Plan, part: Portion) -> None:
    """Whether an answer says what the reference reads in the datagram, and what is kept of it was asked."""
    try:
        read = _lenient(data)
    except reference.NotBerError:
        return tally.fault("the reference reads nothing in what was taken", data)
    if (read.request_id, read.kind, read.version) != (ask.request_id, pdu.RESPONSE, ask.version):
        return tally.fault("another message was taken", data)
    if (answer.error, answer.at) != (read.error, read.index):
        return tally.fault("another error was read", data)
    if not len(answer.names) == len(answer.values) == len(read.binds):
        return tally.fault("other rows were read", data)
    for told, value, (name, tag, raw) in zip(answer.names, answer.values, read.binds, strict=True):
        row = told.oid
        if told.valued != (value is not None):
            return tally.fault("a name does not say whether there is a value", data)
        if row is not None and (row != name or (value is not None and not is_value(tag, raw, value))):
            return tally.fault("another row was read", data)
        if row is None and name != () and tag != 0x82:
            return tally.fault("a row was not read", data)
    for name, place in taken(Reading(plan), part, answer.names).rows:
        value = answer.values[place]
        if value is None:
            return tally.fault(f"a row without a value was kept: {name}", data)
        if not any(name[: len(prefix)] == prefix and len(name) > len(prefix) for prefix in plan.prefixes):
            return tally.fault(f"a row that was not asked was kept: {name}", data)
        if not any(known == name and is_value(tag, raw, value) for known, tag, raw in read.binds):
            return tally.fault(f"a value that was not said was kept: {name} {value!r}", data)
    return None


def _lenient(data: bytes) -> reference.Message:
    """As the reference reads it, but for names that are no OIDs: they are judged where they are used."""
    outer = reference.first(data)
    version, community, inner = outer.parts[:3]
    *numbers, binds = inner.parts[:4]
    rows: list[tuple[Oid, int, bytes]] = []
    for bind in binds.parts:
        name, value = bind.parts
        if (binds.tag, bind.tag, name.tag) != (0x30, 0x30, 0x06):
            raise reference.NotBerError("no row")
        try:
            named = name.oid()
        except reference.NotBerError:
            named = ()
        rows.append((named, value.tag, value.content))
    request_id, error, index = (number.number() for number in numbers)
    return reference.Message(version.number(), community.content, inner.tag, request_id, error, index, rows)


def is_value(tag: int, raw: bytes, value: Value) -> bool:
    """Whether `value` is what these octets say by ITU-T X.690 and RFC 2578; 32-bit types are unsigned."""
    if tag in (0x04, 0x40):
        return value == raw
    if tag == 0x06:
        try:
            return value == reference.oid_of(raw)
        except reference.NotBerError:
            return False
    signed = int.from_bytes(raw, "big", signed=True)
    if tag in (0x41, 0x42, 0x43):
        return value == (signed % 2**32 if len(raw) == 4 else signed) and 0 <= value < 2**32
    return tag in (0x02, 0x46) and value == signed


def _secure(tally: Tally, chance: random.Random, printer: Printer, question: Pdu) -> Iterator[None]:
    user = chance.choice(USERS)
    engine = printer.engine
    assert engine is not None
    known = Known(engine.id, engine.boots, engine.time(), 0.0, proved=True)
    ask = SecureAsk(user, known, "", question, lambda: 0.0)
    (good,) = printer.answers(ask.datagram)
    end = len(good)
    for _ in range(20):
        data = damaged(good, chance)
        try:
            answer = ask.accept(data)
        except Malformed:
            tally.seen["malformed"] += 1
        else:
            if isinstance(answer, Answer):
                tally.seen["signed and whole"] += 1
                if data[:end] != good:
                    tally.fault("an altered signed answer was believed", data)
            else:
                tally.seen["not believed"] += 1
        yield


# Whole conversations


def _conversation(tally: Tally, chance: random.Random) -> int:
    """One round with a device whose every answer may be damaged; how many datagrams it took."""
    credentials: Credentials = chance.choice((COMMUNITY, COMMUNITY, COMMUNITY, *USERS))
    own = office(chance.randrange(50))
    printer = Printer(own, engine=Engine(USERS), keep_log=False)
    share = chance.choice((0.1, 0.5, 1.0))
    conversation = Conversation(
        (credentials,), Remembered(), groups=What.EVERYTHING.value, attempts=3, now=lambda: 0.0
    )
    steps = conversation.reading()
    # of version 3 nothing but the printer's own rows may be believed
    signed = isinstance(credentials, User)
    said: dict[Oid, list[tuple[int, bytes]]] = (
        {name: [value] for name, value in own.items()} if signed else {}
    )
    sent, heard = 0, None
    while True:
        try:
            ask = steps.send(heard)
        except StopIteration:
            break
        heard = None
        if ask is None:
            continue
        sent += 1
        if sent > 2_000:
            tally.fault("a conversation without an end", b"")
            break
        for answer in printer.answers(ask.datagram):
            data = answer
            if chance.random() < share:
                plain = isinstance(credentials, Community) and chance.random() < 0.6
                data = _resized(answer, chance) if plain else damaged(answer, chance)
            try:
                heard = ask.accept(data)
            except Malformed:
                continue
            if isinstance(heard, Answer):
                for name, tag, raw in () if signed else _lenient(data).binds:
                    said.setdefault(name, []).append((tag, raw))
    tally.seen["conversations"] += 1
    tally.seen["in conversations"] += sent
    rows = conversation.collected.rows
    for kept, value in rows.items():
        if not any(kept[: len(row)] == row for row in LISTED):
            tally.fault(f"a row that is not on the list was kept: {kept}", b"")
        if not any(is_value(tag, raw, value) for tag, raw in said.get(kept, ())):
            tally.fault(f"a value that nobody said was kept: {kept} {value!r}", b"")
    walk = conversation.collected.walk()
    if walk is not None:
        _reported(tally, walk)
    return max(sent, 1)


def _reported(tally: Tally, walk: Walk) -> None:
    try:
        element = report.read(walk, observed_at=NOON).as_json()
    except WalkError:
        return
    tally.seen["reports"] += 1
    check(element)
