"""Discovery: who is there, by one GET an address."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Sequence

import pytest

from metered.agent.collect import Collector, Memory, Target
from metered.agent.discover import Found, discover
from metered.agent.snmp.credentials import Community, Credentials, User
from metered.agent.snmp.exchange import Pace
from tests.agent.devices import HERE, RECORDINGS, ROOT, needs_recordings
from tests.agent.network import PUBLIC, SOON
from tests.agent.responder import Engine, Habits, Printer, recorded, serving
from tests.agent.simulated import ENTERPRISES, PRINTER, SYSTEM, Rows, number, object_id, office, text

USER = User("reader", "sha1", "a long password")


def _discover(
    printers: Sequence[Printer], *credentials: Credentials, memory: Memory | None = None
) -> list[Found | None]:
    """What was found of each printer, in their order. They have one address and many ports, so one each."""

    async def each(ports: Sequence[int]) -> list[Found | None]:
        async with Collector(timeout=SOON, memory=memory) as collector:
            found = [
                [one async for one in discover(collector, ["127.0.0.1"], credentials or (PUBLIC,), port)]
                for port in ports
            ]
        assert all(len(one) <= 1 for one in found)
        return [one[0] if one else None for one in found]

    with serving(printers) as ports:
        return asyncio.run(each(ports))


def _switch() -> Rows:
    return {
        (*SYSTEM, 1, 0): text("3Com SuperStack 3"),
        (*SYSTEM, 2, 0): object_id(*ENTERPRISES, 43, 10, 27, 4, 1, 2, 11),
    }


def test_one_get_tells_a_printer_and_its_serial() -> None:
    printer, memory = Printer(office(7)), Memory()
    (found,) = _discover([printer], memory=memory)
    assert found is not None
    assert (found.serial, found.model, found.vendor) == ("3TX000007", "VersaLink C7130", "Xerox")
    assert found.printer
    assert found.credentials == PUBLIC
    assert printer.heard == 1
    assert memory.of(found.host, found.port).version == "2c"


def test_nobody_gets_more_than_one_get() -> None:
    nobody = Printer(office(7), Habits(dead=True))
    assert _discover([nobody]) == [None]
    assert nobody.heard == 1
    deaf = Printer(office(7), Habits(community=b"secret"))
    assert _discover([deaf], PUBLIC, Community("other")) == [None]
    assert deaf.heard == 2, "one for each of the credentials"


def test_those_nobody_answered_leave_no_memory() -> None:
    memory = Memory()
    _discover([Printer(office(7), Habits(dead=True))], memory=memory)
    assert len(memory) == 0


def test_other_devices_are_told_from_printers() -> None:
    (switch,) = _discover([Printer(_switch())])
    assert switch is not None
    assert not switch.printer
    assert switch.serial is None


def test_the_credentials_that_were_answered_are_named() -> None:
    printers = [
        Printer(office(1), Habits(community=b"inner")),
        Printer(office(2), engine=Engine([USER])),
        Printer(office(3), Habits(versions=(0,))),
    ]
    credentials = (Community("inner"), USER, Community("public", "1"))
    found = _discover(printers, *credentials)
    assert [one.credentials if one else None for one in found] == [
        credentials[0],
        credentials[1],
        credentials[2],
    ]
    assert [one.serial if one else None for one in found] == ["3TX000001", "3TX000002", "3TX000003"]


def test_a_serial_of_the_makers_and_tables_with_other_indexes_are_looked_for() -> None:
    rows = {name: value for name, value in office(7).items() if name[:7] != PRINTER}
    maker = Printer(rows)
    moved: Rows = {
        (*SYSTEM, 1, 0): text("something"),
        (*SYSTEM, 2, 0): object_id(*ENTERPRISES, 99_999, 1),
        (*PRINTER, 5, 1, 1, 17, 2): text("ZZ12345"),
        (*PRINTER, 10, 2, 1, 4, 2, 1): number(5),
    }
    found = _discover([maker, Printer(moved)])
    assert [(one.serial, one.printer) if one else None for one in found] == [
        ("3TX000007", True),
        ("ZZ12345", True),
    ]
    assert maker.heard <= 3


def test_what_was_discovered_is_collected_with_the_right_credentials_at_once() -> None:
    printer = Printer(office(7), Habits(community=b"inner"))

    async def both(port: int) -> tuple[bool, int]:
        credentials = (PUBLIC, Community("inner"))
        async with Collector(timeout=SOON) as collector:
            async for _ in discover(collector, ["127.0.0.1"], credentials, port):
                pass
            printer.heard = 0
            targets = [Target("127.0.0.1", credentials, port)]
            outcomes = [outcome async for outcome in collector.round(targets)]
            return outcomes[0].complete, printer.heard

    with serving([printer]) as ports:
        assert asyncio.run(both(ports[0])) == (True, 4)


@needs_recordings
def test_the_real_recordings_are_found_with_the_serials_that_their_reports_have() -> None:
    from tests.agent.test_recordings import DEVICES

    alone = [name for name in DEVICES if name != "hp_v3context"]
    found = _discover([Printer(recorded((RECORDINGS / f"{name}.snmprec").read_bytes())) for name in alone])
    assert [one.serial if one else "nothing" for one in found] == [DEVICES[name][2] for name in alone]
    assert all(one and one.printer for one in found)


def test_the_made_recordings_are_all_found() -> None:
    files = sorted(HERE.glob("*.snmprec"))
    found = _discover([Printer(recorded(file.read_bytes())) for file in files])
    assert all(one and one.printer for one in found)


@pytest.mark.parametrize(("rate", "in_any_second"), [(50, 50), (7, 7), (1000, 1010)])
def test_no_second_has_more_packets_than_the_pace_allows(rate: int, in_any_second: int) -> None:
    pace, now, sent = Pace(rate), 100.0, []
    for step in range(20_000):
        now += (
            (0.0003, 0.004, 0.0, 0.05)[step % 4] if step % 500 else 1.5
        )  # bursts, and pauses that save nothing up
        if pace.wait(now) <= 0:
            pace.sent(now)
            sent.append(now)
    assert len(sent) > 1000
    for at, first in enumerate(sent):
        assert bisect_left(sent, first + 1 - 1e-9) - at <= in_any_second


PROBE = """\
import asyncio, json, socket, sys
seen = set()
def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        seen.add((event, arguments[0].type == socket.SOCK_DGRAM, arguments[0].family == socket.AF_UNIX))
sys.addaudithook(hook)
from metered.agent.collect import Collector
from metered.agent.discover import discover
from metered.agent.snmp.credentials import Community
async def main():
    async with Collector(timeout=0.05) as collector:
        async for _ in discover(collector, [f"127.0.0.{n}" for n in range(1, 9)], [Community("public")], 9):
            pass
asyncio.run(main())
print(json.dumps(sorted(seen)))
"""


def test_nothing_but_udp_is_ever_sent() -> None:
    told = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, check=True, text=True)
    seen = {tuple(event) for event in json.loads(told.stdout)}
    assert ("socket.sendto", True, False) in seen
    assert {event for event in seen if not event[1]} == set()
