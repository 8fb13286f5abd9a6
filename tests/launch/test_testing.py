"""`manage.py test` passes on what pytest says."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from launch.testing import in_parallel
from tests import environment
from tests.databases import fingerprint, with_name

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, inner: str) -> subprocess.CompletedProcess[str]:
    """A command under servers of its own, without those of this test run."""
    code = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from launch import testing
        from launch.paths import Checkout
        command = [sys.executable, "-c", sys.argv[2]]
        sys.exit(testing.with_servers(Checkout(Path(sys.argv[1])), "test", command, durable=False))
        """
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(folder), inner],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_exit_code_is_passed_on_and_nothing_is_left(tmp_path: Path) -> None:
    done = run(tmp_path, "raise SystemExit(5)")
    assert done.returncode == 5, done.stderr
    assert not list((tmp_path / ".run").glob("test-*"))


def test_the_command_gets_both_servers(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "import os, psycopg, redis\n"
        "psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT 1')\n"
        "assert redis.Redis.from_url(os.environ['REDIS_URL']).ping()\n"
        "print('both answer')\n",
    )
    assert "both answer" in done.stdout, done.stderr


def test_a_killed_command_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "import os; os.kill(os.getpid(), 9)")
    assert done.returncode == 128 + 9


@pytest.mark.parametrize("chosen", [["-n", "0"], ["-n4"], ["--numprocesses=1"], ["--pdb", "tests/launch"]])
def test_a_chosen_number_of_workers_stays(chosen: list[str]) -> None:
    assert in_parallel(chosen) == []


def test_two_workers_otherwise() -> None:
    assert in_parallel(["tests/launch", "-k", "ports"])[:2] == ["-n", "3"]


def test_each_worker_has_its_own_number_on_a_private_valkey() -> None:
    url = "unix:///tmp/x/valkey.sock?db=0"
    assert environment.own_database_number(url, "gw0").endswith("?db=1")
    assert environment.own_database_number(url, "gw11").endswith("?db=12")


def test_the_template_changes_with_a_migration(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").write_text("")
    migrations = tmp_path / "metered" / "fleet" / "migrations"
    migrations.mkdir(parents=True)
    before = fingerprint(tmp_path)
    (migrations / "0001_start.py").write_text("operations = []\n")
    after = fingerprint(tmp_path)
    assert before != after
    assert fingerprint(tmp_path) == after


def test_only_the_name_of_a_database_url_changes() -> None:
    assert with_name("postgresql://m@/metered?host=/tmp/x", "other") == "postgresql://m@/other?host=/tmp/x"
