"""The shared socket: what one conversation does to others, and loops of other systems."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Generator
from typing import Any

import pytest

from metered.agent.collect import Collector, Outcome, Target, outcome_of
from metered.agent.conversation import Collected
from metered.agent.snmp.exchange import Exchange, Job, Run, key_of
from tests.agent.network import LONG, PUBLIC, SOON
from tests.agent.responder import Habits, Printer, serving
from tests.agent.simulated import office

Steps = Generator[Any, Any, Any]


class Echo:
    """Asks whatever answers to send something back."""

    def __init__(self, datagram: bytes = b"?") -> None:
        self.datagram = datagram

    def accept(self, data: bytes) -> bytes | None:
        return data


def _run(*conversations: Callable[[], Steps], timeout: float = 0.05) -> list[Job[int]]:
    """The finished jobs, in their order; the address is one where nobody answers."""

    async def finished() -> list[Job[int]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            async with Exchange(timeout) as exchange:
                jobs = [
                    Job(number, socket.AF_INET, ("127.0.0.1", port + number), begin())
                    for number, begin in enumerate(conversations)
                ]
                run = Run(exchange, jobs, packets_a_second=1e6, at_once=10)
                return sorted([job async for job in run.finished()], key=lambda job: job.subject)

    return asyncio.run(finished())


def test_a_fault_in_one_conversation_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Steps:
        yield Echo()
        raise ZeroDivisionError

    def whole() -> Steps:
        silence = yield Echo()
        return silence is None

    with caplog.at_level(logging.ERROR):
        first, second = _run(broken, whole)
    assert isinstance(first.failure, ZeroDivisionError)
    assert "the conversation with ('127.0.0.1'" in caplog.text
    assert (second.failure, second.result) == (None, True)


def test_such_a_fault_is_an_outcome_like_others() -> None:
    target = Target("127.0.0.1", (PUBLIC,))
    job = Job(target, socket.AF_INET, ("127.0.0.1", 161), iter(()))  # type: ignore[arg-type]
    job.failure = KeyError("gone")
    outcome = outcome_of(job)
    assert outcome.error == "a fault of the agent itself: KeyError"
    assert (outcome.walk, outcome.complete) == (None, False)


def test_those_set_aside_come_when_all_others_are_through_and_may_be_again() -> None:
    order: list[str] = []

    def aside() -> Steps:
        for time in ("first", "second", "third"):
            order.append(time)
            yield None
        return "done"

    def other() -> Steps:
        yield Echo()
        order.append("other")
        return "done"

    jobs = _run(aside, other, other)
    assert [job.result for job in jobs] == ["done"] * 3
    assert order == ["first", "other", "other", "second", "third"]


def test_nothing_is_waited_for_that_was_not_asked() -> None:
    async def strays() -> tuple[int, int]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.bind(("127.0.0.1", 0))
            asked.setblocking(False)

            def once() -> Steps:
                return (yield Echo(b"question"))

            async with Exchange(LONG) as exchange:
                job = Job(0, socket.AF_INET, asked.getsockname(), once())
                run = Run(exchange, [job], packets_a_second=1e6, at_once=1)
                waiting = asyncio.ensure_future(anext(run.finished()))
                question, back = await asyncio.get_running_loop().sock_recvfrom(asked, 100)
                assert question == b"question"
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                    stranger.bind(("127.0.0.1", 0))
                    stranger.sendto(b"forged", ("127.0.0.1", back[1]))
                while exchange.strays == 0:
                    await asyncio.sleep(0.01)
                assert job.result is None
                asked.sendto(b"answer", ("127.0.0.1", back[1]))
                assert (await waiting).result == b"answer"
                asked.sendto(b"late", ("127.0.0.1", back[1]))
                while exchange.strays == 1:
                    await asyncio.sleep(0.01)
                return exchange.strays, job.requests

    assert asyncio.run(strays()) == (2, 1)


class _WithoutReaders(asyncio.SelectorEventLoop):
    """As Windows' loop, which has sock_recvfrom but no readers."""

    def add_reader(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError

    def remove_reader(self, *_: Any) -> bool:
        raise NotImplementedError


def test_a_loop_without_readers_reads_all_the_same() -> None:
    async def read(ports: list[int]) -> list[Outcome]:
        targets = [Target("127.0.0.1", (PUBLIC,), port) for port in ports]
        async with Collector(timeout=SOON) as collector:
            return [outcome async for outcome in collector.round(targets)]

    printers = [*(Printer(office(which)) for which in range(3)), Printer(office(9), Habits(deaf_to=1))]
    with serving(printers) as ports, asyncio.Runner(loop_factory=_WithoutReaders) as runner:
        outcomes = runner.run(read(ports))
    assert [outcome.complete for outcome in outcomes] == [True] * 4


def test_an_address_with_a_zone_is_the_same_with_the_zones_name() -> None:
    assert key_of(("fe80::1%eth0", 161, 0, 2)) == key_of(("fe80::1", 161, 0, 2)) == ("fe80::1", 161, 2)
    assert key_of(("fe80::1", 161, 0, 3)) != key_of(("fe80::1", 161, 0, 2))
    assert key_of(("10.1.4.22", 161)) == ("10.1.4.22", 161)


def test_a_conversation_that_sends_nothing_is_a_result() -> None:
    def at_once() -> Steps:
        yield from ()
        return Collected(trouble="nowhere")

    (job,) = _run(at_once)
    assert job.result.trouble == "nowhere"
    assert job.requests == 0
