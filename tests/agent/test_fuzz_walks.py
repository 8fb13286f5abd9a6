"""A sample of `python3 manage.py prove agent`'s walks; and that what must hold is really looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.agent.claims import faults
from tests.agent.devices import made, read, rows_of
from tests.agent.fuzz_walks import fuzz, one

Element = dict[str, Any]


def test_four_hundred_walks_gone_wrong() -> None:
    outcome = fuzz(400)
    assert outcome.faults == []
    assert outcome.tried == outcome.reports + outcome.refused == 400
    assert outcome.reports > 300 and outcome.meters > 300 and outcome.supplies > 1000


def test_the_same_number_is_the_same_walk() -> None:
    assert one(7, 11) == one(7, 11) != one(7, 12)


def _set(part: str, at: int, **values: Any) -> Callable[[Element], None]:
    def bend(element: Element) -> None:
        element[part][at].update(values)

    return bend


def _top(**values: Any) -> Callable[[Element], None]:
    def bend(element: Element) -> None:
        element.update(values)

    return bend


INVENTED: list[tuple[str, Callable[[Element], None]]] = [
    ("brother_drums", _set("supplies", 4, state="percent", percent=50.0)),  # -3 is not half
    ("brother_drums", _set("supplies", 0, percent=63.0)),
    ("brother_drums", _set("meters", 1, count=3627)),
    ("brother_drums", _set("meters", 1, count=4000)),
    ("sharp_totals", _set("supplies", 4, state="percent", percent=100.0)),  # no capacity
    ("sharp_totals", _set("supplies", 4, capacity=100)),
    ("sharp_totals", _set("meters", 2, count=24299)),
    ("sharp_totals", _top(alerts=["toner_low", "offline"])),
    ("xerox_versalink", _set("supplies", 4, percent=66.0)),  # fullness for space
    ("xerox_versalink", _set("supplies", 4, level=19800)),
    ("xerox_versalink", _set("meters", 0, count=280588)),
    ("xerox_versalink", _set("meters", 1, source="1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.33")),
    ("xerox_versalink", _top(serial="3TX481208")),
    ("xerox_versalink", _top(software="57.40.32")),
    ("two_blacks", _set("supplies", 0, state="empty")),  # the other black's alert
    ("two_blacks", _set("supplies", 2, state="low", percent=None)),
    ("two_blacks", _set("supplies", 0, state="unknown")),
    ("two_blacks", _set("supplies", 0, state="unrestricted")),
    ("ricoh_short_names", _set("supplies", 0, percent=81.0)),
    ("samsung_jobs", _set("meters", 1, count=16754)),
    ("lexmark_cx725", _set("supplies", 0, reorder_number="84C2HK1")),
    ("lexmark_cx725", _set("supplies", 0, cartridge_serial="CAT161230A1B3")),
]


@pytest.mark.parametrize(("name", "bend"), INVENTED)
def test_an_invented_value_is_noticed(name: str, bend: Callable[[Element], None]) -> None:
    rows, element = rows_of(made(name)), read(name).as_json()
    assert faults(rows, element) == []
    bend(element)
    assert faults(rows, element)


def test_parts_that_are_the_whole_of_nothing_are_noticed() -> None:
    rows, element = rows_of(made("konica_colours")), read("konica_colours").as_json()
    total = rows.pop((1, 3, 6, 1, 2, 1, 43, 10, 2, 1, 4, 1, 1))
    whole = rows.pop((1, 3, 6, 1, 4, 1, 18334, 1, 1, 1, 5, 7, 2, 1, 1, 0))
    element["meters"] = element["meters"][1:]
    assert total == whole and faults(rows, element)
