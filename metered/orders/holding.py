"""“Not now”: lines of an announced order wait (domain rule 21)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.lib.errors import Refused
from metered.lib.wake import wake
from metered.orders.closing import HOLD
from metered.orders.models import LineState, Order
from metered.orders.policy import MOST_HELD


@transaction.atomic
def hold(
    *,
    order: Order,
    actor: User | None = None,
    line_ids: Collection[str] | None = None,
    until: dt.datetime | None = None,
    now: dt.datetime | None = None,
) -> dt.datetime:
    """The customer says “not now”: announced lines (public ids; None: all) wait `HOLD`, or until `until`.

    Returns until when. Refused when nothing of it is announced any more, and for a moment that is past or
    over `MOST_HELD` days away. Saying it again starts the time anew.
    """
    now = now or timezone.now()
    until = until or now + HOLD
    if not now < until <= now + dt.timedelta(days=MOST_HELD + 1):
        said = _("Choose a day from tomorrow on, at most %(days)s days from today.") % {"days": MOST_HELD}
        raise Refused(said, code="no_such_day")
    _announce_anew(order, line_ids, release_at=until, held_at=now, verb="held", actor=actor)
    return until


@transaction.atomic
def resume(
    *,
    order: Order,
    actor: User | None = None,
    line_ids: Collection[str] | None = None,
    now: dt.datetime | None = None,
) -> None:
    """Undoes “not now”: the lines leave with the next release. Refused like `hold`."""
    _announce_anew(
        order, line_ids, release_at=now or timezone.now(), held_at=None, verb="resumed", actor=actor
    )
    wake("orders.release")


def _announce_anew(
    order: Order,
    line_ids: Collection[str] | None,
    *,
    release_at: dt.datetime,
    held_at: dt.datetime | None,
    verb: str,
    actor: User | None,
) -> None:
    locked = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
    announced = locked.lines.filter(state=LineState.PLACED, automatic=True)
    chosen = announced if line_ids is None else announced.filter(public_id__in=list(line_ids))
    if not chosen.update(release_at=release_at, held_at=held_at):
        raise Refused(_("It is being packed already."), code="already_released")
    before = locked.release_at
    # The order says of itself what is true of all that is still announced: the next that leaves, and held
    # only where nothing else is left.
    free = announced.filter(held_at=None).exists()
    first = announced.aggregate(at=Min("release_at"))["at"]
    Order.objects.filter(pk=locked.pk).update(
        release_at=first, held_at=None if free else (held_at or locked.held_at)
    )
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
