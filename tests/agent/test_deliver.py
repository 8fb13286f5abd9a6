"""From a real spool over real HTTP: what leaves, what stays, and how long until the next try."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from metered.agent import secret
from metered.agent.backoff import LAST, LONGEST_ASKED, Backoff
from metered.agent.deliver import Delivery, Step, is_older
from metered.agent.portal import Portal as Connection
from metered.agent.spool import Spool
from tests.agent.devices import NOON
from tests.agent.portal import PROBLEM, Portal, serving
from tests.agent.spools import accepted, reading, readings, refused


@pytest.fixture
def portal() -> Iterator[Portal]:
    with serving() as running:
        yield running


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture
def delivery(spool: Spool, portal: Portal, clock: Clock) -> Delivery:
    return Delivery(spool, Connection(portal.url), lambda: "agent-token", clock=clock, backoff=backoff())


def backoff() -> Backoff:
    return Backoff(random.Random(7))


def sent(portal: Portal) -> list[list[str]]:
    return [[report["serial"] for report in posted.json["reports"]] for posted in portal.posted]


def test_at_most_500_reports_a_post_the_oldest_first(
    spool: Spool, portal: Portal, delivery: Delivery
) -> None:
    spool.add(readings(1_100))
    steps = [delivery.step() for _ in range(4)]
    assert [step.taken for step in steps] == [500, 500, 100, 0]
    assert steps[0].wait == 0 and steps[3].wait is None
    assert [len(serials) for serials in sent(portal)] == [500, 500, 100]
    assert [serial for serials in sent(portal) for serial in serials] == [f"SN{n:05}" for n in range(1_100)]
    assert [posted.json["agent"]["sequence"] for posted in portal.posted] == [1, 2, 3]
    assert steps[0].said == "", "what is well needs no line"


def test_only_what_was_answered_leaves(spool: Spool, portal: Portal, delivery: Delivery) -> None:
    spool.add(readings(3))
    portal.will_answer(503)
    portal.will_answer(200, b"<html>hotel wifi</html>")
    portal.will_answer(200, accepted(2))
    for words in ("503", "not JSON", "answered for 2 of 3"):
        step = delivery.step()
        assert step.problem and words in step.said and step.wait and step.taken == 0
        assert spool.state().waiting == 3
    assert delivery.step().taken == 3
    assert len({posted.packed for posted in portal.posted}) == 1, "each time the same bytes"
    assert spool.state().waiting == 0 and spool.fact("problem") == ""


def test_a_lost_answer_is_the_same_batch_again_also_after_a_crash(
    spool: Spool, portal: Portal, clock: Clock, tmp_path: Path
) -> None:
    spool.add(readings(3))
    portal.will_answer(502)
    Delivery(spool, Connection(portal.url), lambda: "t", clock=clock).step()
    spool.close()
    clock.now += dt.timedelta(hours=5)
    after = Spool(tmp_path)
    after.add(readings(2, start=clock.now))
    Delivery(after, Connection(portal.url), lambda: "t", clock=clock).step()
    first, second = portal.posted
    assert first.packed == second.packed


def test_nobody_there(spool: Spool, clock: Clock) -> None:
    spool.add(readings(1))
    step = Delivery(spool, Connection("http://127.0.0.1:9"), lambda: "t", clock=clock).step()
    assert "Connection refused" in step.said and spool.state().waiting == 1


@pytest.mark.parametrize("asked", [30, 3000])
def test_the_portal_s_retry_after_is_waited_for(
    spool: Spool, portal: Portal, delivery: Delivery, asked: int
) -> None:
    spool.add(readings(1))
    portal.will_answer(429, {"title": "Too Many Requests"}, Retry_After=str(asked))
    wait = delivery.step().wait
    assert wait is not None and wait >= asked


def test_a_portal_that_asks_for_a_month_is_asked_again_in_an_hour() -> None:
    assert backoff().failed(30 * 86400) == LONGEST_ASKED


def test_waits_grow_to_a_quarter_of_an_hour_with_full_jitter() -> None:
    chance = random.Random(1)
    tries = [[each.failed() for _ in range(14)] for each in (Backoff(chance) for _ in range(2_000))]
    for turn in range(14):
        ceiling = min(2.0 ** (turn + 1), LAST)
        waits = [waited[turn] for waited in tries]
        assert all(1 <= wait <= ceiling for wait in waits)
        spread = sorted(waits)
        assert spread[100] < 1 + (ceiling - 1) * 0.1, "also short ones, or all agents come at once"
        assert spread[-100] > 1 + (ceiling - 1) * 0.9
    begun = Backoff(chance)
    for _ in range(9):
        begun.failed()
    begun.succeeded()
    assert begun.failed() <= 2


def test_a_refused_token_is_said_and_costs_nothing(spool: Spool, portal: Portal, delivery: Delivery) -> None:
    spool.add(readings(3))
    portal.will_answer(401, {"title": "Unauthorized", "detail": "No valid token."}, **PROBLEM)
    step = delivery.step()
    assert "enroll it again. All is kept" in step.said and step.problem
    assert step.wait is not None and step.wait >= LAST / 2
    assert spool.state().waiting == 3 and spool.fact("problem") == step.said
    assert delivery.step().taken == 3


def test_the_token_is_read_anew_for_every_try(
    spool: Spool, portal: Portal, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    delivery = Delivery(spool, Connection(portal.url), lambda: secret.read(file), clock=clock)
    spool.add(readings(1))
    step = delivery.step()
    assert "no token" in step.said and "enroll this agent" in step.said and portal.posted == []
    secret.write(file, "fresh")
    assert delivery.step().taken == 1
    assert portal.posted[0].headers["Authorization"] == "Bearer fresh"


def test_a_format_that_is_not_understood_is_kept(spool: Spool, portal: Portal, delivery: Delivery) -> None:
    spool.add(readings(2))
    portal.will_answer(422, {"title": "Schema not understood"}, **PROBLEM)
    step = delivery.step()
    assert "does not understand this agent's format; everything is kept" in step.said
    assert step.wait is not None and step.wait >= LAST / 2 and spool.state().waiting == 2


def test_too_large_is_halved_until_it_fits(spool: Spool, portal: Portal, delivery: Delivery) -> None:
    spool.add(readings(40))
    for _ in range(3):
        portal.will_answer(413, b"<html>a proxy</html>")
    steps: list[Step] = []
    while not steps or steps[-1].wait is not None:
        steps.append(delivery.step())
    sizes = [len(serials) for serials in sent(portal)]
    assert sizes[:4] == [40, 20, 10, 5] and sum(sizes[3:]) == 40
    assert sizes[4] > sizes[3], "and grows again"
    assert sum(step.taken for step in steps) == 40
    assert len({posted.json["agent"]["sequence"] for posted in portal.posted}) == len(portal.posted)


def test_one_report_that_is_no_batch_for_the_portal_is_found_and_set_aside(
    spool: Spool, portal: Portal, delivery: Delivery
) -> None:
    spool.add(readings(4))
    while form := spool.form(NOON, delivery._most):
        if "SN00002" in str(json.loads(form.body)["reports"]):
            portal.will_answer(400, {"title": "Malformed", "detail": "half a surrogate pair"}, **PROBLEM)
        delivery.step()
    (aside,) = spool.aside()
    assert (aside.serial, aside.reason) == ("SN00002", "malformed_batch") and "surrogate" in aside.detail
    assert spool.state().waiting == 0


def test_a_proxy_that_does_not_like_the_request_costs_no_reading(
    spool: Spool, portal: Portal, delivery: Delivery
) -> None:
    spool.add(readings(1))
    for status in (400, 413, 404, 407):
        portal.will_answer(status, b"<html>proxy</html>")
        assert delivery.step().problem
    assert spool.state().waiting == 1 and spool.aside() == []


def test_what_is_refused_and_warned_of_is_told(spool: Spool, portal: Portal, delivery: Delivery) -> None:
    spool.add(readings(3))
    warning = {"index": 1, "serial": "SN00001", "reason": "meter_held", "detail": "mono is 12 below"}
    portal.will_answer(
        200,
        accepted(3, warnings=[warning], minimum_agent_version="9.1")
        | {"refused": [refused(0, "SN00000", "unknown_serial")]},
    )
    step = delivery.step()
    assert step.taken == 2
    assert step.said == (
        "refused SN00000: unknown_serial;"
        " the portal asks for metered-agent 9.1 or later, and this is 1.0.0: please update"
    )
    spool.add([reading("OTHER1")])
    portal.will_answer(200, accepted(1, minimum_agent_version="9.1"))
    assert delivery.step().said == "", "once, not with every batch"
    (told,) = spool.warnings()
    assert (told.serial, told.reason, told.detail) == ("SN00001", "meter_held", "mono is 12 below")
    assert spool.fact("minimum_agent_version") == "9.1"


def test_a_quiet_agent_says_once_an_hour_that_it_lives(
    spool: Spool, portal: Portal, delivery: Delivery, clock: Clock
) -> None:
    assert delivery.step().wait == 0, "the first thing at all"
    for _ in range(6):
        clock.now += dt.timedelta(minutes=10)
        delivery.step()
    assert sent(portal) == [[], []]
    spool.add([reading()])
    delivery.step()
    clock.now += dt.timedelta(minutes=50)
    assert delivery.step().wait is None
    assert sent(portal)[2:] == [["3TX481207"]]


def test_a_heartbeat_that_is_not_answered_leaves_nothing_behind(
    spool: Spool, portal: Portal, delivery: Delivery
) -> None:
    portal.will_answer(503)
    assert delivery.step().wait
    spool.add([reading()])
    assert delivery.step().taken == 1
    assert sent(portal) == [[], ["3TX481207"]]


def test_versions_compare_by_number() -> None:
    assert is_older("1.9.0", "1.10") and is_older("1.0.0", "2")
    assert not any(is_older("1.0.0", than) for than in ("1.0.0", "1", "0.9.9", "", "soon", "1.0.0rc1"))


def test_what_is_told_is_for_the_portal_s_own_reader(
    spool: Spool, portal: Portal, delivery: Delivery
) -> None:
    wire = pytest.importorskip("metered.reads.wire")
    spool.add(readings(3))
    delivery.step()
    batch = wire.decode(portal.posted[0].body)
    assert [type(each).__name__ for each in batch.reports] == ["Report"] * 3
    assert json.loads(portal.posted[0].body)["agent"]["status"]["spooled"] == 3
