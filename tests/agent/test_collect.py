"""The collector against printers as they are: limited, slow, lossy, wrong, silent."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import aclosing

import pytest

from metered.agent import asked, report
from metered.agent.collect import Collector, Memory, Outcome, Target, What
from metered.agent.conversation import MOST_REQUESTS, NO_ANSWER
from metered.agent.memory import GIVEN_UP_AFTER
from metered.agent.snmp.columns import FIRST_WITHOUT_BULK, LADDER, MOST_ROWS
from metered.agent.snmp.credentials import Community, User
from metered.agent.walk import Oid, Walk, oid
from tests.agent import reference
from tests.agent.devices import NOON
from tests.agent.network import PUBLIC, SOON, collect, collect_one
from tests.agent.responder import GET, GETBULK, GETNEXT, Engine, Habits, Printer, Responder, serving
from tests.agent.simulated import ASKED_VALUES, PRINTER, number, office

LISTED = [oid(row.oid) for row in (*asked.COLUMNS, *asked.SCALARS)]
LEVEL: Oid = (*PRINTER, 11, 1, 1, 9)
USER = User("reader", "sha256", "a long password", "aes256", "another password")


def _expected(which: int) -> object:
    """The report of `office(which)`, from its rows without any network."""
    rows = {name: _value(tag, content) for name, (tag, content) in office(which).items()}
    return report.read(Walk(rows), observed_at=NOON).as_json()


def _value(tag: int, content: bytes) -> int | bytes | Oid:
    if tag == 0x04:
        return content
    return reference.oid_of(content) if tag == 0x06 else int.from_bytes(content, "big", signed=tag == 0x02)


def _read(outcome: Outcome) -> object:
    assert outcome.walk is not None
    return report.read(outcome.walk, observed_at=NOON).as_json()


def _good(outcome: Outcome, which: int = 7) -> None:
    assert outcome.complete, outcome.error
    assert outcome.error is None
    assert _read(outcome) == _expected(which)


def test_sixty_values_take_at_most_five_requests_and_later_fewer() -> None:
    printer, memory = Printer(office(7)), Memory()
    first = collect_one(printer, memory=memory)
    _good(first)
    assert first.walk is not None
    assert len(first.walk) >= ASKED_VALUES
    assert printer.heard == first.requests <= 5
    printer.heard = 0
    again = collect_one(printer, memory=Memory.from_json(memory.as_json()))
    _good(again)
    assert printer.heard == again.requests <= 5


def test_what_is_remembered_is_by_address_and_saves_requests() -> None:
    printer = Printer(office(7))
    second = collect([printer], rounds=2)[0]
    _good(second)
    assert second.requests <= 3


def test_version_3_takes_at_most_five_requests_too_the_engines_discovery_included() -> None:
    printer = Printer(office(7), engine=Engine([USER]))
    outcome = collect_one(printer, USER)
    _good(outcome)
    assert printer.heard == outcome.requests <= 5
    assert collect([printer], USER, rounds=2)[0].requests <= 3


def _below(names: Sequence[Oid]) -> list[Oid]:
    """Those that are neither on the list nor below a column on it."""
    return [name for name in names if not any(name[: len(row)] == row for row in LISTED)]


@pytest.mark.parametrize("version", ["1", "2c"])
def test_nothing_is_asked_and_nothing_kept_that_is_not_on_the_list(version: str) -> None:
    printer = Printer(office(7))
    outcome = collect_one(printer, Community("public", "1" if version == "1" else "2c"))
    names = [name for _, names in printer.log for name in names]
    assert len(names) > 30
    assert _below(names) == []
    assert outcome.walk is not None
    assert _below([(1, *index) for index, _ in outcome.walk.under("1")]) == []


def test_supplies_alone_leave_the_counters_out() -> None:
    printer = Printer(office(7))
    outcome = collect([printer], what=What.SUPPLIES)[0]
    assert outcome.complete
    meters = [oid(row.oid) for row in (*asked.COLUMNS, *asked.SCALARS) if row.group == "meters"]
    names = [name for _, names in printer.log for name in names]
    assert not [name for name in names if any(name[: len(row)] == row for row in meters)]
    read, whole = report.read(outcome.walk or Walk({}), observed_at=NOON), _expected(7)
    assert isinstance(whole, dict)
    assert read.meters == ()
    assert read.as_json()["supplies"] == whole["supplies"]
    assert read.serial == "3TX000007"


@pytest.mark.parametrize(
    ("habits", "step"),
    [
        pytest.param(Habits(largest=600, too_big=True), range(1, FIRST_WITHOUT_BULK), id="tooBig"),
        pytest.param(Habits(silent_above=600), range(1, FIRST_WITHOUT_BULK + 1), id="large answers get lost"),
        pytest.param(Habits(bulk="error"), [FIRST_WITHOUT_BULK], id="GETBULK fails"),
        pytest.param(Habits(bulk="silent"), [FIRST_WITHOUT_BULK], id="GETBULK unanswered"),
        pytest.param(Habits(largest=484), [0], id="answers cut at a row"),
        pytest.param(Habits(largest=200, too_big=True), range(1, 8), id="hardly anything fits"),
    ],
)
def test_asks_for_less_where_it_is_too_much_and_remembers_it(habits: Habits, step: Sequence[int]) -> None:
    printer, memory = Printer(office(7), habits), Memory()

    async def twice(port: int) -> tuple[Outcome, Outcome, int]:
        target = Target("127.0.0.1", (PUBLIC,), port)
        async with Collector(timeout=SOON, memory=memory) as collector:
            first = [outcome async for outcome in collector.round([target])]
            printer.log.clear()
            second = [outcome async for outcome in collector.round([target])]
            return first[0], second[0], memory.of("127.0.0.1", port).step

    with serving([printer]) as ports:
        first, second, remembered = asyncio.run(twice(ports[0]))
    _good(first)
    _good(second)
    assert remembered in step
    kinds = {kind for kind, _ in printer.log}
    assert (GETBULK in kinds) == (remembered < FIRST_WITHOUT_BULK)
    assert (GETNEXT in kinds) == (remembered >= FIRST_WITHOUT_BULK)
    assert second.requests <= first.requests


def test_a_device_of_version_1_alone_is_found_and_remembered() -> None:
    printer = Printer(office(7), Habits(versions=(0,)))
    first = collect_one(printer, timeout=SOON)
    _good(first)
    unheard = printer.heard - len(printer.log)
    assert 1 <= unheard <= 4, "the attempts by version 2c"
    printer.heard, printer.log = 0, []
    second = collect([printer], rounds=2, timeout=SOON)[0]
    _good(second)
    assert {kind for kind, _ in printer.log} == {GET, GETNEXT}
    assert printer.heard - len(printer.log) == unheard, "only in the first of the two rounds"


def test_a_table_that_goes_round_in_circles_ends_and_is_not_complete() -> None:
    outcome = collect_one(Printer(office(7), Habits(circular=True)))
    assert not outcome.complete
    assert outcome.requests < 30
    assert outcome.error == "it answered in part"
    assert outcome.walk is not None
    read = report.read(outcome.walk, observed_at=NOON)
    assert not read.complete
    whole = _expected(7)
    assert isinstance(whole, dict)
    assert read.as_json()["supplies"] == whole["supplies"], "what was read before the circle is right"


def test_an_endless_table_ends() -> None:
    rows = office(7) | {(*LEVEL, 1, row): number(row) for row in range(6, 20_000)}
    outcome = collect_one(Printer(rows))
    assert not outcome.complete
    assert outcome.requests <= MOST_REQUESTS
    assert outcome.walk is not None
    assert len(outcome.walk.integers("1.3.6.1.2.1.43.11.1.1.9")) <= MOST_ROWS + LADDER[0].values


@pytest.mark.parametrize(
    "habits",
    [
        pytest.param(Habits(elsewhere=True), id="from another port"),
        pytest.param(Habits(other_id=True), id="another request id"),
        pytest.param(Habits(cut=3), id="cut short"),
        pytest.param(Habits(community=b"secret"), id="another community"),
        pytest.param(Habits(dead=True), id="dead"),
    ],
)
def test_what_is_no_answer_is_none(habits: Habits) -> None:
    outcome = collect([Printer(office(7), habits)], timeout=0.05)[0]
    assert (outcome.walk, outcome.complete, outcome.error) == (None, False, NO_ANSWER)


def test_strays_are_counted_and_doubled_or_padded_answers_are_answers() -> None:
    async def read(port: int) -> tuple[Outcome, int]:
        async with Collector(timeout=SOON) as collector:
            outcomes = [o async for o in collector.round([Target("127.0.0.1", (PUBLIC,), port)])]
            return outcomes[0], collector.strays

    with serving([Printer(office(7), Habits(doubled=True, padding=7))]) as ports:
        outcome, strays = asyncio.run(read(ports[0]))
    _good(outcome)
    assert strays >= outcome.requests - 1


def test_a_device_that_falls_silent_gives_what_it_told_and_is_not_complete() -> None:
    outcome = collect([Printer(office(7), Habits(deaf_after=2))], timeout=0.05)[0]
    assert not outcome.complete
    assert outcome.error == "it stopped answering midway"
    assert outcome.walk is not None
    assert not report.read(outcome.walk, observed_at=NOON).complete
    whole, part = _expected(7), _read(outcome)
    assert isinstance(whole, dict)
    assert isinstance(part, dict)
    assert [meter for meter in part["meters"] if meter not in whole["meters"]] == []


def test_a_device_that_wakes_up_is_read_in_the_second_pass() -> None:
    printer = Printer(office(7), Habits(deaf_to=1))
    _good(collect_one(printer, timeout=SOON))
    late = Printer(office(8), Habits(delay=0.2))
    outcome = collect([late], timeout=0.12)[0]
    _good(outcome, 8)


def test_the_dead_cost_little_and_less_when_they_stay_dead() -> None:
    dead, memory = Printer(office(1), Habits(dead=True)), Memory()

    async def rounds(port: int) -> list[int]:
        counts = []
        async with Collector(timeout=0.02, memory=memory) as collector:
            for _ in range(GIVEN_UP_AFTER + 2):
                before = dead.heard
                outcomes = [o async for o in collector.round([Target("127.0.0.1", (PUBLIC,), port)])]
                assert outcomes[0].error == NO_ANSWER
                counts.append(dead.heard - before)
        return counts

    with serving([dead]) as ports:
        counts = asyncio.run(rounds(ports[0]))
    assert counts[0] == 7, "one, then three each by version 2c and 1"
    assert counts[GIVEN_UP_AFTER:] == [3, 3], "one, then one each"


def test_the_right_credentials_are_found_among_several_and_remembered() -> None:
    printer = Printer(office(7), Habits(community=b"inner"))
    memory = Memory()

    async def twice(port: int) -> tuple[Outcome, int]:
        credentials = (PUBLIC, Community("other"), Community("inner"))
        async with Collector(timeout=0.05, memory=memory) as collector:
            for _ in range(2):
                printer.heard = 0
                outcomes = [o async for o in collector.round([Target("127.0.0.1", credentials, port)])]
            return outcomes[0], printer.heard

    with serving([printer]) as ports:
        outcome, heard = asyncio.run(twice(ports[0]))
    _good(outcome)
    assert heard <= 4
    assert "inner" not in str(memory.as_json())


def test_one_request_a_device_and_a_bounded_number_in_all() -> None:
    printers = [Printer(office(which), Habits(delay=0.01)) for which in range(24)]
    responder = Responder(printers)

    async def read(ports: Sequence[int]) -> list[Outcome]:
        # every device twice, by address and by name
        targets = [Target(host, (PUBLIC,), port) for port in ports for host in ("127.0.0.1", "localhost")]
        async with Collector(packets_a_second=20_000, at_once=6, timeout=1) as collector:
            return [outcome async for outcome in collector.round(targets)]

    thread = threading.Thread(target=responder.serve, daemon=True)
    thread.start()
    outcomes = asyncio.run(read(responder.ports))
    responder.stop()
    thread.join()
    responder.close()
    assert len(outcomes) == 48
    assert all(outcome.complete for outcome in outcomes)
    assert {printer.most_waiting for printer in printers} == {1}
    assert 1 < responder.most_waiting <= 6


def test_a_tenth_of_all_datagrams_lost_costs_no_device() -> None:
    printers = [Printer(office(which), Habits(loss=0.1), keep_log=False) for which in range(50)]
    outcomes = collect(printers, timeout=0.3, retries=5, at_once=50, seed=3)
    for which, outcome in enumerate(outcomes):
        _good(outcome, which)
    assert sum(outcome.requests for outcome in outcomes) > 50 * 4, "something was lost"


def test_names_are_looked_up_and_one_without_an_address_is_said() -> None:
    assert collect([Printer(office(7))], host="127.0.0.1")[0].complete

    async def read(port: int) -> list[Outcome]:
        targets = [Target("localhost", (PUBLIC,), port), Target("no-printer.invalid", (PUBLIC,), port)]
        async with Collector(timeout=SOON) as collector:
            return [outcome async for outcome in collector.round(targets)]

    with serving([Printer(office(7))]) as ports:
        outcomes = {outcome.target.host: outcome for outcome in asyncio.run(read(ports[0]))}
    _good(outcomes["localhost"])
    assert (outcomes["no-printer.invalid"].error or "").startswith(
        "the name no-printer.invalid has no address"
    )


def test_what_cannot_be_sent_is_said_at_once() -> None:
    async def read() -> Outcome:
        async with Collector(timeout=30) as collector:
            # broadcasts are not allowed without being asked for
            targets = [Target("255.255.255.255", (PUBLIC,))]
            (outcome,) = [outcome async for outcome in collector.round(targets)]
            return outcome

    outcome = asyncio.run(read())
    assert (outcome.error or "").startswith("nothing can be sent there: ")
    assert outcome.requests == 0


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6() -> None:
    _good(collect([Printer(office(7))], host="::1")[0])


def test_a_round_that_is_left_early_leaves_nothing_behind() -> None:
    async def read(ports: Sequence[int]) -> list[Outcome]:
        targets = [Target("127.0.0.1", (PUBLIC,), port) for port in ports]
        async with Collector(timeout=SOON) as collector:
            async with aclosing(collector.round(targets)) as outcomes:
                async for _ in outcomes:
                    break
            return [outcome async for outcome in collector.round(targets)]

    with serving([Printer(office(which), Habits(delay=0.01)) for which in range(8)]) as ports:
        outcomes = asyncio.run(read(ports))
    assert len(outcomes) == 8
    assert all(outcome.complete for outcome in outcomes)


def test_no_more_is_begun_than_somebody_fetches() -> None:
    """A slow reader of the outcomes must not make them pile up."""
    drawn = 0

    def endless(port: int) -> Iterator[Target]:
        nonlocal drawn
        while True:
            drawn += 1
            yield Target("127.0.0.1", (PUBLIC,), port)

    async def read(port: int) -> None:
        fetched = 0
        async with (
            Collector(timeout=SOON, at_once=4, packets_a_second=20_000) as collector,
            aclosing(collector.round(endless(port))) as outcomes,
        ):
            async for outcome in outcomes:
                assert outcome.complete
                fetched += 1
                await asyncio.sleep(0.05)
                assert drawn <= fetched + 3 * 4
                if fetched == 4:
                    break

    with serving([Printer(office(7))]) as ports:
        asyncio.run(read(ports[0]))


def test_a_collector_says_what_it_cannot_be_made_of() -> None:
    with pytest.raises(ValueError, match="pace"):
        Collector(packets_a_second=0)
