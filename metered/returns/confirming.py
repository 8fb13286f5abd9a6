"""A return gets its number, and its units leave the shelf."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.db.utils import IntegrityError
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import User
from metered.lib.errors import Refused
from metered.returns import announcements
from metered.returns.models import Return, ReturnLine, ReturnState
from metered.returns.numbers import new_number
from metered.returns.weighing import contract_for, worded
from metered.stock import actions as stock

DRAWS = 20


def confirm(
    made: Return,
    *,
    now: dt.datetime,
    accepted: Mapping[int, int] | None = None,
    reasons: Mapping[int, str] | None = None,
    actor: User | None = None,
    unanswered: bool = False,
    as_typed: bool = False,
) -> None:
    """Confirms a filed return that the caller holds, all of it or `accepted` (line id → units).

    Draws its number, sets its units aside, and mails its papers. `reasons`: why not all of a line, by its id.
    `as_typed`: the label keeps the pick-up address as somebody typed it.
    Raises Refused(no_address) while nobody knows where to pick it up.
    """
    if made.address_id is None or made.address is None:
        raise Refused(_("Choose the address that it is picked up at first."), code="no_address")
    rows = list(made.lines.select_related("pool").order_by("pool_id", "pk"))
    for line in rows:
        line.accepted = line.quantity if accepted is None else accepted.get(line.pk, 0)
        line.reason = (reasons or {}).get(line.pk, "") if line.accepted < line.quantity else ""
        if line.accepted:
            set_aside(made, line, line.accepted, actor, at=now)
    ReturnLine.objects.bulk_update(rows, ["accepted", "reason", "pool"])
    if not as_typed:
        made.pick_up = worded(made.address) or made.pick_up
    made.state = ReturnState.CONFIRMED
    made.decided_at, made.decided_by, made.unanswered, made.asks = now, actor, unanswered, ""
    _draw_number(made)
    log(
        actor=actor,
        account_id=made.account_id,
        address_id=made.address_id,
        verb="confirmed",
        kind="return",
        public_id=made.public_id,
        after={"number": made.number, "units": sum(line.accepted or 0 for line in rows)},
    )
    announcements.tell_confirmed(made)


def set_aside(
    made: Return,
    line: ReturnLine,
    units: int,
    actor: User | None,
    *,
    cause: str = "",
    at: dt.datetime | None = None,
) -> None:
    """Takes units of the line off the shelf, making the pool that they should have had."""
    if line.pool is None:
        assert made.address_id is not None
        contract = contract_for(made.account_id, made.address_id)
        if contract is None:
            raise Refused(_("This customer has no contract."), code="no_contract")
        line.pool = stock.pool_for(
            account_id=made.account_id,
            contract_id=contract.pk,
            address_id=made.address_id,
            supply_id=line.supply_id,
        )
    stock.set_aside(
        pool_id=line.pool.pk,
        quantity=units,
        cause=cause or f"return:{line.public_id}",
        at=at,
        actor=actor or made.filed_by,
        origin="staff" if actor is not None else "customer",
    )


def _draw_number(made: Return) -> None:
    for _draw in range(DRAWS):
        made.number = new_number()
        try:
            with transaction.atomic():
                made.save()
            return
        except IntegrityError as error:
            if "number" not in str(error):
                raise
    raise RuntimeError(f"{DRAWS} RMA numbers in a row were taken")
