"""“Not now”: an announced order waits (domain rule 21)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.lib.errors import Refused
from metered.lib.wake import wake
from metered.orders.closing import HOLD
from metered.orders.models import LineState, Order


@transaction.atomic
def hold(*, order: Order, actor: User | None = None, now: dt.datetime | None = None) -> dt.datetime:
    """The customer says “not now”: an announced order waits `HOLD` (domain rule 21). Returns until when.

    Refused when nothing of it is announced any more. Saying it again starts the time anew.
    """
    now = now or timezone.now()
    _announce_anew(order, release_at=now + HOLD, held_at=now, verb="held", actor=actor)
    return now + HOLD


@transaction.atomic
def resume(*, order: Order, actor: User | None = None, now: dt.datetime | None = None) -> None:
    """Undoes “not now”: the order leaves with the next release. Refused like `hold`."""
    _announce_anew(order, release_at=now or timezone.now(), held_at=None, verb="resumed", actor=actor)
    wake("orders.release")


def _announce_anew(
    order: Order, *, release_at: dt.datetime, held_at: dt.datetime | None, verb: str, actor: User | None
) -> None:
    locked = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
    if not locked.lines.filter(state=LineState.PLACED, automatic=True).update(release_at=release_at):
        raise Refused(_("It is being packed already."), code="already_released")
    before = locked.release_at
    Order.objects.filter(pk=locked.pk).update(release_at=release_at, held_at=held_at)
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb=verb,
        kind="order",
        public_id=locked.public_id,
        before=before.isoformat() if before else None,
        after=release_at.isoformat(),
    )
