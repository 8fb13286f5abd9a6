"""`python -m metered.replenishment.serve` through its pipes (method part 3)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from metered.replenishment.simulation import demand, family
from metered.replenishment.simulation.policies import Engine, Process
from metered.replenishment.simulation.report import hello, run
from metered.replenishment.simulation.world import World
from metered.replenishment.simulation.yardsticks import ShipAt

COMMAND = [sys.executable, "-m", "metered.replenishment.serve"]


def serve(lines: Any) -> Any:
    data = b"".join(json.dumps(m).encode() + b"\n" for m in lines)
    return subprocess.run(COMMAND, input=data, capture_output=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def small() -> Any:
    rng = np.random.default_rng(3)
    fleet = family.draw(rng, 40)
    return fleet, demand.draw(rng, fleet, 60)


def messages(small: Any, days: Any) -> Any:
    fleet, wanted = small
    world = World(fleet, wanted, 3)
    out = [hello(fleet, wanted)]
    for t in range(days):
        out.append(world.step(t))
        world.take_orders(t, {"type": "orders", "day": t, "p": [], "n": []}, out[-1]["customer_orders"])
    return out


def test_forty_devices_for_sixty_days_without_a_protocol_error(small: Any) -> None:
    fleet, wanted = small
    process = Process()
    over_pipes = run(fleet, wanted, process, 3)
    here = run(fleet, wanted, Engine(), 3)
    assert over_pipes.seconds > 0
    # The process and the engine in memory are one implementation.
    assert [getattr(over_pipes, f) for f in ("out_days", "spare")] == [here.out_days, here.spare]


def test_the_same_input_gives_the_same_bytes_and_nothing_else_is_said(small: Any) -> None:
    lines = [*messages(small, 25), {"type": "end"}]
    first, second = serve(lines), serve(lines)
    assert first.returncode == 0
    assert first.stdout == second.stdout
    assert first.stderr == b""
    answers = [json.loads(line) for line in first.stdout.splitlines()]
    assert answers[0] == {"type": "ready"}
    assert [a["day"] for a in answers[1:]] == list(range(25))
    for a in answers[1:]:
        assert len(a["p"]) == len(a["n"])
        assert all(isinstance(n, int) and 1 <= n <= 30 for n in a["n"])
    assert any(a["p"] for a in answers[1:])


def test_a_forecast_is_given_on_forecast_days_and_is_in_order(small: Any) -> None:
    lines = messages(small, 5)
    lines[0]["forecast_days"] = [3]
    answers = [json.loads(line) for line in serve([*lines, {"type": "end"}]).stdout.splitlines()]
    assert [i for i, a in enumerate(answers) if a.get("forecast")] == [4]
    f = answers[4]["forecast"]
    assert len(f["s"]) == len(f["q10"]) > 0
    assert all(a <= b <= c for a, b, c in zip(f["q10"], f["q50"], f["q90"], strict=True))
    # Empty within tomorrow is empty in one day.
    assert all(days >= 1 and days % 1 == 0 for name in ("q10", "q50", "q90") for days in f[name])


def test_no_order_before_a_day_without_shipping(small: Any) -> None:
    """1 January 2024 is a Monday: evenings 4 and 5 (Friday, Saturday) are not before a working day."""
    answers = [json.loads(line) for line in serve(messages(small, 20)).stdout.splitlines()][1:]
    assert all(a["p"] == [] for a in answers if a["day"] % 7 in (4, 5))


@pytest.mark.parametrize(
    "break_it",
    [
        lambda m: m[0]["supplies"]["pool"].__setitem__(0, 10**6),
        lambda m: m[0]["devices"]["site"].pop(),
        lambda m: m[0].__setitem__("protocol", "fleet-replay/9"),
        lambda m: m[1].__setitem__("day", 7),
        lambda m: m[1]["levels"]["s"].append(-1),
        lambda m: m[1]["reports"].__setitem__("d", "x"),
        lambda m: m[1].__setitem__("removed", [10**6]),
        lambda m: m.__setitem__(1, {"type": "dance"}),
    ],
    ids=[
        "pool id",
        "column length",
        "protocol",
        "day order",
        "level column",
        "type",
        "removed id",
        "message",
    ],
)
def test_a_broken_message_ends_it_with_a_word_and_no_answer(small: Any, break_it: Any) -> None:
    lines = messages(small, 1)
    break_it(lines)
    result = serve(lines)
    assert result.returncode == 2
    assert result.stderr.startswith(b"fleet-replay: ")
    assert all(json.loads(line)["type"] == "ready" for line in result.stdout.splitlines())


def test_our_policy_beats_shipping_at_twenty_percent() -> None:
    rng = np.random.default_rng(8)
    fleet = family.draw(rng, 120)
    wanted = demand.draw(rng, fleet, 300)
    ours, theirs = run(fleet, wanted, Engine(), 8), run(fleet, wanted, ShipAt(), 8)
    assert ours.out_days < 0.5 * theirs.out_days
    assert ours.shipments < 0.75 * theirs.shipments
    assert ours.cost < theirs.cost
