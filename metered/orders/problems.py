"""Supplies that came wrong, damaged, defective or not at all, and their replacement (domain rule 19)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.fleet.policy import may_go
from metered.lib.errors import Refused
from metered.orders import announcements
from metered.orders.leaving import in_words
from metered.orders.locking import Locked, lock
from metered.orders.models import LineState, Order, OrderLine, Problem
from metered.orders.placing import Wanted, place
from metered.replenishment import actions as replenishment
from metered.stock import actions as stock
from metered.stock.models import Entry, Pool

Kind = Problem.Kind


@dataclass(frozen=True)
class Reported:
    """What is wrong with units of one line (its public id)."""

    line: str
    kind: str
    quantity: int
    note: str = ""


@transaction.atomic
def report_problem(
    *, order: Order, reported: Sequence[Reported], once: uuid.UUID, actor: User | None
) -> list[Problem]:
    """A customer says what is wrong. The same form again changes nothing.

    The ledger learns what isn't there to be used. Up to settings.REPLACED_AT_ONCE units of a line are
    replaced at once, by an order without charge; more waits for staff. Raises Refused(nothing_reported,
    too_many, not_arrived).
    """
    if not reported:
        raise Refused(_("Say what is wrong with which supply."), code="nothing_reported")
    locked = lock(order.pk)
    assert locked is not None
    if before := list(Problem.objects.filter(once=once, line__order=locked.order)):
        return before
    lines = {line.public_id: line for line in locked.order.lines.select_related("supply", "pool", "order")}
    made = []
    for item in sorted(reported, key=lambda item: lines[item.line].pool_id if item.line in lines else 0):
        line = lines.get(item.line)
        if line is None or line.state not in (LineState.SHIPPED, LineState.DELIVERED):
            raise Refused(_("That was not shipped yet."), code="not_arrived")
        open_units = reportable(line)
        if not 0 < item.quantity <= open_units:
            said = _("%(supply)s: at most %(n)s can be reported.")
            raise Refused(said % {"supply": line.supply.name, "n": open_units}, code="too_many")
        made.append(_file(locked, line, item, once, actor))
    announcements.tell_reported(locked.order, made, actor)
    return made


def file_missing(
    *, locked: Locked, line: OrderLine, quantity: int, once: uuid.UUID, actor: User | None
) -> Problem:
    """Units of a parcel that did not arrive; shipping has taken them off the way already."""
    problem = Problem.objects.create(
        account_id=locked.order.account_id,
        line=line,
        kind=Kind.MISSING,
        quantity=quantity,
        once=once,
        reported_by=actor,
    )
    _write_down(locked.order, problem, actor)
    _replace_small(locked, problem)
    return problem


def reportable(line: OrderLine) -> int:
    """Units of the line in parcels that arrived, about which nothing was said yet."""
    parcels = line.shipped.filter(shipment__delivered_at__isnull=False)
    sent = parcels.aggregate(units=Sum("quantity"))["units"] or 0
    said = line.problems.aggregate(units=Sum("quantity"))["units"] or 0
    return max(int(sent) - int(said), 0)


def _file(locked: Locked, line: OrderLine, item: Reported, once: uuid.UUID, actor: User | None) -> Problem:
    problem = Problem.objects.create(
        account_id=locked.order.account_id,
        line=line,
        kind=item.kind,
        quantity=item.quantity,
        note=item.note,
        once=once,
        reported_by=actor,
    )
    _off_the_shelf(problem, line, actor)
    _write_down(locked.order, problem, actor)
    _replace_small(locked, problem)
    return problem


def _off_the_shelf(problem: Problem, line: OrderLine, actor: User | None) -> None:
    """The ledger took the units for usable. What a machine swallowed since is off the shelf already."""
    pool = Pool.objects.get(pk=line.pool_id)
    units = problem.quantity
    if problem.kind == Kind.DEFECTIVE:
        parcels = line.shipped.filter(shipment__delivered_at__isnull=False)
        since = parcels.order_by("shipment__delivered_at").values_list("shipment__delivered_at", flat=True)
        installs = Entry.objects.filter(pool=pool, kind=Entry.Kind.INSTALL, at__gte=since[0])
        units -= min(units, installs.aggregate(units=Sum("quantity"))["units"] or 0)
    if problem.kind == Kind.MISSING:
        units -= min(units, _never_received(problem, line))
    units = min(units, pool.shelf)
    if units:
        stock.adjust(
            pool_id=pool.pk,
            quantity=-units,
            cause=f"problem:{problem.public_id}",
            actor=actor,
            note=f"{problem.get_kind_display()} ({line.order.number})",
            origin=Entry.Origin.CUSTOMER,
        )


def _never_received(problem: Problem, line: OrderLine) -> int:
    """Units that the parcels lacked when they arrived, and that nobody reported: the shelf never had them."""
    parcels = line.shipped.filter(shipment__delivered_at__isnull=False)
    lacking = parcels.aggregate(units=Sum(F("quantity") - F("delivered")))["units"] or 0
    others = line.problems.filter(kind=Kind.MISSING).exclude(pk=problem.pk)
    return max(int(lacking) - int(others.aggregate(units=Sum("quantity"))["units"] or 0), 0)


def _write_down(order: Order, problem: Problem, actor: User | None) -> None:
    log(
        actor=actor,
        account_id=order.account_id,
        address_id=order.address_id,
        verb="reported",
        kind="problem",
        public_id=problem.public_id,
        after={"number": order.number, "kind": problem.kind, "quantity": problem.quantity},
    )
    replenishment.look_again(address_ids=[order.address_id])


def _replace_small(locked: Locked, problem: Problem) -> None:
    before = Problem.objects.filter(line=problem.line, status=Problem.Status.REPLACED)
    replaced = before.aggregate(units=Sum("quantity"))["units"] or 0
    barred = may_go(locked.contract, locked.address, timezone.now().date())
    if not barred and replaced + problem.quantity <= settings.REPLACED_AT_ONCE:
        _replace(problem, None)


@transaction.atomic
def replace_problem(*, problem: Problem, actor: User | None = None) -> Order:
    """Staff have the units sent once more, without charge. Refused when it was answered already."""
    locked, waiting = _waiting(problem)
    if barred := may_go(locked.contract, locked.address, timezone.now().date()):
        raise Refused(in_words(barred, locked.address), code="not_shippable")
    order = _replace(waiting, actor)
    announcements.tell_answered(waiting, order)
    return order


@transaction.atomic
def answer_problem(*, problem: Problem, answer: str, actor: User | None = None) -> None:
    """Staff answer without a replacement; the customer reads it. Refused when it was answered already."""
    if not answer.strip():
        raise Refused(_("Say why: the customer reads it."), code="no_reason")
    _locked, waiting = _waiting(problem)
    waiting.status, waiting.answer, waiting.settled_at = Problem.Status.CLOSED, answer, timezone.now()
    waiting.save(update_fields=["status", "answer", "settled_at"])
    _settled(waiting, actor, {"answer": answer})
    announcements.tell_answered(waiting, None)


def _waiting(problem: Problem) -> tuple[Locked, Problem]:
    locked = lock(problem.line.order_id)
    assert locked is not None
    waiting: Problem = (
        Problem.objects.select_for_update(of=("self",)).select_related("line__order").get(pk=problem.pk)
    )
    if waiting.status != Problem.Status.OPEN:
        raise Refused(_("It was answered already."), code="answered")
    return locked, waiting


def _replace(problem: Problem, actor: User | None) -> Order:
    """The order that replaces the units: released at once, not weighed against any limit."""
    line = OrderLine.objects.select_related("order", "pool").get(pk=problem.line_id)
    old = line.order
    order = place(
        account_id=old.account_id,
        contract_id=old.contract_id,
        address_id=old.address_id,
        origin=Order.Origin.REPLACED,
        lines=[Wanted(line.pool, problem.quantity, list(line.slots.values_list("pk", flat=True)))],
        placed_by=actor or problem.reported_by,
        reference=old.reference,
        cost_centre=old.cost_centre,
    )
    order.lines.update(state=LineState.RELEASED)
    problem.status, problem.replacement, problem.settled_at = (
        Problem.Status.REPLACED,
        order,
        timezone.now(),
    )
    problem.save(update_fields=["status", "replacement", "settled_at"])
    _settled(problem, actor, {"number": order.number})
    return order


def _settled(problem: Problem, actor: User | None, after: dict[str, str]) -> None:
    order = problem.line.order
    log(
        actor=actor,
        account_id=order.account_id,
        address_id=order.address_id,
        verb="answered",
        kind="problem",
        public_id=problem.public_id,
        after=after,
    )
