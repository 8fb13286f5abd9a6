"""docker-compose.yml without Docker: each service's very command runs here as a plain process."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from launch import servers
from tests.databases import ensure_template, with_name

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
FILLED_IN = {"POSTGRES_PASSWORD": "secret", "METERED_SECRET_KEY": "only-for-tests"}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """DATABASE_URL of a migrated database that other processes may use."""
    url = os.environ["DATABASE_URL"]
    template, keeper = ensure_template(url)
    name = f"compose_{os.getpid()}"
    keeper.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    )
    yield with_name(url, name)
    keeper.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    keeper.close()


def environment_of(service: str, database: str, **more: str) -> dict[str, str]:
    """What compose would set, with this test's servers in place of the containers."""
    named = {name: str(value) for name, value in SERVICES[service].get("environment", {}).items()}
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "METERED_NO_VENV": "1",
        "METERED_STATIC_STORAGE": "plain",
        **FILLED_IN,
        **named,
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        **more,
    }


def command_of(service: str) -> list[str]:
    command: list[str] = SERVICES[service]["command"]
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


@contextmanager
def running(service: str, folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{service}.log").open("wb") as log:
        process = subprocess.Popen(
            command_of(service), cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, within: float) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def check_health(service: str, folder: Path, environment: dict[str, str], **replace: str) -> bool:
    """Run the service's own health check."""
    kind, *test = SERVICES[service]["healthcheck"]["test"]
    command = shlex.split(test[0].replace("$$", "$")) if kind == "CMD-SHELL" else list(test)
    for old, new in replace.items():
        command = [part.replace(old, new) for part in command]
    command = [os.path.expandvars(part.replace("$HOSTNAME", socket.gethostname())) for part in command]
    done = subprocess.run(
        [sys.executable, *command[1:]], cwd=folder, env=environment, capture_output=True, check=False
    )
    return done.returncode == 0


def test_the_file_names_every_part_and_no_secret() -> None:
    assert set(SERVICES) == {"postgres", "valkey", "migrate", "web", "worker", "beat"}
    for name in ("web", "worker", "beat", "postgres", "valkey"):
        assert "healthcheck" in SERVICES[name], name
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    text = (ROOT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    example = (ROOT / ".env.example").read_text()
    assert asked == {"POSTGRES_PASSWORD"}
    assert all(re.search(rf"^{name}=$", example, re.MULTILINE) for name in [*asked, "METERED_SECRET_KEY"])


def test_text_is_ordered_as_in_the_private_servers() -> None:
    assert SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split() == list(servers.LOCALE)
    assert SERVICES["postgres"]["image"] == "postgres:18"


def test_the_image_starts_the_web_server_as_compose_does() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    match = re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    assert match is not None
    assert yaml.safe_load(match[1]) == SERVICES["web"]["command"]
    assert re.search(r"^USER metered$", dockerfile, re.MULTILINE), "not as root"


def test_the_image_gets_what_it_copies() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for needed in ("manage.py", "launch", "metered", "templates", "static", "requirements/run.txt"):
        assert needed in kept
        assert (ROOT / needed).exists()


def test_migrate(database: str, tmp_path: Path) -> None:
    environment = environment_of("migrate", database)
    done = subprocess.run(command_of("migrate"), cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM django_migrations").fetchone()
    assert row is not None
    assert row[0] > 0


def test_web_answers_and_is_healthy(database: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    more = {"GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": port, "GRANIAN_WORKERS": "1"}
    environment = environment_of("web", database, **more)
    log = tmp_path / "web.log"
    with running("web", tmp_path, environment) as process:
        until(lambda: check_health("web", tmp_path, environment, **{"8000": port}), process, log, 60)
        done = subprocess.run(
            [sys.executable, "-m", "launch.probe", f"http://127.0.0.1:{port}/healthz"],
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0
    assert not check_health("web", tmp_path, environment, **{"8000": port})


def test_worker_answers_a_ping(database: str, tmp_path: Path) -> None:
    environment = environment_of("worker", database)
    log = tmp_path / "worker.log"
    with running("worker", tmp_path, environment) as process:
        until(lambda: " ready." in log.read_text(), process, log, 60)
        assert check_health("worker", tmp_path, environment), log.read_text()


def test_beat_writes_its_schedule(database: str, tmp_path: Path) -> None:
    environment = environment_of("beat", database)
    log = tmp_path / "beat.log"
    assert not check_health("beat", tmp_path, environment)
    with running("beat", tmp_path, environment) as process:
        until(lambda: check_health("beat", tmp_path, environment), process, log, 60)
