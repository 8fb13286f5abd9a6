"""Staff decide, or the calendar does: never later than the seventh day (domain rule 30)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import Address, User
from metered.lib.errors import Refused
from metered.returns import announcements
from metered.returns.confirming import confirm
from metered.returns.locking import lock
from metered.returns.models import Leftover, Return, ReturnLine, ReturnState
from metered.returns.weighing import in_words, weigh, worded
from metered.stock import actions as stock

logger = logging.getLogger(__name__)


@transaction.atomic
def decide(
    *,
    made: Return,
    accepted: Mapping[str, int],
    reasons: Mapping[str, str],
    pick_up_on: dt.date | None = None,
    carrier: str = "",
    actor: User | None = None,
    now: dt.datetime | None = None,
) -> Return:
    """Staff accept units of each line (by its public id), and say why not all where they don't.

    Nothing accepted at all: the return is rejected. Raises Refused(decided, too_many, no_reason, no_address,
    no_pick_up): a pallet needs its day of pick-up.
    """
    now = now or timezone.now()
    locked = _filed(made)
    rows = {line.public_id: line for line in locked.lines.order_by("pk")}
    units: dict[int, int] = {}
    why: dict[int, str] = {}
    for public_id, line in rows.items():
        n = accepted.get(public_id, 0)
        if not 0 <= n <= line.quantity:
            raise Refused(_("No more can be accepted than was asked for."), code="too_many")
        # As it is: a sentence of ours keeps that it can be said in the customer's language.
        reason = reasons.get(public_id, "")
        if n < line.quantity and not reason.strip():
            raise Refused(_("Say why not all of it: the customer reads it."), code="no_reason")
        units[line.pk], why[line.pk] = n, reason
    if not any(units.values()):
        _reject(locked, why, actor, now)
        return locked
    if locked.pallet and pick_up_on is None:
        raise Refused(_("Say on which day the pallet is picked up."), code="no_pick_up")
    locked.pick_up_on, locked.carrier = pick_up_on, carrier.strip()
    confirm(locked, now=now, accepted=units, reasons=why, actor=actor)
    return locked


def _filed(made: Return) -> Return:
    locked = lock(made.pk)
    if locked is None or locked.state != ReturnState.FILED:
        raise Refused(_("It was decided already."), code="decided")
    return locked


def _reject(made: Return, why: Mapping[int, str], actor: User | None, now: dt.datetime) -> None:
    rows = list(made.lines.all())
    for line in rows:
        line.accepted, line.reason = 0, why[line.pk]
    ReturnLine.objects.bulk_update(rows, ["accepted", "reason"])
    made.state, made.decided_at, made.decided_by = ReturnState.REJECTED, now, actor
    made.save()
    reopen_leftovers(made)
    log(
        actor=actor,
        account_id=made.account_id,
        address_id=made.address_id,
        verb="rejected",
        kind="return",
        public_id=made.public_id,
        after={"lines": len(rows)},
    )
    announcements.tell_rejected(made)


@transaction.atomic
def choose_address(*, made: Return, address: Address, actor: User | None = None) -> None:
    """Staff say which of the customer's addresses it is picked up at; its lines are weighed anew."""
    locked = _filed(made)
    if address.account_id != locked.account_id or address.retired_at is not None:
        raise Refused(_("Choose an address of this customer that is in use."), code="address_of_other")
    locked.address = address
    locked.pick_up = worded(address) or locked.pick_up
    locked.country = address.country
    questions = weigh(locked)
    locked.asks = in_words(questions, pallet=locked.pallet, signed_in=locked.filed_by_id is not None)
    locked.save(update_fields=["address", "pick_up", "country", "asks"])
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=address.pk,
        verb="chose the address of",
        kind="return",
        public_id=locked.public_id,
        after={"address": address.name},
    )


@transaction.atomic
def arrange_pick_up(
    *, made: Return, pick_up_on: dt.date, carrier: str = "", tracking: str = "", actor: User | None = None
) -> None:
    """Staff say when and by whom a confirmed return is picked up; the customer is told."""
    locked = lock(made.pk)
    if locked is None or locked.state != ReturnState.CONFIRMED:
        raise Refused(_("Only a confirmed return can be picked up."), code="not_confirmed")
    before = str(locked.pick_up_on or "")
    locked.pick_up_on, locked.carrier, locked.tracking = pick_up_on, carrier.strip(), tracking.strip()
    locked.save(update_fields=["pick_up_on", "carrier", "tracking"])
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="arranged the pick-up of",
        kind="return",
        public_id=locked.public_id,
        before=before,
        after=pick_up_on.isoformat(),
    )
    announcements.tell_pick_up(locked)


@transaction.atomic
def withdraw(*, made: Return, actor: User | None = None, because: str = "") -> None:
    """It stays after all: what was set aside is on the shelf again. Twice changes nothing.

    Raises Refused(handed_over) once it was handed over, Refused(received) once boxes of it arrived.
    """
    locked = lock(made.pk)
    assert locked is not None
    if locked.state == ReturnState.WITHDRAWN:
        return
    if locked.state not in (ReturnState.FILED, ReturnState.CONFIRMED):
        raise Refused(_("It is too late for that: it was received or decided."), code="received")
    if locked.handed_over_at is not None:
        raise Refused(_("It was handed over already."), code="handed_over")
    give_back(locked, actor, "withdrawn")
    locked.state, locked.closed_at, locked.closed_by = ReturnState.WITHDRAWN, timezone.now(), actor
    locked.closed_reason = because
    locked.save()
    reopen_leftovers(locked)
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="withdrew",
        kind="return",
        public_id=locked.public_id,
        after={"number": locked.number or ""},
    )
    announcements.tell_withdrawn(locked, actor)


def give_back(made: Return, actor: User | None, what: str) -> None:
    """What was set aside and did not come is on the shelf again, as far as anybody knows."""
    for line in made.lines.order_by("pool_id", "pk"):
        units = (line.accepted or 0) - line.received
        if units > 0 and line.pool_id is not None and made.number is not None:
            stock.put_back(
                pool_id=line.pool_id,
                quantity=units,
                cause=f"{what}:{line.public_id}",
                actor=actor,
                origin="customer" if actor is None or not actor.is_staff else "staff",
            )


def reopen_leftovers(made: Return) -> None:
    """What is not returned after all has to be settled again, unless it already stands open once more."""
    for row in made.leftovers.filter(state=Leftover.State.RETURNED):
        if not Leftover.objects.filter(pool_id=row.pool_id, state=Leftover.State.OPEN).exists():
            Leftover.objects.filter(pk=row.pk).update(
                state=Leftover.State.OPEN, settled_at=None, settled_by=None, returned_in=None
            )


@transaction.atomic
def hand_over(*, made: Return, actor: User | None = None, at: dt.datetime | None = None) -> None:
    """A customer says that the carrier has it. Twice changes nothing."""
    locked = lock(made.pk)
    if locked is None or locked.state != ReturnState.CONFIRMED:
        raise Refused(_("Only a confirmed return can be picked up."), code="not_confirmed")
    if locked.handed_over_at is not None:
        return
    locked.handed_over_at = at or timezone.now()
    locked.save(update_fields=["handed_over_at"])
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="handed over",
        kind="return",
        public_id=locked.public_id,
        after={"number": locked.number or ""},
    )


def answer_due(*, now: dt.datetime | None = None) -> int:
    """Alarms staff on day 5, once more on day 6, and confirms as day 7 begins what nobody answered.

    Each return in its own transaction, claimed by its row; twice does nothing twice. Returns how many moved.
    """
    now = now or timezone.now()
    moved = 0
    for pk in list(_due(now)):
        try:
            moved += _answer_one(pk, now)
        except Exception:
            # One that can't be confirmed must not keep the others waiting.
            logger.exception("return %s waits for the next sweep", pk)
    return moved


def _due(now: dt.datetime) -> list[int]:
    rows = Return.objects.filter(state=ReturnState.FILED)
    alarm = rows.filter(alarm_at__lte=now, alarmed_at=None)
    louder = rows.filter(escalate_at__lte=now, escalated_at=None)
    last = rows.filter(last_chance_at__lte=now)
    found = (alarm | louder | last).order_by("due_at", "pk")
    return list(found.values_list("pk", flat=True))


def likely_address(account_id: int) -> Address | None:
    """Where most of the account's devices are: the books need an address when nobody chose one in time."""
    rows = Address.objects.filter(account_id=account_id, retired_at=None).select_related("current")
    standing = Count("devices", filter=Q(devices__removed_at=None))
    found: Address | None = rows.annotate(standing=standing).order_by("-standing", "pk").first()
    return found


@transaction.atomic
def _answer_one(pk: int, now: dt.datetime) -> bool:
    made = lock(pk, skip_locked=True)
    if made is None or made.state != ReturnState.FILED:
        return False
    if made.last_chance_at <= now:
        typed = made.address_id is None
        if typed:
            made.address = likely_address(made.account_id)
        if made.address is not None:
            confirm(made, now=now, unanswered=True, as_typed=typed)
            return True
    louder = made.escalate_at <= now
    if (louder and made.escalated_at) or (not louder and made.alarmed_at):
        return False
    made.alarmed_at = made.alarmed_at or now
    made.escalated_at = now if louder else None
    made.save(update_fields=["alarmed_at", "escalated_at"])
    announcements.alarm_staff(made, louder=louder)
    return True
