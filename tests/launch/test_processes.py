"""Only what a run started is ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_an_identity_tells_a_process_from_a_later_one() -> None:
    first = subprocess.Popen(SLEEP)
    begun = processes.identity(first.pid)
    assert begun is not None
    assert begun == processes.identity(first.pid)
    first.kill()
    while processes.identity(first.pid) is not None:  # a dead one that nobody waited for isn't alive
        time.sleep(0.01)
    first.wait()


def test_orphans_are_ended(tmp_path: Path, sleepers: list[subprocess.Popen[bytes]]) -> None:
    noted = subprocess.Popen(SLEEP)
    grandchild = subprocess.Popen(SLEEP, env={**os.environ, processes.RUN_VARIABLE: str(tmp_path)})
    sleepers += [noted, grandchild]
    processes.Register(tmp_path / "processes.json").note("web", noted.pid)
    assert processes.reap(tmp_path) == 2
    assert noted.wait(5) != 0
    assert grandchild.wait(5) != 0
    assert processes.reap(tmp_path) == 0


def test_a_stranger_with_the_same_id_is_left_alone(
    tmp_path: Path, sleepers: list[subprocess.Popen[bytes]]
) -> None:
    stranger = subprocess.Popen(SLEEP)
    sleepers.append(stranger)
    register = processes.Register(tmp_path / "processes.json")
    register.write({"web": (stranger.pid, "another boot 12345")})
    assert processes.reap(tmp_path) == 0
    assert stranger.poll() is None


def test_a_run_of_another_checkout_is_left_alone(
    tmp_path: Path, sleepers: list[subprocess.Popen[bytes]]
) -> None:
    other = subprocess.Popen(SLEEP, env={**os.environ, processes.RUN_VARIABLE: f"{tmp_path}-other"})
    sleepers.append(other)
    assert processes.reap(tmp_path) == 0
    assert other.poll() is None


def test_a_broken_register_counts_as_empty(tmp_path: Path) -> None:
    register = processes.Register(tmp_path / "processes.json")
    register.path.write_text('{"web": [1')
    assert register.alive() == {}


def test_the_caller_itself_is_never_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from launch.processes import reap\n"
        "print(reap(Path(sys.argv[1])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, processes.RUN_VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0")
