"""`run`: search, read and deliver at once until told to stop. `once`: each of them one time.

Three loops that share nothing but the spool: a portal that is away stops no reading, a printer that hangs
stops no delivery. What one loop cannot go on with (a disk that is full) it says, and tries again.
"""

import asyncio
import contextlib
import datetime as dt
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

from metered.agent import VERSION, rounds, secret
from metered.agent.collect import Collector, Memory, Target, What
from metered.agent.config import Config
from metered.agent.deliver import Delivery, Step
from metered.agent.discover import Found, discover
from metered.agent.networks import Addresses, NetworksError, addresses
from metered.agent.service import Notifier, stopped_by_signals
from metered.agent.snmp.credentials import Credentials
from metered.agent.spool import Spool, SpoolError
from metered.agent.spool_rows import Attempt, Printer

TICK = 30.0
"""Seconds between two looks at what is due. Shorter where the schedule is."""

STUCK = 900.0
"""Reading without an outcome, or delivery without an answer, for so long: no more signs of life are sent."""

ROOM_EVERY = 60.0
TIDY_EVERY = 3600.0
MEMORY_EVERY = 900.0
"""What the collector learnt is kept so often, and at the end: without it the next start only asks more."""

SUM_UP_EVERY = 600.0
AFTER_TROUBLE = 60.0
_log = logging.getLogger("metered.agent")


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Agent:
    """`credentials` are those of the configuration, read from their files."""

    def __init__(
        self,
        config: Config,
        credentials: tuple[Credentials, ...],
        spool: Spool,
        *,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        self._config = config
        self._credentials = credentials
        self._spool = spool
        self._clock = clock
        self._stop = asyncio.Event()
        self._read = asyncio.Event()
        self._notifier = Notifier()
        self._busy: dict[str, float] = {}
        self._memory_kept = self._tidied = time.monotonic()
        self._summed_up = float("-inf")
        self._tally: Counter[str] = Counter()
        self._delivery = Delivery(
            spool, config.connection(), lambda: secret.read(config.token_file), clock=clock
        )

    def stop(self) -> None:
        self._stop.set()
        self._read.set()

    async def run(self) -> None:
        """Until `stop`, SIGTERM or Ctrl-C. What was read by then is kept."""
        with stopped_by_signals(self.stop):
            async with self._collecting() as collector:
                _log.info("metered-agent %s: %s", VERSION, self._known())
                self._notifier.ready()
                loops = {
                    "searching": self._searching,
                    "reading": self._reading,
                    "delivering": self._delivering,
                    "tidying": self._tidying,
                }
                async with asyncio.TaskGroup() as tasks:
                    for name, loop in loops.items():
                        tasks.create_task(self._again_and_again(name, loop, collector))
                    tasks.create_task(self._signs_of_life())
                self._notifier.stopping()
        self._sum_up()
        _log.info("stopped")

    async def once(self) -> bool:
        """Searches, reads every printer with meters, delivers all that waits; whether all of that worked."""
        with stopped_by_signals(self.stop):
            async with self._collecting() as collector:
                await self.search(collector)
                everything = self._spool.printers()
                read = True
                for start in range(0, len(everything), rounds.MOST):
                    if not self._stop.is_set():
                        asked = {What.EVERYTHING: everything[start : start + rounds.MOST]}
                        read = await self._round(collector, asked) and read
            delivered = await self._deliver_all()
            self._spool.make_room(self._clock())
            self._sum_up()
            return delivered and read and bool(everything)

    @contextlib.asynccontextmanager
    async def _collecting(self) -> AsyncIterator[Collector]:
        self._forget_unwanted()
        kept = self._spool.fact("memory")
        memory = Memory.from_json(json.loads(kept)) if kept else Memory()
        async with collecting(self._config, memory) as collector:
            try:
                yield collector
            finally:
                with contextlib.suppress(SpoolError):
                    self._spool.keep_fact("memory", json.dumps(memory.as_json()))

    def _forget_unwanted(self) -> None:
        """What the configuration does not name any more, or excludes now, is not asked again."""
        chosen = chosen_addresses(self._config)
        unwanted = [each for each in self._spool.printers() if each.host not in chosen]
        if unwanted:
            self._spool.forget(unwanted)
            _log.info("no longer in the networks: %s", ", ".join(each.host for each in unwanted))

    async def _again_and_again(
        self, name: str, step: Callable[[Collector], Awaitable[float]], collector: Collector
    ) -> None:
        """Calls `step`, which says for how many seconds to wait then; trouble with the disk is waited out."""
        while not self._stop.is_set():
            try:
                wait = await step(collector)
            except (SpoolError, NetworksError, OSError) as error:
                _log.error("%s: %s", name, error)
                wait = AFTER_TROUBLE
            self._busy.pop(name, None)
            await self._sleep(wait)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _signs_of_life(self) -> None:
        every = self._notifier.every
        while every is not None and not self._stop.is_set():
            stuck = [name for name, at in self._busy.items() if time.monotonic() - at > STUCK]
            if stuck:
                _log.error("%s made no step for %d minutes", " and ".join(stuck), STUCK / 60)
            else:
                self._notifier.alive()
            await self._sleep(every)

    # Searching

    async def _searching(self, collector: Collector) -> float:
        every: float = self._config.printers.search_every
        last = self._spool.fact("searched_at")
        if last:
            since = (self._clock() - dt.datetime.fromisoformat(last)).total_seconds()
            if 0 <= since < every:
                return min(every - since, 3600.0)
        await self.search(collector)
        return TICK

    async def search(self, collector: Collector) -> list[Found]:
        """Asks every address of the configured networks; the printers found are kept as they come."""
        found: list[Found] = []
        async for each in searched(self._config, self._credentials, collector):
            if self._stop.is_set():
                return found
            if each.printer:
                found.append(each)
                self._keep_found([each])
        self._spool.keep_fact("searched_at", self._clock().isoformat())
        _log.info("searched: %s", _counted(len(found), "printer"))
        return found

    def _keep_found(self, found: Sequence[Found]) -> None:
        at = self._clock().replace(microsecond=0)
        for each in found:
            attempt = Attempt(each.host, each.port, at, False, each.serial, each.model, each.vendor)
            if self._spool.found([attempt]):
                _log.info(
                    "new: %s %s", each.host, " ".join(filter(None, (each.vendor, each.model, each.serial)))
                )

    # Reading

    async def _reading(self, collector: Collector) -> float:
        asked = rounds.due(self._spool.printers(), self._config.plan, self._clock())
        if not any(asked.values()):
            every: float = self._config.schedule.supplies_every
            return min(TICK, every / 4)
        await self._round(collector, asked)
        return 0.1

    async def _round(self, collector: Collector, asked: dict[What, list[Printer]]) -> bool:
        def alive() -> None:
            self._busy["reading"] = time.monotonic()

        alive()
        done = await rounds.ask(
            collector,
            asked,
            self._target,
            self._config.serials,
            clock=self._clock,
            stop=self._stop,
            alive=alive,
        )
        memory = None
        if time.monotonic() - self._memory_kept > MEMORY_EVERY:
            memory, self._memory_kept = json.dumps(collector.memory.as_json()), time.monotonic()
        await asyncio.to_thread(rounds.keep, self._spool, done, memory)
        for line in done.news:
            _log.warning("%s", line)
        self._tally.update(read=len(done.readings), failed=len(done.failed))
        self._read.set()
        return not done.failed

    def _target(self, printer: Printer) -> Target:
        return Target(printer.host, self._credentials, printer.port)

    # Delivering

    async def _delivering(self, _: Collector) -> float:
        self._read.clear()
        self._busy["delivering"] = time.monotonic()
        step = await asyncio.to_thread(self._delivery.step)
        self._busy.pop("delivering", None)
        self._tell(step)
        if step.wait is not None:
            return step.wait
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._read.wait(), TICK)
        return 0.0

    async def _deliver_all(self) -> bool:
        while not self._stop.is_set():
            step = await asyncio.to_thread(self._delivery.step)
            self._tell(step)
            if step.wait is None:
                return True
            if step.wait:
                return False
        return False

    def _tell(self, step: Step) -> None:
        self._tally.update(delivered=step.taken)
        if step.said:
            wait = f" Next try in {_time(step.wait)}." if step.wait else ""
            _log.log(logging.WARNING if step.problem else logging.INFO, "%s%s", step.said, wait)

    # The rest

    async def _tidying(self, _: Collector) -> float:
        lost = await asyncio.to_thread(self._spool.make_room, self._clock())
        if lost:
            _log.warning(
                "too much or too old to keep: levels or more of %s were dropped", _counted(lost, "reading")
            )
        if time.monotonic() - self._tidied > TIDY_EVERY:
            await asyncio.to_thread(self._spool.tidy, self._clock())
            self._tidied = time.monotonic()
        self._notifier.status(self._known())
        if time.monotonic() - self._summed_up > SUM_UP_EVERY:
            self._sum_up()
        return ROOM_EVERY

    def _sum_up(self) -> None:
        """One line for many rounds: what is well needs no more."""
        self._summed_up = time.monotonic()
        if self._tally.total():
            not_read = f" ({self._tally['failed']:,} not)" if self._tally["failed"] else ""
            _log.info(
                "read %s%s, delivered %s; %s wait",
                _counted(self._tally["read"], "printer"),
                not_read,
                _counted(self._tally["delivered"], "reading"),
                f"{self._spool.state().waiting:,}",
            )
            self._tally.clear()

    def _known(self) -> str:
        state = self._spool.state()
        return f"{_counted(state.printers, 'printer')}, {_counted(state.waiting, 'reading')} to deliver"


def collecting(config: Config, memory: Memory | None = None) -> Collector:
    """A collector as the configuration wants it."""
    told = config.collect
    return Collector(
        packets_a_second=told.packets_a_second,
        at_once=told.at_once,
        timeout=told.timeout,
        retries=told.retries,
        memory=memory,
    )


def chosen_addresses(config: Config) -> Addresses:
    """Where printers are looked for. Raises NetworksError."""
    told = config.printers
    return addresses(told.networks, told.exclude, at_most=told.at_most)


def searched(
    config: Config,
    credentials: tuple[Credentials, ...],
    collector: Collector,
    hosts: Iterable[str] | None = None,
) -> AsyncIterator[Found]:
    """What answers at `hosts`, without them in all the configured networks. Raises NetworksError."""
    asked = chosen_addresses(config) if hosts is None else hosts
    told = config.printers
    return discover(collector, asked, credentials, told.port, packets_a_second=told.packets_a_second)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
