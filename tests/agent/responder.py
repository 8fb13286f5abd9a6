"""Printers on loopback: recorded or made rows, served over UDP with the habits, good and bad, of real ones.

In a test: `with serving([Printer(rows)]) as ports`. As a process of its own, for benches:
`python -m tests.agent.responder --printers 2000` says its ports as one line of JSON and runs until its input
ends.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import resource
import selectors
import socket
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from metered.agent.snmp import ciphers, keys
from metered.agent.snmp.credentials import User
from tests.agent import reference as ber
from tests.agent.reference import Oid

GET, GETNEXT, RESPONSE, GETBULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5
NO_SUCH_INSTANCE, END = 0x81, 0x82
COUNTER64 = 0x46

Rows = Mapping[Oid, tuple[int, bytes]]
"""OID → tag and content of the value."""

TYPES = {
    "2": 0x02,
    "4": 0x04,
    "4x": 0x04,
    "6": 0x06,
    "64": 0x40,
    "64x": 0x40,
    "65": 0x41,
    "66": 0x42,
    "67": 0x43,
}
TYPES |= {"70": COUNTER64}


def recorded(content: bytes) -> dict[Oid, tuple[int, bytes]]:
    """The rows of a `*.snmprec` file, as the device would send them."""
    rows: dict[Oid, tuple[int, bytes]] = {}
    for line in content.split(b"\n"):
        line = line.removesuffix(b"\r")
        name, _, rest = line.partition(b"|")
        kind, _, raw = rest.partition(b"|")
        if not line.strip() or line.startswith(b"#") or kind.decode() not in TYPES:
            continue
        rows[_oid(name)] = TYPES[kind.decode()], _content(kind.decode(), raw)
    return rows


def _oid(dotted: bytes) -> Oid:
    return tuple(map(int, dotted.decode().strip(". ").split(".")))


def _content(kind: str, raw: bytes) -> bytes:
    if kind.endswith("x"):
        return bytes.fromhex(raw.decode())
    if kind == "4":
        return raw
    if kind == "64":
        return bytes(map(int, raw.split(b".")))
    if kind == "6":
        return ber.first(ber.oid(_oid(raw))).content
    return ber.first(ber.integer(int(raw))).content


@dataclass(frozen=True)
class Habits:
    """How a printer behaves; at first it does everything right and at once.

    `largest`: octets of an answer; beyond, GETBULK gives fewer rows, the rest is `tooBig`. `too_big`: GETBULK
    too answers `tooBig`. `silent_above`: larger answers get lost, as fragments do. `bulk`: "answers",
    "error" or "silent".
    """

    delay: float = 0.0
    loss: float = 0.0
    dead: bool = False
    versions: tuple[int, ...] = (0, 1)
    community: bytes = b"public"
    largest: int = 1472
    too_big: bool = False
    silent_above: int = 65_507
    bulk: str = "answers"
    circular: bool = False  # answers the first row of a column after its last
    elsewhere: bool = False  # answers from another port
    other_id: bool = False
    cut: int = 0  # octets missing at the end
    padding: int = 0
    doubled: bool = False
    deaf_after: int = 10**9  # requests that are answered before it falls silent
    deaf_to: int = 0  # requests at first that it does not hear
    v3_clock_back: bool = False  # its boots start over with the first request for rows


@dataclass
class Engine:
    """A printer's SNMPv3 side. Rows of further contexts stand in Printer.contexts."""

    users: Sequence[User]
    id: bytes = b"\x80\x00\x1f\x88\x04printer"
    boots: int = 3
    started: float = field(default_factory=time.monotonic)

    def time(self) -> int:
        return 1000 + int(time.monotonic() - self.started)


class Table:
    """Rows in order, each ready to be sent."""

    def __init__(self, rows: Rows) -> None:
        self.names = sorted(rows)
        self.binds = [ber.encode(0x30, ber.oid(name), ber.encode(*rows[name])) for name in self.names]
        self.counter64 = {name for name, (tag, _) in rows.items() if tag == COUNTER64}


class Printer:
    """One device. `heard`: datagrams; `log`: what was asked, as (kind, names); `most_waiting`: answers that
    were on their way at once."""

    def __init__(
        self,
        rows: Rows,
        habits: Habits = Habits(),
        *,
        contexts: Mapping[str, Rows] | None = None,
        engine: Engine | None = None,
        keep_log: bool = True,
    ) -> None:
        self.table = Table(rows)
        self.contexts = {name: Table(more) for name, more in (contexts or {}).items()}
        self.habits, self.engine = habits, engine
        self.heard = self.most_waiting = 0
        self.log: list[tuple[int, list[Oid]]] = []
        self._keep_log = keep_log
        self._known: dict[bytes, tuple[bytes, bytes] | None] = {}

    def answers(self, data: bytes) -> list[bytes]:
        """The datagrams that it sends back."""
        habits = self.habits
        self.heard += 1
        if habits.dead or self.heard > habits.deaf_after or self.heard <= habits.deaf_to:
            return []
        try:
            if _version(data) == 3:
                answer = self._secure(data)
            else:
                answer = self._plain(data) if self._keep_log else self._again(data)
        except ber.NotBerError:
            return []
        if answer is None or len(answer) > habits.silent_above:
            return []
        answer = answer[: len(answer) - habits.cut] + bytes(habits.padding)
        return [answer, answer] if habits.doubled else [answer]

    def _again(self, data: bytes) -> bytes | None:
        """What was answered to the same before, with the new id: a bench's printers must cost little."""
        at = _id_at(data)
        if data[at - 2 : at] != b"\x02\x04":
            return self._plain(data)
        question = data[:at] + data[at + 4 :]
        if question not in self._known:
            answer = self._plain(data)
            place = _id_at(answer) if answer else 0
            self._known[question] = (answer[:place], answer[place + 4 :]) if answer else None
        known = self._known[question]
        return known[0] + data[at : at + 4] + known[1] if known else None

    def _plain(self, data: bytes) -> bytes | None:
        asked = ber.message(data)
        if asked.version not in self.habits.versions or asked.community != self.habits.community:
            return None
        around = len(asked.community) + 30
        pdu = self._pdu(asked, self.table, self.habits.largest - around)
        if pdu is None:
            return None
        return ber.encode(0x30, ber.integer(asked.version), ber.encode(0x04, asked.community), pdu)

    def _pdu(self, asked: ber.Message, table: Table, room: int) -> bytes | None:
        """The response's PDU; None for silence."""
        habits = self.habits
        if self._keep_log:
            self.log.append((asked.kind, [name for name, _, _ in asked.binds]))
        request_id = asked.request_id + habits.other_id
        if asked.kind == GETBULK and asked.version >= 1:
            if habits.bulk == "silent":
                return None
            if habits.bulk == "error":
                return self._error(asked, request_id, GEN_ERR, 1)
            binds = self._bulk(asked, table)
            size = 0
            for at, bind in enumerate(binds):
                size += len(bind)
                if size > room:
                    if habits.too_big:
                        return self._error(asked, request_id, TOO_BIG, 0)
                    binds = binds[:at]
                    break
        elif asked.kind in (GET, GETNEXT):
            binds = []
            for at, (name, _, _) in enumerate(asked.binds, 1):
                found = self._get(name, table) if asked.kind == GET else self._next(name, table)
                if found is None and asked.version == 0:
                    return self._error(asked, request_id, NO_SUCH_NAME, at)
                missing = NO_SUCH_INSTANCE if asked.kind == GET else END
                binds.append(found or ber.encode(0x30, ber.oid(name), bytes([missing, 0])))
            if sum(map(len, binds)) > room:
                return self._error(asked, request_id, TOO_BIG, 0)
        else:
            return None
        return ber.encode(
            RESPONSE, ber.integer(request_id), ber.integer(0), ber.integer(0), ber.encode(0x30, *binds)
        )

    def _error(self, asked: ber.Message, request_id: int, error: int, index: int) -> bytes:
        binds = [ber.encode(0x30, ber.oid(name), b"\x05\x00") for name, _, _ in asked.binds]
        return ber.encode(
            RESPONSE,
            ber.integer(request_id),
            ber.integer(error),
            ber.integer(index),
            ber.encode(0x30, *([] if error == TOO_BIG else binds)),
        )

    def _get(self, name: Oid, table: Table) -> bytes | None:
        at = bisect_left(table.names, name)
        return table.binds[at] if at < len(table.names) and table.names[at] == name else None

    def _next(self, name: Oid, table: Table) -> bytes | None:
        at = self._after(name, table)
        return table.binds[at] if at < len(table.names) else None

    def _after(self, name: Oid, table: Table) -> int:
        at = bisect_right(table.names, name)
        if self.habits.circular and name in table.names:
            column = name[:-2]
            if at < len(table.names) and table.names[at][: len(column)] != column:
                return bisect_left(table.names, column)
        return at

    def _bulk(self, asked: ber.Message, table: Table) -> list[bytes]:
        """RFC 3416 section 4.2.3."""
        singles, repetitions = max(asked.error, 0), max(asked.index, 0)
        names = [name for name, _, _ in asked.binds]
        end = len(table.names)
        binds = []
        for name in names[:singles]:
            at = self._after(name, table)
            binds.append(table.binds[at] if at < end else ber.encode(0x30, ber.oid(name), b"\x82\x00"))
        places = [self._after(name, table) for name in names[singles:]]
        last = names[singles:]
        for repetition in range(repetitions):
            for column, at in enumerate(places):
                if at < end:
                    binds.append(table.binds[at])
                    last[column] = table.names[at]
                    if self.habits.circular:
                        places[column] = self._after(table.names[at], table)
                    else:
                        places[column] = at + 1
                else:
                    binds.append(ber.encode(0x30, ber.oid(last[column]), b"\x82\x00"))
            if places and min(places) >= end and repetition:
                break
        return binds

    # Version 3 (RFC 3414 section 3.2, the authoritative side)

    def _secure(self, data: bytes) -> bytes | None:
        if self.engine is None:
            return None
        _, header, security, scoped = ber.first(data).parts
        message_id, _, flag_octets, _ = header.parts
        flags = flag_octets.content[0]
        engine_id, boots, moment, name, digest, salt = ber.first(security.content, 0, security.start).parts
        back = _Back(self.engine, message_id.number())
        if engine_id.content != self.engine.id:
            return back.report(4)
        user = next((user for user in self.engine.users if user.name.encode() == name.content), None)
        if user is None:
            return back.report(3)
        if flags & 3 != (1 if user.auth else 0) + (2 if user.privacy else 0):
            return back.report(1)
        back.user = user
        if user.auth:
            unsigned = data[: digest.start] + bytes(len(digest.content)) + data[digest.stop :]
            if keys.digest(user.auth, back.authentication(), unsigned) != digest.content:
                back.user = None
                return back.report(5)
            late = abs(moment.number() - self.engine.time()) > 150
            if boots.number() != self.engine.boots or late:
                return back.report(2)
        inner = scoped
        if user.privacy:
            clear = ciphers.decrypt(
                user.privacy, back.privacy(), boots.number(), moment.number(), salt.content, scoped.content
            )
            try:
                inner = ber.first(clear)
                _, context, asked = inner.parts
            except ValueError:
                back.user = None
                return back.report(6)
        _, context, asked = inner.parts
        tables: dict[str, Table | None] = {"": self.table, **self.contexts}
        table = tables.get(context.content.decode())
        if table is None:
            return back.report(5, oid=(1, 3, 6, 1, 6, 3, 12, 1, 5, 0))
        if self.habits.v3_clock_back and self.heard == 2:
            self.engine.boots -= 1
            return None
        pdu = self._pdu(ber.pdu_of(asked), table, self.habits.largest - 150)
        return None if pdu is None else back.message(context.content, pdu)


class _Back:
    """What an engine sends back about one message; signed and encrypted as soon as its user is known."""

    def __init__(self, engine: Engine, message_id: int) -> None:
        self.engine, self.message_id = engine, message_id
        self.user: User | None = None

    def authentication(self) -> bytes:
        assert self.user and self.user.auth and self.user.auth_password
        return keys.authentication(self.user.auth, self.user.auth_password, self.engine.id)

    def privacy(self) -> bytes:
        assert self.user and self.user.auth and self.user.privacy and self.user.privacy_password
        return keys.privacy(self.user.privacy, self.user.auth, self.user.privacy_password, self.engine.id)

    def report(self, number: int, oid: Oid | None = None) -> bytes:
        counter = oid or (1, 3, 6, 1, 6, 3, 15, 1, 1, number, 0)
        bind = ber.encode(0x30, ber.oid(counter), ber.integer(1, 0x41))
        pdu = ber.encode(REPORT, ber.integer(0), ber.integer(0), ber.integer(0), ber.encode(0x30, bind))
        return self.message(b"", pdu, encrypted=False)

    def message(self, context: bytes, pdu: bytes, encrypted: bool = True) -> bytes:
        user = self.user
        auth = user.auth if user else None
        protocol = user.privacy if user and encrypted else None
        boots, moment = self.engine.boots, self.engine.time()
        scoped = ber.encode(0x30, ber.encode(0x04, self.engine.id), ber.encode(0x04, context), pdu)
        salt = b""
        if protocol:
            secret, salt = ciphers.encrypt(protocol, self.privacy(), boots, moment, scoped)
            scoped = ber.encode(0x04, secret)
        zeros = bytes(keys.DIGEST_OCTETS[auth]) if auth else b""
        before = ber.encode(0x04, self.engine.id) + ber.integer(boots) + ber.integer(moment)
        before += ber.encode(0x04, user.name.encode() if user else b"")
        flags = bytes([(1 if auth else 0) + (2 if protocol else 0)])
        header = ber.integer(self.message_id) + ber.integer(65507) + ber.encode(0x04, flags) + ber.integer(3)
        wholes: list[bytes] = []
        for digest in (zeros, None):
            signed = (
                zeros
                if digest is not None or auth is None
                else keys.digest(auth, self.authentication(), wholes[0])
            )
            security = ber.encode(0x30, before, ber.encode(0x04, signed), ber.encode(0x04, salt))
            wholes.append(
                ber.encode(0x30, ber.integer(3), ber.encode(0x30, header), ber.encode(0x04, security), scoped)
            )
        return wholes[1]


def _version(data: bytes) -> int:
    if len(data) < 8:
        raise ber.NotBerError("too short")
    return ber.first(data, _header(data, 0)).number()


def _header(data: bytes, at: int) -> int:
    """Octets of the tag and the length at `at`."""
    return 2 + (data[at + 1] & 0x7F if data[at + 1] >= 0x80 else 0)


def _id_at(data: bytes) -> int:
    """Where the content of the request id stands in a message of version 1 or 2c."""
    at = _header(data, 0)
    at += 2 + data[at + 1]  # the version
    at += _header(data, at) + data[at + 1]  # the community, of less than 128 octets
    return at + _header(data, at) + 2


class Responder:
    """Serves printers, each on a port of its own, from one thread. `ports` in the order of the printers;
    `most_waiting`: answers on their way at once, of all together.

    `at`: an address and a port for each, instead of a free port on `host`.
    """

    def __init__(
        self,
        printers: Sequence[Printer],
        *,
        host: str = "127.0.0.1",
        at: Sequence[tuple[str, int]] | None = None,
        seed: int = 0,
    ) -> None:
        self._random = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, socket.socket, bytes, tuple[str, int], Printer]] = []
        self._number = 0
        self._waiting: Counter[Printer] = Counter()
        self.most_waiting = 0
        self._sockets: list[socket.socket] = []
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._elsewhere = socket.socket(family, socket.SOCK_DGRAM)
        self._elsewhere.bind((host, 0))
        self.ports: list[int] = []
        for printer, place in zip(printers, at or [(host, 0)] * len(printers), strict=True):
            opened = socket.socket(family, socket.SOCK_DGRAM)
            opened.setblocking(False)
            opened.bind(place)
            self._sockets.append(opened)
            self._selector.register(opened, selectors.EVENT_READ, printer)
            self.ports.append(opened.getsockname()[1])

    def serve(self) -> None:
        """Until `stop`."""
        running = True
        while running:
            wait = max(self._due[0][0] - time.monotonic(), 0.0) if self._due else None
            for key, _ in self._selector.select(wait):
                if key.data is None:
                    running = False
                else:
                    self._heard(key.fileobj, key.data)  # type: ignore[arg-type]
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, _, through, answer, address, printer = heapq.heappop(self._due)
                self._waiting[printer] -= 1
                with suppress(OSError):
                    through.sendto(answer, address)

    def stop(self) -> None:
        self._wake.send(b"x")

    def close(self) -> None:
        for opened in (*self._sockets, self._elsewhere, self._wake, self._woken):
            opened.close()
        self._selector.close()

    def _heard(self, opened: socket.socket, printer: Printer) -> None:
        habits = printer.habits
        while True:
            try:
                data, address = opened.recvfrom(65_535)
            except OSError:
                return
            if habits.loss and self._random.random() < habits.loss:
                continue
            for answer in printer.answers(data):
                if habits.loss and self._random.random() < habits.loss:
                    continue
                self._number += 1
                through = self._elsewhere if habits.elsewhere else opened
                due = time.monotonic() + habits.delay
                heapq.heappush(self._due, (due, self._number, through, answer, address, printer))
                self._waiting[printer] += 1
                self.most_waiting = max(self.most_waiting, len(self._due))
                printer.most_waiting = max(printer.most_waiting, self._waiting[printer])


@contextmanager
def serving(printers: Sequence[Printer], *, host: str = "127.0.0.1", seed: int = 0) -> Iterator[list[int]]:
    """The printers' ports, while they are served from a thread of this process."""
    responder = Responder(printers, host=host, seed=seed)
    thread = threading.Thread(target=responder.serve, daemon=True)
    thread.start()
    try:
        yield responder.ports
    finally:
        responder.stop()
        thread.join()
        responder.close()


def main(arguments: Sequence[str]) -> int:
    from tests.agent.simulated import office

    parser = argparse.ArgumentParser()
    parser.add_argument("--printers", type=int, default=100)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--loss", type=float, default=0.01)
    parser.add_argument("--dead", type=float, default=0.05, help="share of the printers")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = asked.printers + 200
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    dead = int(asked.printers * asked.dead)
    printers = [
        Printer(
            office(number),
            Habits(delay=asked.delay, loss=asked.loss, dead=number < dead),
            keep_log=False,
        )
        for number in range(asked.printers)
    ]
    # the dead stand among the living, not in front
    random.Random(asked.seed).shuffle(printers)
    responder = Responder(printers, seed=asked.seed)
    thread = threading.Thread(target=responder.serve, daemon=True)
    thread.start()
    told = {"ports": responder.ports, "dead": [n for n, one in enumerate(printers) if one.habits.dead]}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    responder.stop()
    thread.join()
    usage = os.times()
    sys.stdout.write(json.dumps({"cpu": usage.user + usage.system}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
