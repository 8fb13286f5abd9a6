"""Unused supplies of removed devices: found, reminded of, settled (domain rule 31)."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.actions import log
from metered.accounts.models import Address, User
from metered.fleet.models import Contract, Device, ModelSupply
from metered.lib.errors import Refused
from metered.lib.said import said
from metered.lib.wake import wake
from metered.returns import announcements
from metered.returns.models import Leftover
from metered.stock import actions as stock
from metered.stock.models import Pool

REMIND_EVERY = dt.timedelta(days=7)

_SLOTS_HERE = """
SELECT FROM fleet_slot s JOIN fleet_device d ON d.id = s.device_id
WHERE d.address_id = p.address_id AND d.contract_id = p.contract_id AND s.supply_id = p.supply_id
"""
_OVER = "(c.status = 'ended' OR coalesce(c.ends_on < %(today)s, FALSE))"
_IN_USE = f"(NOT {_OVER} AND EXISTS ({_SLOTS_HERE} AND d.removed_at IS NULL))"
_WAS_USED = f"({_OVER} OR EXISTS ({_SLOTS_HERE} AND d.removed_at IS NOT NULL))"
"""Whether a device uses the pool `p` of the contract `c`, and whether one that is removed did."""

_UNUSED = f"""
SELECT p.id, p.account_id, p.address_id,
    (SELECT d.id FROM fleet_slot s JOIN fleet_device d ON d.id = s.device_id
     WHERE d.address_id = p.address_id AND d.contract_id = p.contract_id AND s.supply_id = p.supply_id
       AND d.removed_at IS NOT NULL
     ORDER BY d.removed_at DESC, d.id DESC LIMIT 1) AS device_id
FROM stock_pool p
JOIN fleet_contract c ON c.id = p.contract_id
JOIN accounts_address a ON a.id = p.address_id
WHERE p.shelf > 0 AND {{which}} AND NOT {_IN_USE} AND {_WAS_USED}
  AND NOT EXISTS (SELECT FROM returns_leftover l WHERE l.pool_id = p.id AND l.state = 'open')
ORDER BY p.id
"""  # noqa: S608 (of constants alone)
"""Pools with something on the shelf that a removed device used last, or whose contract is over."""

_NEW_FACTS = """
INSERT INTO returns_facttaken (fact_id, at)
SELECT f.id, %(now)s FROM accounts_fact f
WHERE f.at > %(since)s AND f.kind IN ('device_removed', 'contract_changed', 'device_added', 'device_changed')
  AND NOT EXISTS (SELECT FROM returns_facttaken t WHERE t.fact_id = f.id)
ORDER BY f.id ON CONFLICT DO NOTHING RETURNING fact_id
"""
FACTS_SINCE = dt.timedelta(days=30)


@transaction.atomic
def take_facts(*, now: dt.datetime | None = None) -> int:
    """Finds what is left over where a device was removed or a contract changed; returns how many facts.

    A fact is taken once, in the transaction that keeps what was found.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_NEW_FACTS, {"since": now - FACTS_SINCE, "now": now})
        ids = [row[0] for row in cursor.fetchall()]
    if ids:
        concerned = (
            "p.account_id IN (SELECT account_id FROM accounts_fact WHERE id = ANY(%(ids)s))"
            " AND EXISTS (SELECT FROM accounts_fact f WHERE f.id = ANY(%(ids)s)"
            " AND f.account_id = p.account_id AND (f.address_id IS NULL OR f.address_id = p.address_id))"
        )
        _find(concerned, now, ids)
        _settle_gone(now)
    return len(ids)


@transaction.atomic
def look_for_leftovers(*, now: dt.datetime | None = None) -> int:
    """The nightly look at every shelf: a parcel may arrive after its device was removed. How many are new."""
    now = now or timezone.now()
    found = _find("TRUE", now)
    _settle_gone(now)
    return found


def _find(which: str, now: dt.datetime, ids: list[int] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_UNUSED.format(which=which), {"today": now.date(), "ids": ids or []})
        rows = cursor.fetchall()
    made = Leftover.objects.bulk_create(
        [
            Leftover(
                pool_id=pool, account_id=account, address_id=address, device_id=device,
                found_at=now, remind_at=now,
            )
            for pool, account, address, device in rows
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    if made:
        wake("returns.leftover")
    return len(made)


_GONE = f"""
UPDATE returns_leftover l SET state = 'gone', settled_at = %(now)s
FROM stock_pool p JOIN fleet_contract c ON c.id = p.contract_id
WHERE l.pool_id = p.id AND l.state = 'open' AND (p.shelf = 0 OR {_IN_USE})
"""  # noqa: S608 (of constants alone)


def _settle_gone(now: dt.datetime) -> None:
    """A shelf that was counted empty, and one that a device uses again, need no return."""
    with connection.cursor() as cursor:
        cursor.execute(_GONE, {"now": now, "today": now.date()})


@transaction.atomic
def remind(*, now: dt.datetime | None = None) -> int:
    """Tells people of what is left over, and reminds them each week until it is settled: a mail an address.

    Returns how many addresses were told.
    """
    now = now or timezone.now()
    _settle_gone(now)
    due = (
        Leftover.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(state=Leftover.State.OPEN, remind_at__lte=now)
        .order_by("address_id", "pk")
    )
    addresses = list(dict.fromkeys(due.values_list("address_id", flat=True)))
    for address_id in addresses:
        address = Address.objects.select_related("account").get(pk=address_id)
        rows = list(
            Leftover.objects.filter(address_id=address_id, state=Leftover.State.OPEN)
            .select_related("pool__supply", "device__model")
            .order_by("pool__supply__reorder_number")
        )
        announcements.tell_leftovers(
            address, rows, day=now.date(), reminder=any(row.reminders for row in rows)
        )
        Leftover.objects.filter(pk__in=[row.pk for row in rows]).update(remind_at=now + REMIND_EVERY)
        for row in rows:
            Leftover.objects.filter(pk=row.pk).update(reminders=row.reminders + 1)
    return len(addresses)


def compatible(leftover: Leftover) -> list[Device]:
    """The devices that could use it: of the same contract, in use, and of a model that the supply fits."""
    pool = leftover.pool
    fits = ModelSupply.objects.filter(supply_id=pool.supply_id).values("model_id")
    rows = Device.objects.filter(contract_id=pool.contract_id, removed_at=None, model__in=fits)
    rows = rows.exclude(contract__status=Contract.Status.ENDED).select_related("address", "model")
    return list(rows.order_by("address__name", "name", "serial"))


@transaction.atomic
def assign(*, leftover: Leftover, device: Device, actor: User | None = None) -> None:
    """Staff give what is left over to a compatible device instead (domain rule 31).

    Where that ships to another address, the units move to its shelf in the books; the customer carries them
    there. Raises Refused(settled, not_compatible).
    """
    locked = _open(leftover)
    if device.pk not in {each.pk for each in compatible(locked)}:
        raise Refused(_("This device can't use it."), code="not_compatible")
    pool = locked.pool
    units = pool.shelf
    if device.address_id != pool.address_id:
        to = stock.pool_for(
            account_id=pool.account_id,
            contract_id=pool.contract_id,
            address_id=device.address_id,
            supply_id=pool.supply_id,
        )
        moves = [(pool.pk, -units, "from"), (to.pk, units, "to")]
        for pool_id, change, way in sorted(moves):
            stock.adjust(
                pool_id=pool_id,
                quantity=change,
                cause=f"assigned:{locked.public_id}:{way}",
                actor=actor,
                note=said("Given to %(device)s.", device=device.label),
            )
    Leftover.objects.filter(pk=locked.pk).update(
        state=Leftover.State.ASSIGNED, assigned_to=device, settled_at=timezone.now(), settled_by=actor
    )
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="assigned",
        kind="leftover",
        public_id=locked.public_id,
        after={"supply": pool.supply.name, "units": units, "device": device.label},
    )


@transaction.atomic
def none_left(*, leftover: Leftover, once: str, actor: User | None = None) -> None:
    """Somebody says that nothing of it is there any more: counted as none, and settled."""
    locked = _open(leftover)
    stock.count(pool_id=locked.pool_id, quantity=0, cause=f"none_left:{locked.public_id}:{once}", actor=actor)
    Leftover.objects.filter(pk=locked.pk).update(
        state=Leftover.State.GONE, settled_at=timezone.now(), settled_by=actor
    )
    log(
        actor=actor,
        account_id=locked.account_id,
        address_id=locked.address_id,
        verb="said none is left",
        kind="leftover",
        public_id=locked.public_id,
        after={"supply": locked.pool.supply.name},
    )


def _open(leftover: Leftover) -> Leftover:
    # The shelf before the row: whoever moves the one settles the other.
    Pool.objects.select_for_update(no_key=True).get(pk=leftover.pool_id)
    locked: Leftover = (
        Leftover.objects.select_for_update(of=("self",))
        .select_related("pool__supply", "address")
        .get(pk=leftover.pk)
    )
    if locked.state != Leftover.State.OPEN:
        raise Refused(_("It is settled already."), code="settled")
    return locked
