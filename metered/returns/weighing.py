"""What is known of the units that somebody wants to return, and what has to be asked of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Case, F, Sum, When
from django.db.models.functions import Greatest

from metered.accounts.announcements import label_of
from metered.accounts.models import Address
from metered.fleet.models import Contract
from metered.lib.said import Said, joined, said
from metered.orders.queries import shipped_units_for_system
from metered.returns import policy
from metered.returns.models import STANDING, Return, ReturnLine
from metered.stock.models import Pool


def worded(address: Address | None) -> str:
    """The address as it stands on a label, a line each; empty without one."""
    return "\n".join(label_of(address.current)) if address else ""


def weigh(made: Return) -> list[policy.Question]:
    """Weighs each line anew against what is known of its supply, and keeps what is asked of it.

    Under the account's lock, so that two returns don't both count on the same units.
    """
    rows = list(made.lines.order_by("supply_id"))
    pools = pools_for(made.account_id, made.address_id, [line.supply_id for line in rows])
    known = claims(made, rows, pools)
    for line in rows:
        line.pool = pools.get(line.supply_id)
        line.asks = policy.question(known[line.supply_id])
    ReturnLine.objects.bulk_update(rows, ["pool", "asks"])
    return [line.asks for line in rows]


def claims(
    made: Return, lines: Sequence[ReturnLine], pools: Mapping[int, Pool] | None = None
) -> dict[int, policy.Claim]:
    """Supply → what is known of it now, for lines of this return. `pools`: where they are read already."""
    supplies = [line.supply_id for line in lines]
    sent = shipped_units_for_system(made.account_id, supplies)
    back = back_for_system(made.account_id, supplies, but=made)
    if pools is None:
        pools = pools_for(made.account_id, made.address_id, supplies)
    return {
        line.supply_id: policy.Claim(
            quantity=line.quantity,
            sent=sent.get(line.supply_id, 0),
            back=back.get(line.supply_id, 0),
            shelf=pools[line.supply_id].shelf if line.supply_id in pools else None,
        )
        for line in lines
    }


def back_for_system(
    account_id: int, supply_ids: Collection[int], *, but: Return | None = None
) -> dict[int, int]:
    """Supply → units that came back, or are on a return (other than `but`) that stands."""
    rows = ReturnLine.objects.filter(
        parent__account_id=account_id, parent__state__in=STANDING, supply_id__in=list(supply_ids)
    )
    if but is not None:
        rows = rows.exclude(parent=but)
    # What is closed counts as it came; before that, as it was accepted or asked for.
    units = Case(
        When(parent__state="closed", then=F("received")),
        When(accepted__isnull=False, then=Greatest("accepted", "received")),
        default=F("quantity"),
    )
    return {pk: int(n) for pk, n in rows.values_list("supply_id").annotate(n=Sum(units))}


def pools_for(account_id: int, address_id: int | None, supply_ids: Collection[int]) -> dict[int, Pool]:
    """Supply → its pool at the address: the fullest, where several contracts have one there."""
    if address_id is None:
        return {}
    rows = Pool.objects.filter(account_id=account_id, address_id=address_id, supply_id__in=list(supply_ids))
    return {pool.supply_id: pool for pool in rows.order_by("shelf", "pk")}


def contract_for(account_id: int, address_id: int) -> Contract | None:
    """The contract under which units without a pool are taken back: that of the address's devices, else the
    account's newest.
    """
    rows = Contract.objects.filter(account_id=account_id)
    here = rows.filter(devices__address_id=address_id).order_by("-starts_on", "-pk").first()
    return here or rows.order_by("-starts_on", "-pk").first()


def in_words(questions: Sequence[policy.Question], *, pallet: bool, signed_in: bool) -> Said:
    """What staff have to look at, as a sentence each."""
    words = {
        "not_shipped": said("Something on it was never shipped to this customer."),
        "more_than_shipped": said("It has more units than were shipped and not returned yet."),
        "more_than_counted": said("The shelf should hold fewer units than it has."),
        "not_here": said("Something on it never was at this address."),
    }
    asked = [words[question] for question in dict.fromkeys(questions) if question]
    if pallet:
        asked.append(said("A pallet: its pick-up has to be arranged."))
    if not signed_in:
        asked.append(said("Filed by somebody who was not signed in."))
    return joined(asked)
