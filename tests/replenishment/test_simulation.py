"""`python3 manage.py simulate` on fleets small enough for a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metered.replenishment.simulation import demand, family, report
from metered.replenishment.simulation.__main__ import main
from metered.replenishment.simulation.policies import Engine


def test_the_table_the_goals_and_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "frontier.svg"
    common = ["--devices", "15", "--days", "100", "--in-process"]
    assert main([*common, "--frontier", str(picture)]) == 0
    said = capsys.readouterr()
    for words in (
        "ours",
        "fixed:20",
        "fixed:10",
        "days left",
        "by yield",
        "knows the future",
        "out-days ÷",
        "cost gap",
        "false alarms",
        "missing month",
        "honest sites",
        "flags",
    ):
        assert words in said.out
    drawing = picture.read_text()
    assert drawing.startswith("<svg") and drawing.endswith("</svg>\n") and "risk 0.03" in drawing


def drawn(name: Any, devices: int, days: int) -> Any:
    rng = np.random.default_rng(5)
    fleet = family.draw(rng, devices, family.FAMILIES[name])
    return fleet, demand.draw(rng, fleet, days)


def test_the_same_seed_gives_every_policy_the_same_cartridges() -> None:
    fleet, wanted = drawn("other", 20, 60)
    first, second = (report.play(fleet, wanted, Engine(), 5) for _ in range(2))
    assert first.score.out_days == second.score.out_days
    assert first.outages == second.outages
