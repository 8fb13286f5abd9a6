"""Real concurrency: threads that start at the same moment, each with a database connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection, transaction

T = TypeVar("T")


def at_once(workers: int, work: Callable[[int], T]) -> list[T | Exception]:
    """Runs `work(0)` … `work(workers - 1)` together; what each returned or raised, in that order.

    Only in tests with `django_db(transaction=True)`: other connections don't see an open transaction.
    """
    gate = threading.Barrier(workers)

    def run(number: int) -> T | Exception:
        try:
            connection.ensure_connection()
            gate.wait(20)
            return work(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(workers)))


def fine(results: list[T | Exception]) -> list[T]:
    """The results, when nobody failed; otherwise raises the first failure."""
    good: list[T] = []
    for result in results:
        if isinstance(result, Exception):
            raise result
        good.append(result)
    return good


@dataclass(frozen=True)
class Second:
    """What came of the second of two: its result or exception, and whether it had to wait for the first."""

    result: Any
    waited: bool


def while_open(
    first: Callable[[], object],
    second: Callable[[], object],
    then: Callable[[], object] = lambda: None,
) -> Second:
    """Runs `first` and keeps its transaction open until `second`, begun meanwhile, waits for it or is done.
    Then runs `then` in it.

    So the worst interleaving is the only one: a check that isn't made under a lock sees the old state
    each time, not one time in a thousand.
    """
    pid: list[int] = []
    results: list[object] = []

    def run() -> None:
        try:
            connection.ensure_connection()
            pid.append(connection.connection.info.backend_pid)
            results.append(second())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=run)
    with transaction.atomic():
        first()
        other.start()
        waited = _waits(other, pid)
        then()
    other.join(30)
    return Second(results[0], waited)


def _waits(thread: threading.Thread, pid: list[int]) -> bool:
    deadline = time.monotonic() + 20
    while thread.is_alive():
        if pid:
            with connection.cursor() as cursor:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid[0]])
                if cursor.fetchone()[0]:
                    return True
        assert time.monotonic() < deadline, "neither waits nor ends"
        time.sleep(0.01)
    return False
