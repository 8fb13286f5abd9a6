"""Boxes arrive: what was counted, what differs, and what the books say then."""

from __future__ import annotations

import io
import uuid

import pytest
from PIL import Image

from metered.lib.errors import Refused
from metered.notify.models import Message
from metered.returns import actions
from metered.returns.models import Receipt, ReceiptPhoto, Return
from tests import factories as make
from tests.returns.scene import Scene, books, file, stocked
from tests.threads import at_once, fine

pytestmark = pytest.mark.django_db


def came(given: Return, made: Scene, *units: int, once: uuid.UUID | None = None) -> Receipt:
    counted = [actions.Counted(pool.supply_id, n) for pool, n in zip(made.pools, units, strict=False) if n]
    return actions.receive(made=given, counted=counted, once=once or uuid.uuid4())


def test_what_was_confirmed_comes_back_and_is_closed() -> None:
    made = stocked(3)
    given = file(made, {pool.supply_id: 2 for pool in made.pools})
    came(given, made, 2, 2)
    assert [books(pool) for pool in made.pools] == [(1, 0), (1, 0)]
    actions.close(made=given)
    actions.close(made=given)
    given.refresh_from_db()
    assert given.state == "closed" and [line.difference for line in given.lines.all()] == [0, 0]
    told = list(Message.objects.order_by("pk").values_list("template", flat=True))
    assert told[-3:] == ["return_confirmed", "return_received", "return_closed"]


def test_less_comes_and_the_rest_is_on_the_shelf_again() -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 3})
    came(given, made, 1)
    assert books(made.pools[0]) == (0, 2)
    with pytest.raises(Refused) as refused:
        actions.close(made=given)
    assert refused.value.code == "no_reason"
    actions.close(made=given, because="Two were kept.")
    assert books(made.pools[0]) == (2, 0)


def test_more_comes_and_something_that_nobody_announced() -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 1})
    stranger = make.supply(reorder_number="999X1")
    came(given, made, 2, 1)
    actions.receive(made=given, counted=[actions.Counted(stranger.pk, 1, "opened")], once=uuid.uuid4())
    assert [books(pool) for pool in made.pools] == [(1, 0), (2, 0)]
    lines = {line.supply_id: line for line in given.lines.select_related("pool")}
    assert [lines[pool.supply_id].difference for pool in made.pools] == [1, 1]
    unknown = lines[stranger.pk]
    assert (unknown.quantity, unknown.received) == (0, 1) and unknown.pool is not None
    assert books(unknown.pool) == (0, 0)
    # Two units of the first came back: one of three is left to be returned.
    assert file(made, {made.pools[0].supply_id: 2}).lines.get().asks == "more_than_shipped"


def test_two_lots_and_the_same_form_twice() -> None:
    made, once = stocked(3), uuid.uuid4()
    given = file(made, {made.pools[0].supply_id: 3})
    assert came(given, made, 2, once=once) == came(given, made, 2, once=once)
    came(given, made, 1)
    assert books(made.pools[0]) == (0, 0) and given.lines.get().received == 3


@pytest.mark.django_db(transaction=True)
def test_the_same_form_from_five_at_once_counts_once() -> None:
    made, once = stocked(3), uuid.uuid4()
    given = file(made, {made.pools[0].supply_id: 3})
    assert len(set(fine(at_once(5, lambda _: came(given, made, 3, once=once).pk)))) == 1
    assert books(made.pools[0]) == (0, 0)


def test_only_a_confirmed_return_is_received() -> None:
    made = stocked(3)
    given = file(made, {made.pools[0].supply_id: 9})
    for call in (lambda: came(given, made, 1), lambda: actions.close(made=given)):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.code == "not_confirmed"


def picture(side: int = 3000) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    Image.new("RGB", (side, side // 2), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_a_photo_is_kept_small_and_without_what_the_camera_knew() -> None:
    made = stocked(1)
    receipt = came(file(made), made, 1)
    kept = actions.add_photo(receipt=receipt, content=picture())
    assert (kept.width, kept.height) == (1600, 800)
    assert not Image.open(io.BytesIO(bytes(kept.image))).getexif()
    assert actions.add_photo(receipt=receipt, content=picture()) == kept
    for wrong in (b"", b"GIF89a", b"%PDF-1.7", picture()[:200], b"\xff" * 4000):
        with pytest.raises(Refused) as refused:
            actions.add_photo(receipt=receipt, content=wrong)
        assert refused.value.code == "not_a_picture"
    assert ReceiptPhoto.objects.count() == 1
