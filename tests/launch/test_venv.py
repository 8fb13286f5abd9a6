"""The checkout's own environment, installed for real from a package made here."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from launch import venv
from launch.paths import Checkout
from launch.terminal import Stop


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout whose locks name one package, which lies in a folder beside it."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    wheel = shelf / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "WORD = 'here'\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    root = tmp_path / "checkout"
    (root / "requirements").mkdir(parents=True)
    for name in venv.LOCKS:
        (root / "requirements" / f"{name}.txt").write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    made = Checkout(root)
    made.make_run()
    return made


def import_tiny(checkout: Checkout) -> str:
    command = [str(venv.python_of(checkout)), "-c", "import tiny; print(tiny.WORD)"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def test_installs_once_and_shows_progress(checkout: Checkout, capfd: pytest.CaptureFixture[str]) -> None:
    assert not venv.installed(checkout, "run")
    venv.install(checkout, "demo")
    assert "[1/1] tiny" in capfd.readouterr().out
    assert import_tiny(checkout) == "here"
    assert venv.installed(checkout, "run"), "demo holds all of run"
    assert venv.installed(checkout, "demo")
    assert not venv.installed(checkout, "dev")


def test_a_changed_lock_is_installed_again(checkout: Checkout) -> None:
    venv.install(checkout, "demo")
    lock = checkout.lock_file("demo")
    lock.write_text(lock.read_text() + "# another line\n")
    assert not venv.installed(checkout, "demo")


def test_an_interrupted_installation_is_started_over(checkout: Checkout) -> None:
    checkout.venv.mkdir()
    (checkout.venv / venv.MARKER).touch()
    rest = checkout.venv / "half-unpacked"
    rest.touch()
    venv.install(checkout, "run")
    assert not rest.exists()
    assert import_tiny(checkout) == "here"
    assert not (checkout.venv / venv.MARKER).exists()


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    (checkout.venv / "bin").mkdir(parents=True)
    venv.python_of(checkout).symlink_to("/nonexistent/python")
    venv.install(checkout, "run")
    assert import_tiny(checkout) == "here"


def test_a_wrong_hash_is_refused(checkout: Checkout) -> None:
    checkout.lock_file("run").write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Stop, match="Installing the requirements failed"):
        venv.install(checkout, "run")
    assert not venv.installed(checkout, "run")
    assert import_tiny(checkout) == ""


def test_a_missing_venv_module_is_named(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(Stop, match="apt install python3-venv"):
        venv.install(checkout, "run")


def test_two_starts_at_once_install_once(checkout: Checkout) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from launch import venv\n"
        "from launch.paths import Checkout\n"
        "venv.ensure(Checkout(Path(sys.argv[1])), 'run', ['-c', 'import tiny; print(tiny.WORD)'])\n"
    )
    root = Path(__file__).resolve().parents[2]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(checkout.root)],
            cwd=root,
            env={
                "PATH": "/usr/bin:/bin",
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(checkout.root.parent / "shelf"),
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(text.strip().endswith("here") for text in said)
    assert sum("Installing 1 packages" in text for text in said) == 1
