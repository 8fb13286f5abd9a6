""".ci/run calls the same two commands as people do, and fails when one of them fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRETEND = """\
#!/bin/sh
case "$*" in
  *ensurepip*) exit 0 ;;
esac
echo "$* CI=$CI" >> "$CALLS"
case "$*" in
  *check_all*) exit $CHECKS ;;
  *) exit $TESTS ;;
esac
"""


@pytest.mark.parametrize(("checks", "tests", "code"), [(0, 0, 0), (1, 0, 1), (0, 5, 1), (1, 1, 1)])
def test_both_run_and_any_failure_counts(tmp_path: Path, checks: int, tests: int, code: int) -> None:
    for name, text in (
        ("python3", PRETEND),
        ("chromium", "#!/bin/sh\n"),
        ("chromium-headless-shell", "#!/bin/sh\n"),
    ):
        program = tmp_path / name
        program.write_text(text)
        program.chmod(0o755)
    calls = tmp_path / "calls"
    done = subprocess.run(
        [str(ROOT / ".ci" / "run")],
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "CALLS": str(calls),
            "CHECKS": str(checks),
            "TESTS": str(tests),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert calls.read_text().splitlines() == ["manage.py check_all CI=true", "manage.py test CI=true"]
