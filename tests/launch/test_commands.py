"""What `manage.py` does with its first argument."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from launch import commands
from launch.venv import LOCKS

ROOT = Path(__file__).resolve().parents[2]


def manage(*arguments: str, debug: str = "1") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "METERED_NO_VENV": "1", "METERED_DEBUG": debug},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_need_names_a_lock() -> None:
    assert set(commands.NEEDS.values()) <= set(LOCKS)


def test_help_names_the_own_commands_and_djangos() -> None:
    done = manage("help")
    assert done.returncode == 0, done.stderr
    for word in ("demo", "test", "check_all", "lock", "makemigrations"):
        assert word in done.stdout


@pytest.mark.parametrize("asked", [["help"], ["prove", "browser", "--help"], ["bench", "-h"]])
def test_how_a_command_is_used_is_told_without_a_secret(asked: list[str]) -> None:
    done = manage(*asked, debug="0")
    assert done.returncode == 0 and "--help" in done.stdout, done.stderr


def test_djangos_commands_work_and_their_failures_are_passed_on() -> None:
    assert manage("check").returncode == 0
    done = manage("nonsense")
    assert done.returncode == 1
    assert "nonsense" in done.stderr


@pytest.mark.parametrize("wrong", [["lock", "--newest"], ["demo", "--frehs"]])
def test_a_mistyped_option_is_named(wrong: list[str]) -> None:
    done = manage(*wrong)
    assert done.returncode != 0
    assert wrong[1] in done.stdout + done.stderr
