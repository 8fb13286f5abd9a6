"""The papers of a return as they come out of a printer: looked at as pictures, read by a barcode reader."""

from __future__ import annotations

import random
from typing import Any

import pypdfium2
import pytest
import typst
import zxingcpp
from django.utils import translation

from metered.returns.papers import Line, labels, packing_slip, policy_paper, spaced
from metered.returns.papers.blocks import blocks
from metered.returns.papers.code128 import QUIET, svg, symbols
from tests.returns.samples import FAR, LINES, SAMPLE, house, papers

LANGUAGES = ("en", "de", "es", "fr")
SIZES = {"letter": (612, 792), "a4": (595, 842), "4x6": (288, 432), "100x150": (283, 425)}
"""Width and height in points."""


def opened(pdf: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(pdf)


def texts(pdf: bytes) -> list[str]:
    """What a page says, page by page, every space as one."""
    return [" ".join(page.get_textpage().get_text_range().split()) for page in opened(pdf)]


def read(page: Any, dots_per_inch: int = 203) -> list[zxingcpp.Barcode]:
    """The barcodes of a page, as a plain label printer prints it."""
    picture = page.render(scale=dots_per_inch / 72, grayscale=True).to_pil()
    return list(zxingcpp.read_barcodes(picture))


def numbers(page: Any, dots_per_inch: int = 203) -> list[tuple[zxingcpp.BarcodeFormat, str]]:
    return [(found.format, found.text) for found in read(page, dots_per_inch)]


def size(pdf: bytes) -> tuple[int, int]:
    width, height = opened(pdf)[0].get_size()
    return round(width), round(height)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("base", [SAMPLE, FAR], ids=["letter", "a4"])
def test_a_reader_finds_the_number_on_slip_and_labels_in_every_language(language: str, base: Any) -> None:
    with translation.override(language):
        these = papers(base)
        slip, stuck = packing_slip(these), labels(these)
    assert numbers(opened(slip)[0]) == [(zxingcpp.BarcodeFormat.Code128, these.rma)]
    assert len(opened(stuck)) == these.boxes
    for page in opened(stuck):
        assert numbers(page) == [(zxingcpp.BarcodeFormat.Code128, these.rma)]


def test_any_number_can_be_read_back() -> None:
    chance = random.Random(128)
    for rma in ("000000000", "999999999", "000000001", *(f"{chance.randrange(10**9):09}" for _ in range(25))):
        (page,) = opened(labels(papers(rma=rma), box=1))
        assert [text for _format, text in numbers(page)] == [rma]


def test_the_bars_follow_the_standard() -> None:
    # Start C, pairs, the last digit in set B; 105 + 1·12 + 2·34 + 3·56 + 4·78 + 5·100 + 6·25 = 1315.
    assert symbols("123456789") == [105, 12, 34, 56, 78, 100, 25, 1315 % 103, 106]
    assert symbols("1234") == [105, 12, 34, (105 + 12 + 68) % 103, 106]
    drawn, modules = svg("123456789")
    assert modules == 8 * 11 + 13 + 2 * QUIET and f'viewBox="0 0 {modules} 1"' in drawn
    with pytest.raises(ValueError, match="digits only"):
        symbols("12345678x")


def test_the_bars_are_wide_enough_to_scan_and_have_white_around_them() -> None:
    for pdf, millimetres in ((packing_slip(papers()), 0.5), (labels(papers(), box=1), 0.66)):
        page = opened(pdf)[0]
        (found,) = read(page, 600)
        width = (found.position.top_right.x - found.position.top_left.x) / 600 * 25.4
        assert width == pytest.approx(101 * millimetres, abs=0.5)
        left, right = found.position.top_left.x, found.position.top_right.x
        quiet = QUIET * millimetres / 25.4 * 600
        picture = page.render(scale=600 / 72, grayscale=True).to_pil()
        middle = (found.position.top_left.y + found.position.bottom_left.y) // 2
        for begin, end in ((left - quiet + 3, left - 3), (right + 3, right + quiet - 3)):
            assert picture.crop((int(begin), middle, int(end), middle + 1)).getextrema() == (255, 255)


def test_a_slip_says_what_where_from_and_where_to() -> None:
    first, policy = texts(packing_slip(papers()))
    for line in LINES:
        assert f"{line.quantity} {line.reorder_number} {line.name}" in first
    for words in (
        *SAMPLE.from_address,
        *SAMPLE.to_address,
        SAMPLE.account_name,
        "100482",
        "92 lb",
        "407 318 265",
    ):
        assert words in first
    for words in (
        "20 November 2026",
        "18 November 2026",
        "Monday 23 November",
        "19 units in all",
        "+1 585 555 0112",
    ):
        assert words in first
    for words in ("original cartons", "outer box", "Never put a label", "3 labels, one a box", "No credit"):
        assert words in first
    assert "Page 1 of 2" in first and "1-800-000-0000" in first
    assert policy.index("Returns policy") < policy.index("No credit is given") and "407 318 265" in policy


def test_what_is_not_known_is_not_named() -> None:
    first = texts(packing_slip(papers(weight_text="", pick_up="", contact="", phone="")))[0]
    for name in ("Weight", "Pick-up", "Contact", "Phone", "None"):
        assert name not in first
    assert (
        "Maria" in texts(labels(papers()))[0] and "None" not in texts(labels(papers(phone="", contact="")))[0]
    )


def test_one_box_has_one_label_and_a_pallet_says_so() -> None:
    one = papers(boxes=1)
    (page,) = texts(labels(one))
    assert "Box 1 of 1" in page and "pallet" not in page
    assert "Put this slip into the box" in texts(packing_slip(one))[0]
    many = papers(boxes=24, pallet=True)
    pages = texts(labels(many))
    assert [f"Box {box} of 24" in page for box, page in enumerate(pages, 1)] == [True] * 24
    assert all("On a pallet" in page and "Columbus OH 43207" in page for page in pages)
    slip = texts(packing_slip(many))[0]
    assert "24, on a pallet" in slip and "Stack the boxes on a pallet" in slip


def test_one_label_can_be_printed_again() -> None:
    (page,) = texts(labels(papers(), box=2))
    assert "Box 2 of 3" in page
    for box in (0, 4):
        with pytest.raises(ValueError, match=f"box {box} of 3"):
            labels(papers(), box=box)


@pytest.mark.parametrize(
    ("country", "paper", "label"),
    [
        ("US", "letter", "4x6"),
        ("ca", "letter", "4x6"),
        ("MX", "letter", "4x6"),
        ("DE", "a4", "100x150"),
        ("", "a4", "100x150"),
    ],
)
def test_the_paper_is_that_of_the_country(country: str, paper: str, label: str) -> None:
    these = papers(country=country)
    assert (
        size(packing_slip(these)) == SIZES[paper] == size(policy_paper(these.house, country, these.filed_on))
    )
    assert size(labels(these, box=1)) == SIZES[label]


def test_names_from_anywhere_are_printed_as_they_are_written() -> None:
    for page in (texts(packing_slip(papers(FAR)))[0], texts(labels(papers(FAR)))[0]):
        for words in ("Škoda Łódź Εταιρεία", "ul. Żółkiewskiego 5", "Ελλάδα Οδός 12", "Ђорђе Đặng"):
            assert words in page
    # PDF/UA refuses a letter that no font has, so these have all of theirs.
    packing_slip(papers(FAR), standard="ua-1")


def test_letters_that_no_font_has_do_not_keep_a_return_from_leaving() -> None:
    far = papers(account_name="株式会社", from_address=("株式会社", "東京都"))
    with pytest.raises(typst.TypstError):
        packing_slip(far, standard="ua-1")
    assert numbers(opened(packing_slip(far))[0])[0][1] == far.rma


def test_two_hundred_lines_go_over_pages_under_the_same_head() -> None:
    many = tuple(Line(n % 7 + 1, f"006R{n:05}", f"Toner {n}") for n in range(200))
    pages = texts(packing_slip(papers(lines=many)))
    with_lines = [page for page in pages if "006R" in page]
    assert len(with_lines) > 3
    for page in with_lines:
        assert page.count("Quantity Reorder number Supply Received") == 1
    assert [number for number in range(200) if not any(f"006R{number:05}" in page for page in pages)] == []
    for place, page in enumerate(pages, 1):
        assert f"Page {place} of {len(pages)}" in page and "407 318 265" in page


def test_long_names_stay_on_the_paper() -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
    long = papers(
        account_name=word,
        customer_number=word,
        from_address=(word,) * 6,
        to_address=(word,) * 6,
        contact=word,
        pick_up=word,
        lines=(Line(100000, word, word),),
        boxes=120,
    )
    for pdf in (packing_slip(long), labels(long, box=120)):
        for page in opened(pdf):
            width, height = page.get_size()
            for item in page.get_objects():
                left, bottom, right, top = item.get_bounds()
                assert left > -1 and bottom > -1 and right < width + 1 and top < height + 1
    assert numbers(opened(packing_slip(long))[0])[0][1] == long.rma
    (page,) = opened(labels(long, box=120))
    assert [text for _format, text in numbers(page)] == [long.rma]


def test_nothing_runs_over_the_bars_of_a_label() -> None:
    short, long = (
        opened(labels(papers(from_address=address), box=1))[0].render(scale=3).to_pil()
        for address in (("Ana",), ("An address of far too many lines",) * 60)
    )
    # Halfway down and below: the bars and what stands under them.
    lower = (0, short.height * 6 // 10, short.width, short.height)
    assert short.crop(lower).tobytes() == long.crop(lower).tobytes()


def test_the_same_papers_give_the_same_bytes() -> None:
    for make in (packing_slip, labels):
        assert make(papers()) == make(papers())
    assert packing_slip(papers()) != packing_slip(papers(rma="407318266"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_paper_is_tagged_titled_and_in_its_language(language: str) -> None:
    with translation.override(language):
        these = papers()
        pages = (
            packing_slip(these, standard="ua-1"),
            labels(these, standard="ua-1"),
            policy_paper(house(), "DE", these.confirmed_on, standard="ua-1"),
        )
    for pdf in pages:
        document = opened(pdf)
        about = document.get_metadata_dict()
        assert (
            about["Author"] == "Metered" and about["Title"] and about["CreationDate"].startswith("D:20261120")
        )
        assert document.is_tagged()
        assert f"/Lang({language})".encode() in pdf.replace(b" ", b"")
    assert house().policy_title
    assert spaced(these.rma) in opened(pages[0]).get_metadata_dict()["Title"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_policy_is_that_of_the_language(language: str) -> None:
    with translation.override(language):
        title = house().policy_title
        alone = texts(policy_paper(house(), "DE", SAMPLE.filed_on))
        slip = texts(packing_slip(papers()))
    assert title in alone[0] and spaced(SAMPLE.rma) not in alone[0]
    assert title in slip[-1] and title not in slip[0]
    assert {"en": "unopened", "de": "ungeöffneten", "es": "sin abrir", "fr": "non ouverte"}[
        language
    ] in alone[0]


def test_markdown_becomes_blocks_and_nothing_else() -> None:
    text = (
        "## Head\nOne **two** *three* `four`  \nfive [a](/x/) [b](javascript:x) <b>\n\n1. one\n"
        "   - deep\n\n> said\n\n---\n\n    code\n\n| A | B |\n|---|---|\n| 1 | 2 |\n"
    )
    made = blocks(text, "https://p.example")
    assert [block["kind"] for block in made] == ["heading", "par", "list", "quote", "rule", "code", "table"]
    runs = made[1]["runs"]
    assert {"text": "two", "strong": True} in runs and {"text": "three", "em": True} in runs
    assert {"text": "a", "href": "https://p.example/x/"} in runs and {"text": "\n"} in runs
    assert all("javascript" not in run.get("href", "") for run in runs)
    assert [run["text"] for run in made[6]["rows"][0][1]] == ["2"]
    assert all("href" not in run for run in blocks(text)[1]["runs"]), "without a portal a path leads nowhere"
    page = " ".join(texts(policy_paper(_house(text), "DE", SAMPLE.filed_on)))
    for words in ("Head", "One two three four five a", "<b>", "deep", "said", "code"):
        assert words in page


def test_a_name_is_data_and_never_markup() -> None:
    name = '#panic("x") *bold* $x$ @ref <tag> // no\\ "quoted" ]'
    assert name in texts(packing_slip(papers(account_name=name)))[0]
    assert "#panic" in texts(labels(papers(from_address=(name,))))[0]


@pytest.mark.parametrize(
    "values", [{"rma": "12345678"}, {"rma": "12345678x"}, {"rma": "１２３４５６７８９"}, {"boxes": 0}]
)
def test_what_can_not_be_a_return_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"nine digits|one box"):
        papers(**values)


def _house(policy: str) -> Any:
    return type(house())(**{**vars(house()), "policy": policy})
