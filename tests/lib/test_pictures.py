"""The pictures are read back as XML: what is drawn is asserted, not how the string looks."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from xml.etree import ElementTree

import pytest

from metered.lib import pictures
from metered.lib.pictures import Level, LevelPoint, LevelSeries, OutlookRow
from metered.lib.pictures.draw import hatch

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
EVIL = "<script>alert(1)</script> \" ' & \x00\ud800"


def tree(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)  # noqa: S314 (our own markup)


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [node for node in root.iter() if name in node.get("class", "").split()]


def percent(node: ElementTree.Element, attribute: str) -> float:
    value = node.get(attribute, "")
    assert value.endswith("%")
    return float(value[:-1])


def row(**changes: object) -> OutlookRow:
    values: dict[str, object] = {
        "device": "Front desk · VersaLink C7130",
        "place": "Main St",
        "supply": "Yellow",
        "colour": "y",
        "sure": 15.0,
        "likely": 30.0,
    }
    return OutlookRow(**{**values, **changes})  # type: ignore[arg-type]


def series(*points: tuple[float, float | None], **changes: object) -> LevelSeries:
    values: dict[str, object] = {
        "name": "Black",
        "colour": "k",
        "points": tuple(LevelPoint(NOW + dt.timedelta(days=day), value) for day, value in points),
    }
    return LevelSeries(**{**values, **changes})  # type: ignore[arg-type]


def every_picture() -> dict[str, str]:
    line = series(*((-day, 80.0 - (60 - day)) for day in range(60, -1, -1)), name=EVIL, sure=5, likely=40)
    return {
        "outlook": pictures.outlook([row(device=EVIL, place=EVIL, supply=EVIL, arrives=4)]),
        "levels": pictures.levels([line], now=NOW),
        "level": pictures.level_bar(Level("k", "percent", 41)),
    }


@pytest.mark.parametrize("name", ["outlook", "levels", "level"])
def test_each_is_an_image_with_a_title_and_a_text_alternative(name: str) -> None:
    root = tree(every_picture()[name])
    drawings = [node for node in root.iter("svg") if node.get("role") == "img"]
    assert drawings
    for drawing in drawings:
        assert drawing.get("aria-label", "").strip()
        title = drawing.find("title")
        assert title is not None and (title.text or "").strip()


@pytest.mark.parametrize("name", ["outlook", "levels", "level"])
def test_nothing_given_in_becomes_markup(name: str) -> None:
    picture = every_picture()[name]
    assert "<script" not in picture
    assert "\x00" not in picture and "\ud800" not in picture
    assert all(node.tag != "script" for node in tree(picture).iter())


@pytest.mark.parametrize("name", ["outlook", "levels", "level"])
def test_none_needs_an_inline_style_or_an_id(name: str) -> None:
    for node in tree(every_picture()[name]).iter():
        assert not {"style", "id", "onload", "onclick"} & set(node.keys())


def test_a_template_prints_a_picture_as_it_is() -> None:
    picture = pictures.level_bar(Level("k", "percent", 41))
    assert picture.__html__() == picture


def test_an_outlook_bar_is_solid_to_the_sure_day_and_faded_to_the_likely_one() -> None:
    root = tree(pictures.outlook([row(sure=15, likely=30)], days=60))
    solid, faded = of_class(root, "fill")[0], of_class(root, "likely")[0]
    assert (percent(solid, "x"), percent(solid, "width")) == (0, 25)
    assert (percent(faded, "x"), percent(faded, "width")) == (25, 25)


def test_a_delivery_is_a_box_on_its_day_with_words() -> None:
    root = tree(pictures.outlook([row(arrives=6)], days=60))
    box = of_class(root, "ship")[0]
    assert percent(box, "x") == 10
    assert box.findtext("title") == "Delivery expected in 6 days"


def test_a_delivery_beyond_the_axis_is_not_drawn_but_told() -> None:
    picture = pictures.outlook([row(arrives=80)], days=60)
    assert not of_class(tree(picture), "ship")
    assert "Delivery expected in 80 days" in picture
    assert pictures.outlook_table([row(arrives=80)]).rows[0][-1] == "80 days"


def test_an_unknown_run_out_is_an_outline_and_words_never_a_bar() -> None:
    root = tree(pictures.outlook([row(sure=None, likely=None)]))
    assert of_class(root, "unknown")
    assert not of_class(root, "fill") and not of_class(root, "likely")
    assert of_class(root, "told")[0].text == "not known yet"


@pytest.mark.parametrize(
    ("sure", "likely", "told"),
    [
        (7, 12, "7 to 12 days"),
        (7.9, 12.4, "7 to 12 days"),
        (0, 0, "may be out now"),
        (0.2, 1.2, "0 to 1 days"),
        (3, 3.2, "3 days"),
        (1, 1.1, "1 day"),
        (90, 140, "over 60 days"),
        (-3, 2, "0 to 2 days"),
    ],
)
def test_the_span_in_words(sure: float, likely: float, told: str) -> None:
    root = tree(pictures.outlook([row(sure=sure, likely=likely)], days=60))
    assert of_class(root, "told")[0].text == told


def test_the_outlook_says_its_first_row_as_a_whole() -> None:
    label = tree(pictures.outlook([row(), row(device="Lab")])).get("aria-label", "")
    assert "2 supplies" in label and "Front desk" in label and "15 to 30 days" in label


def test_an_empty_outlook_says_so() -> None:
    assert "nothing to show yet" in pictures.outlook([])


def test_the_outlook_axis_is_a_multiple_of_ten_days() -> None:
    with pytest.raises(ValueError, match="multiple of 10"):
        pictures.outlook([row()], days=45)


def test_the_outlook_table_has_the_same_rows() -> None:
    table = pictures.outlook_table([row(arrives=None)])
    assert len(table.columns) == 6
    assert table.rows == (("Front desk · VersaLink C7130", "Main St", "Yellow", "15 days", "30 days", "–"),)


def subpaths(path: str) -> list[list[tuple[float, float]]]:
    """Lines of a path made of M and L."""
    found = []
    for piece in path.split("M")[1:]:
        found.append([tuple(map(float, point.split())) for point in piece.rstrip("z").split("L")])
    return found  # type: ignore[return-value]


def test_levels_run_from_the_past_to_today() -> None:
    root = tree(pictures.levels([series((-60, 100), (-58, 98), (-56, 96))], now=NOW))
    (line,) = subpaths(of_class(root, "trace")[0].get("d", ""))
    assert [line[0], line[-1]] == [(0, 10), (44.4, 18.3)]


def test_silence_is_a_gap_in_the_line_and_a_band_with_words() -> None:
    points = [(day, 50.0) for day in range(-60, -40)] + [(day, 40.0) for day in range(-20, 1)]
    root = tree(pictures.levels([series(*points)], now=NOW))
    pieces = subpaths(of_class(root, "trace")[0].get("d", ""))
    assert len(pieces) == 2
    bands = [node for node in of_class(root, "silence") if node.tag == "rect"]
    assert [round(percent(band, "x")) for band in bands] == [21]
    assert bands[0].findtext("title") == "no reports"


def test_a_report_without_a_number_breaks_the_line_without_being_silence() -> None:
    points = [(float(day), None if day == -30 else 50.0) for day in range(-60, 1)]
    root = tree(pictures.levels([series(*points)], now=NOW))
    assert len(subpaths(of_class(root, "trace")[0].get("d", ""))) == 2
    assert not of_class(root, "silence")


def test_a_swap_is_a_dotted_jump_and_not_a_slope() -> None:
    points = [(day, 30 - (day + 50) * 0.5) for day in range(-50, -20)] + [
        (day, 95.0) for day in range(-20, 1)
    ]
    root = tree(pictures.levels([series(*points)], now=NOW))
    (jump,) = of_class(root, "jump")
    (line,) = subpaths(jump.get("d", ""))
    assert line[0][0] == line[1][0], "a jump is upright"
    assert jump.findtext("title") == "Black: new cartridge"
    for piece in subpaths(of_class(root, "trace")[0].get("d", "")):
        assert all(after[1] >= before[1] - 0.1 for before, after in itertools.pairwise(piece))


def test_the_cone_ends_where_the_machine_may_run_out() -> None:
    root = tree(pictures.levels([series((-1, 50), (0, 50), sure=10, likely=20)], now=NOW))
    (corners,) = subpaths(of_class(root, "cone")[0].get("d", ""))
    floor = [x for x, y in corners if y == 218]
    assert sorted(floor) == [pytest.approx(70 / 90 * 1000, abs=0.1), pytest.approx(80 / 90 * 1000, abs=0.1)]


def test_the_cone_stays_within_the_frame() -> None:
    root = tree(pictures.levels([series((0, 80), sure=20, likely=400)], now=NOW))
    (corners,) = subpaths(of_class(root, "cone")[0].get("d", ""))
    assert max(x for x, _ in corners) == 1000
    assert (1000, 218) in corners, "the floor is part of the cone: it may be empty by then"


def test_without_a_forecast_there_is_no_cone() -> None:
    assert not of_class(tree(pictures.levels([series((0, 80))], now=NOW)), "cone")


def test_close_lines_have_names_that_do_not_cover_each_other() -> None:
    lines = [series((-1, 21), (0, 20 + n / 10), name=f"Black {n}") for n in range(6)]
    root = tree(pictures.levels(lines, now=NOW))
    names = [node for node in root.iter("foreignObject") if of_class(node, "level-name")]
    tops = sorted(float(node.get("y", "")) for node in names)
    assert len(tops) == 6
    assert all(after - before >= 16 for before, after in itertools.pairwise(tops))
    assert tops[-1] + 16 <= 222


def test_lines_carry_their_own_shapes() -> None:
    points = [(day, 50.0) for day in range(-60, 1)]
    root = tree(pictures.levels([series(*points), series(*points, colour="y")], now=NOW))
    shapes = {(node.get("class"), node.get("d")) for node in of_class(root, "mark")}
    assert len({shape for _, shape in shapes}) == 2


def test_the_levels_table_has_the_days_and_the_run_out() -> None:
    table = pictures.levels_table([series((-1, 42.4), (0, None), sure=7, likely=12)], now=NOW)
    assert table.columns == ("Day", "Black")
    assert table.rows == (("Runs out in", "7 to 12 days"), ("20 Nov", "Not known"), ("19 Nov", "42%"))


def test_the_levels_table_counts_days_in_the_reader_s_zone() -> None:
    zone = dt.timezone(dt.timedelta(hours=-6))
    table = pictures.levels_table([series((-10 / 24, 42))], now=NOW.astimezone(zone))
    assert table.rows[1][0] == "19 Nov"


def test_levels_want_whole_steps() -> None:
    with pytest.raises(ValueError, match="multiples of 15"):
        pictures.levels([], now=NOW, past=61)


def test_many_reports_stay_a_small_picture() -> None:
    points = [(-60 + hour / 24, 90 - hour / 24) for hour in range(60 * 24)]
    lines = [series(*points, name=f"Slot {n}", sure=5, likely=40) for n in range(5)]
    start = time.process_time()
    picture = pictures.levels(lines, now=NOW)
    assert time.process_time() - start < 0.5
    assert len(picture) < 80_000


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (Level("k", "percent", 41), ("41%", False)),
        (Level("k", "percent", 0), ("0%", False)),
        (Level("k", "percent", 0.3), ("1%", False)),
        (Level("k", "percent", 99.8), ("99%", False)),
        (Level("k", "percent", 140), ("100%", False)),
        (Level("w", "percent", 34, True), ("66% full", False)),
        (Level("w", "low", None, True), ("Nearly full", True)),
        (Level("w", "empty", None, True), ("Full", True)),
        (Level("k", "low"), ("Low", True)),
        (Level("k", "empty"), ("Empty", True)),
        (Level("k", "some"), ("Some left", True)),
        (Level("k", "unknown"), ("Not known", True)),
        (Level("k", "unrestricted"), ("No limit", True)),
        (Level("k", "missing"), ("Not reported", True)),
        (Level("k", "percent", None), ("Not reported", True)),
    ],
)
def test_a_level_in_words(level: Level, told: tuple[str, bool]) -> None:
    assert pictures.level_value(level) == told


@pytest.mark.parametrize("state", ["low", "empty", "some", "unknown", "unrestricted", "missing"])
def test_a_level_without_a_number_is_never_drawn_as_a_height(state: str) -> None:
    root = tree(pictures.level_bar(Level("k", state, 55)))  # type: ignore[arg-type]
    assert not of_class(root, "fill")


def test_a_level_is_drawn_to_its_height_and_a_waste_container_fills_up() -> None:
    left = of_class(tree(pictures.level_bar(Level("k", "percent", 25))), "fill")[0]
    waste = of_class(tree(pictures.level_bar(Level("w", "percent", 25, True))), "fill")[0]
    assert (left.get("height"), waste.get("height")) == ("15", "45")


def test_only_what_is_full_carries_hatching() -> None:
    assert not of_class(tree(pictures.level_bar(Level("w", "percent", 25))), "on-fill")
    assert of_class(tree(pictures.level_bar(Level("w", "percent", 25, True))), "on-fill")


def test_hatching_stays_inside_its_rectangle() -> None:
    for piece in subpaths(hatch(2, 2, 20, 60)):
        for x, y in piece:
            assert 2 <= x <= 22 and 2 <= y <= 62


def test_an_unknown_colour_is_drawn_as_other() -> None:
    root = tree(pictures.level_bar(Level("gold", "percent", 50)))  # type: ignore[arg-type]
    assert "other" in root.get("class", "")


def test_a_narrow_picture_names_its_shapes_in_a_legend() -> None:
    lines = [
        series((0, 40), name="Black"),
        series((0, 30), name="Cyan <2>", colour="c"),
        series(name="Silent"),
    ]
    root = tree(pictures.levels(lines, now=NOW))
    legend = of_class(root, "levels-legend")[0]
    assert ["".join(item.itertext()) for item in legend] == ["Black", "Cyan <2>"]
