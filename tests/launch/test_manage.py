"""manage.py before anything is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRETEND = """\
import runpy, sys
{}
sys.argv = ["manage.py", "demo"]
runpy.run_path("manage.py", run_name="__main__")
"""


def start_in(folder: Path, preparation: str) -> subprocess.CompletedProcess[str]:
    """`manage.py demo` in a checkout with nothing but the start-up, in a Python that was tampered with."""
    for name in ("manage.py", "launch", "requirements"):
        (folder / name).symlink_to(ROOT / name)
    return subprocess.run(
        [sys.executable, "-c", PRETEND.format(preparation)],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_old_python_is_told_what_is_missing(tmp_path: Path) -> None:
    done = start_in(tmp_path, "sys.version_info = (3, 9, 2)")
    assert done.returncode == 1
    assert "Metered needs Python 3.11 or later, and this is Python 3.9" in done.stderr


def test_manage_py_can_be_read_by_old_pythons() -> None:
    import ast

    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 4))


def test_nothing_but_the_standard_library_is_imported_before_the_environment_stands() -> None:
    code = "import sys; sys.path.insert(0, '.'); import launch.commands; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert loaded - set(sys.stdlib_module_names) == {"launch", "__main__"}
