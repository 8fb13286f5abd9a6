"""The checkout's own environment: `.venv`, filled from a hash-locked requirements file.

The three locks are nested (run ⊂ demo ⊂ dev, at the same versions), so one stamp is enough: it
names the largest lock that was installed, with the hash of its text.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from launch.locks import FileLock
from launch.paths import Checkout
from launch.terminal import Stop, end_of, rewrite, say

LOCKS = ("run", "demo", "dev")
MARKER = ".metered-installing"
STAMP = ".metered-installed"


def fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def installed(checkout: Checkout, name: str) -> bool:
    """Whether the environment holds at least the lock `name`, as it stands today."""
    try:
        stamp = (checkout.venv / STAMP).read_text().split()
    except OSError:
        return False
    if len(stamp) != 2 or stamp[0] not in LOCKS or not python_of(checkout).exists():
        return False
    large_enough = LOCKS.index(stamp[0]) >= LOCKS.index(name)
    return large_enough and stamp[1] == fingerprint(checkout.lock_file(stamp[0]))


def python_of(checkout: Checkout) -> Path:
    return checkout.venv / "bin" / "python"


def running_inside(checkout: Checkout) -> bool:
    try:
        return os.path.samefile(sys.prefix, checkout.venv)
    except OSError:
        return False


def ensure(checkout: Checkout, name: str, argv: list[str]) -> None:
    """Return inside an environment that holds the lock `name`; may replace this process.

    Raises Stop when the environment can't be made. `METERED_NO_VENV=1` skips all of it.
    """
    if os.environ.get("METERED_NO_VENV") == "1":
        return
    if not installed(checkout, name):
        checkout.make_run()
        lock = FileLock(checkout.run / "install.lock")
        if not lock.take():
            say("Another start in this checkout is installing; waiting for it.")
            lock.take(wait=True)
        try:
            if not installed(checkout, name):
                install(checkout, name)
        finally:
            lock.release()
    if not running_inside(checkout):
        python = str(python_of(checkout))
        sys.stdout.flush()
        os.execv(python, [python, *argv])


def install(checkout: Checkout, name: str) -> None:
    """Make `.venv` and install the lock. An install that was cut off is started over."""
    venv = checkout.venv
    if (venv / MARKER).exists() and not running_inside(checkout):
        say("The last installation was interrupted; starting it over.")
        shutil.rmtree(venv)
    if venv.exists() and not python_of(checkout).exists():
        # Half made, or its Python was removed from the machine: nothing to build upon.
        shutil.rmtree(venv)
    venv.mkdir(exist_ok=True)
    (venv / MARKER).touch()
    (venv / STAMP).unlink(missing_ok=True)
    uv = shutil.which("uv")
    if not python_of(checkout).exists():
        make_venv(venv, with_pip=uv is None)
    elif uv is None and not list(venv.glob("lib/python*/site-packages/pip")):
        subprocess.check_call([str(python_of(checkout)), "-m", "ensurepip"], stdout=subprocess.DEVNULL)
    lock = checkout.lock_file(name)
    total = len(re.findall(r"^[a-z0-9]", lock.read_text(), re.MULTILINE | re.IGNORECASE))
    tool = "uv" if uv else "pip"
    say(f"Installing {total} packages of requirements/{name}.txt into .venv with {tool} (once):")
    if uv:
        command = [uv, "pip", "install", "--python", str(python_of(checkout))]
        code = subprocess.call([*command, "--require-hashes", "--no-deps", "-r", str(lock)])
        log = None
    else:
        log = checkout.logs / "install.log"
        code = pip_install(python_of(checkout), lock, total, log)
    if code:
        tail = f"\n{end_of(log)}\nThe whole log: {log}" if log else ""
        raise Stop(f"Installing the requirements failed (see above; is this machine online?).{tail}")
    (venv / STAMP).write_text(f"{name} {fingerprint(lock)}\n")
    (venv / MARKER).unlink()


def make_venv(venv: Path, *, with_pip: bool) -> None:
    """Create the environment with the standard library. Raises Stop where Debian left parts out."""
    try:
        import ensurepip  # noqa: F401
        import venv as _  # noqa: F401
    except ImportError:
        raise Stop(no_venv_text()) from None
    say(f"Making .venv with Python {sys.version_info[0]}.{sys.version_info[1]}.")
    command = [sys.executable, "-m", "venv", *([] if with_pip else ["--without-pip"]), str(venv)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode:
        if "ensurepip" in made.stdout:
            raise Stop(no_venv_text())
        raise Stop(f"Making .venv failed:\n{made.stdout}")


def no_venv_text() -> str:
    return (
        f"Python's venv module is missing ({sys.executable}). On Debian or Ubuntu:\n"
        "  apt install python3-venv\n"
        "then start this command again. If you keep your own environment, set METERED_NO_VENV=1."
    )


def pip_install(python: Path, lock: Path, total: int, log: Path) -> int:
    """Run pip, turning its long talk into one moving line. Returns pip's exit code."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--no-compile", "--no-deps", "--require-hashes", "-r", str(lock)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.pop("PIP_USER", None)
    count = 0
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as file,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            # "Processing" is what pip says of a file that lies on this machine.
            found = re.match(r"(?:Collecting|Processing|Requirement already satisfied:) (?:\S*/)?(\w+)", line)
            if found:
                count += 1
                show(count, total, found[1])
            elif line.startswith("Installing collected"):
                rewrite("")
                say("  all are here; unpacking")
    rewrite("")
    return process.returncode


def show(count: int, total: int, package: str) -> None:
    if sys.stdout.isatty():
        rewrite(f"  [{count}/{total}] {package}")
    elif count % 10 == 1:
        say(f"  [{count}/{total}] {package}")
