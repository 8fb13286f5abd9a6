"""The only writer of what replenishment knows and wants.

Locks: a transaction that touches the state of an address holds that address's advisory lock (taken in
order), then devices, then pools, then the low marks of supplies. Nobody waits for a row
of AddressReview while holding a pool.
"""

from __future__ import annotations

import datetime as dt
import gc
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.fleet.actions import mark_replenishment_started
from metered.fleet.models import Device
from metered.lib.ids import new_public_id
from metered.lib.wake import wake
from metered.reads import queries as reads
from metered.reads.actions import mark_folded, postpone_batch
from metered.reads.copying import numbers
from metered.replenishment import by_hand, deciding, policy, saving, shortages, store
from metered.replenishment.arrays import Ints
from metered.replenishment.calendars import moment_of
from metered.replenishment.entries import SWAP, take_entries
from metered.replenishment.folding import Fold, Install
from metered.replenishment.known import facts
from metered.replenishment.models import AddressReview, FleetStats, Position, Proposal
from metered.replenishment.reasons import plain
from metered.replenishment.rebuilding import Rebuild
from metered.replenishment.state import KINDS
from metered.replenishment.use import FLEET_WEIGHT, fleet_lesson
from metered.stock import actions as stock
from metered.stock.models import CountRequest

logger = logging.getLogger(__name__)

_ADDRESS_LOCK, _LESSON_LOCK = 7216, 7217
_CHUNK = 250
LOOK = 500
"""Addresses that are weighed at once, in one transaction: a shard of the nightly run."""
_DAY = dt.timedelta(days=1)
_LATER = dt.timedelta(minutes=30)
"""An address whose review failed is tried again after this."""
NOTICED = 2 * _DAY
"""How far back the ledger is searched for what the forecast does not know yet."""
FACTS_SINCE = 30 * _DAY
"""How far back facts are searched for that nobody took."""
_US = dt.timedelta(microseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def dials() -> policy.Settings:
    """The operator's dials (settings.REPLENISHMENT_*)."""
    return policy.Settings(
        alpha=settings.REPLENISHMENT_RISK,
        lead_days=settings.REPLENISHMENT_LEAD_DAYS,
        join_days=settings.REPLENISHMENT_JOIN_DAYS,
    )


def _lock_addresses(address_ids: Iterable[int]) -> None:
    """One at a time per address, until the transaction ends; in order, so that nobody waits in a ring."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, (a %% 2147483647)::int)"
            " FROM (SELECT DISTINCT a FROM unnest(%s::bigint[]) a ORDER BY a) AS sorted",
            [_ADDRESS_LOCK, sorted(set(address_ids))],
        )


# --- folding ---------------------------------------------------------------------------------------


def fold_batches(*, limit: int = 20, now: dt.datetime | None = None) -> int:
    """Takes the oldest untaken batches and folds their observations into the state; returns how many batches.

    One transaction: state, installs in the ledger, the batches' mark and the addresses' next look stand or
    fall together. Two workers take different batches; of one device they take turns.
    """
    now = now or timezone.now()
    folded = 0
    try:
        return _fold_next(now, limit)
    except Exception:
        logger.exception("folding failed; each batch alone now")
    # One bad batch must not hold up the others behind it.
    for batch_id in reads.due_batch_ids_for_system(limit):
        try:
            folded += _fold_next(now, 1, only=batch_id)
        except Exception:
            logger.exception("batch %s can't be folded", batch_id)
            postpone_batch(batch_id=batch_id, now=now)
    return folded


def _fold_next(now: dt.datetime, limit: int, *, only: int | None = None) -> int:
    with transaction.atomic():
        batches = reads.claim_batches_for_system(limit, only=only)
        if not batches:
            return 0
        devices = sorted({device for batch in batches for device in batch.device_ids})
        addresses = _fold_devices(devices, now)
        mark_folded(batch_ids=[batch.id for batch in batches], at=now)
        look_again(address_ids=addresses, at=now)
    return len(batches)


def _fold_devices(device_ids: Sequence[int], now: dt.datetime) -> list[int]:
    """Folds what the devices observed since their state's last; returns their addresses."""
    where = _addresses_of(device_ids)
    _lock_addresses(where.values())
    lessons = saving.Lessons()
    for start in range(0, len(device_ids), 8 * _CHUNK):
        part = [device for device in device_ids[start : start + 8 * _CHUNK] if device in where]
        loaded = store.load(part, now)
        columns = reads.observations_since_for_system(loaded.devices, loaded.folded_us)
        if not len(columns):
            continue
        if columns.cartridges:
            store.load_cartridges(loaded)
        fold = Fold(loaded, columns, reads.layouts_for_system(part))
        installs = fold.run()
        rows = np.unique(np.searchsorted(loaded.devices, columns.device))
        _start(loaded, rows)
        saving.save(loaded, rows)
        lessons.add(loaded)
        _keep_cartridges(fold.cartridges)
        _post(installs)
    lessons.save()
    return sorted(set(where.values()))


def fold_reads(*, now: dt.datetime | None = None) -> int:
    """Folds the accepted reads of devices that are read by hand; returns how many (domain rule 7).

    Reads are no batches: what is later than a device's state is not taken yet.
    """
    now = now or timezone.now()
    with transaction.atomic():
        waiting = by_hand.waiting_reads()
        if not waiting:
            return 0
        where = _addresses_of(sorted({read.device_id for read in waiting}))
        _lock_addresses(where.values())
        loaded = store.load(sorted(where), now)
        installs = by_hand.fold(loaded, waiting)
        rows = np.flatnonzero(loaded.folded_us > 0).astype(np.int64)
        _start(loaded, rows)
        saving.save(loaded, rows)
        _post(installs)
        look_again(address_ids=sorted(set(where.values())), at=now)
    return len(waiting)


def _addresses_of(device_ids: Sequence[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, address_id FROM fleet_device WHERE id = ANY(%s::bigint[])",
            [numbers(list(device_ids))],
        )
        return dict(cursor.fetchall())


def _by_address(where: Mapping[int, int]) -> list[list[int]]:
    """These devices and what else stands at their addresses, in parts of whole addresses."""
    at: dict[int, set[int]] = defaultdict(set)
    for device, address in where.items():
        at[address].add(device)
    standing = Device.objects.filter(address_id__in=at, removed_at=None).values_list("pk", "address_id")
    for device, address in standing:
        at[address].add(device)
    parts: list[list[int]] = [[]]
    for address in sorted(at):
        if len(parts[-1]) >= _CHUNK:
            parts.append([])
        parts[-1] += sorted(at[address])
    return [sorted(part) for part in parts if part]


def _start(loaded: store.Loaded, rows: Ints) -> None:
    """Replenishment of these devices starts now that they reported, or were read twice (domain rule 7)."""
    dev = loaded.state.devices
    ready = dev.connected[rows] | (dev.d_slow[rows] > 0)
    waiting = rows[loaded.starting[rows] & ready]
    if waiting.size:
        mark_replenishment_started(device_ids=loaded.devices[waiting].tolist())


def _keep_cartridges(cartridges: dict[int, str]) -> None:
    rows = [Position(slot_id=slot, cartridge=serial[:64]) for slot, serial in sorted(cartridges.items())]
    if rows:
        Position.objects.bulk_update(rows, ["cartridge"], batch_size=1000)


def _post(installs: Sequence[Install]) -> None:
    """Cartridges that were changed leave the shelf, once each: the cause names the slot and the moment."""
    for install in sorted(installs, key=lambda i: (i.pool_id, i.at_us, i.slot_id)):
        stock.install(
            pool_id=install.pool_id,
            quantity=install.quantity,
            cause=f"{SWAP}{install.slot_id}:{install.at_us}",
            at=_EPOCH + install.at_us * _US,
            note="" if install.seen else _("Worked out from pages printed"),
        )


def rebuild_parts(*, device_ids: Sequence[int]) -> list[list[int]]:
    """The devices with all that stand at their addresses, in parts for one `rebuild` each."""
    return _by_address(_addresses_of(device_ids))


def rebuild(*, device_ids: Sequence[int], now: dt.datetime | None = None) -> int:
    """Makes the state of the devices anew from their whole history; returns how many observations and reads
    by hand it took.

    The ledger is replayed with them, and nothing is posted to it. What stands at the same addresses shares
    their shelves and is made anew too. Addresses become due for a review.
    """
    now = now or timezone.now()
    taken = 0
    with transaction.atomic():
        where = _addresses_of(device_ids)
        _lock_addresses(where.values())
        lessons = saving.Lessons()
        for part in _by_address(where):
            loaded = store.load(part, now, fresh=True)
            columns = reads.observations_since_for_system(loaded.devices, loaded.folded_us)
            fold = Fold(loaded, columns, reads.layouts_for_system(part))
            by_people = by_hand.all_reads(part)
            Rebuild(loaded, fold, by_people).run()
            taken += len(columns) + len(by_people)
            Position.objects.filter(device_id__in=part).update(cartridge="")
            rows = np.flatnonzero(loaded.folded_us > 0).astype(np.int64)
            _start(loaded, rows)
            saving.save(loaded, rows)
            lessons.add(loaded)
            _keep_cartridges(fold.cartridges)
        lessons.save()
        look_again(address_ids=sorted(set(where.values())), at=now)
    return taken


# --- deciding --------------------------------------------------------------------------------------


@transaction.atomic
def look_again(*, address_ids: Iterable[int], at: dt.datetime | None = None) -> None:
    """All pools of these addresses are weighed again soon: something there has changed.

    A review that has the row right now is not waited for (its transaction may wait for ours): then the row
    is marked after our commit.
    """
    ids = sorted(set(address_ids))
    if not ids:
        return
    at = at or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO replenishment_addressreview (address_id, account_id, due_at)"
            " SELECT a.id, a.account_id, %(at)s FROM accounts_address a WHERE a.id = ANY(%(ids)s)"
            # ON CONFLICT alone would wait for whoever is changing the row.
            " AND NOT EXISTS (SELECT FROM replenishment_addressreview r WHERE r.address_id = a.id)"
            " ORDER BY a.id ON CONFLICT (address_id) DO NOTHING",
            {"at": at, "ids": ids},
        )
    free = AddressReview.objects.filter(pk__in=ids).select_for_update(skip_locked=True).order_by("pk")
    marked = list(free.values_list("pk", flat=True))
    AddressReview.objects.filter(pk__in=marked, due_at__gt=at).update(due_at=at)
    rest = sorted(set(ids) - set(marked))
    if rest:
        transaction.on_commit(
            lambda: AddressReview.objects.filter(pk__in=rest, due_at__gt=at).update(due_at=at) and None
        )
    wake("replenishment.review")


_UNTAKEN = """
SELECT DISTINCT p.address_id
FROM stock_entry e JOIN stock_pool p ON p.id = e.pool_id
LEFT JOIN replenishment_poolforecast f ON f.pool_id = p.id
LEFT JOIN replenishment_addressreview r ON r.address_id = p.address_id
WHERE e.posted_at > %(since)s AND e.id > coalesce(f.entry_id, 0) AND (r.due_at > %(now)s OR r.due_at IS NULL)
  -- A look that failed is tried again in its own time, not with every sweep.
  AND r.failed_at IS NULL
  -- What no device there uses is in nobody's state, and would be found for ever.
  AND EXISTS (
    SELECT FROM fleet_device d JOIN fleet_slot s ON s.device_id = d.id
    WHERE d.address_id = p.address_id AND d.removed_at IS NULL AND d.contract_id = p.contract_id
      AND s.supply_id = p.supply_id)
ORDER BY p.address_id
"""


def notice_entries(*, now: dt.datetime | None = None) -> int:
    """Addresses whose ledger knows more than the forecast become due; returns how many.

    A count at the desk, or an adjustment, is posted by who knows nothing of reviews. Entries that nobody
    noticed for `NOTICED` wait for the address's usual look.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_UNTAKEN, {"since": now - NOTICED, "now": now})
        found = [row[0] for row in cursor.fetchall()]
    look_again(address_ids=found, at=now)
    return len(found)


_NEW_FACTS = """
INSERT INTO replenishment_facttaken (fact_id, at)
SELECT f.id, %(now)s FROM accounts_fact f
WHERE f.at > %(since)s AND NOT EXISTS (SELECT FROM replenishment_facttaken t WHERE t.fact_id = f.id)
ORDER BY f.id ON CONFLICT DO NOTHING RETURNING fact_id
"""
_CONCERNED = """
SELECT f.address_id FROM accounts_fact f WHERE f.id = ANY(%(ids)s) AND f.address_id IS NOT NULL
UNION
SELECT d.address_id FROM accounts_fact f JOIN fleet_device d ON d.account_id = f.account_id
WHERE f.id = ANY(%(ids)s) AND f.address_id IS NULL AND d.removed_at IS NULL
"""


@transaction.atomic
def notice_facts(*, now: dt.datetime | None = None) -> int:
    """Addresses where a device, the contract or the address changed become due; returns how many facts.

    A fact is taken once, in the transaction that makes its addresses due.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_NEW_FACTS, {"since": now - FACTS_SINCE, "now": now})
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return 0
        cursor.execute(_CONCERNED, {"ids": ids})
        look_again(address_ids=[row[0] for row in cursor.fetchall()], at=now)
    return len(ids)


def review_addresses(*, limit: int = 20, now: dt.datetime | None = None) -> int:
    """Weighs all pools of the addresses that are due; returns how many addresses it took.

    Every pool gets its reason, also for "nothing now"; what should be sent becomes a proposal, at most one
    open per pool (domain rule 26, held by an index). The address gets its next look.
    """
    now = now or timezone.now()
    reviewed = 0
    try:
        return _review_next(now, limit)
    except Exception:
        logger.exception("a review failed; each address alone now")
    due = AddressReview.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    for address_id in list(due.values_list("pk", flat=True)[:limit]):
        try:
            reviewed += _review_next(now, 1, only=address_id)
        except Exception:
            logger.exception("address %s can't be reviewed", address_id)
            AddressReview.objects.filter(pk=address_id).update(due_at=now + _LATER, failed_at=now)
    return reviewed


def _review_next(now: dt.datetime, limit: int, *, only: int | None = None) -> int:
    with transaction.atomic():
        due = (
            AddressReview.objects.filter(due_at__lte=now, **({} if only is None else {"pk": only}))
            .select_for_update(skip_locked=True)
            .order_by("due_at", "pk")
            .values_list("pk", flat=True)
        )
        addresses = list(due[:limit])
        if not addresses:
            return 0
        _review(addresses, now)
    return len(addresses)


def review_range(*, first: int, last: int, now: dt.datetime) -> tuple[int, int]:
    """Weighs the due addresses with ids from `first` to `last`, in the caller's transaction if there is one.

    Returns how many it weighed and how many failed; those are due again by themselves. Addresses that
    somebody else weighs right now are left out.
    """
    with transaction.atomic():
        due = AddressReview.objects.filter(pk__gte=first, pk__lte=last, due_at__lte=now)
        addresses = list(due.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True))
        looked = failed = 0
        for start in range(0, len(addresses), LOOK):
            part = addresses[start : start + LOOK]
            try:
                with transaction.atomic():
                    _review(part, now)
                looked += len(part)
                continue
            except Exception:
                logger.exception("a review failed; each address alone now")
            for address in part:
                try:
                    with transaction.atomic():
                        _review([address], now)
                    looked += 1
                except Exception:
                    logger.exception("address %s can't be reviewed", address)
                    AddressReview.objects.filter(pk=address).update(due_at=now + _LATER, failed_at=now)
                    failed += 1
    return looked, failed


@contextmanager
def _uncollected() -> Iterator[None]:
    """What a look makes is needed until its end: Python's collector would go through it for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def _review(addresses: Sequence[int], now: dt.datetime) -> None:
    _lock_addresses(addresses)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM fleet_device"
            " WHERE address_id = ANY(%s::bigint[]) AND removed_at IS NULL ORDER BY id",
            [numbers(list(addresses))],
        )
        device_ids = [row[0] for row in cursor.fetchall()]
    # What an empty address needs, a later delivery or device will say.
    next_look: dict[int, float] = {}
    if device_ids:
        loaded = store.load(device_ids, now)
        moved = take_entries(loaded)
        known = facts(loaded, now)
        outcome = deciding.look(loaded, known, dials(), now, settings.ANNOUNCEMENT)
        saving.save_look(loaded, outcome.days, outcome.known, now)
        # The pools whose shelf somebody should count, in key order; their state says from now on that they
        # were asked for.
        to_count = sorted(outcome.asked)
        saving.save_pools_of(loaded, [*moved, *to_count, *loaded.new_pools])
        if to_count:
            stock.ask_count(pool_ids=to_count, because=CountRequest.Because.UNSURE, at=now)
        saving.keep_reasons(outcome.reasons, now)
        shortages.keep(
            list(outcome.reasons), {pool: plain(outcome.reasons[pool]) for pool in outcome.early}, now
        )
        _propose(outcome.proposals, now)
        next_look = outcome.next_look
    latest, soonest = now + deciding.LONGEST_WAIT * _DAY, now + _DAY / 24
    again = {
        address: max(moment_of(next_look[address]), soonest) if address in next_look else latest
        for address in sorted(addresses)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE replenishment_addressreview r SET due_at = again.at, reviewed_at = %s, failed_at = NULL"
            " FROM unnest(%s::bigint[], %s::timestamptz[]) AS again (address_id, at)"
            " WHERE r.address_id = again.address_id AND r.address_id = ANY(%s::bigint[])",
            [now, numbers(list(again)), list(again.values()), numbers(list(again))],
        )


_STAGE_PROPOSALS = """
CREATE TEMPORARY TABLE IF NOT EXISTS stage_proposals (
    public_id text, account_id bigint, contract_id bigint, address_id bigint, pool_id bigint, quantity int,
    slot_ids bigint[]
) ON COMMIT DELETE ROWS;
DELETE FROM stage_proposals
"""
_OPEN_PROPOSALS = """
INSERT INTO replenishment_proposal (public_id, account_id, contract_id, address_id, pool_id, quantity,
    slot_ids, status, reason, decided_at, closed_reason)
SELECT public_id, account_id, contract_id, address_id, pool_id, quantity, slot_ids, 'open', reason, %s, ''
FROM stage_proposals JOIN stage_reasons USING (pool_id) ORDER BY pool_id ON CONFLICT DO NOTHING
"""


def _propose(proposals: Sequence[deciding.Wanted], now: dt.datetime) -> None:
    """Open proposals, in pool order, with the reasons that were just kept (saving.keep_reasons); a pool that
    has one already keeps it."""
    if not proposals:
        return
    lines = [
        f"{new_public_id()}\t{row.account_id}\t{row.contract_id}\t{row.address_id}\t{row.pool_id}"
        f"\t{row.quantity}\t{numbers(row.slot_ids)}\n"
        for row in proposals
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STAGE_PROPOSALS)
        with cursor.copy("COPY stage_proposals FROM STDIN") as copy:
            copy.write("".join(lines))
        cursor.execute(_OPEN_PROPOSALS, [now])
    wake("replenishment.proposal")


def claim_proposals(*, address_id: int) -> list[Proposal]:
    """Takes the open proposals of an address for an order, in the caller's transaction.

    The caller holds the address's row; a proposal that somebody else took meanwhile is left out.
    """
    taken = []
    rows = Proposal.objects.filter(address_id=address_id, status=Proposal.Status.OPEN)
    for proposal in rows.select_related("pool").order_by("pool_id"):
        changed = Proposal.objects.filter(pk=proposal.pk, status=Proposal.Status.OPEN).update(
            status=Proposal.Status.TAKEN
        )
        if changed == 1:
            taken.append(proposal)
    return taken


def close_proposals(
    *, proposal_ids: Sequence[int], because: str, not_before: dt.datetime | None = None
) -> int:
    """Their lines were shipped or given up: the pools may be proposed for again. Returns how many changed.

    `not_before`: a person gave them up, and nothing is proposed for these pools until then.
    """
    rows: QuerySet[Proposal] = Proposal.objects.filter(pk__in=proposal_ids)
    rows = rows.exclude(status=Proposal.Status.CLOSED)
    addresses = list(rows.values_list("address_id", flat=True))
    changed = rows.update(
        status=Proposal.Status.CLOSED,
        closed_at=timezone.now(),
        closed_reason=because,
        held_until=not_before,
    )
    look_again(address_ids=addresses)
    return changed


# --- what the whole fleet teaches ------------------------------------------------------------------


def learn_fleet(*, now: dt.datetime | None = None, every: dt.timedelta = 7 * _DAY) -> bool:
    """c_fleet of each kind: the geometric mean of c over positions with b > 0.6, weekly (method section 2).

    Positions that were never taught follow it: their use is kept relative to it (store.py). Returns whether
    it was time.
    """
    now = now or timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LESSON_LOCK])
        newest = FleetStats.objects.order_by("-learnt_at").values_list("learnt_at", flat=True).first()
        if newest is not None and newest > now - every:
            return False
        before = dict(FleetStats.objects.values_list("kind", "c_mean"))
        learnt = fleet_lesson(*store.taught(FLEET_WEIGHT))
        for kind, name in enumerate(KINDS):
            mean = learnt.get(kind, before.get(name, 1.0))
            FleetStats.objects.update_or_create(kind=name, defaults={"c_mean": mean, "learnt_at": now})
    return True


__all__ = [
    "claim_proposals",
    "close_proposals",
    "fold_batches",
    "fold_reads",
    "learn_fleet",
    "look_again",
    "notice_entries",
    "rebuild",
    "rebuild_parts",
    "review_addresses",
    "review_range",
]
