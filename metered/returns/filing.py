"""A customer says what is left, and from where (domain rule 29)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import Account, Address, User
from metered.lib.errors import Refused
from metered.lib.zones import time_zone_or_none
from metered.returns import announcements, policy
from metered.returns.confirming import confirm
from metered.returns.models import Leftover, Return, ReturnLine
from metered.returns.weighing import in_words, weigh, worded

MOST_UNITS = 10_000
MOST_BOXES = 1_000
MOST_LINES = 200


@dataclass(frozen=True)
class Filled:
    """A return as somebody filled it in. `units`: by supply id, sealed boxes only."""

    units: Mapping[int, int]
    boxes: int
    weight_kg: Decimal | None
    contact: str
    phone: str = ""
    note: str = ""


@transaction.atomic
def file_return(
    *,
    account_id: int,
    address: Address | None,
    filled: Filled,
    once: uuid.UUID,
    actor: User | None,
    email: str = "",
    pick_up: str = "",
    country: str = "",
    filed_at: dt.datetime | None = None,
) -> Return:
    """Files a return and stores by when it must be answered; the same form again gives the same return.

    Confirmed at once when nothing has to be asked (policy.at_once), else staff look at it. `email`, `pick_up`
    and `country` are of somebody who was not signed in: those always wait for staff. Raises Refused(nothing,
    too_many, no_boxes, too_many_boxes, address_retired).
    """
    now = filed_at or timezone.now()
    _check(filled)
    if address is not None:
        # Against another form of the same account: both would see the same units still there.
        here = Address.objects.select_for_update(no_key=True, of=("self",)).select_related("current")
        address = here.get(pk=address.pk, account_id=account_id)
        if address.retired_at is not None:
            raise Refused(_("This address is not used any more."), code="address_retired")
    # Two addresses of one account share what was ever shipped to it.
    account = Account.objects.select_for_update(no_key=True).get(pk=account_id)
    before: Return | None = Return.objects.filter(once=once, account_id=account_id).first()
    if before is not None:
        return before
    zone = address.time_zone if address else account.time_zone
    dues = policy.deadlines(now, time_zone_or_none(zone) or dt.UTC)
    pallet = policy.needs_pallet(filled.boxes, filled.weight_kg)
    made = Return.objects.create(
        account_id=account_id,
        address=address,
        pick_up=pick_up or worded(address),
        country=country or (address.country if address else ""),
        time_zone=zone,
        contact=filled.contact,
        phone=filled.phone,
        boxes=filled.boxes,
        weight_kg=filled.weight_kg,
        pallet=pallet,
        note=filled.note,
        filed_by=actor,
        filed_email=email,
        language=(actor.language if actor else "") or get_language() or account.language,
        filed_at=now,
        due_on=dues.due_on,
        due_at=dues.due_at,
        alarm_at=dues.alarm_at,
        escalate_at=dues.escalate_at,
        last_chance_at=dues.last_chance_at,
        once=once,
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(parent=made, account_id=account_id, supply_id=supply_id, quantity=quantity)
        for supply_id, quantity in sorted(filled.units.items())
    )
    questions = weigh(made)
    _settle_leftovers(made, actor, now)
    log(
        actor=actor,
        account_id=account_id,
        address_id=address.pk if address else None,
        verb="filed",
        kind="return",
        public_id=made.public_id,
        after={"lines": len(questions), "units": sum(filled.units.values()), "boxes": filled.boxes},
    )
    if actor is not None and address is not None and policy.at_once(questions, pallet=pallet):
        confirm(made, now=now)
    else:
        made.asks = in_words(questions, pallet=pallet, signed_in=actor is not None)
        made.save(update_fields=["asks"])
        announcements.tell_filed(made)
    return made


def _check(filled: Filled) -> None:
    if not filled.units:
        raise Refused(_("Say what you return."), code="nothing")
    if len(filled.units) > MOST_LINES or not all(0 < n <= MOST_UNITS for n in filled.units.values()):
        raise Refused(_("That is more than one return can hold. Please call us."), code="too_many")
    if filled.boxes < 1:
        raise Refused(_("Say in how many boxes it comes."), code="no_boxes")
    if filled.boxes > MOST_BOXES:
        raise Refused(_("That is more than one return can hold. Please call us."), code="too_many_boxes")


def _settle_leftovers(made: Return, actor: User | None, now: dt.datetime) -> None:
    """What was left over at this address and is on the return needs no reminder any more."""
    if made.address_id is None:
        return
    supplies = made.lines.values("supply_id")
    Leftover.objects.filter(
        address_id=made.address_id, state=Leftover.State.OPEN, pool__supply__in=supplies
    ).update(state=Leftover.State.RETURNED, returned_in=made, settled_at=now, settled_by=actor)
