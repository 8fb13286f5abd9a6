from __future__ import annotations

import pytest

from tests.agent.devices import counts, read, rows, supply_rows

TONER = supply_rows(1, name="Black Toner", type_=3)
KONICA = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.18334.1.1.1.2.1.181.2.4"


def test_xeroxs_private_counters_beside_the_standard_one() -> None:
    report = read("xerox_versalink")
    assert [(m.meter, m.count, m.unit) for m in report.meters] == [
        ("total", 280587, "impressions"),
        ("mono", 184210, "impressions"),
        ("colour", 96377, "impressions"),
        ("large_mono", 3305, "impressions"),
        ("large_colour", 1204, "impressions"),
    ]
    assert report.meters[0].source == "1.3.6.1.2.1.43.10.2.1.4.1.1"
    assert report.meters[1].source == "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.34"


def test_lexmarks_counters_are_found_by_their_type() -> None:
    assert counts(read("lexmark_cx725")) == {"total": 88123, "mono": 50111, "colour": 38009}


def test_brothers_packed_counters() -> None:
    assert counts(read("brother_packed")) == {"total": 107910, "mono": 59527, "colour": 47359}


def test_ricohs_counters_are_found_by_their_names() -> None:
    report = read("ricoh_labelled")
    assert counts(report) == {"total": 100000, "mono": 57000, "colour": 43000}
    assert report.meters[0].unit == "sheets"  # the printer's own word for it


def test_a_makers_count_of_impressions_goes_before_a_standard_count_of_sheets() -> None:
    ricoh = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.367.1.1"
    own = "4.1.367.3.2.1.2.19.1.0|2|271900"
    for unit in (["43.10.2.1.3.1.1|2|8"], ["43.10.2.1.3.1.1|2|16"], []):
        (total,) = read(rows(ricoh, *unit, "43.10.2.1.4.1.1|65|150000", own, *TONER)).meters
        assert (total.count, total.unit, total.source) == (
            271900,
            "impressions",
            "1.3.6.1.4.1.367.3.2.1.2.19.1.0",
        )
    # In impressions the standard one stays first, and a count of nothing is none.
    for unit, maker in (
        (["43.10.2.1.3.1.1|2|7"], own),
        (["43.10.2.1.3.1.1|2|8"], own.replace("271900", "0")),
    ):
        (total,) = read(rows(ricoh, *unit, "43.10.2.1.4.1.1|65|150000", maker, *TONER)).meters
        assert total.count == 150000


def test_canons_colour_is_large_and_small_together() -> None:
    assert counts(read("canon_counters")) == {
        "total": 50000,
        "mono": 30000,
        "colour": 20000,
        "large_mono": 1000,
        "large_colour": 2500,
    }


def test_a_second_marker_is_never_added_to_the_first() -> None:
    report = read("two_markers")
    assert [(m.meter, m.count, m.unit) for m in report.meters] == [
        ("total", 345678, "impressions"),
        ("marker_1", 1200, "sheets"),
    ]


@pytest.mark.parametrize(
    ("unit", "name"),
    [("|2|7", "impressions"), ("|2|8", "sheets"), ("|2|16", "other"), ("|2|2", "other"), (None, "other")],
)
def test_units_of_the_life_count(unit: str | None, name: str) -> None:
    told = [] if unit is None else [f"43.10.2.1.3.1.1{unit}"]
    assert read(rows(*told, "43.10.2.1.4.1.1|65|5", *TONER)).meters[0].unit == name


@pytest.mark.parametrize(
    ("values", "mono_and_colour"),
    [
        ((3672, 22876, 544, 6711), (26548, 7255)),  # 33,803 of 33,810
        ((3672, 22876, 544, None), None),  # colour prints did not answer
        ((None, 22876, 544, 6711), None),
        ((3672, 22876, 544, 6800), None),  # more than the whole
    ],
)
def test_sums_are_believed_only_while_they_make_up_the_whole(
    values: tuple[int | None, ...], mono_and_colour: tuple[int, int] | None
) -> None:
    parts = [
        f"4.1.18334.1.1.1.5.7.2.2.1.5.{part}|2|{value}"
        for part, value in zip(("1.1", "1.2", "2.1", "2.2"), values, strict=True)
        if value is not None
    ]
    found = counts(read(rows(KONICA, "43.10.2.1.4.1.1|65|33810", *parts, *TONER)))
    expected = {} if mono_and_colour is None else dict(zip(("mono", "colour"), mono_and_colour, strict=True))
    assert found == {"total": 33810, **expected}


def test_where_rows_are_missing_the_sum_must_be_the_whole_to_the_page() -> None:
    def konica(total: int) -> list[str]:
        parts = (("1.1", 3672), ("1.2", 22876), ("2.1", 544), ("2.2", 6711))  # 33,803
        own = [f"4.1.18334.1.1.1.5.7.2.2.1.5.{part}|2|{value}" for part, value in parts]
        return [KONICA, f"43.10.2.1.4.1.1|65|{total}", *own, *TONER]

    lost = "4.1.18334.1.1.1.5.7.2.2.1.5.3.2|2|lost"
    assert "mono" in counts(read(rows(*konica(33810))))
    assert "mono" not in counts(read(rows(*konica(33810), lost)))
    assert "mono" in counts(read(rows(*konica(33803), lost)))


def test_without_a_whole_no_sum() -> None:
    parts = [f"4.1.18334.1.1.1.5.7.2.2.1.5.{part}|2|10" for part in ("1.1", "1.2", "2.1", "2.2")]
    assert counts(read(rows(KONICA, *parts, *TONER))) == {}


def test_the_makers_total_stands_in_for_a_missing_or_idle_one() -> None:
    device = ("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1", "4.1.11.2.3.9.4.2.1.4.1.2.5.0|2|4711", *TONER)
    assert counts(read(rows(*device))) == {"total": 4711}
    assert counts(read(rows("43.10.2.1.4.1.1|65|0", *device))) == {"total": 4711}
    printed = ("43.10.2.1.3.1.1|2|7", "43.10.2.1.4.1.1|65|4700")
    assert counts(read(rows(*printed, *device))) == {"total": 4700}


def test_another_makers_rows_are_not_read() -> None:
    device = ("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1602.4.7", *TONER)
    assert counts(read(rows(*device, "4.1.11.2.3.9.4.2.1.4.1.2.5.0|2|4711"))) == {}


@pytest.mark.parametrize(
    "row",
    [
        "43.10.2.1.4.1.1|4|many",
        "43.10.2.1.4.1.1|2|-2",
        "43.10.2.1.4.1.1|70|1000000000000001",
        "43.10.2.1.4.1.1|6|1.3",
    ],
)
def test_a_count_that_is_none_is_absent_and_not_zero(row: str) -> None:
    assert counts(read(rows(row, *TONER))) == {}
