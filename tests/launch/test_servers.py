"""The private servers, really started."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from launch import runs, servers
from launch.locks import is_held
from launch.paths import Checkout
from launch.processes import Register, identity

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A checkout in a folder that `nobody` can't reach, as a home folder is."""
    tmp_path.chmod(0o700)
    made = Checkout(tmp_path)
    yield made
    if os.geteuid() == 0:
        subprocess.run(["rm", "-rf", str(servers.PERSISTENT_TEMP / f"metered-{made.short_name}")], check=True)


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_servers_of_a_test_run_are_fast_private_and_gone_afterwards(checkout: Checkout) -> None:
    run = runs.open_passing(checkout, "test")
    found = run.start_servers({}, durable=False)
    place = run.place
    assert place is not None
    assert setting(found["DATABASE_URL"], "fsync") == "off"
    assert setting(found["DATABASE_URL"], "listen_addresses") == ""
    assert setting(found["DATABASE_URL"], "server_version_num") >= "180000"
    with psycopg.connect(found["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone()
    assert row == ("b", "C.UTF-8", "UTF8")
    assert redis.Redis.from_url(found["REDIS_URL"]).ping()
    assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
    run.close()
    assert not run.folder.exists()
    assert not place.sockets.exists()
    assert not place.data.exists()


def test_a_demo_keeps_its_data_and_its_durability(checkout: Checkout) -> None:
    for visit in (1, 2):
        run = runs.open_demo(checkout)
        assert run is not None
        found = run.start_servers({}, durable=True)
        assert setting(found["DATABASE_URL"], "fsync") == "on"
        assert setting(found["DATABASE_URL"], "synchronous_commit") == "on"
        with psycopg.connect(found["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS visit (number int)")
            connection.execute("INSERT INTO visit VALUES (%s)", [visit])
            rows = connection.execute("SELECT count(*) FROM visit").fetchone()
        assert rows == (visit,)
        run.close()


def test_given_servers_are_used_instead(checkout: Checkout) -> None:
    run = runs.open_passing(checkout, "test")
    given = {"DATABASE_URL": "postgresql://example/one", "REDIS_URL": "redis://example/1"}
    assert run.start_servers(given, durable=False) == given
    assert run.supervisor.children == {}
    run.close()


def test_a_second_demo_in_one_checkout_is_refused_and_two_checkouts_work(
    checkout: Checkout, tmp_path: Path
) -> None:
    first = runs.open_demo(checkout)
    assert first is not None
    assert runs.open_demo(checkout) is None
    (tmp_path / "other").mkdir()
    other = runs.open_demo(Checkout(tmp_path / "other"))
    assert other is not None
    urls = [each.start_servers({}, durable=False)["DATABASE_URL"] for each in (first, other)]
    assert urls[0] != urls[1]
    assert [setting(url, "server_encoding") for url in urls] == ["UTF8", "UTF8"]
    for each in (first, other):
        each.close()
    servers.clear(other.checkout, other.folder)


def test_orphans_of_a_killed_supervisor_end_at_the_next_start(checkout: Checkout) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from launch import runs\n"
        "from launch.paths import Checkout\n"
        "run = runs.open_demo(Checkout(Path(sys.argv[1])))\n"
        "print(run.start_servers({}, durable=True)['DATABASE_URL'], flush=True)\n"
        "time.sleep(300)\n"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code, str(checkout.root)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    url = next(line for line in supervisor.stdout if line.startswith("postgresql")).strip()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    orphans = Register(checkout.demo / "processes.json").alive()
    assert set(orphans) == {"postgres", "valkey"}
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    supervisor.stdout.close()
    assert all(identity(pid) for pid in orphans.values()), "they outlive it"
    old_sockets = Path(url.split("host=")[1])

    run = runs.open_demo(checkout)
    assert run is not None
    assert not any(identity(pid) for pid in orphans.values())
    assert not old_sockets.exists()
    found = run.start_servers({}, durable=True)
    with psycopg.connect(found["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    run.close()


def test_what_a_killed_test_run_left_is_removed_by_the_next(checkout: Checkout) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from launch import runs\n"
        "from launch.paths import Checkout\n"
        "run = runs.open_passing(Checkout(Path(sys.argv[1])), 'test')\n"
        "run.start_servers({}, durable=False)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(checkout.root)], cwd=ROOT, check=False)
    left = next(checkout.run.glob("test-*"))
    orphans = Register(left / "processes.json").alive()
    assert len(orphans) == 2
    assert not is_held(left / "supervisor.lock")

    runs.open_passing(checkout, "test").close()
    assert not left.exists()
    assert not any(identity(pid) for pid in orphans.values())


def test_a_killed_valkey_and_a_killed_postgres_come_back(checkout: Checkout) -> None:
    run = runs.open_passing(checkout, "test")
    found = run.start_servers({}, durable=True)
    register = Register(run.folder / "processes.json")
    before = register.alive()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while True:
        run.supervisor.tend()
        try:
            assert redis.Redis.from_url(found["REDIS_URL"]).ping()
            assert setting(found["DATABASE_URL"], "server_encoding") == "UTF8"
            break
        except (redis.RedisError, psycopg.Error):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert set(before.values()).isdisjoint(register.alive().values())
    run.close()


def test_a_stale_pid_file_of_another_process_does_not_stop_the_start(checkout: Checkout) -> None:
    run = runs.open_demo(checkout)
    assert run is not None
    run.start_servers({}, durable=False)
    assert run.place is not None
    cluster = run.place.data / "postgres"
    run.close()
    # After a reboot the id in the file may be anybody's: here it is this test's own parent.
    (cluster / "postmaster.pid").write_text(f"{os.getppid()}\n{cluster}\n0\n5432\n\n\n\nready\n")
    again = runs.open_demo(checkout)
    assert again is not None
    found = again.start_servers({}, durable=False)
    assert setting(found["DATABASE_URL"], "server_encoding") == "UTF8"
    again.close()
