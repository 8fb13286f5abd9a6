"""The checks that aren't tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from launch import checks
from launch.paths import Checkout

SLASH = "/"


@pytest.mark.parametrize(
    "line",
    [
        f"see {SLASH}home/maria/metered",
        f'ROOT = "{SLASH}Users/li/code"',
        f"cd {SLASH}root/.cache",
        "--index-url https://{}.org/simple".format("pypi"),
        "https://files.{}.org/packages/ab/cd/x.whl".format("pythonhosted"),
    ],
)
def test_paths_and_hosts_of_machines_are_seen(line: str) -> None:
    assert checks.suspicious(line)


@pytest.mark.parametrize(
    "line",
    [
        "path('work/', view)",
        "the home page",
        "/var/lib/postgresql",
        "https://portal.example.com/home/",
        "/api/v1",
    ],
)
def test_ordinary_lines_are_not(line: str) -> None:
    assert not checks.suspicious(line)


def test_only_tracked_files_are_read(tmp_path: Path) -> None:
    line = f"log_file = '{SLASH}home/maria/metered.log'\n"
    for name in ("tracked.py", "private.py"):
        (tmp_path / name).write_text(line)
    for command in (["init", "-q"], ["add", "tracked.py"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert [found.split(":")[0] for found in checks.scan(Checkout(tmp_path))] == ["tracked.py"]


def test_all_checks_run_and_the_failing_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    outcomes = {"good": "pass", "bad": "raise SystemExit('because of this')", "late": "pass"}
    made = [checks.Check(name, [sys.executable, "-c", code]) for name, code in outcomes.items()]
    monkeypatch.setattr(checks, "all_checks", lambda checkout: made)
    assert checks.main(Checkout(tmp_path), []) == 1
    said = capsys.readouterr().out
    assert "passed  good" in said
    assert "FAILED  bad" in said
    assert "because of this" in said
    assert "passed  late" in said
    assert "1 of 3 checks failed: bad" in said
    assert checks.main(Checkout(tmp_path), ["good"]) == 0
