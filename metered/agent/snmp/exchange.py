"""The network: one UDP socket an address family, shared by all devices.

Jobs are conversations: generators that yield a datagram to send and are sent what came back. A datagram is
taken for an answer only if it comes from the address and port that was asked and the waiting request accepts
it. One request a device is outstanding, a bounded number in all, at a bounded pace. There is no task, future
or timer per request: that is what makes thousands of printers cheap.
"""

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable
from contextlib import suppress
from typing import Any, Generic, Protocol, Self, TypeVar, cast

from metered.agent.snmp.ber import Malformed

log = logging.getLogger(__name__)

Address = tuple[Any, ...]
"""As the socket module has it: (host, port), for IPv6 (host, port, flow, scope)."""

RECEIVE_BUFFER = 4 * 1024 * 1024
LARGEST_DATAGRAM = 65_535
READS_AT_ONCE = 256
"""Datagrams read before others in the loop have their turn."""
GATHERED = 0.004
"""Seconds for which answers gather while they come one upon the other."""
SEND_AGAIN = 0.005
"""Seconds after which a full send buffer is tried again."""
BURST = 0.01
"""Seconds by which a fast pace may fall behind and catch up; the loop's timers are no finer."""

T = TypeVar("T")


class Ask(Protocol):
    """A datagram to send; `accept` gives the answer that a received one holds, None for none of ours, or
    raises Malformed."""

    @property
    def datagram(self) -> bytes: ...

    def accept(self, data: bytes) -> Any: ...


class Pace:
    """At most so many packets a second, evenly: no second has more."""

    def __init__(self, packets_a_second: float) -> None:
        self.interval = 1 / packets_a_second
        self._next = 0.0
        self._slack = BURST if self.interval < BURST else 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next packet may be sent: 0 or less means now."""
        return self._next - now

    def sent(self, now: float) -> None:
        self._next = max(self._next, now - self._slack) + self.interval


class Job(Generic[T]):
    """One conversation. `result` when it is over; `failure` if it broke by a fault of ours instead.

    `requests`: datagrams sent. `unsendable`: the system's words, when the last could not be sent.
    """

    __slots__ = (
        "address",
        "ask",
        "boxed",
        "failure",
        "family",
        "key",
        "requests",
        "result",
        "run",
        "steps",
        "subject",
        "unsendable",
    )

    def __init__(self, subject: T, family: int, address: Address, steps: Generator[Any, Any, Any]) -> None:
        self.subject, self.family, self.address, self.steps = subject, family, address, steps
        self.key = key_of(address)
        self.boxed = False
        self.ask: Ask | None = None
        self.run: Run[T] | None = None
        self.requests = 0
        self.result: Any = None
        self.failure: Exception | None = None
        self.unsendable: str | None = None


class Exchange:
    """The shared sockets. An async context manager; runs may overlap.

    `timeout`: seconds that an answer is waited for. `strays`: datagrams that were no awaited answer.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.strays = 0
        self._sockets: dict[int, socket.socket] = {}
        self._waiting: dict[Address, Job[Any]] = {}
        self._queued: dict[Address, deque[Job[Any]]] = {}
        # in order, for all wait equally long
        self._deadlines: deque[tuple[float, Job[Any], Ask]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._gathering: dict[socket.socket, asyncio.TimerHandle] = {}
        self._loop: asyncio.AbstractEventLoop

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()
        for timer in self._gathering.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for opened in self._sockets.values():
            with suppress(NotImplementedError):
                self._loop.remove_reader(opened)
            opened.close()
        self._sockets.clear()

    # Sending and waiting

    def send(self, job: Job[Any], now: float) -> bool:
        """Sends the job's datagram and waits for its answer; False when the send buffer is full.

        A job whose device another job is just talking to waits for its turn.
        """
        ask = job.ask
        assert ask is not None
        if self._waiting.setdefault(job.key, job) is not job:
            self._queued.setdefault(job.key, deque()).append(job)
            return True
        opened = self._sockets.get(job.family) or self._opened(job.family)
        try:
            opened.sendto(ask.datagram, job.address)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            # unreachable, not allowed, no such network: as good as no answer, and known at once
            job.unsendable = error.strerror or str(error)
            self._loop.call_soon(self._unanswered, job, ask)
            return True
        job.requests += 1
        job.unsendable = None
        self._deadlines.append((now + self.timeout, job, ask))
        if self._timer is None:
            self._set_timer()
        return True

    def release(self, job: Job[Any]) -> None:
        """The job is over or set aside: its device is free for another."""
        if self._waiting.get(job.key) is job:
            del self._waiting[job.key]
            queued = self._queued.get(job.key)
            if queued:
                following = queued.popleft()
                if not queued:
                    del self._queued[job.key]
                if following.run is not None:
                    following.run.ready(following)

    def forget(self, job: Job[Any]) -> None:
        """The job is given up."""
        job.ask = None
        queued = self._queued.get(job.key)
        if queued and job in queued:
            queued.remove(job)
            if not queued:
                del self._queued[job.key]
        self.release(job)

    def _set_timer(self) -> None:
        self._timer = None
        if self._deadlines:
            seconds = max(self._deadlines[0][0] - time.monotonic(), 0.0)
            self._timer = self._loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        # What has come must not count as silence only because the loop was busy with something else
        if not self._tasks:
            for opened in self._sockets.values():
                self._read(opened)
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, job, ask = self._deadlines.popleft()
            self._unanswered(job, ask)
        self._set_timer()

    def _unanswered(self, job: Job[Any], ask: Ask) -> None:
        if job.ask is ask and job.run is not None:
            job.run.advance(job, None)

    # Receiving

    def _opened(self, family: int) -> socket.socket:
        opened = self._sockets[family] = socket.socket(family, socket.SOCK_DGRAM)
        opened.setblocking(False)
        with suppress(OSError):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        opened.bind(("", 0))
        try:
            self._loop.add_reader(opened, self._readable, opened)
        except NotImplementedError:  # Windows' loop has no readers
            self._tasks.append(self._loop.create_task(self._keep_reading(opened)))
        return opened

    def _readable(self, opened: socket.socket) -> None:
        self._loop.remove_reader(opened)
        self._gather(opened)

    def _gather(self, opened: socket.socket) -> None:
        """Reads, and again after GATHERED as long as there is something: while much comes, the loop goes
        round once for many datagrams and not once for each."""
        if self._read(opened):
            self._gathering[opened] = self._loop.call_later(GATHERED, self._gather, opened)
        else:
            self._gathering.pop(opened, None)
            self._loop.add_reader(opened, self._readable, opened)

    def _read(self, opened: socket.socket) -> int:
        """How many datagrams were there."""
        for number in range(READS_AT_ONCE):
            try:
                data, address = opened.recvfrom(LARGEST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return number
            except OSError:
                continue  # Windows tells here that some earlier datagram found nobody
            self._received(data, address)
        return READS_AT_ONCE

    async def _keep_reading(self, opened: socket.socket) -> None:
        while True:
            try:
                data, address = await self._loop.sock_recvfrom(opened, LARGEST_DATAGRAM)
            except OSError:
                continue
            self._received(data, address)

    def _received(self, data: bytes, address: Address) -> None:
        job = self._waiting.get(address if len(address) == 2 else key_of(address))
        if job is None or job.ask is None or job.run is None:
            self.strays += 1
            return
        try:
            reply = job.ask.accept(data)
        except Malformed:
            reply = None
        if reply is None:
            self.strays += 1
        else:
            job.run.advance(job, reply)


class Run(Generic[T]):
    """Jobs that are done together, `at_once` at a time, at one pace: first all, then those set aside.

    `jobs` is drawn from only as far as there is room; a job that needs time to be made (a name that must be
    looked up) is a coroutine.
    """

    def __init__(
        self,
        exchange: Exchange,
        jobs: Iterable[Job[T] | Coroutine[Any, Any, Job[T]]],
        *,
        packets_a_second: float,
        at_once: int,
    ) -> None:
        self._exchange = exchange
        self._jobs = iter(jobs)
        self._pace = Pace(packets_a_second)
        self._at_once = at_once
        self._active: set[Job[T]] = set()
        self._preparing: set[asyncio.Task[None]] = set()
        self._set_aside: list[Job[T]] = []
        self._outbox: deque[Job[T]] = deque()
        self._done: deque[Job[T]] = deque()
        self._something_done = asyncio.Event()
        self._drawing = False
        self._timer: asyncio.TimerHandle | None = None

    async def finished(self) -> AsyncGenerator[Job[T], None]:
        """Each job when it is over. No more are begun than are being fetched from here."""
        try:
            self._draw()
            while True:
                while self._done:
                    yield self._done.popleft()
                    self._draw()
                if not self._busy() and not self._done:
                    return
                self._something_done.clear()
                await self._something_done.wait()
        finally:
            self._give_up()

    def advance(self, job: Job[T], reply: Any) -> None:
        """Hands a reply (None for silence) to the conversation and goes on with what it wants next."""
        job.ask = None
        try:
            ask = job.steps.send(reply)
        except StopIteration as over:
            job.result = over.value
            self._over(job)
        except Exception as error:  # one device's oddity must not end the round of all the others
            log.exception("the conversation with %s broke", job.address)
            job.failure = error
            self._over(job)
        else:
            if ask is None:
                self._set_aside.append(job)
                self._stop(job)
            else:
                job.ask = ask
                self.ready(job)

    def ready(self, job: Job[T]) -> None:
        """The job has something to send."""
        if not job.boxed:
            job.boxed = True
            self._outbox.append(job)
            if self._timer is None:
                self._post()

    def _post(self) -> None:
        self._timer = None
        outbox, pace = self._outbox, self._pace
        while outbox:
            job = outbox[0]
            if job.ask is not None:
                now = time.monotonic()
                wait = pace.wait(now)
                if wait > 0:
                    return self._post_in(wait)
                if not self._exchange.send(job, now):
                    return self._post_in(SEND_AGAIN)
                pace.sent(now)
            outbox.popleft()
            job.boxed = False
        return None

    def _post_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._post)

    def _busy(self) -> bool:
        return bool(self._active or self._preparing)

    def _draw(self) -> None:
        """Begins jobs while there is room for them and for what they will give."""
        if self._drawing:
            return
        self._drawing = True
        while len(self._active) + len(self._preparing) < self._at_once and len(self._done) < self._at_once:
            job = next(self._jobs, None)
            if isinstance(job, Job):
                self._begin(job)
            elif job is not None:
                task = asyncio.get_running_loop().create_task(self._prepare(job))
                self._preparing.add(task)
            elif self._set_aside and not self._busy():
                self._jobs, self._set_aside = iter(self._set_aside), []
            else:
                break
        self._drawing = False

    async def _prepare(self, coming: Coroutine[Any, Any, Job[T]]) -> None:
        try:
            job = await coming
        finally:
            self._preparing.discard(cast("asyncio.Task[None]", asyncio.current_task()))
        self._begin(job)

    def _begin(self, job: Job[T]) -> None:
        job.run = self
        self._active.add(job)
        self.advance(job, None)

    def _over(self, job: Job[T]) -> None:
        self._done.append(job)
        self._something_done.set()
        self._stop(job)

    def _stop(self, job: Job[T]) -> None:
        self._active.discard(job)
        self._exchange.release(job)
        self._draw()

    def _give_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._preparing:
            task.cancel()
        for job in (*self._active, *self._set_aside):
            self._exchange.forget(job)
            job.steps.close()
        self._active.clear()


def key_of(address: Address) -> Address:
    """What identifies a device's address: an IPv6 address without its zone's name, with the zone's number."""
    if len(address) == 2:
        return address
    host, port, _, scope = address
    return host.partition("%")[0], port, scope
