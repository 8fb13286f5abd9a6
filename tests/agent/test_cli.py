from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from metered.agent import VERSION, cli
from tests.agent.devices import HERE, ROOT
from tests.agent.telemetry import check

XEROX, LEXMARK = (str(HERE / f"{name}.snmprec") for name in ("xerox_versalink", "lexmark_cx725"))


def test_read_prints_one_report_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", XEROX]) == 0
    report = json.loads(capsys.readouterr().out)
    check(report)
    assert report["serial"] == "3TX481207"


def test_read_prints_several_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", XEROX, LEXMARK]) == 0
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [report["vendor"] for report in reports] == ["Lexmark", "Xerox"]


def test_read_takes_a_serial_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "--serial", f"{XEROX}=GIVEN=1", XEROX]) == 1
    assert "not among the files" in capsys.readouterr().err
    assert cli.main(["read", "--serial", f"{XEROX}=GIVEN1", XEROX]) == 0
    assert json.loads(capsys.readouterr().out)["serial"] == "GIVEN1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no command given"),
        (["frobnicate"], "there is no command 'frobnicate'"),
        (["raed", XEROX], "there is no command 'raed'"),
        (["read"], "required: files"),
        (["push", "http://127.0.0.1"], "required: files"),
        (["read", XEROX, "--serial", "nonsense"], "FILE=SERIAL"),
        (["read", XEROX, "--serial", f"{XEROX}=tök€n"], "is no serial number"),
        (["read", XEROX, "--serial", f"{XEROX}={'9' * 65}"], "is no serial number"),
        (["read", XEROX, "--frob"], "--frob"),
    ],
)
def test_what_is_not_understood_is_answered_with_help(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "push URL FILE…" in printed.err and words in printed.err


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["read", "--help"], ["push", "-h"]])
def test_help_is_for_people(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "read FILE…" in text and "METERED_AGENT_TOKEN" in text and "examples:" in text
    assert max(map(len, text.splitlines())) <= 110


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"metered-agent {VERSION}\n"


def test_a_missing_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "nowhere.snmprec"]) == 1
    assert capsys.readouterr().err == "metered-agent: nowhere.snmprec: no such file\n"


def test_the_program_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    """-S leaves site-packages out, -I the environment; any import of the rest of the project would show."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from metered.agent.cli import main\n"
        "status = main(sys.argv[1:])\n"
        "ours = [name for name in sys.modules if name.startswith('metered.')]\n"
        "sys.exit(status or any(not name.startswith('metered.agent') for name in ours))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, "read", XEROX],
        capture_output=True,
        cwd=tmp_path,
        check=False,
        env={"LC_ALL": "C", "PYTHONUTF8": "0"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["model"] == "VersaLink C7130"


def test_names_are_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "metered.agent", "read", str(HERE / "names.snmprec")],
        capture_output=True,
        cwd=ROOT,
        check=True,
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    )
    assert "Tóner magenta" in done.stdout.decode()
