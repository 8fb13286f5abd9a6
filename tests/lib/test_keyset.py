"""Every row stands on exactly one page, whichever way one walks."""

from __future__ import annotations

import datetime as dt

import pytest

from metered.accounts.models import Account
from metered.lib import keyset

pytestmark = pytest.mark.django_db

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NEWEST = keyset.by_time("created_at")


def _accounts(count: int) -> list[str]:
    """Three rows share each moment. Returns their public ids, newest first."""
    rows = [
        Account.objects.create(name=f"A{n}", number=f"N{n}", created_at=START + dt.timedelta(days=n // 3))
        for n in range(count)
    ]
    return [row.public_id for row in sorted(rows, key=lambda row: (row.created_at, row.pk), reverse=True)]


def _page(order: keyset.Order = NEWEST, **place: str) -> keyset.Page:
    rows = Account.objects.values("id", "public_id", "created_at", "name")
    return keyset.page(rows, order, size=4, **place)


def _ids(page: keyset.Page) -> list[str]:
    return [row["public_id"] for row in page.rows]


def test_pages_forward_hold_every_row_once() -> None:
    wanted = _accounts(13)
    page, found = _page(), []
    assert page.newer == ""
    while True:
        found += _ids(page)
        if not page.older:
            break
        page = _page(after=page.older)
    assert found == wanted


def test_going_back_shows_the_page_before() -> None:
    wanted = _accounts(13)
    second = _page(after=_page().older)
    third = _page(after=second.older)
    assert _ids(third) == wanted[8:12]
    back = _page(before=third.newer)
    assert _ids(back) == wanted[4:8]
    first = _page(before=back.newer)
    assert _ids(first) == wanted[:4]
    assert first.newer == ""


def test_rows_that_come_meanwhile_move_nothing() -> None:
    wanted = _accounts(9)
    older = _page().older
    Account.objects.create(name="new", number="new", created_at=START + dt.timedelta(days=99))
    assert _ids(_page(after=older)) == wanted[4:8]


def test_text_sorts_and_pages_too() -> None:
    _accounts(9)
    order = keyset.Order("name")
    first = _page(order)
    names = [row["name"] for row in [*first.rows, *_page(order, after=first.older).rows]]
    assert names == [f"A{n}" for n in range(8)]


@pytest.mark.parametrize(
    "place", ["", "x", "~", "2026-01-01~abc", "nonsense~abc", "2026-01-01T00:00:00+00:00~../x", "\x00~a"]
)
def test_a_place_that_can_not_be_read_is_the_beginning(place: str) -> None:
    wanted = _accounts(6)
    assert _ids(_page(after=place)) == wanted[:4]
