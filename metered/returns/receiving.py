"""Boxes arrive at the operator's dock: what is in them is counted; the ledger follows (domain rule 30)."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.lib.errors import Refused
from metered.lib.said import Said
from metered.returns import announcements
from metered.returns.confirming import set_aside
from metered.returns.deciding import give_back
from metered.returns.locking import lock
from metered.returns.models import Receipt, ReceiptLine, ReceiptPhoto, Return, ReturnLine, ReturnState
from metered.stock import actions as stock

MOST_PHOTOS = 12
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 1600


@dataclass(frozen=True)
class Counted:
    """Units of one supply (its id) that were in the boxes, in one condition."""

    supply_id: int
    quantity: int
    condition: str = ReceiptLine.Condition.SEALED
    note: str = ""


@transaction.atomic
def receive(
    *,
    made: Return,
    counted: Sequence[Counted],
    once: uuid.UUID,
    boxes: int | None = None,
    note: str = "",
    received_at: dt.datetime | None = None,
    actor: User | None = None,
) -> Receipt:
    """Staff count what came. A return may come in several lots; the same form again gives the same receipt.

    The ledger takes back what was set aside, and what came beyond it: that too had been on a shelf. What
    nobody announced becomes a line of its own. Raises Refused(nothing, not_confirmed).
    """
    if not counted or any(item.quantity < 1 for item in counted):
        raise Refused(_("Say what was in the boxes."), code="nothing")
    locked = lock(made.pk)
    assert locked is not None
    before: Receipt | None = Receipt.objects.filter(once=once, parent=locked).first()
    if before is not None:
        return before
    if locked.state not in (ReturnState.CONFIRMED, ReturnState.RECEIVED):
        raise Refused(_("Only a confirmed return can be received."), code="not_confirmed")
    at = received_at or timezone.now()
    receipt = Receipt.objects.create(
        parent=locked, account_id=locked.account_id, received_at=at, received_by=actor,
        boxes=boxes, note=note, once=once,
    )  # fmt: skip
    rows = {line.supply_id: line for line in locked.lines.select_related("pool", "supply")}
    for supply_id in {item.supply_id for item in counted} - set(rows):
        rows[supply_id] = ReturnLine.objects.create(
            parent=locked, account_id=locked.account_id, supply_id=supply_id, quantity=0, accepted=0
        )
    together: dict[tuple[int, str], tuple[int, str]] = {}
    for item in counted:
        units, said = together.get((item.supply_id, item.condition), (0, ""))
        words = "; ".join(part for part in (said, item.note) if part)
        together[item.supply_id, item.condition] = (units + item.quantity, words[:300])
    ReceiptLine.objects.bulk_create(
        ReceiptLine(
            receipt=receipt, line=rows[supply_id], quantity=units, condition=condition, note=words
        )
        for (supply_id, condition), (units, words) in together.items()
    )  # fmt: skip
    units_of: dict[int, int] = {}
    for (supply_id, _condition), (units, _words) in together.items():
        units_of[supply_id] = units_of.get(supply_id, 0) + units
    # In the order of the pools: CONTRIBUTING.md, locks.
    for supply_id in sorted(units_of, key=lambda pk: (rows[pk].pool_id or 0, pk)):
        _take_back(locked, rows[supply_id], units_of[supply_id], receipt, actor, at)
    if locked.state == ReturnState.CONFIRMED:
        locked.state, locked.received_at = ReturnState.RECEIVED, at
        locked.save(update_fields=["state", "received_at"])
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="received",
        kind="return",
        public_id=locked.public_id,
        after={"number": locked.number or "", "units": sum(units_of.values())},
    )
    announcements.tell_received(locked, receipt)
    return receipt


def _take_back(
    made: Return, line: ReturnLine, units: int, receipt: Receipt, actor: User | None, at: dt.datetime
) -> None:
    beyond = max(units - max((line.accepted or 0) - line.received, 0), 0)
    if beyond:
        set_aside(made, line, beyond, actor, cause=f"beyond:{receipt.public_id}:{line.public_id}")
    line.received += units
    line.save(update_fields=["received", "pool"])
    assert line.pool is not None
    stock.take_back(
        pool_id=line.pool.pk,
        quantity=units,
        cause=f"receipt:{receipt.public_id}:{line.public_id}",
        origin="customer",
        at=at,
        actor=actor,
    )


@transaction.atomic
def close(*, made: Return, because: str | Said = "", actor: User | None = None) -> None:
    """Staff close a return: what was confirmed and did not come is on the customer's shelf again.

    Twice changes nothing. Raises Refused(not_confirmed), and Refused(no_reason) when less came than was
    confirmed and nobody says why.
    """
    locked = lock(made.pk)
    assert locked is not None
    if locked.state == ReturnState.CLOSED:
        return
    if locked.state not in (ReturnState.CONFIRMED, ReturnState.RECEIVED):
        raise Refused(_("Only a confirmed return can be closed."), code="not_confirmed")
    fewer = any(line.difference < 0 for line in locked.lines.all())
    if fewer and not str(because).strip():
        raise Refused(_("Less came than was confirmed. Say what becomes of the rest."), code="no_reason")
    give_back(locked, actor, "closed")
    locked.state, locked.closed_at, locked.closed_by = ReturnState.CLOSED, timezone.now(), actor
    locked.closed_reason = because
    locked.save()
    came = locked.lines.aggregate(units=Sum("received"))["units"] or 0
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="closed",
        kind="return",
        public_id=locked.public_id,
        after={"number": locked.number or "", "units": int(came)},
    )
    announcements.tell_closed(locked)


@transaction.atomic
def add_photo(*, receipt: Receipt, content: bytes, actor: User | None = None) -> ReceiptPhoto:
    """Keeps a picture of what came: as JPEG, at most LONGEST_SIDE pixels long, without what the camera knew.

    The same picture again is the same row. Raises Refused(not_a_picture, too_many_photos).
    """
    Receipt.objects.select_for_update(no_key=True).get(pk=receipt.pk)
    image, width, height = _smaller(content)
    digest = hashlib.sha256(image).digest()
    before: ReceiptPhoto | None = ReceiptPhoto.objects.filter(receipt=receipt, digest=digest).first()
    if before is not None:
        return before
    if ReceiptPhoto.objects.filter(receipt=receipt).count() >= MOST_PHOTOS:
        raise Refused(_("There are as many pictures as fit already."), code="too_many_photos")
    return ReceiptPhoto.objects.create(
        receipt=receipt, account_id=receipt.account_id, image=image, width=width, height=height,
        digest=digest, added_by=actor,
    )  # fmt: skip


def _smaller(content: bytes) -> tuple[bytes, int, int]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Refused(_("This picture is too large."), code="not_a_picture")
            upright = ImageOps.exif_transpose(opened)
            picture = upright.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Refused(_("This is not a picture that we can read."), code="not_a_picture") from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue(), picture.width, picture.height
